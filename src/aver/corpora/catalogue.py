"""Read a corpus root through its adapter and give every clip the sha256 of its content."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aver.cache.objects import file_digest
from aver.corpora.clip import CLIPS, Reading
from aver.corpora.contents import take_out_hollow
from aver.corpora.copies import identical, settle_doubles
from aver.corpora.files import spelt, walk
from aver.corpora.findings import FINDINGS
from aver.corpora.registry import get_adapter
from aver.errors import CorpusError, visible
from aver.ledger import Failure, gate, write_ledger
from aver.params.blocks import Corpus
from aver.progress import track
from aver.store.out import write_table

log = logging.getLogger(__name__)
#: How many files an error names.
NAMED = 5


def survey(name: str, corpus: Corpus) -> Reading:
    """Return what lies below a corpus root, by names, lists and sizes: no clip is read, no digest filled in.

    Raises:
        CorpusError: the root is missing or no folder, or a list of the corpus is not usable.
        ParamsError: the adapter is not known.
    """
    adapter = get_adapter(corpus.adapter or name)
    root = check_root(name, corpus)
    reading, files = adapter.read(root), walk(root)
    take_out_hollow(reading, root)
    reading.failures += files.failures
    reading.ignored = sorted({*reading.ignored, *files.ignored})
    reading.linked, reading.hidden = sorted(map(spelt, files.linked)), files.hidden
    reading.blockers = files.blockers
    reading.clips.sort(key=lambda clip: clip.clip_id)
    _settle_findings(reading)
    return reading


def catalogue(name: str, corpus: Corpus) -> Reading:
    """Return the clips of a corpus, sorted by id, with their digests, and all that was found beside them.

    Raises:
        CorpusError: the root is missing or no folder, empty, or without any clip of that corpus.
    """
    root = check_root(name, corpus)
    reading = survey(name, corpus)
    if not reading.clips and not reading.failures:
        few = ", ".join(reading.ignored[:3])
        content = f"holds {len(reading.ignored)} files but no clip, e.g. {few}" if reading.ignored else "is empty"
        raise CorpusError(f"corpus {name}: {root} {content}. {_expected(name, corpus)}")
    if reading.linked:
        log.warning(
            "corpora %s  DVC does not look into linked folders (%s): when something changes there, run "
            "`dvc repro --force --single-item corpora@%s`, then `dvc repro`",
            name, visible(", ".join(reading.linked)), name,
        )  # fmt: skip
    clips = []
    for clip in track(reading.clips, f"corpora {name}"):
        try:
            clips.append(replace(clip, sha256=file_digest(root / clip.path)))
        except OSError as exc:
            reading.failures.append(Failure(clip.clip_id, "corpora", "unreadable", exc.strerror or "cannot be read"))
    reading.clips = clips
    settle_doubles(reading, root)
    reading.findings += identical(clips)
    _settle_findings(reading)
    return reading


def _settle_findings(reading: Reading) -> None:
    """Sort the findings, and leave out those of clips that cannot be used."""
    usable = {clip.clip_id for clip in reading.clips}
    reading.findings = sorted(
        (finding for finding in reading.findings if finding.clip_id in usable),
        key=lambda finding: (finding.clip_id, finding.kind, finding.detail),
    )


def check_root(name: str, corpus: Corpus) -> Path:
    """Return the root of a corpus.

    Raises:
        CorpusError: it does not exist or is no folder; says what is expected there.
    """
    root = Path(corpus.root).expanduser()
    if not root.is_dir():
        what = "is no folder" if root.exists() else "does not exist"
        raise CorpusError(f"corpus {name}: {root} {what}. {_expected(name, corpus)}")
    if not os.access(root, os.R_OK | os.X_OK):
        raise CorpusError(f"corpus {name}: {root} may not be read. Mend its permissions (chmod u+rx).")
    return root


def check_hashable(name: str, corpus: Corpus) -> None:
    """Check that DVC will be able to hash a corpus root, of which it would say in its own words that it is not.

    Raises:
        CorpusError: names what DVC would stop at, or wait for.
    """
    if why := why_unhashable(name, walk(check_root(name, corpus)).blockers):
        raise CorpusError(why)


def why_unhashable(name: str, blockers: Mapping[str, str]) -> str:
    """Return at what DVC would stop, in words; empty if at nothing."""
    if not blockers:
        return ""
    lines = [f"corpus {name}: DVC hashes the whole root before it runs the stage, and stops at this:"]
    lines += [f"  {visible(file)}: {why}" for file, why in sorted(blockers.items())[:NAMED]]
    lines += [f"  … and {len(blockers) - NAMED} more"] if len(blockers) > NAMED else []
    return "\n".join([*lines, "Mend, rename or take away these, then run again."])


def _expected(name: str, corpus: Corpus) -> str:
    layout = get_adapter(corpus.adapter or name).LAYOUT
    return (
        f"Expected: {layout}.\nSet corpora.{name}.root in params.yaml (as an absolute path, if you queue experiments: "
        "they run in a copy of the repository without git-ignored files)."
    )


def write_catalogue(folder: Path, reading: Reading, max_failed_fraction: float) -> None:
    """Write `clips.parquet`, `findings.parquet`, `failures.parquet` and `summary.json`.

    Raises:
        ClipsError: too many failures.
    """
    gate(reading.failures, len(reading.clips) + len(reading.failures), max_failed_fraction)
    write_table(folder / "clips.parquet", [clip.row() for clip in reading.clips], CLIPS)
    write_table(folder / "findings.parquet", [finding.row() for finding in reading.findings], FINDINGS)
    write_ledger(folder, reading.failures, summary_of(reading))


def summary_of(reading: Reading) -> dict[str, Any]:
    """Return the counts of a catalogue for `summary.json`; what is not known is counted as `(unknown)`."""

    def count(values: Iterable[str]) -> dict[str, int]:
        return dict(sorted(Counter(value or "(unknown)" for value in values).items()))

    clips = reading.clips
    return {
        "clips": len(clips),
        "labels": count(clip.label for clip in clips),
        "perceived": count(clip.perceived for clip in clips),
        "speakers": count(clip.speaker for clip in clips),
        "sexes": count(sex for speaker, sex in {(clip.speaker, clip.sex) for clip in clips if clip.speaker}),
        "modalities": count(clip.modality for clip in clips),
        "takes": len({clip.take for clip in clips}),
        "findings": count(finding.kind for finding in reading.findings),
        "metadata": sorted(reading.metadata),
        "ignored": sorted(reading.ignored),
        "linked": reading.linked,
        "hidden": reading.hidden,
    }
