"""What a per-clip computation is: a function, its params, what it reads, and the key that all of it gives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from aver.cache.code import code_digests
from aver.cache.objects import FORMAT, Arrays, digest_of, pack
from aver.cache.sealed import canonical


@dataclass(frozen=True)
class Source:
    """A file or folder outside the cache, named by a digest of its content; the path is no part of the key.

    Args:
        digest: sha256 (hex) that stands for the content.
        path: where it lies now.
        checked: the digest is that of the file's bytes: it is compared before anything is computed from the file, so
            that a file that changed since cannot leave its result under the old content's key.
    """

    digest: str
    path: Path
    checked: bool = False


@dataclass(frozen=True)
class Stored:
    """A result of another step, named by the sha256 of its object; made again on demand when it was evicted."""

    digest: str


@dataclass(frozen=True)
class Inline:
    """Small arrays handed over directly."""

    arrays: Arrays

    @cached_property
    def digest(self) -> str:
        """The sha256 of the packed arrays."""
        return digest_of(pack(self.arrays))


Input = Source | Stored | Inline


@dataclass(frozen=True)
class Step:
    """One kind of computation with its params.

    Args:
        name: what it makes, e.g. `faces`; part of the key.
        function: `function(params, **inputs) -> dict of arrays`, defined at the top level of a leaf module.  A
            `Source` reaches it as a path, the other inputs as dicts of arrays.
        params: a frozen dataclass holding only what can change the result.
        runtime: versions of the libraries that make the bytes.
        evictable: the objects are heavy intermediates: they may be deleted and come back on demand.
        note: from the arrays, the few plain values (JSON) that stay readable when the object is evicted.
        together: computes several results in one program, `together(params, given)`: a list of the params of each, and
            what `function` takes beside them, by name, which is loaded as it is asked for; yields (place, arrays) in
            any order.  It is defined beside `function` and gives each result the same bytes as that.
    """

    name: str
    function: Callable[..., Arrays]
    params: Any
    runtime: Mapping[str, str] = field(default_factory=dict)
    evictable: bool = False
    note: Callable[[Arrays], dict[str, Any]] | None = None
    together: Callable[..., Iterator[tuple[int, Arrays]]] | None = None

    @cached_property
    def fixed_parts(self) -> dict[str, Any]:
        """The parts of the key that do not depend on the clip."""
        return {
            "format": FORMAT,
            "step": self.name,
            "code": code_digests(self.function.__module__),
            "function": self.function.__qualname__,
            "params": _keyed(asdict(self.params)),
            "runtime": dict(self.runtime),
        }

    def parts(self, inputs: Mapping[str, Input]) -> dict[str, Any]:
        """Return everything that the key covers, as JSON-ready values."""
        return {**self.fixed_parts, "inputs": {name: inputs[name].digest for name in sorted(inputs)}}


#: Params that decide how long and where a result is computed, not what it is.  (The class of the device, which can
#: change the bytes, is part of `runtime`.)
UNKEYED = frozenset({"timeout_s", "device"})


def _keyed(params: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in params.items() if name not in UNKEYED}
    return {name: _keyed(value) if isinstance(value, dict) else value for name, value in kept.items()}


def key_of(parts: Mapping[str, Any]) -> str:
    """Return the key: sha256 (hex) over the canonical JSON of the parts."""
    return hashlib.sha256(canonical(parts).encode()).hexdigest()
