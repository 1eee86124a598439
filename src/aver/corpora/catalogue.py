"""Read a corpus root through its adapter and give every clip the sha256 of its content."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from aver.cache.objects import file_digest
from aver.corpora.clip import CLIPS, Reading
from aver.corpora.registry import get_adapter
from aver.errors import CorpusError
from aver.ledger import Failure, gate, write_ledger
from aver.params.blocks import Corpus
from aver.progress import track
from aver.store.out import write_table


def catalogue(name: str, corpus: Corpus) -> Reading:
    """Return the clips of a corpus, sorted by id, with their digests.

    Raises:
        CorpusError: the root is missing or no folder, empty, or without any clip of that corpus.
    """
    adapter = get_adapter(corpus.adapter or name)
    root = check_root(name, corpus)
    reading = adapter.read(root)
    if not reading.clips and not reading.failures:
        content = f"holds {len(reading.ignored)} files but no clip" if reading.ignored else "is empty"
        raise CorpusError(f"corpus {name}: {root} {content}. {_expected(name, corpus)}")
    clips = []
    for clip in track(sorted(reading.clips, key=lambda clip: clip.clip_id), f"corpora {name}"):
        try:
            clips.append(replace(clip, sha256=file_digest(root / clip.path)))
        except OSError as exc:
            reading.failures.append(Failure(clip.clip_id, "corpora", "unreadable", exc.strerror or "cannot be read"))
    return Reading(clips, reading.failures, sorted(reading.ignored))


def check_root(name: str, corpus: Corpus) -> Path:
    """Return the root of a corpus.

    Raises:
        CorpusError: it does not exist or is no folder; says what is expected there.
    """
    root = Path(corpus.root).expanduser()
    if not root.is_dir():
        what = "is no folder" if root.exists() else "does not exist"
        raise CorpusError(f"corpus {name}: {root} {what}. {_expected(name, corpus)}")
    return root


def _expected(name: str, corpus: Corpus) -> str:
    layout = get_adapter(corpus.adapter or name).LAYOUT
    return (
        f"Expected: {layout}.\nSet corpora.{name}.root in params.yaml (as an absolute path, if you queue experiments: "
        "they run in a copy of the repository without git-ignored files)."
    )


def write_catalogue(folder: Path, reading: Reading, max_failed_fraction: float) -> None:
    """Write `clips.parquet`, `failures.parquet` and `summary.json`.

    Raises:
        ClipsError: too many failures.
    """
    gate(reading.failures, len(reading.clips) + len(reading.failures), max_failed_fraction)
    write_table(folder / "clips.parquet", [clip.row() for clip in reading.clips], CLIPS)

    def count(key: str) -> dict[str, int]:
        return dict(sorted(Counter(getattr(clip, key) or "(unknown)" for clip in reading.clips).items()))

    contents = Counter(clip.sha256 for clip in reading.clips)
    summary: dict[str, Any] = {
        "clips": len(reading.clips),
        "labels": count("label"),
        "speakers": count("speaker"),
        "modalities": count("modality"),
        "takes": len({clip.take for clip in reading.clips}),
        "identical_contents": sum(number - 1 for number in contents.values()),
        "ignored": reading.ignored,
    }
    write_ledger(folder, reading.failures, summary)
