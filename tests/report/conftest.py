"""A small report: one benchmark with made-up numbers, one corpus that was never extracted, hostile names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from report_example import COMPLEMENT, cell, gap, pair, protocol, write_evaluation, write_reducers

from aver.ledger import Failure, write_ledger
from aver.params.file import load
from aver.report.benchmark import Benchmark, benchmarks
from aver.report.inputs import Inputs, read_inputs
from aver.store.out import write_json

ROOT = Path(__file__).parents[2]
HOSTILE = "<script>alert(1)</script>"
SPEAKERS = {f"S{number}": number / 10 for number in range(1, 10)}
CELLS = [
    cell("acoustic", 0.4, 0.35, 0.45, streams=["sound"], speakers=SPEAKERS, ceiling=0.6888),
    cell("concat", 0.6824, 0.61, 0.7412, streams=["picture", "sound"], speakers=SPEAKERS, ceiling=0.97),
    gap("embrace", "needs a stream <picture> that is not here"),
    cell("visual", 0.5, 0.45, 0.55, streams=["picture"], speakers=SPEAKERS),
]
PAIRS = [
    pair("acoustic", "concat", -0.2824, 0.006, settled=True),
    pair("acoustic", "visual", -0.1, 0.2, settled=False),
    pair("concat", "visual", 0.1824, 0.0004, settled=True),
]
GAPS = [
    protocol("concat", "subject", 0.6824, headline=True, ceiling=0.97, above=False),
    protocol("concat", "window", 0.99, headline=False, ceiling=0.97, above=True),
    protocol("visual", "subject", 0.5, headline=True),
    protocol("visual", "window", 0.8, headline=False),
]


@pytest.fixture
def params_file(tmp_path: Path) -> Path:
    return write_params(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`data` with the outs of a run on the corpus `clips`; `later` has nothing yet."""
    return write_data(tmp_path)


@pytest.fixture
def read(folder: Path, params_file: Path) -> Callable[[], Inputs]:
    """Read the folder as it stands now."""
    return lambda: read_inputs(folder / "evaluation", folder, load(params_file))


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """The report as it is, for tests that change nothing on disk."""
    root = tmp_path_factory.mktemp("report")
    data = write_data(root)
    return read_inputs(data / "evaluation", data, load(write_params(root)))


@pytest.fixture(scope="session")
def found(inputs: Inputs) -> list[Benchmark]:
    return benchmarks(inputs)


def write_params(folder: Path) -> Path:
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["fusion"], content["budget"] = "visual", "quick"
    content["corpora"] = {"clips": {"root": "x", "adapter": "folder"}, "later": {"root": "y", "adapter": "folder"}}
    content["weights"] = {
        "vggface": {"source": "seeded", "seed": 1},
        **{name: {"source": "path", "path": "z"} for name in ("vggish", "vggm", "xvector")},
    }
    content["windows"] = {"thirds": {"rule": "thirds"}, "half": {"rule": "fixed", "window_s": 0.5}}
    content["features"] = {
        "picture": {"encoder": "vggface", "window": "frames"},
        "sound": {"encoder": "xvector", "window": "thirds"},
        "picture-half": {"encoder": "vggm", "window": "half", "frames": "mean"},
        "sound-half": {"encoder": "vggish-torch", "window": "half"},
    }
    content["classifiers"]["temporal"] |= {"visual": "picture", "acoustic": "sound"}
    content["classifiers"]["mater"] |= {"visual": "picture-half", "acoustic": "sound-half"}
    first = next(iter(content["benchmarks"].values()))
    content["benchmarks"] = {"own": {**first, "corpora": ["clips"], "seeds": [0, 1]}}
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def write_data(folder: Path) -> Path:
    data = folder / "data"
    write_evaluation(data / "evaluation", CELLS, PAIRS, GAPS, [COMPLEMENT])
    write_reducers(data / "reducers" / "own")
    predictions = data / "classifiers" / "own" / "concat" / "predictions.parquet"
    predictions.parent.mkdir(parents=True)
    predictions.write_bytes(b"abc")
    failed = [Failure(HOSTILE, "media", "truncated", "ends at 1.2 s, see http://example.org/x")]
    ledger(data / "corpora" / "clips", [], clips=1234)
    ledger(
        data / "media" / "clips", failed, with_picture=1200, with_sound=1100, kept_frames=999, absent={"no_sound": 133}
    )
    ledger(data / "faces" / "clips", [], coverage=0.987, detected=900, interpolated=86, missing=13, absent={})
    write_json(data / "windows" / "clips" / "summary.json", {"thirds": {"windows": 3300, "status": {"complete": 3300}}})
    ledger(data / "features" / "clips" / "picture", [], rows=986, absent={"no_face": 7})
    write_json(
        data / "weights" / "vggface" / "weights.json",
        {"encoder": "vggface", "source": "seeded", "sha256": "abcdef012345" + "0" * 52, "licence": "none"},
    )
    return data


def ledger(folder: Path, failed: list[Failure], **summary: object) -> None:
    folder.mkdir(parents=True)
    write_ledger(folder, failed, summary)
