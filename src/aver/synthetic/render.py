"""From a planned clip to an .mp4 file.

Everything random is drawn from the clip's own seed, so a clip comes out the same whichever others are
rendered, in whatever order and by however many processes. ffmpeg is run with one thread and without time
stamps or version marks: the same inputs give the same bytes.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import ffmpeg
import numpy as np
from scipy.io import wavfile

from aver.media.ffmpeg import executable
from aver.synthetic.cast import Speaker, cast
from aver.synthetic.displays import LOOKS, VOICES
from aver.synthetic.face import draw
from aver.synthetic.head import portrait
from aver.synthetic.motion import moments, motion
from aver.synthetic.plan import ClipPlan
from aver.synthetic.voice import SAMPLE_RATE, speak

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.params.blocks import Synthetic


@dataclass(frozen=True)
class RenderParams:
    """What decides the bytes of one clip: its plan and the corpus's params."""

    clip: ClipPlan
    corpus: Synthetic


class RenderError(RuntimeError):
    """ffmpeg could not write a clip; carries its last words."""


def render_clip(params: RenderParams) -> Arrays:
    """Render one clip; return `mp4` [bytes] uint8, the content of its file."""
    cv2.setNumThreads(1)  # a frame is small: threads cost more than they bring beside other workers
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        render(params.clip, cast(params.corpus)[params.clip.speaker - 1], params.corpus, path)
        return {"mp4": np.frombuffer(path.read_bytes(), np.uint8)}


def frames(clip: ClipPlan, speaker: Speaker, params: Synthetic) -> Iterator[np.ndarray]:
    """The pictures of a clip one by one, uint8 RGB [frame_px, frame_px, 3]."""
    habit, look = speaker.habit(clip.emotion), LOOKS[clip.look]
    light = float(np.random.default_rng([clip.seed, 0]).uniform(-1.0, 1.0))
    base = portrait(speaker.face, habit, params.frame_px, light)
    for now in moments(motion(clip, look, habit, params.fps)):
        yield draw(base, speaker.face, look, now)


def sound(clip: ClipPlan, speaker: Speaker) -> np.ndarray:
    """The sound of a clip, float32 mono at ``SAMPLE_RATE``, exactly as long as the picture."""
    return speak(VOICES[clip.voice], speaker.larynx, speaker.habit(clip.emotion), clip.duration_s, clip.seed)


def render(clip: ClipPlan, speaker: Speaker, params: Synthetic, out_path: Path) -> None:
    """Write one clip; ``out_path`` appears only when it is complete."""
    if speaker.number != clip.speaker:
        raise ValueError(f"{clip.file} is spoken by speaker {clip.speaker}, not {speaker.number}")
    out_path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out_path.parent, prefix=".render-") as folder:
        wav, mp4 = Path(folder) / "sound.wav", Path(folder) / "clip.mp4"
        pcm = np.rint(sound(clip, speaker) * 32767.0).clip(-32768, 32767).astype(np.int16)
        wavfile.write(wav, SAMPLE_RATE, pcm)
        _encode(b"".join(frame.tobytes() for frame in frames(clip, speaker, params)), wav, mp4, params)
        os.replace(mp4, out_path)


def _encode(pictures: bytes, wav: Path, mp4: Path, params: Synthetic) -> None:
    video = ffmpeg.input(
        "pipe:", format="rawvideo", pix_fmt="rgb24", framerate=params.fps, s=f"{params.frame_px}x{params.frame_px}"
    )
    output = ffmpeg.output(
        video.video,
        ffmpeg.input(str(wav)).audio,
        str(mp4),
        **{
            "c:v": "libx264",
            "preset": "veryfast",
            "crf": 20,
            "pix_fmt": "yuv420p",
            "threads": 1,
            "c:a": "aac",
            "b:a": "96k",
            "map_metadata": -1,
            "fflags": "+bitexact",
            "flags:v": "+bitexact",
            "flags:a": "+bitexact",
            "movflags": "+faststart",
            "loglevel": "error",
        },
    )
    command = ffmpeg.compile(output, cmd=executable(), overwrite_output=True)
    done = subprocess.run(command, input=pictures, capture_output=True, check=False)
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace")[-500:].strip()
        raise RenderError(f"ffmpeg failed with exit code {done.returncode}: {words}")
