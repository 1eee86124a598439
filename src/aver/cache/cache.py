"""The clip cache: look a result up by its key, compute it if it is not there, store it once.

    entries/<step>/<key>.json  what a computation gave: an object's digest, or the lasting reason why it failed
    objects/<digest>.npz       the arrays
    recipes/<digest>.json      which function, params and files make an object again

An entry is written after its object, so whatever an entry names was whole when it was named.  Objects are checked
against their name whenever they are read; a damaged one is a miss, is reported, and is computed again.  An entry's
time of modification is when it was last used: `aver gc` goes by it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aver.cache.location import cache_root
from aver.cache.objects import FORMAT, Arrays, digest_of, file_digest, pack, place, read_verified, unpack, write_atomic
from aver.cache.recipe import Recipe, follow, located, obstacle, read_recipe, recipe_of
from aver.cache.sealed import seal, unseal
from aver.cache.step import Inline, Input, Source, Step, Stored, key_of
from aver.errors import CacheError
from aver.outcome import Unusable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Done:
    """A result in the cache: its object's digest and bytes, whether this call computed it, the step's note on it."""

    digest: str
    computed: bool
    note: Mapping[str, Any] = field(default_factory=dict)
    bytes: int = 0


@dataclass(frozen=True)
class Failed:
    """A lasting failure: its reason code and detail, and whether this call found it out."""

    reason: str
    detail: str
    computed: bool


@dataclass(frozen=True)
class Pending:
    """Not in the cache, and only looked up: the next run computes it."""


Outcome = Done | Failed | Pending


class Cache:
    """One folder of results, safe for several processes at once.  Opening it costs nothing; it can be pickled."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or cache_root()

    def find(self, step: Step, inputs: Mapping[str, Input]) -> Done | Failed | None:
        """Return what is stored for a step and its inputs, or None if it has to be computed.

        The object of an evictable step may be gone; any other must be there and whole.
        """
        path = self.entry_path(step.name, key_of(step.parts(inputs)))
        found = self._outcome(path)
        if isinstance(found, Done) and not step.evictable and self._read(found.digest) is None:
            log.warning("%s: object %s is missing or damaged; computing it again", step.name, found.digest[:12])
            return None
        if found is not None:
            self._used(path)
        if isinstance(found, Done) and step.evictable:
            self._renew_recipe(found.digest, step, inputs)
        return found

    def peek(self, step: Step, inputs: Mapping[str, Input]) -> Done | Failed | None:
        """Return what `find` would, but read no object (its length must fit) and leave no trace of having looked."""
        found = self._outcome(self.entry_path(step.name, key_of(step.parts(inputs))))
        if isinstance(found, Done) and not step.evictable:
            try:
                return found if self._object(found.digest).stat().st_size == found.bytes else None
            except FileNotFoundError:
                return None
            except OSError as exc:
                raise self._unreadable(exc) from exc
        return found

    def run(self, step: Step, inputs: Mapping[str, Input], name: str = "") -> Done | Failed:
        """Return the stored outcome, or compute and store it.

        Args:
            step: what to compute.
            inputs: from what.
            name: of the clip, for people who look into the cache; no part of the key.

        Raises:
            CacheError: the cache cannot be written (disk full, no permission).
            MemoryError, aver.outcome.Starved: the machine failed; nothing is stored.
        """
        found = self.find(step, inputs)
        if found is not None:
            return found
        before = _marks(inputs)
        try:
            values = {key: self._value(value) for key, value in inputs.items()}
            arrays = step.function(step.params, **values)
        except Unusable as failure:
            if failure.lasting and _marks(inputs) == before:
                self._store_entry(step.parts(inputs), name, {"reason": failure.reason, "detail": failure.detail})
            return Failed(failure.reason, failure.detail, computed=True)
        if _marks(inputs) != before:  # what was read is neither the old content nor the new one
            return Failed("changed", "it changed while it was read", computed=True)
        return self._store(step, inputs, name, arrays)

    def run_together(
        self, steps: Sequence[Step], inputs: Sequence[Mapping[str, Input]], names: Sequence[str]
    ) -> Iterator[tuple[int, Done]]:
        """Compute and store several results in one program; yield each as it is stored, with its place.

        Args:
            steps: equal but for their params, with `together`.
            inputs: of each; `Source`s among them are files that nobody changes meanwhile.
            names: of each, for people who look into the cache.

        Raises: see `run`.
        """
        compute = steps[0].together
        assert compute is not None
        given = ({key: self._value(value) for key, value in own.items()} for own in inputs)
        for number, arrays in compute([step.params for step in steps], given):
            yield number, self._store(steps[number], inputs[number], names[number], arrays)

    def _store(self, step: Step, inputs: Mapping[str, Input], name: str, arrays: Arrays) -> Done:
        content = pack(arrays)
        digest = digest_of(content)
        if self._read(digest) is None:
            self._write(self._object(digest), content)
        self._keep_recipe(digest, recipe_of(step, inputs))
        note = step.note(arrays) if step.note else {}
        outcome = {"digest": digest, "bytes": len(content), "evictable": step.evictable, "note": note}
        self._store_entry(step.parts(inputs), name, outcome)
        return Done(digest, computed=True, note=note, bytes=len(content))

    def load(self, digest: str) -> Arrays:
        """Return the arrays of an object, making it again from its recipe when it is gone or damaged.

        Raises:
            CacheError: it is gone and cannot be made again here, or making it again gave other bytes.
        """
        content = self._read(digest)
        if content is None:
            content = self.remake(digest)
        return unpack(content)

    def learn(self, recipes: Iterable[tuple[str, Recipe]], root: Path) -> None:
        """Take over (digest, recipe) pairs that a stage's out carries, for objects that are not here.

        So outs that were pulled or copied from elsewhere can be worked on with an empty cache: what they name is made
        on demand.  A recipe that is here already is replaced only if it cannot be followed any more.

        Args:
            recipes: with file paths relative to `root`.
            root: where the files lie on this host.
        """
        for digest, recipe in recipes:
            if recipe["format"] != FORMAT or not self._missing(digest):
                continue
            if (known := self._known(digest)) is None or obstacle(known):
                self._keep_recipe(digest, located(recipe, root))

    def remake(self, digest: str) -> bytes:
        """Make an object again from its recipe, store it and return its bytes.

        Raises:
            CacheError: there is no recipe, it cannot be followed any more, or it gives other bytes.
        """
        recipe = self._known(digest)
        if recipe is None:
            raise CacheError(
                f"object {digest[:12]}… is not in the clip cache {self.root} and there is no recipe for it here. "
                "The cache was deleted or is another one. Make it again by forcing the stage that writes it, e.g. "
                "`dvc repro -f media faces`."
            )
        try:
            content = pack(follow(recipe, self.load))
        except CacheError:
            raise
        except Exception as exc:  # the code may have changed in any way
            why = exc.detail if isinstance(exc, Unusable) else exc
            raise CacheError(
                f"{recipe['step']}: object {digest[:12]}… is not in the clip cache and cannot be made again: {why}. "
                "Restore the file, or run `dvc repro` so that the stages before this one run first."
            ) from exc
        if digest_of(content) != digest:
            self._forget(recipe["step"], digest)
            raise CacheError(
                f"{recipe['step']}: making object {digest[:12]}… again gave other bytes: the code, a library or the "
                "kind of processor changed since. Its result is forgotten now: run the stage that writes it again, "
                "e.g. `dvc repro -f media faces`."
            )
        self._write(self._object(digest), content)
        return content

    def _forget(self, step: str, digest: str) -> None:
        """Remove a result that cannot come back, so that it is computed anew."""
        with suppress(OSError):  # a cache that may only be read keeps it
            self._recipe(digest).unlink(missing_ok=True)
            for path in (self.root / "entries" / step).glob("*/*.json"):
                found = self._outcome(path)
                if isinstance(found, Done) and found.digest == digest:
                    path.unlink(missing_ok=True)

    def entry_path(self, step: str, key: str) -> Path:
        """Return where the outcome of a step is stored."""
        return place(self.root / "entries" / step, key, ".json")

    def _missing(self, digest: str) -> bool:
        try:
            return not self._object(digest).exists()
        except OSError as exc:
            raise self._unreadable(exc) from exc

    def _known(self, digest: str) -> Recipe | None:
        try:
            return read_recipe(self._recipe(digest))
        except OSError as exc:
            raise self._unreadable(exc) from exc

    def _read(self, digest: str) -> bytes | None:
        try:
            return read_verified(self._object(digest), digest)
        except OSError as exc:
            raise self._unreadable(exc) from exc

    def _object(self, digest: str) -> Path:
        return place(self.root / "objects", digest, ".npz")

    def _recipe(self, digest: str) -> Path:
        return place(self.root / "recipes", digest, ".json")

    def _value(self, given: Input) -> Path | Arrays:
        if isinstance(given, Source):
            try:
                if given.checked and given.path.is_file() and file_digest(given.path) != given.digest:
                    raise Unusable("changed", "its content is not what it was when the corpus was read", lasting=False)
            except OSError as exc:  # this clip's, not the machine's: the others go on
                raise Unusable("unreadable", exc.strerror or "cannot be read", lasting=False) from exc
            return given.path
        return given.arrays if isinstance(given, Inline) else self.load(given.digest)

    def _outcome(self, path: Path) -> Done | Failed | None:
        try:
            outcome = unseal(path.read_bytes())["outcome"]
            if "reason" in outcome:
                return Failed(outcome["reason"], outcome["detail"], computed=False)
            return Done(outcome["digest"], computed=False, note=outcome["note"], bytes=outcome["bytes"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            log.warning("clip cache: entry %s is damaged; computing it again", path.stem[:12])
            return None
        except OSError as exc:
            raise self._unreadable(exc) from exc

    def _used(self, path: Path) -> None:
        with suppress(OSError):  # a cache that may only be read, or another user's file
            os.utime(path)

    def _store_entry(self, parts: dict[str, Any], name: str, outcome: dict[str, Any]) -> None:
        body = {"parts": parts, "outcome": outcome, "name": name}
        self._write(self.entry_path(parts["step"], key_of(parts)), seal(body))

    def _renew_recipe(self, digest: str, step: Step, inputs: Mapping[str, Input]) -> None:
        """Write down how an object is made if what is known leads nowhere: a corpus may have moved."""
        with suppress(OSError):
            known = read_recipe(self._recipe(digest))
            if known is None or obstacle(known):
                self._keep_recipe(digest, recipe_of(step, inputs))

    def _keep_recipe(self, digest: str, recipe: Recipe | None) -> None:
        if recipe is None:
            return
        path, content = self._recipe(digest), seal(recipe)
        try:
            if not path.exists() or path.read_bytes() != content:
                write_atomic(path, content)
        except OSError as exc:
            # What was just found or made does not need it.  Without a recipe an object is never evicted.
            log.debug("clip cache: cannot note how %s is made again: %s", digest[:12], exc.strerror or exc)

    def _unreadable(self, error: OSError) -> CacheError:
        return CacheError(
            f"the clip cache {self.root} cannot be read: {error.strerror or error} ({error.filename}). Mend the "
            "permissions (a shared cache needs a common group and umask 002), or set AVER_CACHE to another folder."
        )

    def _write(self, path: Path, content: bytes) -> None:
        try:
            write_atomic(path, content)
        except OSError as exc:
            raise CacheError(
                f"the clip cache {self.root} cannot be written: {exc.strerror or exc}. Nothing half-written is left. "
                "Free space or mend the permissions (or set AVER_CACHE to another folder) and run again: finished "
                "clips are kept."
            ) from exc


def _marks(inputs: Mapping[str, Input]) -> list[tuple[int, int, int] | None]:
    """Return what tells whether files were changed meanwhile: length, time of modification, inode."""
    found: list[tuple[int, int, int] | None] = []
    for value in inputs.values():
        if isinstance(value, Source) and value.checked:
            try:
                stat = value.path.stat()
                found.append((stat.st_size, stat.st_mtime_ns, stat.st_ino))
            except OSError:
                found.append(None)
    return found


__all__ = ["Cache", "Done", "Failed", "Inline", "Input", "Outcome", "Pending", "Source", "Step", "Stored"]
