"""How many cuts are found, and how many are invented (docs/faces.md).

Every clip below a folder is taken for one shot of one person, who is named by the folder that the clip lies in.  A cut
within it is invented.  Then pairs of clips of different people and the same size are joined, in the middle of each, and
the cut between them should be found.

    python benchmarks/cuts.py data/synthetic
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from aver.clock import kept_frames
from aver.faces import haar
from aver.faces.params import CropParams
from aver.faces.shots import Shots, cuts_of
from aver.media.frames import Frames
from aver.media.probe import ProbeParams, probe
from aver.outcome import Unusable
from aver.params.file import load

KEPT = (1, 2, 4)
MARGIN = 8  # pictures before and after a cut


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    params = CropParams.of(load(Path(__file__).parents[1] / "params.yaml").faces, 1)
    finder = haar.finder(params)

    def cuts(pictures: list[np.ndarray], times_s: np.ndarray) -> list[int]:
        shots = Shots(params.max_gap_s)
        numbers = [shots.next(picture, float(time_s)) for picture, time_s in zip(pictures, times_s, strict=True)]
        return cuts_of(np.array(numbers, np.int32))

    clips, invented = [], dict.fromkeys(KEPT, 0)
    for path in sorted(args.folder.rglob("*")):
        try:
            probed = probe(ProbeParams(60.0), path) if path.is_file() else {"frame_times_s": []}
        except Unusable:
            continue
        times_s = probed["frame_times_s"]
        if len(times_s) < 2:
            continue
        pictures = [finder.prepare(frame)[0] for frame in Frames(path, probed, 1, 60.0)]
        for every in KEPT:
            kept = kept_frames(len(times_s), every)
            found = cuts([pictures[number] for number in kept], times_s[kept])
            invented[every] += bool(found)
            if found:
                print(f"{path.relative_to(args.folder)}: cuts with every {every}: {found}")
        clips.append((path.parent.name, pictures[::2]))
    print(f"{len(clips)} clips; with an invented cut:", ", ".join(f"{invented[k]} (keep_every {k})" for k in KEPT))
    if not clips:
        return
    rng = np.random.default_rng(args.seed)
    found = pairs = 0
    for _ in range(args.pairs):
        (someone, before), (other, after) = (clips[number] for number in rng.integers(0, len(clips), 2))
        if someone == other or before[0].shape != after[0].shape:
            continue
        end, start = rng.integers(1, len(before) + 1), rng.integers(0, len(after))
        before, after = before[max(0, end - MARGIN) : end], after[start : start + MARGIN]
        pairs += 1
        found += len(before) in cuts([*before, *after], np.arange(len(before) + len(after)) / 15)
    print(f"{found} of {pairs} cuts between two people found")


if __name__ == "__main__":
    main()
