"""What the last run of each stage did: computed, from cache, seconds.

Such facts differ from run to run, so they lie beside the clip cache and never in an out.  Several repositories may
share a cache; each has a folder of its own for its records.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from aver.cache.location import workspace
from aver.errors import CacheError, StoreError
from aver.store.out import read_json, write_json

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Record:
    """One run of one list of tasks.

    Args:
        label: e.g. `faces ravdess`.
        computed: tasks that were computed.
        from_cache: tasks that were found.
        failed: tasks that ended in a failure, found or new.
        seconds: wall time of all of it.
        computing_s: wall time of what was computed.
        bytes_each: mean bytes of the tasks' objects.
        rate_s: seconds per computed task, of this run or of the last one that computed any; 0 if none did.
    """

    label: str
    computed: int
    from_cache: int
    failed: int
    seconds: float
    computing_s: float
    bytes_each: float
    rate_s: float = 0.0


def runs_folder(cache_root: Path) -> Path:
    """Return the folder with the records of this repository."""
    name = hashlib.sha256(str(workspace()).encode()).hexdigest()[:12]
    return cache_root / "runs" / name


def write_record(cache_root: Path, record: Record) -> None:
    """Write the record of a run; a cache that may only be read keeps none."""
    path = runs_folder(cache_root) / f"{record.label.replace(' ', '-')}.json"
    before = _read(path)
    rate_s = record.computing_s / record.computed if record.computed else before.rate_s if before else 0.0
    try:
        write_json(path, {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(record).items()}
                   | {"rate_s": round(rate_s, 6)})  # fmt: skip
    except CacheError as exc:
        log.warning("the run of %s is not recorded: %s", record.label, exc)


def read_records(cache_root: Path) -> list[Record]:
    """Return the records of this repository, sorted by label; what is no record is left out."""
    found = (_read(path) for path in sorted(runs_folder(cache_root).glob("*.json")))
    return [record for record in found if record is not None]


def _read(path: Path) -> Record | None:
    try:
        content = read_json(path)
        return Record(**{field.name: content[field.name] for field in fields(Record)})
    except (OSError, StoreError, KeyError, TypeError):
        return None
