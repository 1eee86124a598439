"""Copy or download pretrained weights into a folder: whole files or none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import requests
from tqdm import tqdm

from aver.errors import WeightsError
from aver.weights.layouts import Layout

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 60


def fetch(encoder: str, layout: Layout, location: str, folder: Path) -> None:
    """Bring the files of a layout from `location` into `folder`.

    Args:
        encoder: its name, for messages.
        layout: the files to bring.
        location: a local folder, a local file (layouts of one file), or an http(s) URL of either.
        folder: an existing folder.

    Raises:
        WeightsError: the location does not exist, lacks a file, or answers with an error.
    """
    for name in (*layout.files, *layout.optional):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        single = len(layout.files) == 1 and location.endswith(Path(name).suffix)
        found = (
            _download(location if single else f"{location.rstrip('/')}/{name}", target)
            if location.startswith(("http://", "https://"))
            else _copy(Path(location) if single else Path(location) / name, target)
        )
        if not found and name in layout.files:
            raise WeightsError(
                f"weights of {encoder}: {location} has no {name}. Expected: {layout.published}, "
                f"i.e. {', '.join(layout.files)}. Put these files into a folder and name it in params.yaml: "
                f"weights.{encoder}.location; or set weights.{encoder}.source to 'seeded'."
            )


def _copy(source: Path, target: Path) -> bool:
    if not source.expanduser().is_file():
        return False
    shutil.copyfile(source.expanduser(), target)
    return True


def _download(url: str, target: Path) -> bool:
    """Download with a progress bar, going on where an earlier try of this run stopped; False if it is not there."""
    part = target.with_name(target.name + ".part")
    error: Exception = ConnectionError("the connection was cut")
    for _ in range(3):
        have = part.stat().st_size if part.exists() else 0
        try:
            headers = {"Range": f"bytes={have}-"} if have else {}
            with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
                if answer.status_code == 404:
                    return False
                answer.raise_for_status()
                resumed = answer.status_code == 206
                total = int(answer.headers.get("Content-Length", 0)) + (have if resumed else 0)
                with (
                    part.open("ab" if resumed else "wb") as file,
                    tqdm(total=total or None, initial=have if resumed else 0, unit="B", unit_scale=True,
                         desc=target.name, disable=None) as bar,
                ):  # fmt: skip
                    for chunk in answer.iter_content(CHUNK_BYTES):
                        file.write(chunk)
                        bar.update(len(chunk))
            if total and part.stat().st_size != total:
                continue
            os.replace(part, target)
            return True
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as exc:
            error = exc
        except requests.RequestException as exc:
            raise WeightsError(f"{url}: {exc}") from exc
    raise WeightsError(f"{url} cannot be downloaded ({error}). Download it by hand and give its path as location.")
