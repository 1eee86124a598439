"""How each speaker is recognised."""

from __future__ import annotations

from statistics import median

from aver.report.card_words import short
from aver.report.cells import headline, scored
from aver.report.grid import Grid
from aver.report.inputs import Inputs, Row
from aver.report.words import count, known, percent

#: Longer names are cut in their middle: three of them stand in a row.
LONGEST = 24


def spread(inputs: Inputs, benchmark: str) -> Grid:
    """Return the lowest, the middle and the highest accuracy of a speaker, by strategy, and who these are."""
    rows, cells = [], _cells(inputs, benchmark)
    names = _names(cells)
    for cell in cells:
        ordered = sorted(_known(cell), key=lambda speaker: (speaker["accuracy"], names[_key(speaker)]))
        low, high = ordered[0], ordered[-1]
        rows.append(
            (
                cell["strategy"],
                [
                    f"{percent(low['accuracy'])} ({names[_key(low)]})",
                    percent(median(speaker["accuracy"] for speaker in ordered)),
                    f"{percent(high['accuracy'])} ({names[_key(high)]})",
                ],
            )
        )
    return Grid(["lowest (speaker)", "middle", "highest (speaker)"], rows)


def everyone(inputs: Inputs, benchmark: str) -> Grid:
    """Return the accuracy of every speaker by strategy, with the number of clips."""
    cells = _cells(inputs, benchmark)
    found = [{_key(speaker): speaker for speaker in cell["per_speaker"]} for cell in cells]
    rows = []
    for key, name in sorted(_names(cells).items()):
        own = [speakers.get(key) for speakers in found]
        clips = max(speaker["clips"] for speaker in own if speaker)
        rows.append((name, [count(clips), *(percent(speaker["accuracy"] if speaker else None) for speaker in own)]))
    return Grid(["clips", *(cell["strategy"] for cell in cells)], rows)


def _key(speaker: Row) -> tuple[str, str]:
    return str(speaker.get("people", "")), str(speaker["speaker"])


def _names(cells: list[Row]) -> dict[tuple[str, str], str]:
    """Return the name of every speaker; with whose people it is where speakers of several corpora were tested."""
    keys = {_key(speaker) for cell in cells for speaker in cell["per_speaker"]}
    several = len({people for people, _ in keys}) > 1
    return {key: short(f"{key[0]} {key[1]}".strip() if several else key[1], LONGEST) for key in keys}


def _cells(inputs: Inputs, benchmark: str) -> list[Row]:
    return [cell for cell in scored(headline(inputs, benchmark)) if _known(cell)]


def _known(cell: Row) -> list[Row]:
    return [speaker for speaker in cell.get("per_speaker", ()) if known(speaker["accuracy"])]
