"""How far AVER's times are from the truth: clips that flash and click at known times, through real encoders.

    python benchmarks/alignment.py                 every container, pair of encoders, frame rate and start offset
    python benchmarks/alignment.py mp4 mkv         only these containers

A clip is black with three white frames, and silent with a one-sample click at the start of each of them; one of the
streams may be told to start eight frames late.  Errors are in milliseconds on AVER's own clock, the largest over all
frame rates: of a white kept frame's time (`picture`), of a click, `sound_start_s + sample / rate` (`sound`), and of the
time between a flash and its click (`apart`).  `allowed` is half the interval between kept frames where `apart` comes
nearest to it.  docs/media.md quotes this table.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aver.clock import kept_frames
from aver.media import ffmpeg
from aver.media.frames import Frames
from aver.media.probe import ProbeParams, probe
from aver.media.sound import SoundParams, sound

#: Frame rates of the field: webcams, film, PAL, NTSC and their doubles.
RATES = tuple(map(Fraction, ("15", "24000/1001", "25", "30000/1001", "50", "60000/1001")))
#: Of a 30 frames per second clip all frames of the first third, and every third frame after it.
VARIABLE = "variable"
SOURCE_HZ = 48000
SECONDS = 2.4
#: As in params.yaml.
KEEP_EVERY = 2
#: Frames by which picture and sound start late.
OFFSETS = {"none": (0, 0), "late sound": (0, 8), "late picture": (8, 0)}

#: ffmpeg's encoders, with two B-frames where people have them.
VIDEO = {
    "h264": ("libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p"),
    "mpeg4": ("mpeg4", "-q:v", "3", "-bf", "2"),
    "vp8": ("libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"),
    "vp9": ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"),
    "flv1": ("flv1", "-q:v", "3"),
}
AUDIO = {"pcm": "pcm_s16le", "aac": "aac", "mp3": "libmp3lame", "opus": "libopus", "vorbis": "libvorbis"}
#: container -> codecs that people have in it.
PAIRS: dict[str, list[tuple[str, str]]] = {
    "mp4": [("h264", "aac"), ("mpeg4", "mp3"), ("vp9", "opus")],
    "mov": [("h264", "pcm"), ("h264", "aac")],
    "mkv": [("h264", "pcm"), ("h264", "aac"), ("mpeg4", "mp3"), ("vp9", "opus"), ("vp8", "vorbis")],
    "webm": [("vp8", "vorbis"), ("vp9", "opus")],
    "avi": [("mpeg4", "pcm"), ("mpeg4", "mp3"), ("h264", "pcm"), ("h264", "aac")],
    "flv": [("flv1", "pcm"), ("flv1", "mp3"), ("h264", "aac")],
}
#: Milliseconds by which a sound comes late that its container does not tell of: the encoder's and decoder's delay, for
#: which neither AVI nor FLV has a field.  (1024 samples of an AAC, 1105 of an MP3 encoder.  FLV rounds to a
#: millisecond, and is written here at 44.1 kHz.)
DELAYS_MS = {("avi", "aac"): 21.3, ("avi", "mp3"): 23.0, ("flv", "aac"): 23.2, ("flv", "mp3"): 25.1}


@dataclass(frozen=True)
class Case:
    """One clip to make: container, codecs, frame rate (a fraction, or `variable`), and which stream starts late."""

    container: str
    video: str
    audio: str
    rate: Fraction | str
    offset: str

    def __str__(self) -> str:
        return f"{self.container}-{self.video}-{self.audio}-{self.rate}-{self.offset}".replace("/", ":")


@dataclass(frozen=True)
class Errors:
    """The largest errors of a clip, and half the shortest interval between its kept frames, milliseconds."""

    picture: float
    sound: float
    apart: float
    allowed: float


def cases(containers: Sequence[str] = tuple(PAIRS)) -> Iterator[Case]:
    """Yield the full matrix."""
    for container in containers:
        for (video, audio), offset, rate in itertools.product(PAIRS[container], OFFSETS, (*RATES, VARIABLE)):
            # An AVI has one frame rate, and no way to say that the sound starts late.
            if container != "avi" or not (rate == VARIABLE or offset == "late sound"):
                yield Case(container, video, audio, rate, offset)


def numbers(rate: Fraction | str) -> tuple[list[int], Fraction]:
    """Return which frames of a regular clip are in the file, and the regular clip's frame rate."""
    whole = Fraction(30) if isinstance(rate, str) else rate
    count = int(SECONDS * whole)
    return [n for n in range(count) if not isinstance(rate, str) or n < count // 3 or n % 3 == 0], whole


def flashes(rate: Fraction | str) -> list[int]:
    """Return three frames of the file that are kept and lie away from the ends."""
    count = len(numbers(rate)[0])
    return [count * part // 8 // KEEP_EVERY * KEEP_EVERY for part in (2, 4, 6)]


def truth(rate: Fraction | str) -> NDArray[np.float64]:
    """Return the times of the flashes and clicks [3] before any offset, seconds."""
    shown, whole = numbers(rate)
    return np.array([float(shown[number] / whole) for number in flashes(rate)])


def make(case: Case, folder: Path) -> Path:
    """Write the clip of a case."""
    shown, whole = numbers(case.rate)
    count = int(SECONDS * whole)
    frames = np.zeros((count, 48, 64), np.uint8)
    frames[[shown[number] for number in flashes(case.rate)]] = 255
    samples = np.zeros(int(SECONDS * SOURCE_HZ), np.int16)
    samples[np.round(truth(case.rate) * SOURCE_HZ).astype(int)] = 30000
    raw, wave, clip = folder / "picture.raw", folder / "sound.raw", folder / f"{case}.{case.container}"
    raw.write_bytes(frames.tobytes())
    wave.write_bytes(samples.tobytes())
    late_picture, late_sound = OFFSETS[case.offset]
    late_s = float(late_sound / whole)
    thin = rf"select=lt(n\,{count // 3})+not(mod(n\,3))," if case.rate == VARIABLE else ""
    done = subprocess.run(
        [ffmpeg.executable(), "-nostdin", "-y", "-v", "error",
         "-f", "rawvideo", "-pix_fmt", "gray", "-s", "64x48", "-framerate", str(whole), "-i", raw,
         "-f", "s16le", "-ar", str(SOURCE_HZ), "-ac", "1", "-i", wave,
         "-vf", f"{thin}setpts=PTS+{late_picture}", "-af", f"asetpts=PTS+{late_s}/TB",
         "-fps_mode", "vfr" if case.container == "avi" else "passthrough",
         "-c:v", *VIDEO[case.video], "-c:a", AUDIO[case.audio],
         *(("-ar", "44100") if case.container == "flv" else ()), clip],
        capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return clip


def measure(case: Case, clip: Path) -> Errors:
    """Return how far AVER's own numbers are from the truth of a case."""
    found = probe(ProbeParams(60.0), clip)
    kept_s = found["frame_times_s"][kept_frames(len(found["frame_times_s"]), KEEP_EVERY)]
    light = np.array([frame.mean() for frame in Frames(clip, found, KEEP_EVERY, 60.0)])
    heard = sound(SoundParams(16000, 60.0), clip, found)
    loud = np.abs(heard["samples"].astype(float))
    late_picture, late_sound = (float(late / numbers(case.rate)[1]) for late in OFFSETS[case.offset])
    start, clicks = float(found["sound_start_s"]), []
    for moment in truth(case.rate) + late_sound:
        first = max(0, round((moment - start - 0.1) * 16000))
        clicks.append(start + (first + int(loud[first : first + 3200].argmax())) / 16000)
    picture = kept_s[light > 128] - truth(case.rate) - late_picture
    sounds = np.array(clicks) - truth(case.rate) - late_sound
    half = 500 * float(np.diff(kept_s).min())
    return Errors(*(1e3 * farthest(errors) for errors in (picture, sounds, picture - sounds)), half)


def farthest(errors: NDArray[np.float64]) -> float:
    """Return the error that is farthest from zero, with its sign."""
    return float(errors[np.abs(errors).argmax()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("containers", nargs="*", default=list(PAIRS), help=f"of {', '.join(PAIRS)}")
    print("| container | picture | sound | offset | clips | picture, ms | sound, ms | apart, ms | allowed, ms |")
    print("|---|---|---|---|---|---|---|---|---|")
    for kind, group in itertools.groupby(
        cases(parser.parse_args().containers), lambda case: (case.container, case.video, case.audio, case.offset)
    ):
        with tempfile.TemporaryDirectory() as folder:
            found = [measure(case, make(case, Path(folder))) for case in group]
        tightest = max(found, key=lambda errors: abs(errors.apart) / errors.allowed)
        picture = farthest(np.array([errors.picture for errors in found]))
        heard = farthest(np.array([errors.sound for errors in found]))
        print(f"| {' | '.join(kind)} | {len(found)} | {picture:.2f} | {heard:.2f} | {tightest.apart:.2f} "
              f"| {tightest.allowed:.1f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
