"""The clip cache: look a result up by its key, compute it if it is not there, store it once.

    entries/<key>.json      what a computation gave: an object's digest, or the lasting reason why it failed
    objects/<digest>.npz    the arrays
    recipes/<digest>.json   for evictable objects: which function, params and inputs make them again

An entry is written after its object, so whatever an entry names was whole when it was named.  Objects are checked
against their name whenever they are read; a damaged one is a miss, is reported, and is computed again.
"""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from aver.cache.location import cache_root
from aver.cache.objects import Arrays, digest_of, file_digest, pack, place, read_verified, unpack, write_atomic
from aver.cache.step import FORMAT, Inline, Input, Source, Step, Stored, canonical, key_of
from aver.errors import CacheError
from aver.outcome import Unusable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Done:
    """A result in the cache: the digest of its object, whether this call computed it, and the step's note on it."""

    digest: str
    computed: bool
    note: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    """A lasting failure: its reason code and detail, and whether this call found it out."""

    reason: str
    detail: str
    computed: bool


Outcome = Done | Failed


class Cache:
    """One folder of results, safe for several processes at once.  Opening it costs nothing; it can be pickled."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or cache_root()

    def find(self, step: Step, inputs: Mapping[str, Input]) -> Outcome | None:
        """Return what is stored for a step and its inputs, or None if it has to be computed.

        The object of an evictable step may be gone; any other must be there and whole.
        """
        entry = self._entry(key_of(step.parts(inputs)))
        if entry is None:
            return None
        if "reason" in entry:
            return Failed(entry["reason"], entry["detail"], computed=False)
        digest = entry["digest"]
        if step.evictable:
            self._keep_recipe(digest, step, inputs)
        elif self._read(digest) is None:
            log.warning("%s: object %s is missing or damaged; computing it again", step.name, digest[:12])
            return None
        return Done(digest, computed=False, note=entry.get("note", {}))

    def run(self, step: Step, inputs: Mapping[str, Input]) -> Outcome:
        """Return the stored outcome, or compute and store it.

        Raises:
            CacheError: the cache cannot be written (disk full, no permission).
            MemoryError, aver.outcome.Starved: the machine failed; nothing is stored.
        """
        found = self.find(step, inputs)
        if found is not None:
            return found
        parts = step.parts(inputs)
        try:
            values = {name: self._value(value) for name, value in inputs.items()}
            arrays = step.function(step.params, **values)
        except Unusable as failure:
            if failure.lasting:
                self._store_entry(parts, {"reason": failure.reason, "detail": failure.detail})
            return Failed(failure.reason, failure.detail, computed=True)
        content = pack(arrays)
        digest = digest_of(content)
        try:
            if read_verified(self._object(digest), digest) is None:
                write_atomic(self._object(digest), content)
            if step.evictable:
                self._keep_recipe(digest, step, inputs)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        note = step.note(arrays) if step.note else {}
        self._store_entry(parts, {"digest": digest, "bytes": len(content), "note": note})
        return Done(digest, computed=True, note=note)

    def load(self, digest: str) -> Arrays:
        """Return the arrays of an object, making it again from its recipe when it is gone or damaged.

        Raises:
            CacheError: it is gone and cannot be made again here, or making it again gave other bytes.
        """
        content = self._read(digest)
        if content is None:
            content = self._remake(digest)
        return unpack(content)

    def _read(self, digest: str) -> bytes | None:
        return read_verified(self._object(digest), digest)

    def _object(self, digest: str) -> Path:
        return place(self.root / "objects", digest, ".npz")

    def _value(self, given: Input) -> Path | Arrays:
        if isinstance(given, Source):
            if given.checked and given.path.is_file() and file_digest(given.path) != given.digest:
                raise Unusable("changed", "its content is not what it was when the corpus was read", lasting=False)
            return given.path
        return given.arrays if isinstance(given, Inline) else self.load(given.digest)

    def _entry(self, key: str) -> dict[str, Any] | None:
        path = place(self.root / "entries", key, ".json")
        try:
            entry = json.loads(path.read_bytes())
            body = entry["body"]
            if entry["checksum"] != digest_of(canonical(body).encode()):
                raise ValueError("checksum")
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            log.warning("clip cache: entry %s is damaged; computing it again", key[:12])
            return None
        outcome: dict[str, Any] = body["outcome"]
        return outcome

    def _store_entry(self, parts: dict[str, Any], outcome: dict[str, Any]) -> None:
        body = {"parts": parts, "outcome": outcome}
        text = canonical({"body": body, "checksum": digest_of(canonical(body).encode())})
        try:
            write_atomic(place(self.root / "entries", key_of(parts), ".json"), text.encode())
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def _keep_recipe(self, digest: str, step: Step, inputs: Mapping[str, Input]) -> None:
        """Write how an object is made; again whenever its inputs are found elsewhere, because a corpus may move."""
        path, recipe = place(self.root / "recipes", digest, ".json"), _recipe(step, inputs).encode()
        if not path.exists() or path.read_bytes() != recipe:
            write_atomic(path, recipe)

    def _remake(self, digest: str) -> bytes:
        path = place(self.root / "recipes", digest, ".json")
        try:
            recipe = json.loads(path.read_bytes())
        except (FileNotFoundError, ValueError):
            raise CacheError(
                f"object {digest[:12]}… is not in the clip cache {self.root} and there is no recipe for it here.\n"
                "It was made on another machine or the cache was deleted. Make it again by forcing the stage that "
                "writes it, e.g. `dvc repro -f media faces`."
            ) from None
        inputs = {
            name: Path(value["path"]) if "path" in value else self.load(value["digest"])
            for name, value in recipe["inputs"].items()
        }
        try:
            function = getattr(importlib.import_module(recipe["module"]), recipe["function"])
            content = pack(function(_params(recipe), **inputs))
        except (Unusable, ImportError, AttributeError, ValueError) as exc:
            raise CacheError(
                f"{recipe['step']}: object {digest[:12]}… was evicted and cannot be made again: {exc}. The clip's file "
                "moved or the code changed since. Run `dvc repro` so that the stages that write it run first."
            ) from exc
        if digest_of(content) != digest:
            raise CacheError(
                f"{recipe['step']}: making object {digest[:12]}… again gave other bytes: the code, a library or the "
                "clip's file changed since. Run `dvc repro` so that the stages that write it run first."
            )
        try:
            write_atomic(self._object(digest), content)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        return content

    def _unwritable(self, error: OSError) -> CacheError:
        return CacheError(
            f"the clip cache {self.root} cannot be written: {error.strerror or error}. Nothing half-written is left. "
            "Free space or mend the permissions (or set AVER_CACHE to another folder) and run again: finished clips "
            "are kept."
        )


def _recipe(step: Step, inputs: Mapping[str, Input]) -> str:
    described: dict[str, dict[str, str]] = {}
    for name, value in inputs.items():
        if isinstance(value, Inline):
            raise TypeError(f"{step.name}: an evictable step cannot take inline arrays ({name}): no recipe holds them")
        described[name] = {"digest": value.digest}
        if isinstance(value, Source):
            described[name]["path"] = str(value.path.resolve())
    kind = type(step.params)
    return canonical(
        {
            "format": FORMAT,
            "step": step.name,
            "module": step.function.__module__,
            "function": step.function.__qualname__,
            "params_class": f"{kind.__module__}:{kind.__qualname__}",
            "params": asdict(step.params),
            "inputs": described,
        }
    )


def _params(recipe: dict[str, Any]) -> Any:
    module, _, name = recipe["params_class"].partition(":")
    return TypeAdapter(getattr(importlib.import_module(module), name)).validate_json(json.dumps(recipe["params"]))


__all__ = ["Cache", "Done", "Failed", "Inline", "Input", "Outcome", "Source", "Step", "Stored"]
