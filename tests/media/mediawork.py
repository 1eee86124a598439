"""What the media tests share: making clips with real ffmpeg, and looking at one in every way AVER does."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aver.cache.objects import Arrays
from aver.errors import REASONS
from aver.media import ffmpeg as calls
from aver.media.frames import Frames
from aver.media.probe import ProbeParams, probe
from aver.media.sound import SoundParams, sound
from aver.outcome import Unusable

#: Seconds of sound, and frames at 25 per second, of the plain clips.
SOUND_S, FRAMES, RATE = 2.0, 50, 25
TONE = f"sine=frequency=440:sample_rate=48000:duration={SOUND_S}"
PICTURE = f"testsrc=size=96x64:rate={RATE}:duration={FRAMES / RATE}"

PARAMS = ProbeParams(60.0)
SOUND = SoundParams(16000, 60.0)


def run_ffmpeg(*arguments: str | Path) -> None:
    done = subprocess.run(
        [calls.executable(), "-nostdin", "-y", "-v", "error", *map(str, arguments)], capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def reason(clip: Path, params: ProbeParams = PARAMS) -> str:
    """Return why the probe refuses a clip; its detail is one line and names no place."""
    with pytest.raises(Unusable) as error:
        probe(params, clip)
    assert error.value.reason in REASONS
    assert str(clip.parent) not in error.value.detail
    assert "\n" not in error.value.detail
    return error.value.reason


@dataclass(frozen=True)
class Seen:
    """A clip as AVER sees it: the probe's arrays, all frames [N, height, width, 3], the 16 kHz samples."""

    probe: Arrays
    frames: NDArray[np.uint8]
    samples: NDArray[np.int16]

    @property
    def times_s(self) -> NDArray[np.float64]:
        return self.probe["frame_times_s"]

    @property
    def sound_s(self) -> tuple[float, float]:
        return float(self.probe["sound_start_s"]), float(self.probe["sound_end_s"])


def look(clip: Path) -> Seen:
    """Probe a clip and decode its frames and its sound; what is not there is empty."""
    found = probe(PARAMS, clip)
    frames = list(Frames(clip, found, 1, 60.0)) if len(found["frame_times_s"]) else []
    if len(frames) > 1:
        halved = list(Frames(clip, found, 2, 60.0))
        np.testing.assert_array_equal(np.stack(halved), np.stack(frames[::2]))
    heard = sound(SOUND, clip, found)["samples"] if int(found["sound_rate_hz"]) else np.zeros(0, np.int16)
    span = float(found["sound_end_s"] - found["sound_start_s"])
    assert len(heard) == pytest.approx(span * 16000, abs=100)
    return Seen(found, np.stack(frames) if frames else np.zeros((0, 0, 0, 3), np.uint8), heard)
