"""A small report: one benchmark with made-up numbers, one corpus that was never extracted, hostile names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from aver.ledger import Failure, write_ledger
from aver.params.file import load
from aver.report.inputs import Inputs, read_inputs
from aver.store.out import write_json

ROOT = Path(__file__).parents[2]
HOSTILE = "<script>alert(1)</script>"
#: strategy: streams, UAR, its interval, ceiling
CELLS = {
    "acoustic": (["sound"], 0.4, (0.35, 0.45), 0.6888),
    "concat": (["picture", "sound"], 0.6824, (0.61, 0.7412), 0.97),
    "visual": (["picture"], 0.5, (0.45, 0.55), None),
}


@pytest.fixture
def params_file(tmp_path: Path) -> Path:
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["fusion"], content["budget"] = "visual", "quick"
    content["corpora"] = {"clips": {"root": "x", "adapter": "folder"}, "later": {"root": "y", "adapter": "folder"}}
    content["weights"] = {
        "vggface": {"source": "seeded", "seed": 1},
        "xvector": {"source": "pretrained", "location": "z"},
    }
    content["windows"] = {"thirds": {"rule": "thirds"}}
    content["features"] = {
        "picture": {"encoder": "vggface", "window": "frames"},
        "sound": {"encoder": "xvector", "window": "thirds"},
    }
    content["classifiers"] |= {"visual": "picture", "acoustic": "sound"}
    first = next(iter(content["benchmarks"].values()))
    content["benchmarks"] = {"own": {**first, "corpora": ["clips"], "seeds": [0, 1]}}
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`evaluation`, `comparison.json` and `data` of a run on the corpus `clips`; `later` has nothing yet."""
    write_json(tmp_path / "evaluation" / "scores.json", [score(name) for name in CELLS])
    write_json(tmp_path / "comparison.json", [row(name) for name in CELLS])
    curves = [
        {"benchmark": "own", "strategy": name, "epoch": epoch, "train_loss": 1 - 0.1 * epoch, "validation_loss": loss}
        for name in CELLS
        for epoch, loss in enumerate((1.1, 0.9, None))
    ]
    pd.DataFrame(curves).to_parquet(tmp_path / "evaluation" / "curves.parquet", index=False)
    data = tmp_path / "data"
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
    return tmp_path


@pytest.fixture
def read(folder: Path, params_file: Path) -> Callable[[], Inputs]:
    """Read the folder as it stands now."""
    return lambda: read_inputs(folder / "evaluation", folder / "comparison.json", folder / "data", load(params_file))


@pytest.fixture
def inputs(read: Callable[[], Inputs]) -> Inputs:
    return read()


def ledger(folder: Path, failed: list[Failure], **summary: object) -> None:
    folder.mkdir(parents=True)
    write_ledger(folder, failed, summary)


def score(name: str) -> dict[str, object]:
    streams, uar, (low, high), ceiling = CELLS[name]
    spread = {"mean": uar, "deviation": 0.0312, "seed_deviation": 0.0234, "low": low, "high": high}
    metrics = dict.fromkeys(("accuracy", "uar", "f1"), spread)
    return {
        **{"benchmark": "own", "protocol": "subject", "strategy": name, "streams": streams, "corpora": ["clips"]},
        **{"test_corpora": [], "label": "intended", "label_set": "native", "per_corpus": {}},
        **{"labels": ["happy", "<b>sad</b>"], "folds": 2, "seeds": 2, "clips": 1101, "speakers": 9, "parameters": 5},
        **{"unscored": {"no_sound": 133}, "chance": 0.5, "ceiling": ceiling, "clip": metrics, "window": metrics},
        "per_fold": [
            {"fold": 0, "accuracy": 0.6, "uar": 0.611, "f1": 0.6},
            {"fold": 1, "accuracy": 0.7, "uar": 0.733, "f1": 0.7},
        ],
        "confusion": [[30.0, 10.0], [0.0, 0.0]],
        "recall": {"happy": 0.75, "<b>sad</b>": 0.0},
    }


def row(name: str) -> dict[str, object]:
    _, uar, (low, high), ceiling = CELLS[name]
    return {
        **{"benchmark": "own", "protocol": "subject", "strategy": name, "seeds": 2, "folds": 2, "clips": 1101},
        **{
            "accuracy": 0.7,
            "accuracy_deviation": 0.0101,
            "window_accuracy": 0.5511,
            "uar": uar,
            "uar_deviation": 0.0312,
        },
        **{
            "window_uar": 0.5234,
            "f1": 0.6601,
            "f1_deviation": 0.0409,
            "window_f1": 0.5,
            "uar_low": low,
            "uar_high": high,
        },
        "ceiling": ceiling,
    }
