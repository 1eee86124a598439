"""The verdicts, the headline table and the protocol gap as Markdown: what git tracks and the README shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tabulate import tabulate

from aver.errors import visible
from aver.report import provenance, reported
from aver.report.benchmark import Benchmark
from aver.report.gaps import GapRow
from aver.report.inputs import Inputs
from aver.report.strategies import StrategyRow
from aver.report.words import DASH, confidence


def markdown(inputs: Inputs, benchmarks: Sequence[Benchmark]) -> str:
    """Return the short report; names are escaped, so that none is read as Markdown or HTML."""
    parts = [_notice(inputs), *(_verdict(benchmark) for benchmark in benchmarks), _scores(inputs, benchmarks)]
    parts.append("Scores per clip in %, with the interval; **bold**: highest UAR; *: the strategy named by `fusion`.")
    if any(benchmark.is_reported for benchmark in benchmarks):
        parts.append(
            f"Reported: accuracy / UAR as the authors print them ({reported.SOURCE}), not computed here, and under "
            f"another protocol: {reported.PROTOCOL}."
        )
    parts += [
        f"– {text(benchmark.name)}, {text(row.strategy)}: {text(row.gap)}"
        for benchmark in benchmarks
        for row in benchmark.rows
        if row.gap
    ]
    gaps = _gaps(benchmarks)
    if gaps:
        parts += ["The protocol gap: UAR per clip in % of the same strategies, the leakiest protocol first.", gaps]
        if any(benchmark.gap and benchmark.gap.above for benchmark in benchmarks):
            parts.append("▲: above what is possible without leakage.")
    return "\n\n".join(parts) + "\n"


def _notice(inputs: Inputs) -> str:
    resting = provenance.resting_on(inputs, provenance.seeded(inputs))
    random = ", ".join(sorted({encoder for encoders in resting.values() for encoder in encoders}))
    if not resting:
        return "No number here comes from seeded weights."
    return text(
        f"Numbers of {', '.join(resting)} rest on seeded (random) weights of {random}: no statement about an encoder."
    )


def _verdict(benchmark: Benchmark) -> str:
    verdict = benchmark.verdict
    said = " ".join(filter(None, (verdict.numbers, verdict.meaning, verdict.winner, verdict.warning)))
    return f"**{text(benchmark.name)}: {text(verdict.head)}** {text(said)}".rstrip()


def _scores(inputs: Inputs, benchmarks: Sequence[Benchmark]) -> str:
    interval = f"{confidence(inputs.params)} interval"
    head = ["benchmark", "protocol", "strategy", "accuracy", interval, "UAR", interval, "best possible"]
    theirs = any(benchmark.is_reported for benchmark in benchmarks)
    rows = [
        [benchmark.name, benchmark.protocol, *_score(row), *([row.reported] if theirs else [])]
        for benchmark in benchmarks
        for row in benchmark.rows
    ]
    return _table([*head, *(["reported"] if theirs else [])], rows, left=3, plain=2)


def _score(row: StrategyRow) -> list[str]:
    name = f"**{text(row.strategy)}**" if row.best else text(row.strategy)
    name += " \\*" * row.named
    return [name, row.accuracy, row.accuracy_interval, row.uar, row.uar_interval, row.ceiling + " ▲" * row.above]


def _gaps(benchmarks: Sequence[Benchmark]) -> str:
    tables = []
    for benchmark in benchmarks:
        if benchmark.gap:
            head = ["benchmark", "strategy", *benchmark.gap.protocols, "best possible", "gap, points"]
            tables.append(_table(head, [_gap(benchmark.name, row) for row in benchmark.gap.rows], left=2, plain=0))
    return "\n\n".join(tables)


def _gap(benchmark: str, row: GapRow) -> list[str]:
    scores = [score.uar + " ▲" * score.above for score in row.scores]
    return [text(benchmark), text(row.strategy), *scores, row.ceiling, row.gap]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int, plain: int) -> str:
    """Return a table; the first `left` columns stand left, the first `plain` ones are still to be escaped."""
    align = ["left"] * left + ["right"] * (len(head) - left)
    cells = [[text(cell) if number < plain else cell for number, cell in enumerate(row)] for row in rows]
    return tabulate(cells, head, tablefmt="pipe", colalign=align, disable_numparse=True) if cells else DASH


def text(words: str) -> str:
    r"""Return words that Markdown shows as they are.

    Example:
        >>> print(text("a|b *c* <b> [d](e)"))
        a\|b \*c\* &lt;b> \[d](e)
    """
    return re.sub(r"([\\|*_`\[#~])", r"\\\1", visible(words).replace("&", "&amp;").replace("<", "&lt;"))
