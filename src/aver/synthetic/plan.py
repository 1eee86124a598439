"""Which clips there are: who shows and voices what, when, and with which label.

Looks, voices and mis-acting are dealt out by quota, not by coin: the realised frequencies are as close to the
tables of :mod:`aver.synthetic.displays` as the size of the corpus allows, and the cards are spread over
speakers and takes (in an order shuffled by the seed, so that neither number foretells them).

Nothing besides the emotion ties the picture to the sound: the look and the voice are dealt separately, and
length, onset, apex and offset are drawn from a generator of their own that sees only the speaker and a serial
number handed out at random, never the emotion, the look or the voice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aver.synthetic.cast import sex_of
from aver.synthetic.displays import EMOTIONS, TABLES

if TYPE_CHECKING:
    from aver.params.blocks import Synthetic


@dataclass(frozen=True)
class ClipPlan:
    """One clip; times in seconds from its start, ``seed`` feeds everything drawn while rendering it."""

    file: str  # e.g. S01/S01_happy_T1.mp4, relative to the corpus folder
    speaker: int  # 1-based
    emotion: str  # the label
    take: int  # 1-based
    look: str
    voice: str
    duration_s: float  # a whole number of frames
    onset_s: float
    apex_s: float
    offset_s: float
    seed: int


@dataclass(frozen=True)
class _Timing:
    duration_s: float
    onset_s: float
    apex_s: float
    offset_s: float
    seed: int


def plan(params: Synthetic) -> list[ClipPlan]:
    """All clips of the corpus, sorted by file name; the same parameters give the same list."""
    slots = [(s, e, t) for s in range(1, params.speakers + 1) for e in EMOTIONS for t in range(1, params.takes + 1)]
    shown = _shown(slots, params)
    looks = _deal(shown, TABLES.look, params, stream=2)
    voices = _deal(shown, TABLES.voice, params, stream=3)
    clips = []
    for slot, timing in zip(slots, _timings(len(slots), params), strict=True):
        speaker, emotion, take = slot
        clips.append(
            ClipPlan(
                file=f"S{speaker:02d}/S{speaker:02d}_{emotion}_T{take}.mp4",
                speaker=speaker,
                emotion=emotion,
                take=take,
                look=looks[slot],
                voice=voices[slot],
                duration_s=timing.duration_s,
                onset_s=timing.onset_s,
                apex_s=timing.apex_s,
                offset_s=timing.offset_s,
                seed=timing.seed,
            )
        )
    return sorted(clips, key=lambda clip: clip.file)


def plan_rows(params: Synthetic) -> list[dict[str, Any]]:
    """The plan as rows of a table: the truth about every clip, for reports and checks, not for training."""
    return [
        {
            "file": clip.file,
            "speaker": f"S{clip.speaker:02d}",
            "sex": sex_of(clip.speaker),
            "emotion": clip.emotion,
            "take": clip.take,
            "look": clip.look,
            "voice": clip.voice,
            "onset_s": clip.onset_s,
            "apex_s": clip.apex_s,
            "offset_s": clip.offset_s,
            "duration_s": clip.duration_s,
        }
        for clip in plan(params)
    ]


Slot = tuple[int, str, int]  # speaker, labelled emotion, take


def _shown(slots: Sequence[Slot], params: Synthetic) -> dict[Slot, str]:
    """The emotion really shown and voiced: the label, but for the mis-acted takes.

    Mis-acted takes go round the labels in turn, with a fixed shift per round, so that as far as their number
    allows every label loses, and every emotion gains, equally many; speakers are visited in shuffled order.
    """
    rng = np.random.default_rng([params.seed, 1])
    shown = {slot: slot[1] for slot in slots}
    count, n = round(TABLES.misacted * len(slots)), len(EMOTIONS)
    labels = rng.permutation(n)
    shifts = rng.permutation(np.arange(1, n))
    speakers = rng.permutation(params.speakers) + 1
    taken: set[Slot] = set()
    for i in range(count):
        label = labels[i % n]
        emotion = EMOTIONS[label]
        free = [slot for slot in slots if slot[1] == emotion and slot not in taken]
        wanted = [slot for slot in free if slot[0] == speakers[i % len(speakers)]] or free
        slot = wanted[rng.integers(len(wanted))]
        taken.add(slot)
        shown[slot] = EMOTIONS[(label + shifts[(i // n) % (n - 1)]) % n]
    return shown


def _deal(
    shown: Mapping[Slot, str], table: Mapping[str, Mapping[str, float]], params: Synthetic, stream: int
) -> dict[Slot, str]:
    """One display per clip, dealt for each shown emotion in the proportions of its row of ``table``."""
    dealt: dict[Slot, str] = {}
    for number, emotion in enumerate(EMOTIONS):
        rng = np.random.default_rng([params.seed, stream, number])
        mine = [slot for slot, what in shown.items() if what == emotion]
        order = _spread(mine, rng)
        dealt.update(zip(order, _cards(table[emotion], len(order), rng), strict=True))
    return dealt


def _spread(slots: Sequence[Slot], rng: np.random.Generator) -> list[Slot]:
    """Slots speaker after speaker in random order; takes rotate so that each leads equally often."""
    speakers = sorted({slot[0] for slot in slots})
    takes = sorted({slot[2] for slot in slots})
    order: list[Slot] = []
    for position, which in enumerate(rng.permutation(len(speakers))):
        if position % len(takes) == 0:
            lead, starts = rng.permutation(takes), rng.permutation(len(takes))
        mine = sorted(slot for slot in slots if slot[0] == speakers[which])
        for take in np.roll(lead, starts[position % len(takes)]):
            order += [slot for slot in mine if slot[2] == take]
    return order


def _cards(row: Mapping[str, float], count: int, rng: np.random.Generator) -> list[str]:
    """``count`` displays, every prefix as close to the proportions as can be; ties broken at random."""
    names = sorted(row)
    share = np.array([row[name] for name in names])
    given = np.zeros(len(names))
    cards = []
    for i in range(count):
        lag = share * (i + 1) - given + rng.uniform(0.0, 1e-6, len(names))
        best = int(lag.argmax())
        given[best] += 1
        cards.append(names[best])
    return cards


def _timings(count: int, params: Synthetic) -> Iterator[_Timing]:
    """Lengths and turning points of ``count`` clips, drawn blind to what the clips show or say."""
    low, high = params.duration_s
    for serial in np.random.default_rng([params.seed, 4]).permutation(count):
        rng = np.random.default_rng([params.seed, 5, int(serial)])
        # Rounded to whole frames, so that picture and sound can end together exactly.
        duration = round(rng.uniform(low, high) * params.fps) / params.fps
        turns = rng.uniform([0.04, 0.20, 0.78], [0.10, 0.32, 0.92]) * duration
        onset, apex, offset = (round(float(turn), 3) for turn in turns)
        yield _Timing(round(duration, 6), onset, apex, offset, seed=int(rng.integers(2**31)))
