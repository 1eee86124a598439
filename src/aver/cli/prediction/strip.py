"""The contact strip of a clip: its faces at their times, else its frames, else its sound."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from aver.cache.cache import Cache
from aver.cli.prediction.answer import Answer
from aver.cli.prediction.given import ROOT, Given
from aver.cli.sheet.decode import decode
from aver.cli.sheet.facts import Note, Wave
from aver.clock import frame_ends
from aver.params.blocks import Params


@dataclass(frozen=True, eq=False)
class Strip:
    """What is shown of a clip.

    Args:
        what: `faces` | `frames` | `sound` | `nothing`.
        pictures: for each of K cells of equal length, a picture [h, w, 3] uint8 RGB, or None where there is none.
        wave: the sound, where there is no picture.
        notes: what cannot be shown, in words.
    """

    what: str
    pictures: list[NDArray[np.uint8] | None]
    wave: Wave | None = None
    notes: tuple[str, ...] = ()


def strip(clip: Given, answer: Answer, cells: int, params: Params) -> Strip:
    """Return the strip of a clip: `cells` equal parts of its duration, in each what is shown in its middle.

    Raises:
        CacheError: the machine failed.
    """
    if answer.faces is not None and answer.faces["crops"] and not answer.faces["absent"]:
        found = Cache().load(answer.faces["crops"])
        return Strip("faces", _in_cells(list(found["crops"]), found["times_s"], answer.duration_s, cells))
    notes: list[Note] = []
    media = answer.media
    most = cells if media["has_picture"] else 1
    shown, wave = decode(clip.row(), media, ROOT, params, most, notes)
    told = tuple(note.text for note in notes)
    if shown:
        numbers = sorted(shown)
        times = np.array(media["frame_times_s"], np.float64)[np.array(media["kept"], np.int64)[numbers]]
        ends = frame_ends(times, media["picture_end_s"])
        pictures = _in_cells(
            [shown[number] for number in numbers], np.stack([times, ends], 1), answer.duration_s, cells
        )
        return Strip("frames", pictures, notes=told)
    return Strip("sound" if wave is not None else "nothing", [None] * cells, wave, told)


def _in_cells(
    pictures: list[NDArray[np.uint8]], times_s: NDArray[np.float64], end_s: float, cells: int
) -> list[NDArray[np.uint8] | None]:
    """Return for each cell the picture that is shown nearest to its middle, of those that are shown within it."""
    edges = np.linspace(0, end_s, cells + 1)
    found: list[NDArray[np.uint8] | None] = []
    for start, end in pairwise(edges.tolist()):
        middle = (start + end) / 2
        away = np.maximum(np.maximum(times_s[:, 0] - middle, middle - times_s[:, 1]), 0)
        nearest = int(away.argmin())
        within = times_s[nearest, 0] < end and times_s[nearest, 1] > start
        found.append(pictures[nearest] if within else None)
    return found
