"""Do costs per clip stay flat?  Time and memory per clip at 100, 1,000 and 10,000 clips, a no-op, one clip more.

    python benchmarks/scale.py

The clips are real but tiny: uncompressed AVI, two pictures of 64x64 with a face, 0.4 s of sound, each with content of
its own.  For every size, in a temporary repository with empty caches, each stage script runs in a process of its own:
once with everything to compute and once with everything in the clip cache; `RssAnon` of its main process is sampled.
Then DVC takes over: how many files it tracks, what `dvc repro` costs when nothing changed, and after one more clip.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from memory_per_clip import peak_anonymous_kb
from small_repository import Repository, copy_pipeline

from aver.media.ffmpeg import executable
from aver.params.file import load
from aver.synthetic.plan import plan
from aver.synthetic.render import RenderParams, render_clip

SIDE, FPS, RATE, SECONDS = 64, 5, 16000, 0.4
#: One stream is enough: cache and store know no encoder.  Over fixed windows, as every system can read it.
STREAM = "xvector"


@dataclass(frozen=True)
class Template:
    """One AVI file, and (start, bytes) of each of its pictures and pieces of sound."""

    content: bytes
    pictures: tuple[tuple[int, int], ...]
    sounds: tuple[tuple[int, int], ...]

    def clip(self, number: int) -> bytes:
        """Return the file with pixels and samples of its own: noise drawn from the number."""
        rng = np.random.default_rng(number)
        content = np.frombuffer(self.content, np.uint8).copy()
        for start, length in self.pictures:
            part = content[start : start + length]
            part[:] = np.clip(part.astype(np.int16) + rng.integers(-2, 3, len(part)), 0, 255)
        for start, length in self.sounds:
            samples = np.frombuffer(content[start : start + length].tobytes(), np.int16).astype(np.int32)
            noisy = np.clip(samples + rng.integers(-300, 301, len(samples)), -32768, 32767).astype(np.int16)
            content[start : start + length] = np.frombuffer(noisy.tobytes(), np.uint8)
        return content.tobytes()


def template(folder: Path) -> Template:
    """Take two pictures and the sound of a built-in clip, uncompressed."""
    import subprocess

    params = load().synthetic
    source, small = folder / "source.mp4", folder / "template.avi"
    source.write_bytes(render_clip(RenderParams(plan(params)[0], params))["mp4"].tobytes())
    subprocess.run(
        [executable(), "-v", "error", "-ss", "0.5", "-i", source, "-t", str(SECONDS), "-r", str(FPS),
         "-vf", f"scale={SIDE}:{SIDE}", "-c:v", "rawvideo", "-pix_fmt", "bgr24", "-c:a", "pcm_s16le",
         "-ar", str(RATE), "-ac", "1", "-bitexact", small], check=True,
    )  # fmt: skip
    content = small.read_bytes()
    # AVI names its chunks: 00dc is a picture, 01wb a piece of sound.
    return Template(content, tuple(_chunks(content, b"00dc")), tuple(_chunks(content, b"01wb")))


def _chunks(content: bytes, name: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and bytes of every chunk of a name; the index behind them repeats the names."""
    place, end = content.find(name), content.index(b"idx1")
    while 0 <= place < end:
        length = int.from_bytes(content[place + 4 : place + 8], "little")
        yield place + 8, length
        place = content.find(name, place + 8 + length)


def repository(folder: Path, clips: int, pattern: Template) -> Repository:
    repo, root = copy_pipeline(folder / "repo"), folder / "corpus"
    for number in range(clips):
        path = root / f"{number // 1000:03d}" / f"clip{number:06d}.avi"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pattern.clip(number))
    content = yaml.safe_load((repo.path / "params.yaml").read_text(encoding="utf-8"))
    features = {STREAM: content["features"]["xvector-thirds"] | {"window": "half", "buckets": 16}}
    classifiers = content["classifiers"]
    for system in ("temporal", "mater"):
        classifiers[system] |= {"visual": STREAM, "acoustic": STREAM}
    repo.params(
        {"corpora": {"tiny": {"root": str(root), "adapter": "folder"}}, "features": features,
         "benchmarks": {}, "classifiers": classifiers}
    )  # fmt: skip
    return repo


