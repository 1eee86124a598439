"""How fast encoders turn stored crops and sound into packed rows, beside their bare forward pass and DeepFace.

    PYTHONPATH=src python benchmarks/encoders.py                     # every encoder: rows/s, share of the forward pass
    PYTHONPATH=src python benchmarks/encoders.py vggface-fc7 --deepface    # and DeepFace.represent on the same crops

*Stage* is what the features stage does: find nothing in the clip cache, read the crops or the sound from it, embed,
store every clip's result, write the shards.  *Bare* is the network alone (of sound: with its filter banks) on a batch
that is ready in memory, in the same precision, batch size, number of processes and threads.  *DeepFace* is
`DeepFace.represent` with its detector skipped, frame by frame, with all cores.  Rounds alternate, so that a slow phase
of the machine meets all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
SECONDS = 4.0


@dataclass(frozen=True)
class Case:
    """One way to run an encoder: the stream's keys, and what its clips hold."""

    stream: dict[str, Any]
    clips: int
    rows: int
    side: int = 0
    layers: str = "trunk"


FACES = {"encoder": "vggface", "window": "frames"}
CASES = {
    "vggface": Case(FACES, clips=64, rows=24, side=64),
    "vggface-fc7": Case({**FACES, "layer": "fc7", "scaling": "bgr01", "normalise": True}, 16, 12, 224, "all"),
    "vggm": Case({"encoder": "vggm", "window": "frames"}, 64, 24, 96),
    "resnet50": Case({"encoder": "resnet50", "window": "frames"}, 16, 12, 224),
    "xvector": Case({"encoder": "xvector", "window": "second"}, 48, 3),
    "vggish": Case({"encoder": "vggish", "window": "second"}, 48, 3),
    "vggish-conv4": Case({"encoder": "vggish-torch", "window": "half"}, 48, 6),
    "vggish-embedding": Case({"encoder": "vggish-torch", "window": "second", "layer": "embedding"}, 48, 3, 0, "all"),
}
DEEPFACE = """
import json, os, sys, time
import numpy as np
from deepface import DeepFace
crops = np.load(sys.argv[1])[..., ::-1]
ask = lambda crop: DeepFace.represent(crop, model_name="VGG-Face", detector_backend="skip", enforce_detection=False)
rows = [ask(crop)[0]["embedding"] for crop in crops[:2]]
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    started, done = time.perf_counter(), 0
    while time.perf_counter() - started < float(line):
        ask(crops[done % len(crops)])
        done += 1
    print(json.dumps([done / (time.perf_counter() - started), rows]), flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="which (default: all)")
    parser.add_argument("--precision", nargs="*", default=["fp32", "bf16"])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--deepface", action="store_true")
    args = parser.parse_args()
    from aver.params.names import ENCODERS

    with tempfile.TemporaryDirectory() as scratch:
        os.environ["AVER_CACHE"] = f"{scratch}/cache"
        for name in args.cases or CASES:
            offered = ENCODERS[CASES[name].stream["encoder"]].keys["precision"]
            wanted = [precision for precision in args.precision if precision in offered]
            jobs = 1 if args.device == "cuda" else args.jobs
            benches = {precision: Bench(Path(scratch), name, precision, args.device, jobs) for precision in wanted}
            other = DeepFace(Path(scratch), benches[wanted[0]]) if args.deepface else None
            report(name, benches, other, args.rounds)


def report(name: str, benches: dict[str, Bench], other: DeepFace | None, rounds: int) -> None:
    """Alternate the ways of one case and print the median of each, and of the ratios within the rounds."""
    found: dict[str, list[float]] = {}
    for number in range(rounds):
        for precision, bench in benches.items():
            found.setdefault(f"bare {precision}", []).append(bench.bare())
            found.setdefault(f"stage {precision}", []).append(bench.stage(number))
        if other:
            found.setdefault("deepface", []).append(other.speed())
    ratios = {f"share {precision}": (f"stage {precision}", f"bare {precision}") for precision in benches}
    if other:
        ratios |= {f"{precision} / deepface": (f"stage {precision}", "deepface") for precision in benches}
    for what, values in found.items():
        print(f"{name:18} {what:16} {statistics.median(values):9.1f} rows/s   {[round(value, 1) for value in values]}")
    for what, (one, two) in ratios.items():
        each = [a / b for a, b in zip(found[one], found[two], strict=True)]
        print(f"{name:18} {what:16} {statistics.median(each):9.2f}          {[round(value, 2) for value in each]}")
    if other:
        print(f"{name:18} least cosine of our rows and DeepFace's: {other.agreement():.6f}")
        other.end()
    sys.stdout.flush()


class Bench:
    """One case in one precision: made weights, params, and clips stored anew for every round."""

    def __init__(self, scratch: Path, name: str, precision: str, device: str, jobs: int) -> None:
        from aver.params.blocks import Parallel, Stream, Weights, Window
        from aver.params.file import load
        from aver.params.names import ENCODERS
        from aver.weights.build import build_weights

        self.case, self.scratch = CASES[name], scratch
        about = ENCODERS[self.case.stream["encoder"]]
        self.reads, self.weights = about.reads, scratch / self.case.layers
        block = Weights("seeded", 1, layers=self.case.layers)
        if not (self.weights / about.weights).exists():
            (self.weights / about.weights).mkdir(parents=True)
            build_weights(about.weights, block, self.weights / about.weights)
        self.folder = self.weights / about.weights
        stream = Stream(**{**self.case.stream, "precision": precision, "device": device})
        self.params = replace(
            load(ROOT / "params.yaml"),
            features={"case": stream},
            windows={"second": Window("fixed", 0.96), "half": Window("fixed", 0.5)},
            parallel=Parallel(jobs, "loky" if jobs > 1 else "sequential"),
        )
        self.jobs = jobs
        self._embed(clips_of(self.case, self.reads, 99, 2 * jobs))  # workers start and load their network

    def stage(self, seed: int) -> float:
        """Return rows per second of the features stage on clips that no round before saw."""
        before = clips_of(self.case, self.reads, seed, self.case.clips)
        started = time.perf_counter()
        self._embed(before)
        return self.case.clips * self.case.rows / (time.perf_counter() - started)

    def bare(self) -> float:
        """Return rows per second of the forward pass alone, all processes at once."""
        from joblib import Parallel, delayed, parallel_config

        one = delayed(forwards)(self.params, self.folder, self.case, SECONDS)
        inner = {"inner_max_num_threads": 1} if self.jobs > 1 else {}
        with parallel_config(backend=self.params.parallel.backend, n_jobs=self.jobs, **inner):
            return sum(Parallel()(one for _ in range(self.jobs)))

    def _embed(self, before: Any) -> None:
        from aver.features.extract import extract, write_features
        from aver.progress import hidden

        with hidden(), tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            write_features(Path(folder), extract("synthetic", "case", before, self.weights, self.params), self.params)


def clips_of(case: Case, reads: str, seed: int, count: int) -> Any:
    """Return what the stages before leave of some clips, with their crops or sound in the clip cache."""
    from aver.cache.cache import Cache
    from aver.cache.objects import digest_of, pack, place, write_atomic
    from aver.features.extract import Stages

    rng, root = np.random.default_rng(seed), Cache().root

    def stored(arrays: dict[str, Any]) -> str:
        content = pack(arrays)
        write_atomic(place(root / "objects", digest_of(content), ".npz"), content)
        return digest_of(content)

    media, faces, windows = [], [], []
    window_s = 0.5 if case.stream["window"] == "half" else 0.96
    for number in range(count):
        name = f"{seed}-{number:03}"
        times = np.arange(case.rows)[:, None] * window_s + np.array([0.0, window_s])
        crops, sound = "", ""
        if reads == "faces":
            crops = stored({
                "crops": rng.integers(0, 256, (case.rows, case.side, case.side, 3)).astype(np.uint8),
                "times_s": times, "status": np.ones(case.rows, np.uint8),
            })  # fmt: skip
        else:
            sound = stored(
                {"samples": (3000 * rng.standard_normal(int(16000 * window_s * case.rows))).astype(np.int16)}
            )
        media.append({"clip_id": name, "has_sound": bool(sound), "sound": sound})
        faces.append({"clip_id": name, "absent": "", "crops": crops, "detected": case.rows, "interpolated": 0})
        windows += [
            {"clip_id": name, "window": case.stream["window"], "sample0": int(16000 * t0), "sample1": int(16000 * t1),
             "t0_s": t0, "t1_s": t1, "status": "complete"}
            for t0, t1 in times
        ]  # fmt: skip
    return Stages(media, faces, windows)


def forwards(params: Any, folder: Path, case: Case, seconds: float) -> float:
    """Return batches per second times their size of the network alone, in this process."""
    import torch

    from aver.device import prepare
    from aver.features.extract import encoder_of

    encoder, own = encoder_of("case", params)
    prepare(getattr(own, "device", "cpu"))
    run, size = bare_pass(encoder.name, own, folder, case)
    with torch.inference_mode():
        run()
        started, done = time.perf_counter(), 0
        while time.perf_counter() - started < seconds:
            run()
            done += size
        return done / (time.perf_counter() - started)


def bare_pass(name: str, own: Any, folder: Path, case: Case) -> tuple[Callable[[], Any], int]:
    """Return one forward pass of the network on a batch that is ready in memory, and its number of rows."""
    import torch

    from aver.features import crops, vggish, vggish_network, vggish_torch, xvector
    from aver.features.log_mel import samples_of
    from aver.params.names import module_of
    from aver.weights.state import marks

    rng = np.random.default_rng(0)
    if name in ("vggface", "vggm", "resnet50"):
        size = crops.BATCH[own.device][own.input_px > crops.SMALL_PX]
        module = module_of("features", name)
        faces = rng.integers(0, 256, (size, own.input_px, own.input_px, 3)).astype(np.uint8)
        file = folder / f"{name}.pth"
        network, x = module.load(file, marks(file), own), crops.pictures(own, faces, module.MEAN_RGB)
        return (lambda: network(x).cpu()), size
    if name == "vggish-torch":
        size = vggish_torch.BATCH[own.device]
        sound = torch.from_numpy(rng.standard_normal((size, samples_of(own.frames))).astype(np.float32))
        network = vggish_network.load(folder, own.layer, own.pooling, own.precision, own.device)
        return (lambda: network(sound.to(own.device)).cpu()), size
    if name == "xvector":
        model = xvector.load(folder, own.device, own.precision)
        sound = torch.from_numpy((0.1 * rng.standard_normal(15360)).astype(np.float32))
        return (lambda: model(sound).cpu()), 1
    patch = (0.1 * rng.standard_normal(samples_of(96))).astype(np.float32)
    saved = vggish.load(folder)
    from aver.tensorflow_import import import_tensorflow

    constant = import_tensorflow().constant(patch)
    return (lambda: saved(constant).numpy()), 1


class DeepFace:
    """DeepFace in a process of its own, with its own packages (`make conform`), our weights and our crops."""

    def __init__(self, scratch: Path, bench: Bench) -> None:
        import torch

        from aver.cache.cache import Cache

        before = clips_of(bench.case, "faces", 7, 1)
        self.bench, self.before, self.home = bench, before, scratch / "deepface"
        self.crops = Cache().load(before.faces[0]["crops"])["crops"]
        state = torch.load(bench.folder / "vggface.pth", weights_only=True)
        state |= {"fc8.weight": torch.zeros(2622, 4096, 1, 1), "fc8.bias": torch.zeros(2622)}
        path = self.home / ".deepface/weights/vgg_face_weights.pth"
        path.parent.mkdir(parents=True)
        torch.save(state, path)
        np.save(self.home / "crops.npy", self.crops)
        # Nothing of ours but its weights: `.conform` holds DeepFace, and this environment its torch and OpenCV.
        env = {**os.environ, "PYTHONPATH": str(ROOT / ".conform"), "DEEPFACE_HOME": str(self.home),
               "DEEPFACE_BACKEND_ENGINE": "pytorch", "CUDA_VISIBLE_DEVICES": ""}  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-c", DEEPFACE, str(self.home / "crops.npy")], env=env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._answer("ready")

    def speed(self) -> float:
        """Return faces per second of `represent`, one by one."""
        assert self.process.stdin
        self.process.stdin.write(f"{2 * SECONDS}\n")
        self.process.stdin.flush()
        speed, self.rows = self._answer()
        return speed

    def agreement(self) -> float:
        """Return the least cosine between its rows and ours of the same crops."""
        from aver.features.extract import encoder_of

        encoder, own = encoder_of("case", self.bench.params)
        crops = {"crops": self.crops[:2], "times_s": np.zeros((2, 2)), "status": np.ones(2, np.uint8)}
        ours = encoder.embed(own, crops, self.bench.folder)["rows"]
        theirs = np.array(self.rows)
        return float(((ours * theirs).sum(1) / np.linalg.norm(theirs, axis=1) / np.linalg.norm(ours, axis=1)).min())

    def end(self) -> None:
        """End the process."""
        self.process.kill()

    def _answer(self, wanted: str = "") -> Any:
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith(("[", '"')) and (found := json.loads(line)) and (not wanted or found == wanted):
                return found
        raise SystemExit("DeepFace could not be started; run `make conform`")


if __name__ == "__main__":
    main()
