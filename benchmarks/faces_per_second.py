"""Kept faces embedded per second: AVER's steps against the plain way, in one run.

    python benchmarks/faces_per_second.py

Both decode a generated 1280x720, 30 fps H.264 clip, keep every 2nd frame, find the face with OpenCV's Haar cascade
and embed a 64x64 crop with the VGG-16 trunk (fp32, the same seeded weights).  The plain way is the usual script:
`cv2.VideoCapture`, the cascade (1.3, 5) on the full frame, one forward pass per face, all threads free.  AVER's way is
the code of its stages (probe, faces, vggface) on clips spread over the cores, without results in any cache.
The rounds alternate, so that a noisy machine is noisy for both.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import ffmpeg
import numpy as np
import torch
from joblib import Parallel, delayed, parallel_config

from aver.faces.haar import faces
from aver.faces.params import CropParams
from aver.features.crops import FaceParams
from aver.features.vggface import embed
from aver.features.vggface import load as load_network
from aver.media.ffmpeg import executable
from aver.media.probe import ProbeParams, probe
from aver.params.blocks import Weights
from aver.params.file import load
from aver.synthetic.cast import cast
from aver.synthetic.plan import plan
from aver.synthetic.render import frames
from aver.weights.build import build_weights
from aver.weights.state import marks

ROOT = Path(__file__).parents[1]
WIDTH, HEIGHT, FPS, KEEP_EVERY = 1280, 720, 30, 2
NETWORK = FaceParams("trunk", 64, "rgb01", normalise=False, precision="fp32", device="cpu")


def make_clip(path: Path, number: int, seconds: float) -> None:
    """Render a talking head, 480 px of 720, before shelves of books, with the noise of a camera."""
    from aver.params.blocks import Synthetic

    params = Synthetic(speakers=4, takes=1, seed=number, fps=FPS, frame_px=480, duration_s=(seconds, seconds))
    clip = plan(params)[number % 24]
    node = ffmpeg.input("pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{WIDTH}x{HEIGHT}", framerate=FPS)
    node = node.output(str(path), vcodec="libx264", preset="veryfast", crf=20, pix_fmt="yuv420p", loglevel="error")
    process = subprocess.Popen(ffmpeg.compile(node, cmd=executable(), overwrite_output=True), stdin=subprocess.PIPE)
    rng = np.random.default_rng(number)
    room = cv2.resize(rng.integers(90, 160, (18, 32, 3)).astype(np.uint8), (WIDTH, HEIGHT))
    for top in range(0, HEIGHT, 120):
        left = 0
        while left < WIDTH:
            width, height = int(rng.integers(12, 40)), int(rng.integers(70, 110))
            book = (left, top + 112 - height), (left + width, top + 112)
            cv2.rectangle(room, *book, rng.integers(20, 230, 3).tolist(), -1)
            cv2.rectangle(room, *book, (15, 15, 15), 1)
            left += width + 2
    noise = rng.normal(0, 3, (8, HEIGHT, WIDTH, 1))
    assert process.stdin
    for frame, picture in enumerate(frames(clip, cast(params)[clip.speaker - 1], params)):
        room[120:600, 400:880] = picture
        process.stdin.write((room + noise[frame % 8]).clip(0, 255).astype(np.uint8).tobytes())
    process.stdin.close()
    process.wait()


def plain(clips: list[Path], weights: Path) -> int:
    """Embed every kept face the usual way; return how many there were."""
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data/haarcascade_frontalface_default.xml"))
    model = load_network(weights / "vggface.pth", marks(weights / "vggface.pth"), NETWORK)
    count = 0
    for clip in clips:
        video, number = cv2.VideoCapture(str(clip)), 0
        while True:
            there, frame = video.read()
            if not there:
                break
            if number % KEEP_EVERY == 0:
                found = cascade.detectMultiScale(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), 1.3, 5)
                if len(found):
                    x, y, w, h = max(found, key=lambda box: box[2])
                    crop = cv2.cvtColor(cv2.resize(frame[y : y + h, x : x + w], (64, 64)), cv2.COLOR_BGR2RGB)
                    with torch.inference_mode():
                        model(torch.from_numpy(crop.astype(np.float32) / 255).permute(2, 0, 1)[None])
                    count += 1
            number += 1
    return count


def ours(clip: Path, weights: Path) -> int:
    """Embed every kept face of one clip with the code of AVER's stages."""
    params = load(ROOT / "params.yaml")
    probed = probe(ProbeParams(60.0), clip)
    found = faces(CropParams.of(params.faces, KEEP_EVERY), clip, probed)
    return len(embed(NETWORK, found, weights)["rows"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a clip")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=["plain", "ours"], help="internal: run one side once and print it")
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    if args.side:
        clips, weights = sorted(args.folder.glob("*.mp4")), args.folder / "weights"
        if args.side == "plain":
            plain(clips[:1], weights)
            started = time.perf_counter()
            count = plain(clips, weights)
        else:
            with parallel_config(backend="loky", n_jobs=os.cpu_count(), inner_max_num_threads=1), Parallel() as pool:
                pool(delayed(ours)(clip, weights) for clip in clips[: 2 * (os.cpu_count() or 1)])
                started = time.perf_counter()
                count = sum(pool(delayed(ours)(clip, weights) for clip in clips))
        print(count, time.perf_counter() - started)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "weights").mkdir()
        build_weights("vggface", Weights(source="seeded", seed=1), folder / "weights")
        for number in range(args.clips):
            make_clip(folder / f"{number}.mp4", number, args.seconds)
        rates: dict[str, list[float]] = {"plain": [], "ours": []}
        for _ in range(args.rounds):
            for side, values in rates.items():
                command = [sys.executable, __file__, "--side", side, "--folder", name]
                words = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
                values.append(int(words[0]) / float(words[1]))
                print(f"{side:6} {words[0]} kept faces  {values[-1]:6.1f} faces/s", flush=True)
    ratios = [ours / plain for ours, plain in zip(rates["ours"], rates["plain"], strict=True)]
    print(
        f"plain {median(rates['plain']):.1f}  ours {median(rates['ours']):.1f} kept faces/s on {os.cpu_count()} cores"
    )
    print(f"ratio {median(ratios):.2f} (per round: {', '.join(f'{ratio:.2f}' for ratio in ratios)})")


if __name__ == "__main__":
    main()
