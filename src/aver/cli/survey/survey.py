"""What every stage would ask of the clip cache now, by the stages' own code: nothing is computed.

The stages' functions hand their tasks to a runner.  Here the runner only looks up and takes notes, so what `aver plan`
says is what `dvc repro` will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aver.cli.survey.clips import corpus, synthetic
from aver.cli.survey.notes import DATA, Survey
from aver.cli.survey.training import benchmark
from aver.params.blocks import Params


def survey(params: Params, changed: Mapping[str, list[Any]], only: str = "") -> Survey:
    """Look up everything that the stages would ask for.

    Args:
        params: all params.
        changed: the stages that DVC finds changed, with its reasons (`aver.cli.dvc.changed_stages`).
        only: this clip alone; classifiers are left out.
    """
    found = Survey()
    found.remarks += _missing_weights(params)
    rendering = 0 if only else synthetic(params, found)
    known = {name: corpus(name, params, changed, only, rendering, found) for name in params.corpora}
    if not only:
        for name in params.benchmarks:
            benchmark(name, params, known, found)
    return found


def _missing_weights(params: Params) -> list[str]:
    """Say what would stop the weights stages, or make them ask a network."""
    from aver.weights.stock import take_stock

    stocks = [take_stock(name, block, DATA / "weights" / name) for name, block in params.weights.items()]
    return [f"weights of {stock.weights}: {trouble}" for stock in stocks for trouble in stock.troubles]
