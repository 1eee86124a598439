"""The block `classifiers`: what a system names exists, and its networks can be built."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from aver.errors import ParamsError
from aver.params.classifiers import SYSTEMS, system_of
from aver.params.file import load
from aver.params.names import ABLATIONS, NETWORKS, STRATEGIES

GOOD = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def loaded(tmp_path):
    """Return `loaded({"classifiers.mater.heads": 7})`: the repository's params with some keys changed."""

    def load_with(changes):
        content = copy.deepcopy(GOOD)
        for where, value in changes.items():
            *folders, last = where.split(".")
            block = content
            for folder in folders:
                block = block[folder]
            block[last] = value
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
        return load(tmp_path / "params.yaml")

    return load_with


PAPER = {"paper": GOOD["classifiers"]["mater"]["budgets"]["paper"]}
SAME = "both streams must have a row for each of the same windows of rule fixed"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classifiers.mater.budgets": PAPER}, ["budget (classifiers.mater.budgets)", "'quick'", "Known: paper"]),
        ({"classifiers.mater.visual": "vgm-half"}, ["classifiers.mater.visual", "did you mean 'vggm-half'"]),
        ({"classifiers.mater.acoustic": "x"}, ["classifiers.mater.acoustic", "vggish-half, vggish-patch, vggm-half"]),
        ({"classifiers.noise_trained": ["concat", "matr"]}, ["classifiers.noise_trained", "did you mean 'mater'"]),
        ({"classifiers.noise_trained": ["pca-paper"]}, ["noise_trained: pca-paper reads reduced rows", "take it out"]),
        ({"evaluation.over_time.strategies": ["matr"]}, ["evaluation.over_time.strategies", "did you mean 'mater'"]),
        ({"classifiers.mater.span_s": {"ravdes": 4.0}}, ["classifiers.mater.span_s", "did you mean 'ravdess'"]),
        # Rows of one modality are over other windows than those of the other one, ...
        (
            {"classifiers.mater.acoustic": "vggish-patch"},
            ["classifiers.mater", SAME, "visual vggm-half is over half", "acoustic vggish-patch over patch"],
        ),
        ({"classifiers.mater.visual": "vggface"}, [SAME, "vggface is over frames", "acoustic vggish-half over half"]),
        # ... or over the same ones, which are no part of time.
        (
            {"features.vggm-half.window": "thirds", "features.vggish-half.window": "thirds"},
            [SAME, "visual vggm-half is over thirds", "of rule thirds", "acoustic vggish-half over thirds"],
        ),
        (
            {"classifiers.mater.heads": 7},
            ["budgets.paper.width: 512", "multiple of 14", "7 heads", "e.g. 518"],
        ),
        # A budget that is not the chosen one is checked too.
        ({"classifiers.mater.budgets.paper.width": 500}, ["classifiers.mater.budgets.paper.width: 500", "8 heads"]),
        # Position encoding pairs sines with cosines.
        (
            {"classifiers.mater.heads": 1, "classifiers.mater.budgets.quick.width": 9},
            ["classifiers.mater.budgets.quick.width: 9", "no multiple of 2"],
        ),
    ],
)
def test_what_a_system_names_exists_and_its_networks_can_be_built(loaded, changes, words):
    with pytest.raises(ParamsError) as error:
        loaded(changes)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_both_streams_may_be_over_any_one_fixed_window(loaded):
    changes = {f"features.{stream}.window": "patch" for stream in ("vggm-half", "vggish-half")}
    assert loaded(changes).classifiers.mater.visual == "vggm-half"


def test_every_strategy_has_a_system():
    assert {name: system_of(name) for name in ("concat", "embrace-paper", "mater", "mater-paper", "mater-baseline",
                                              "mater-no-position-paper")} == {
        "concat": "temporal", "embrace-paper": "temporal", "mater": "mater", "mater-paper": "mater",
        "mater-baseline": "mater", "mater-no-position-paper": "mater",
    }  # fmt: skip
    assert {system_of(name) for name in STRATEGIES} == set(SYSTEMS)


def test_ablations_are_of_known_strategies_and_strategies_too():
    assert {whole for whole, _ in ABLATIONS.values()} <= set(NETWORKS)
    assert all({name, f"{name}-paper"} <= set(STRATEGIES) for name in ABLATIONS)
