"""Tables and figures → one self-contained page, and one table for git."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from math import isfinite
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aver.errors import visible
from aver.progress import track
from aver.report import card_words, coverage, provenance
from aver.report.card_figures import plots
from aver.report.figures import curve_figure, score_figure
from aver.report.inputs import Inputs
from aver.report.tables import StrategyRow, benchmarks, cells_of

COLUMNS = {
    "accuracy": "accuracy",
    "uar": "UAR",
    "f1": "macro-F1",
    "interval": "{confidence} interval of UAR",
    "window": "per window: accuracy / UAR",
    "ceiling": "best possible",
    "chance": "chance",
    "clips": "clips",
    "unscored": "unscored",
}


def page(inputs: Inputs) -> str:
    """Return the page; whatever comes from data, params or file names is escaped."""
    templates = files("aver.report") / "templates"
    template = _environment().get_template("page.html.j2")
    tables = benchmarks(inputs)
    drawn = {table.name: _figures(inputs, table.name) for table in track(tables, "report", "benchmark")}
    failed, seeded = coverage.failures(inputs), provenance.seeded(inputs)
    return template.render(
        style=Markup((templates / "page.css").read_text(encoding="utf-8")),
        params=inputs.params,
        confidence=_confidence(inputs),
        columns=_columns(inputs),
        benchmarks=tables,
        figures=drawn,
        seeded=seeded,
        resting=provenance.resting_on(inputs, seeded),
        cards=inputs.cards,
        plots={card.corpus: plots(card) for card in track(inputs.cards, "report", "card")},
        words=card_words,
        coverage=coverage.coverage(inputs),
        tallies=coverage.tallies(inputs),
        failures=failed[: coverage.SHOWN],
        failures_total=len(failed),
        weights=provenance.weights(inputs),
        blocks=provenance.blocks(inputs),
        versions=provenance.versions(),
    )


def _environment() -> Environment:
    """Return an environment in which every value is escaped for HTML and holds nothing that acts (see `visible`)."""
    return Environment(
        loader=PackageLoader("aver.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )


def markdown(inputs: Inputs) -> str:
    """Return the summary table for git, one row per cell of the comparison, scores in percent."""
    resting = provenance.resting_on(inputs, provenance.seeded(inputs))
    random = ", ".join(sorted({encoder for encoders in resting.values() for encoder in encoders}))
    notice = (
        f"Numbers of {', '.join(resting)} rest on seeded (random) weights of {random}: no statement about an encoder."
        if resting
        else "No number here comes from seeded weights."
    )
    lines = [notice, "", *_head(["benchmark", "protocol", "strategy", *_columns(inputs).values()])]
    for table in benchmarks(inputs):
        protocol = cells_of(inputs, table.name)[0][0]["protocol"]
        lines += [
            _line([table.name, protocol, _name(row), *(getattr(row, key) for key in COLUMNS)]) for row in table.rows
        ]
    lines += ["", "Scores in %, mean ± deviation over folds; **bold**: highest UAR; *: the strategy named by `fusion`."]
    return "\n".join(lines) + "\n"


def _figures(inputs: Inputs, benchmark: str) -> Mapping[str, Any]:
    pairs = cells_of(inputs, benchmark)
    curves = [row for row in inputs.curves if row["benchmark"] == benchmark]
    losses = [row[key] for row in curves for key in ("train_loss", "validation_loss")]
    # A run that diverged leaves NaN, which Parquet hands back as None.
    top = 1.05 * max((loss for loss in losses if loss is not None and isfinite(loss)), default=1.0)
    by_strategy = {
        cell["strategy"]: [row for row in curves if row["strategy"] == cell["strategy"]] for _, cell in pairs
    }
    return {
        "scores": score_figure([row for row, _ in pairs], pairs[0][1]["chance"]),
        "curves": [(strategy, curve_figure(rows, top)) for strategy, rows in by_strategy.items() if rows],
    }


def _confidence(inputs: Inputs) -> str:
    return f"{100 * inputs.params.evaluation.confidence:g} %"


def _columns(inputs: Inputs) -> dict[str, str]:
    return {key: title.format(confidence=_confidence(inputs)) for key, title in COLUMNS.items()}


def _name(row: StrategyRow) -> str:
    name = f"**{row.strategy}**" if row.best else row.strategy
    return f"{name} *" if row.named else name


def _head(titles: Sequence[str]) -> list[str]:
    return [_line(titles), "|" + "|".join(["---"] * 3 + ["---:"] * (len(titles) - 3)) + "|"]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
