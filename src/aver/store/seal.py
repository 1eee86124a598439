"""`store.json`: rendered in one way only and sealed with its own checksum, so that any changed bit of it shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aver.cache.objects import digest_of
from aver.errors import StoreError
from aver.store.schema import FORMAT_NAME, FORMAT_VERSION

HEADER_FILE = "store.json"
#: The key that holds the sha256 over the rendering of all other keys.
SEAL = "sha256"


class UnknownFormat(StoreError):
    """A `store.json` that nothing is wrong with but that this AVER does not read: an older or newer version."""


def seal(content: Mapping[str, Any]) -> bytes:
    """Return the bytes of `store.json` for a content without its seal."""
    return _render({**content, SEAL: digest_of(_render(content))})


def read_header(folder: Path) -> dict[str, Any]:
    """Return the content of a store's `store.json`.

    Raises:
        StoreError: there is none, or it is damaged.
        UnknownFormat: its format or version is not known to this AVER.
    """
    path = folder / HEADER_FILE
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(
            f"{folder} is no feature store (no {HEADER_FILE}). Make it with `dvc repro features`, "
            "or fetch it with `dvc pull`."
        ) from None
    try:
        header = json.loads(content)
    except ValueError as exc:
        raise _damaged(path, f"it is no JSON: {exc}") from exc
    if not isinstance(header, dict):
        raise _damaged(path, "it holds no JSON object")
    # Comparing bytes also finds what JSON forgives, a changed space for example.
    whole = seal({key: value for key, value in header.items() if key != SEAL}) == content
    version = (header.get("format"), header.get("version"))
    # Version 1 had no seal: without one, and without the claim to be this version, it is old or foreign, not damaged.
    if not whole and (SEAL in header or version == (FORMAT_NAME, FORMAT_VERSION)):
        raise _damaged(path, "its content differs from its own checksum")
    if version != (FORMAT_NAME, FORMAT_VERSION):
        raise UnknownFormat(
            f"{folder}: format {version[0]!r} version {version[1]!r} is not one this AVER reads "
            f"({FORMAT_NAME!r} version {FORMAT_VERSION}). Use the AVER that wrote it, or run `dvc repro features`."
        )
    return header


def _render(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode("ascii")


def _damaged(path: Path, cause: str) -> StoreError:
    return StoreError(f"{path} is damaged: {cause}. Delete it and restore it with `dvc checkout`.")
