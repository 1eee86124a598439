"""The protocols' names, and the published splits as docs/protocols.md gives them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import yaml
from folds_clips import corpus, split, who_tests

from aver.folds.leakage import CHECKED
from aver.folds.protocol import PROTOCOLS
from aver.params.blocks import Benchmark
from aver.params.file import load

ROOT = Path(__file__).parents[2]
SPEAKERS = {
    "ravdess": [f"{number:02d}" for number in range(1, 25)],
    "cremad": [str(number) for number in range(1001, 1092)],
    "savee": ["DC", "JE", "JK", "KL"],
}
#: Benchmark and folds (0: as the block has it) → number of test speakers per fold, and who comes first in each.
PUBLISHED = {
    ("ravdess", 0): ([4] * 6, ["01", "05", "09", "13", "17", "21"]),
    ("ravdess", 12): ([2] * 12, [f"{number:02d}" for number in range(1, 24, 2)]),
    ("cremad", 0): ([18, 18, 18, 18, 19], ["1001", "1019", "1037", "1055", "1073"]),
    ("cremad", 10): ([9] * 9 + [10], [str(1001 + 9 * number) for number in range(10)]),
    ("savee", 0): ([1] * 4, ["DC", "JE", "JK", "KL"]),
}


@pytest.fixture(scope="module")
def documented(tmp_path_factory):
    """Return the benchmarks of docs/protocols.md, read as part of the repository's params."""
    text = (ROOT / "docs/protocols.md").read_text(encoding="utf-8")
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["corpora"] = {name: {"root": f"data/raw/{name}"} for name in SPEAKERS}
    content["benchmarks"] = {}
    for block in re.findall(r"(?s)```yaml\n(.*?)```", text):
        content["benchmarks"] |= yaml.safe_load(block)["benchmarks"]
    path = tmp_path_factory.mktemp("documented") / "params.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load(path).benchmarks


def test_every_protocol_that_params_accept_is_served_and_gated():
    assert set(get_args(get_type_hints(Benchmark)["protocol"])) == set(PROTOCOLS) == set(CHECKED)


@pytest.mark.parametrize(("name", "folds"), PUBLISHED)
def test_the_documented_blocks_give_the_published_folds(documented, name, folds):
    benchmark = replace(documented[name], folds=folds or documented[name].folds)
    clips = [clip | {"modality": "audiovisual", "channel": "speech"} for clip in corpus(SPEAKERS[name], takes=1)]
    found = who_tests(split(benchmark, clips))
    assert ([len(fold) for fold in found], [fold[0] for fold in found]) == PUBLISHED[name, folds]


def test_every_documented_block_is_tried(documented):
    assert set(documented) == {name for name, _ in PUBLISHED}
