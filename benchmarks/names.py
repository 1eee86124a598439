"""Complete name lists of the corpora against the adapters: names -> fields -> names, and counts against PUBLISHED.

    python benchmarks/names.py FOLDER

FOLDER holds `ravdess_all_7356_names.csv` (path in the official zip layout, `observed` or derived by the naming rule),
`savee_480_names_derived.csv` (`DC/a01`, …) and `cremad/` with the release's own SentenceFilenames.csv,
VideoDemographics.csv and summaryTable.csv.  Each list becomes a folder of small files with these names, which is
read as `dvc repro` reads it.  Prints a table, and ends with status 1 unless every name gives itself back, nothing is
refused or ignored, and the number of clips, of speakers and of clips per emotion, speaker and modality is what was
published.  A clip whose label the adapter withholds, and says why in a finding (CREMA-D's with several emotions),
counts as explained.  Where the authors do not say how many, the column says `-`.
"""

from __future__ import annotations

import argparse
import csv
import logging
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import ModuleType

from aver.cli.text import table
from aver.corpora import cremad, ravdess, savee
from aver.corpora.catalogue import catalogue
from aver.corpora.clip import Reading
from aver.corpora.published import Part
from aver.params.blocks import Corpus

#: What the release's README says of CREMA-D's summaryTable.csv; see `cremad_lists`.
CREMAD_LISTS = ("VideoDemographics.csv", "summaryTable.csv")


@dataclass(frozen=True)
class Names:
    """One list: an adapter, a title, the files' paths, the names that `parse` is given, lists that lie beside them."""

    adapter: ModuleType
    title: str
    paths: tuple[str, ...]
    names: tuple[str, ...]
    whole: bool = True
    beside: tuple[Path, ...] = ()


def column(file: Path, name: str) -> list[str]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [row[name] for row in csv.DictReader(lines)]


def lists(folder: Path) -> list[Names]:
    """Return the lists in a folder; a list that is not there is an error."""
    every = folder / "ravdess_all_7356_names.csv"
    paths = column(every, "path_in_official_zip_layout")
    observed = [path for path, basis in zip(paths, column(every, "basis"), strict=True) if basis == "observed"]
    stems = column(folder / "savee_480_names_derived.csv", "stem")
    clips = column(folder / "cremad/SentenceFilenames.csv", "Filename")
    flat = tuple(stem.replace("/", "_") for stem in stems)
    return [
        Names(ravdess, "observed", tuple(observed), named(observed), whole=False),
        Names(ravdess, "all", tuple(paths), named(paths)),
        Names(savee, "folders", tuple(f"{stem}.avi" for stem in stems), flat),
        Names(savee, "flattened", tuple(f"{name}.wav" for name in flat), flat),
        Names(
            cremad, "all", tuple(f"VideoFlash/{name}.flv" for name in clips), tuple(clips),
            beside=tuple(folder / "cremad" / name for name in CREMAD_LISTS),
        ),
    ]  # fmt: skip


def named(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(PurePosixPath(path).stem for path in paths)


def returned(one: Names) -> int:
    """Return how many names give themselves back."""
    count = 0
    for name in one.names:
        try:
            count += one.adapter.name_of(one.adapter.parse(name)) == name
        except ValueError as exc:
            print(f"{name}: {exc}", file=sys.stderr)
    return count


def read(one: Names) -> Reading:
    """Return what the adapter makes of a folder with these files."""
    with tempfile.TemporaryDirectory() as root:
        for path in one.paths:
            file = Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(path, encoding="utf-8")
        for file in one.beside:
            shutil.copy(file, root)
        return catalogue(one.adapter.__name__.rpartition(".")[2], Corpus(root=root))


def differences(reading: Reading, part: Part) -> list[str]:
    """Return in words where the clips are not what was published about a part."""
    held = [clip for clip in reading.clips if all(getattr(clip, key) == value for key, value in part.where.items())]
    found = {"clips": len(held), "speakers": len({clip.speaker for clip in held})}
    wanted = {"clips": part.clips, "speakers": part.speakers}
    defective = {finding.clip_id for finding in reading.findings if finding.kind == "known_defect"}
    words = [f"{key} {found[key]}, not {wanted[key]}" for key in wanted if wanted[key] not in (None, found[key])]
    for key, counts in part.counts.items():
        got = Counter(getattr(clip, key) for clip in held)
        short = [f"{key} {value} {got[value]}, not {n}" for value, n in counts.items() if got[value] != n]
        withheld = [clip for clip in held if key == "label" and not clip.label and clip.clip_id in defective]
        if withheld and len(withheld) == got.pop("") == sum(counts.values()) - sum(got.values()):
            short = [] if all(got[value] <= n for value, n in counts.items()) else short
        words += short
        words += [f"{key} {value or '(unknown)'} {got[value]}, not published" for value in got if value not in counts]
    return words


def check(one: Names) -> tuple[list[object], bool]:
    """Return a row of the table, and whether all is well."""
    back, reading = returned(one), read(one)
    unexplained = len(reading.failures) + len(reading.ignored)
    modalities = {clip.modality for clip in reading.clips}
    parts = [part for part in one.adapter.PUBLISHED if part.where.get("modality") in modalities]
    words = [f"{part.name}: {word}" for part in parts for word in differences(reading, part)] if one.whole else []
    known = sum(counted in part.counts for part in parts for counted in ("label", "speaker")) if one.whole else 0
    for word in [*words, *(f"{f.clip_id}: {f.detail}" for f in reading.failures[:10])]:
        print(f"{one.adapter.__name__} {one.title}: {word}", file=sys.stderr)
    name = one.adapter.__name__.rpartition(".")[2]
    kinds = Counter(finding.kind for finding in reading.findings)
    row: list[object] = [
        f"{name}, {one.title}", len(one.names), back, len(reading.clips), unexplained,
        len({clip.speaker for clip in reading.clips}), len({clip.label for clip in reading.clips} - {""}),
        ("yes" if not words else f"no: {len(words)}") if known else "-",
        ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())) or "-",
    ]  # fmt: skip
    return row, back == len(one.names) == len(reading.clips) and not unexplained and not words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    logging.disable(logging.INFO)
    checked = [check(one) for one in lists(args.folder)]
    heads = ["list", "names", "come back", "clips", "unexplained", "speakers", "emotions", "as published", "findings"]
    print(table([[str(cell) for cell in row] for row, _ in checked], heads))
    sys.exit(not all(well for _, well in checked))


if __name__ == "__main__":
    main()
