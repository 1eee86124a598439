"""What is known, as one self-contained page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from aver.errors import visible
from aver.progress import track
from aver.report import card_words, cells, coverage, missing, pairs, provenance, reported, strategies
from aver.report.benchmark import Benchmark
from aver.report.card_figures import plots
from aver.report.inputs import Inputs
from aver.report.over_time import numbers
from aver.report.words import confidence

STYLES = ("base.css", "tables.css", "corpora.css", "phone.css", "print.css")


def page(inputs: Inputs, benchmarks: Sequence[Benchmark]) -> str:
    """Return the page; whatever comes from data, params or file names is escaped."""
    failed, seeded = coverage.failures(inputs), provenance.seeded(inputs)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            style=Markup(_style()),
            params=inputs.params,
            confidence=confidence(inputs.params),
            benchmarks=benchmarks,
            overview=strategies.overview(inputs, [benchmark.name for benchmark in benchmarks]),
            protocols=cells.PROTOCOLS,
            leaky=cells.LEAKY,
            overview_sources=list(dict.fromkeys(source for benchmark in benchmarks for source in benchmark.sources)),
            cited=reported.cited,
            most_pairs=pairs.MOST_PAIRS,
            seeded=seeded,
            resting=provenance.resting_on(inputs, seeded),
            missing=missing.missing(inputs),
            cards=inputs.cards,
            plots={card.corpus: plots(card) for card in track(inputs.cards, "report", "card")},
            words=card_words,
            places=numbers.PLACES,
            coverage=coverage.coverage(inputs),
            tallies=coverage.tallies(inputs),
            failures=failed[: coverage.SHOWN],
            failures_total=len(failed),
            weights=provenance.weights(inputs),
            params_digest=provenance.params_digest(inputs),
            predictions=provenance.predictions(inputs),
            blocks=provenance.blocks(inputs),
            versions=provenance.versions(),
        )
    )


def _style() -> str:
    folder = files("aver.report") / "templates" / "style"
    return "".join((folder / name).read_text(encoding="utf-8") for name in STYLES)


def _environment() -> Environment:
    """Return an environment in which every value is escaped for HTML and holds nothing that acts (see `visible`)."""
    environment = Environment(
        loader=PackageLoader("aver.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    environment.filters["unbroken"] = _unbroken
    return environment


def _unbroken(text: str) -> Markup:
    """Return a sentence in which no line ends between a number and its sign."""
    return Markup(re.sub(" (?=%|= |< )|(?<=[=<]) ", "&nbsp;", str(escape(visible(text)))))