def stages() -> Iterator[tuple[str, list[str]]]:
    """Yield name and command of every stage that sees clips."""
    data = {name: f"data/{name}/tiny" for name in ("corpora", "media", "faces", "windows")}
    corpus = ["--corpus", "tiny"]
    yield "corpora", [*corpus, "--out", data["corpora"]]
    yield "media", [*corpus, "--clips", data["corpora"], "--out", data["media"]]
    yield "faces", [*corpus, "--clips", data["corpora"], "--media", data["media"], "--out", data["faces"]]
    yield "windows", ["--media", data["media"], "--out", data["windows"]]
    before = [part for name in ("media", "faces", "windows") for part in (f"--{name}", data[name])]
    out = f"data/features/tiny/{STREAM}"
    yield f"features {STREAM}", [*corpus, "--stream", STREAM, *before, "--weights", "data/weights", "--out", out]


def measured(repo: Repository) -> dict[str, tuple[float, float]]:
    """Run every stage script; return seconds and peak MiB of its main process."""
    env = {**os.environ, "PYTHONPATH": "src"}
    found = {}
    for name, arguments in stages():
        started = time.perf_counter()
        peak = peak_anonymous_kb([f"stages/{name.split()[0]}.py", *arguments], env, repo.path)
        found[name] = (time.perf_counter() - started, peak / 1024)
    return found


def tracked(repo: Repository) -> tuple[int, int]:
    """Return how many files DVC tracks as outs and as dependencies outside of them, for the stages that see clips."""
    lock = yaml.safe_load((repo.path / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    outs = {out["path"]: out.get("nfiles", 1) for stage in lock.values() for out in stage.get("outs", [])}
    deps = {dep["path"]: dep.get("nfiles", 1) for stage in lock.values() for dep in stage.get("deps", [])}
    return sum(outs.values()), sum(count for path, count in deps.items() if path not in outs)


def timed(repo: Repository, *arguments: str) -> float:
    started = time.perf_counter()
    repo.dvc(*arguments)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, nargs="+", default=[100, 1000, 10000])
    args = parser.parse_args()
    results: dict[int, dict[str, dict[str, tuple[float, float]]]] = {}
    for clips in args.clips:
        folder = Path(tempfile.mkdtemp(prefix="scale-"))
        pattern = template(folder)
        repo = repository(folder, clips, pattern)
        repo.dvc("repro", "params", "weights")
        results[clips] = {"compute": measured(repo), "cache": measured(repo)}
        print(f"\n{clips} clips: {clips} faces wanted, {faces(repo)} found")
        for name in results[clips]["compute"]:
            (first, peak), (again, small) = (results[clips][kind][name] for kind in ("compute", "cache"))
            print(f"  {name:24} computing {1000 * first / clips:8.2f} ms/clip {peak:7.1f} MiB   "
                  f"from cache {1000 * again / clips:7.2f} ms/clip {small:7.1f} MiB", flush=True)  # fmt: skip
        first_repro = timed(repo, "repro", "features")
        outs, deps = tracked(repo)
        print(f"  dvc repro, all from cache: {first_repro:.1f} s; DVC tracks {outs} files in outs, {deps} elsewhere")
        timed(repo, "repro", "features")
        print(f"  dvc repro, nothing to do: {timed(repo, 'repro', 'features'):.2f} s", flush=True)
        (folder / "corpus/000/one_more.avi").write_bytes(pattern.clip(clips))
        print(f"  dvc repro, one more clip: {timed(repo, 'repro', 'features'):.1f} s", flush=True)
        seconds = {label: record["seconds"] for label, record in repo.records().items()}
        if any(record["computed"] > 1 for label, record in repo.records().items() if "tiny" in label):
            raise SystemExit("more than the new clip was computed")
        print(f"    of it looking up and computing: {json.dumps(seconds)}", flush=True)
        shutil.rmtree(folder)
    growth(results)


def faces(repo: Repository) -> int:
    return int(json.loads((repo.path / "data/faces/tiny/summary.json").read_text(encoding="utf-8"))["detected"])


def growth(results: dict[int, dict[str, dict[str, tuple[float, float]]]]) -> None:
    """Print what each stage's memory grows by per clip between the smallest and the largest corpus."""
    sizes = sorted(results)
    if len(sizes) < 2:
        return
    print("\nKB of memory per clip, from the smallest to the largest corpus (computing, from cache):")
    for name in results[sizes[0]]["compute"]:
        slopes = [
            1024 * (results[sizes[-1]][kind][name][1] - results[sizes[0]][kind][name][1]) / (sizes[-1] - sizes[0])
            for kind in ("compute", "cache")
        ]
        print(f"  {name:24} {slopes[0]:7.1f} {slopes[1]:7.1f}")


if __name__ == "__main__":
    main()
