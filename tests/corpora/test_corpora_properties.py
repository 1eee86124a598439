"""Parsers of names and paths: read if and only if an independent rule says so, and no error but the declared one."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from random import Random
from unittest.mock import patch

import pytest
from corpora_names import check_parser
from corpora_trees import SAVEE_CODES, SAVEE_SPEAKERS, ravdess_names
from hypothesis import given, settings
from hypothesis import strategies as st

from aver.corpora import ravdess, savee

TWO_DIGITS = [f"{number:02d}" for number in range(30)]
RAVDESS = frozenset(ravdess_names()) | {
    name[:-2] + "18" for name in ravdess_names() if name[3:5] == "02" and name.endswith("17")
}  # a song of actor 18 is well named, though the release has none
SAVEE = frozenset(f"{speaker}_{code}" for speaker, code in product(SAVEE_SPEAKERS, SAVEE_CODES))


def test_ravdess_names():
    codes = [[*TWO_DIGITS[:4], "1", "٠١"]] * 2 + [TWO_DIGITS[:10]] + [TWO_DIGITS[:4]] * 3 + [TWO_DIGITS]
    check_parser(ravdess.parse, ravdess.name_of, sorted(RAVDESS), codes, separator="-")


def test_savee_names():
    letters = ["a", "d", "f", "h", "n", "sa", "su", "s", "A", "x", ""]
    codes = [[*SAVEE_SPEAKERS, "dc", "DD", ""], [f"{a}{n}" for a in letters for n in (*TWO_DIGITS, "1", "31", "007")]]
    check_parser(savee.parse, savee.name_of, sorted(SAVEE), codes)


# ---------------------------------------------------------------- whole paths

FOLDERS = [
    "", "Actor_01", "actor 2", "ACTOR_18", "Actors", "Actor_1x", "Audio_Speech_Actors_01-24", "Video_Song_Actor_02",
    "audio_song_actors_01-24", "Video_Speech_Actor_01", "happy", "Sad", "neutral", "anger", "my folder", "ſad", "DC",
    "je", "KL", "\u212aL", "AudioData", "-", "a\nb", "é",
]  # fmt: skip
ENDINGS = [".wav", ".WAV", ".mp4", ".avi", "", ".txt", ".Mp4", " (1).wav", ".wav.part"]
MEDIA = {".wav", ".mp4", ".avi"}
PATHS, AT_ONCE = 40, 100


def ravdess_clip(folders: list[str], name: str) -> bool:
    """Tell whether a RAVDESS file is a clip, by a rule written without the adapter's."""
    if name not in RAVDESS:
        return False
    modality, channel, emotion, *_, actor = name.split("-")
    label = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"][int(emotion) - 1]
    for folder in (folder.replace("ſ", "?").lower() for folder in folders):
        if found := re.fullmatch(r"actor[_ ](\d+)", folder):
            if int(found[1]) != int(actor):
                return False
        elif found := re.fullmatch(r"(audio|video)_(speech|song)_actors?_(\d+)(?:-24)?", folder):
            if (found[1] == "audio") != (modality == "03") or (found[2] == "song") != (channel == "02"):
                return False
            if "-24" not in folder and int(found[3]) != int(actor):
                return False
        elif folder in ("happy", "sad", "neutral", "anger") and folder.replace("anger", "angry") != label:
            return False
    return True


def savee_clip(folders: list[str], name: str) -> bool:
    """Tell whether a SAVEE file is a clip, by a rule written without the adapter's."""
    small = "".join(letter.lower() if letter.isascii() else letter for letter in name)
    flat = {f"{speaker}_{code}".lower(): speaker for speaker, code in product(SAVEE_SPEAKERS, SAVEE_CODES)}
    says = {f for f in (folder.upper() for folder in folders if folder.isascii()) if f in SAVEE_SPEAKERS}
    if small in flat:
        says.add(flat[small])
    elif small not in SAVEE_CODES:
        return False
    sorted_as = {"anger": "a", "neutral": "n", "happy": "h", "Sad": "sa"}
    emotions = {sorted_as[folder] for folder in folders if folder in sorted_as}
    return len(says) == 1 and emotions <= {small.rpartition("_")[2].rstrip("0123456789")}


def names(rng: Random, right: list[str], others: list[str]) -> str:
    name = rng.choice(right if rng.random() < 0.7 else others)
    if rng.random() < 0.2:
        place = rng.randrange(len(name) + 1)
        name = name[:place] + rng.choice("0159aAsSxX_- .\u0661\u017f\u212a()é") + name[place + rng.randrange(2) :]
    return name.upper() if rng.random() < 0.1 else name


@pytest.mark.parametrize(
    ("adapter", "is_clip", "right"),
    [(ravdess, ravdess_clip, sorted(RAVDESS)), (savee, savee_clip, sorted(SAVEE) + SAVEE_CODES)],
    ids=["ravdess", "savee"],
)
def test_paths(adapter, is_clip, right):
    """Every file is exactly one of clip, failure, ignored; a clip if and only if the rule says so."""
    counts = {True: 0, False: 0}
    others = ["readme", "01-01-01", "2021-01-02-03-04-05", "a1", "s01", "DD_a01", "n31", "x" * 40, "-", "動画"]

    @settings(max_examples=PATHS, derandomize=True, deadline=None, database=None)
    @given(st.integers(0, 2**64))
    def every_path(seed: int) -> None:
        rng = Random(seed)
        for _ in range(AT_ONCE):
            folders = [folder for folder in rng.choices(FOLDERS, k=rng.randrange(3)) if folder]
            name, ending = names(rng, right, others), rng.choice(ENDINGS)
            path = "/".join([*folders, name + ending])
            stem, suffix = Path(path).stem, Path(path).suffix.lower()
            expected = suffix in MEDIA and is_clip(folders, stem)
            # Only the names count here: the walk has tests of its own.
            with patch.object(adapter, "files_below", lambda root, path=path: [root / path]):
                reading = adapter.read(Path("/nowhere"))
            failed = [failure.clip_id for failure in reading.failures]
            assert [*(clip.path for clip in reading.clips), *failed, *reading.ignored] == [path]
            assert bool(reading.clips) == expected, path
            counts[expected] += 1

    every_path()
    assert min(counts.values()) > 300, counts
