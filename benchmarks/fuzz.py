"""Damage 500 clips in 28 ways and put them through the pipeline: nothing breaks, hangs or is misjudged.

    python benchmarks/fuzz.py [--count 500] [--seed 1] [--keep FOLDER]

Whole clips in 22 containers and codecs (`fuzz_bases`) are damaged (`mutations`) into a folder, which goes through the
corpora, media, faces and windows stages' own functions with two worker processes and an empty clip cache.  Then, for
every file (`fuzz_checks`): no exception and no `internal`; used or failed once, and never used by one stage and failed
by the next; times finite, ascending and sane; as many samples as the sound lasts, as many crops as faces; and the
outcome is one that its mutation class declares.  A group of 8 files that takes more than 20 s counts as a hang, a
process above a gibibyte as unbounded.  A tenth of the files is then run again from nothing and must give the same rows.

Prints the outcomes per class and per container; exit status 1 and the offending files in --keep if anything is wrong.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

from fuzz_bases import Base, make_bases
from fuzz_checks import Result, wrong
from fuzz_corpus import Damaged, write_corpus
from fuzz_watch import PEAK_BYTES, Watch, peak
from mutations import MUTATIONS

from aver.cache.cache import Cache
from aver.corpora.catalogue import catalogue, write_catalogue
from aver.faces.index import index_faces, write_faces
from aver.media.index import index_media, write_media
from aver.params import file
from aver.params.blocks import Corpus, Parallel, Params
from aver.progress import hidden
from aver.windows.index import index_windows, write_windows

ROOT = Path(__file__).parents[1]
#: No process may ask for more; a decoder that believes a header's 60000 x 60000 pixels is refused instead of served.
ADDRESS_BYTES = 8 << 30


def bounded() -> Params:
    """Return the repository's params with two workers; a clip that takes more than 15 s is `too_long`."""
    params = replace(file.load(ROOT / "params.yaml"), parallel=Parallel(2, "loky"))
    return replace(params, media=replace(params.media, timeout_s=15.0), faces=replace(params.faces, timeout_s=15.0))


def pipeline(root: Path, work: Path, params: Params) -> Result:
    """Put a folder of clips through the stages with an empty clip cache below `work`, and write their outs."""
    watch, cache = Watch(), Cache(work / "cache")
    with hidden(), patch.dict(os.environ, AVER_CACHE=str(cache.root)):
        reading = catalogue("fuzz", Corpus(str(root), "folder"))
        clips = [clip.row() for clip in reading.clips]
        media = index_media("fuzz", clips, root, params, watch)
        faces = index_faces("fuzz", clips, media.rows, root, params, run=watch)
        windows = index_windows(media.rows, params.windows)
    for stage in ("corpora", "media", "faces", "windows"):
        (work / stage).mkdir()
    write_catalogue(work / "corpora", reading, 1.0)
    write_media(work / "media", media, 1.0)
    write_faces(work / "faces", faces, 1.0)
    write_windows(work / "windows", windows)
    return Result(reading, media, faces, windows, cache, watch.complaints)


def misjudged(damaged: Iterable[Damaged], outcomes: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the clips whose outcome their mutation class does not declare."""
    return [
        (one.clip_id, f"{outcomes.get(one.clip_id, 'nothing')}, declared: {', '.join(sorted(one.allowed))}")
        for one in damaged
        if outcomes.get(one.clip_id) not in one.allowed
    ]


def differing(
    root: Path, sample: Sequence[Damaged], first: Result, work: Path, params: Params
) -> list[tuple[str, str]]:
    """Run some of the files again, from nothing, and return those of which the stages say something else."""
    again = work / "again"
    for one in sample:
        (again / one.clip_id).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / one.clip_id, again / one.clip_id)
    (work / "second").mkdir()
    second = pipeline(again, work / "second", params)
    return [(one.clip_id, "a second run says something else") for one in sample
            if first.rows(one.clip_id) != second.rows(one.clip_id)]  # fmt: skip


def table(title: str, damaged: Sequence[Damaged], outcomes: Mapping[str, str], by_class: bool) -> str:
    """Return a table of outcome counts, one line per mutation class or per base."""
    words = sorted({*outcomes.values()} - {"usable"})
    names = list(MUTATIONS) if by_class else sorted({one.base.name for one in damaged})
    lines = [f"| {title} | files | usable | {' | '.join(words)} |", "|---|" + "---:|" * (len(words) + 2)]
    for name in names:
        mine = [one for one in damaged if name == (one.mutation.name if by_class else one.base.name)]
        counts = Counter(outcomes.get(one.clip_id, "nothing") for one in mine)
        cells = [str(counts[word] or "") for word in ("usable", *words)]
        lines.append(f"| {name} | {len(mine)} | {' | '.join(cells)} |")
    return "\n".join(lines)


@dataclass(frozen=True)
class Report:
    """A whole fuzz run: the files, what AVER said about them, and everything that is wrong."""

    damaged: list[Damaged]
    outcomes: dict[str, str]
    wrong: list[tuple[str, str]]
    peak_bytes: int


def fuzz(work: Path, bases: Sequence[Base], count: int, seed: int, repeat_every: int = 10) -> Report:
    """Make `count` damaged clips in `work`, run them, check them; run every n-th again."""
    (work / "first").mkdir()
    damaged = write_corpus(work / "corpus", bases, count, seed)
    params = bounded()
    with peak() as highest:
        result = pipeline(work / "corpus", work / "first", params)
        found = list(wrong(result, [one.clip_id for one in damaged]))
        found += misjudged(damaged, result.outcomes())
        found += differing(work / "corpus", damaged[::repeat_every], result, work, params)
    if highest.bytes > PEAK_BYTES:
        found.append((highest.name, f"a process held {highest.bytes >> 20} MiB, allowed are {PEAK_BYTES >> 20}"))
    return Report(damaged, result.outcomes(), sorted(set(found)), highest.bytes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "aver-fuzz", help="offending files")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("aver").setLevel(logging.ERROR)  # hundreds of clips fail, and say so
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="aver-fuzz-") as folder:
        (Path(folder) / "bases").mkdir()
        report = fuzz(Path(folder), make_bases(Path(folder) / "bases"), options.count, options.seed)
        for clip_id, sentence in report.wrong:
            offender, kept = Path(folder) / "corpus" / clip_id, options.keep / str(options.seed) / clip_id
            if offender.is_file():
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(offender, kept)
            print(f"WRONG {kept if offender.is_file() else clip_id}: {sentence}")
    print(table("mutation class", report.damaged, report.outcomes, True), end="\n\n")
    print(table("container and codecs", report.damaged, report.outcomes, False), end="\n\n")
    seconds = time.perf_counter() - began
    verdict = "FAILED" if report.wrong else "passed"
    print(f"{verdict}: {len(report.damaged)} files, {len(report.wrong)} wrong, {seconds:.0f} s, "
          f"highest process {report.peak_bytes >> 20} MiB")  # fmt: skip
    sys.exit(1 if report.wrong else 0)


if __name__ == "__main__":
    main()
