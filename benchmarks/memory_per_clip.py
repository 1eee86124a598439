"""Growth of each stage's anonymous memory with the corpus: kilobytes per clip between 50 and 200 clips.

    python benchmarks/memory_per_clip.py

Two corpora of short rendered clips go through every per-corpus stage script, each in a process of its own, with one
worker and an empty clip cache.  `RssAnon` of the process (memory that is neither a mapped file nor shared) is read
from /proc every 20 ms; the peak counts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
#: 54 and 204 clips: six emotions, one take per speaker.
SPEAKERS = (9, 34)
EMOTIONS = 6


def peak_anonymous_kb(command: list[str], env: dict[str, str], folder: Path = ROOT) -> int:
    """Run a command; return the peak of RssAnon in kilobytes."""
    process = subprocess.Popen([sys.executable, *command], cwd=folder, env=env, stderr=subprocess.DEVNULL)
    status, peak = Path(f"/proc/{process.pid}/status"), 0
    while process.poll() is None:
        try:
            lines = status.read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            break
        peak = max([peak, *(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))])
        time.sleep(0.02)
    if process.wait():
        raise SystemExit(f"{' '.join(command)} failed")
    return peak


def stages(data: Path, streams: list[str], strategies: list[str]) -> list[tuple[str, list[str]]]:
    """Return (name, command) of every stage in order, with outs below `data`."""
    corpus, at = (
        "synthetic",
        {k: str(data / k / "synthetic") for k in ("corpora", "media", "faces", "windows", "folds")},
    )
    named = ["--corpus", corpus]
    listed: list[tuple[str, list[str]]] = [
        ("synthetic", ["--out", str(data / "synthetic")]),
        ("corpora", [*named, "--out", at["corpora"]]),
        ("media", [*named, "--clips", at["corpora"], "--out", at["media"]]),
        ("faces", [*named, "--clips", at["corpora"], "--media", at["media"], "--out", at["faces"]]),
        ("windows", ["--media", at["media"], "--out", at["windows"]]),
    ]
    before = [part for k in ("media", "faces", "windows") for part in (f"--{k}", at[k])]
    for stream in streams:
        out = str(data / "features" / corpus / stream)
        weights = ["--weights", str(data / "weights")]
        listed.append((f"features {stream}", [*named, "--stream", stream, *before, *weights, "--out", out]))
    listed.append(("folds", ["--benchmark", corpus, "--corpora", str(data / "corpora"), "--out", at["folds"]]))
    for strategy in strategies:
        out = str(data / "classifiers" / corpus / strategy)
        given = ["--folds", at["folds"], "--features", str(data / "features"), "--out", out]
        listed.append((f"classifiers {strategy}", ["--benchmark", corpus, "--strategy", strategy, *given]))
    out = ["--metrics", str(data / "metrics.json"), "--comparison", str(data / "comparison.json")]
    given = ["--data", str(data), "--out", str(data / "evaluation")]
    listed.append(("evaluation", ["--strategies", *strategies, *given, *out]))
    pages = ["--out", str(data / "index.html"), "--markdown", str(data / "comparison.md")]
    given = [
        "--evaluation",
        str(data / "evaluation"),
        "--comparison",
        str(data / "comparison.json"),
        "--data",
        str(data),
    ]
    listed.append(("report", [*given, *pages]))
    return [(name, [f"stages/{name.split()[0]}.py", *arguments]) for name, arguments in listed]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=2)
    args = parser.parse_args()
    peaks: dict[str, dict[int, int]] = {}
    with tempfile.TemporaryDirectory() as name:
        for speakers in SPEAKERS:
            data = Path(name) / str(speakers)
            data.mkdir()
            params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
            params["synthetic"] |= {"speakers": speakers, "takes": 1, "duration_s": [1.6, 2.0]}
            params["corpora"] = {"synthetic": {"root": str(data / "synthetic")}}
            params["parallel"]["jobs"] = 1
            for system in ("temporal", "mater"):
                params["classifiers"][system]["budgets"]["quick"]["epochs"] = args.epochs
            (data / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
            env = {**os.environ, "PYTHONPATH": "src", "AVER_CACHE": str(data / "cache"),
                   "AVER_PARAMS": str(data / "params.yaml")}  # fmt: skip
            for encoder in params["weights"]:
                peak_anonymous_kb(
                    ["stages/weights.py", "--encoder", encoder, "--out", str(data / "weights" / encoder)], env
                )
            for stage, command in stages(data, list(params["features"]), ["acoustic", "concat", "visual"]):
                peaks.setdefault(stage, {})[speakers * EMOTIONS] = peak_anonymous_kb(command, env)
                print(
                    f"{speakers * EMOTIONS:4} clips  {stage:28} {peaks[stage][speakers * EMOTIONS] / 1024:7.1f} MiB",
                    flush=True,
                )
    print("| stage | " + " | ".join(f"{speakers * EMOTIONS} clips, MiB" for speakers in SPEAKERS) + " | KB per clip |")
    print("|---|---:|---:|---:|")
    for stage, found in peaks.items():
        (few, low), (many, high) = sorted(found.items())
        print(f"| {stage} | {low / 1024:.1f} | {high / 1024:.1f} | {(high - low) / (many - few):.1f} |")


if __name__ == "__main__":
    main()
