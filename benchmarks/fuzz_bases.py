"""Small whole clips in every container that researchers' corpora come in: what the fuzz run mutates.

1.6 s each, so that half of one is more than the half second that a clip may miss.  Most show a face of the built-in
corpus at 96 x 96 pixels, which the detector finds, so that the faces step has work; the others a test picture.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aver.media.ffmpeg import executable
from aver.params.blocks import Synthetic
from aver.synthetic.cast import cast
from aver.synthetic.plan import plan
from aver.synthetic.render import frames

SECONDS, FPS, SIDE_PX = 1.6, 10, 96
X264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p"
TONE = ("-f", "lavfi", "-i", f"sine=frequency=330:sample_rate=44100:duration={SECONDS}")
CARD = ("-f", "lavfi", "-i", f"testsrc=size=96x64:rate={FPS}:duration={SECONDS}")
FACE = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{SIDE_PX}x{SIDE_PX}", "-framerate", str(FPS), "-i", "pipe:0")


@dataclass(frozen=True)
class Base:
    """One whole clip.

    Args:
        name: container and codecs.
        suffix: of its file.
        family: how its bytes are laid out (see `fuzz_layout`).
        content: its bytes.
    """

    name: str
    suffix: str
    family: str
    content: bytes


#: name, suffix, family, picture ("" for none), encoder options
RECIPES = (
    ("mp4 h264 aac", ".mp4", "mp4", "face", f"{X264} -c:a aac"),
    ("mp4-faststart h264 aac", ".mp4", "fast", "face", f"{X264} -c:a aac -movflags +faststart"),
    ("mov h264 pcm", ".mov", "mp4", "face", f"{X264} -bf 2 -c:a pcm_s16le"),
    ("3gp h263 amr", ".3gp", "mp4", "card", "-s 128x96 -c:v h263 -r 10 -c:a libopencore_amrnb -ar 8000 -ac 1"),
    ("mkv mpeg4 mp3", ".mkv", "ebml", "face", "-c:v mpeg4 -c:a libmp3lame"),
    ("mkv ffv1 flac", ".mkv", "ebml", "card", "-c:v ffv1 -c:a flac"),
    ("webm vp8 vorbis", ".webm", "ebml", "face", "-c:v libvpx -deadline realtime -c:a libvorbis"),
    ("webm vp9 opus", ".webm", "ebml", "card", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus"),
    ("avi mpeg4 pcm", ".avi", "riff", "face", "-c:v mpeg4 -c:a pcm_s16le"),
    ("avi mjpeg mp3", ".avi", "riff", "card", "-c:v mjpeg -pix_fmt yuvj420p -c:a libmp3lame"),
    ("flv flv1 mp3", ".flv", "flv", "face", "-c:v flv1 -c:a libmp3lame"),
    ("mpegts mpeg2 mp2", ".ts", "ts", "face", "-r 25 -c:v mpeg2video -c:a mp2"),
    ("mpeg mpeg1 mp2", ".mpg", "ps", "card", "-r 25 -c:v mpeg1video -c:a mp2"),
    ("asf wmv2 wma2", ".wmv", "asf", "face", "-c:v wmv2 -c:a wmav2"),
    ("ogg theora vorbis", ".ogv", "ogg", "face", "-c:v libtheora -c:a libvorbis"),
    ("ogg opus", ".opus", "ogg", "", "-c:a libopus"),
    ("m4a aac", ".m4a", "mp4", "", "-c:a aac"),
    ("wav pcm", ".wav", "riff", "", "-c:a pcm_s16le"),
    ("aiff pcm", ".aiff", "aiff", "", "-c:a pcm_s16be"),
    ("flac", ".flac", "flac", "", "-c:a flac"),
    ("mp3", ".mp3", "mp3", "", "-c:a libmp3lame"),
    ("adts aac", ".aac", "adts", "", "-c:a aac"),
)


def make_bases(folder: Path) -> list[Base]:
    """Encode every recipe into `folder`; the same build of ffmpeg gives the same bytes."""
    corpus = Synthetic(speakers=2, takes=1, seed=7, fps=FPS, frame_px=SIDE_PX, duration_s=(SECONDS, SECONDS))
    clip = plan(corpus)[0]
    face = b"".join(np.ascontiguousarray(frame).tobytes() for frame in frames(clip, cast(corpus)[0], corpus))
    bases = []
    for name, suffix, family, picture, options in RECIPES:
        path = folder / f"{name.replace(' ', '-')}{suffix}"
        source = {"face": FACE, "card": CARD, "": ()}[picture]
        exact = "-threads 1 -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -b:a 48k"
        command = [executable(), "-y", "-v", "error", *source, *TONE, *exact.split(), *options.split(), str(path)]
        subprocess.run(command, input=face if picture == "face" else b"", check=True, capture_output=True)
        bases.append(Base(name, suffix, family, path.read_bytes()))
    return bases
