"""The verdicts, the headline table and the protocol gap as Markdown: what git tracks and the README shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tabulate import tabulate

from aver.errors import visible
from aver.report import provenance, reported
from aver.report.benchmark import Benchmark
from aver.report.gaps import GapRow, GapTable
from aver.report.inputs import Inputs
from aver.report.strategies import StrategyRow
from aver.report.words import DASH, confidence

#: Head of the table of analyses over time.
OVER_TIME = ("benchmark", "strategy", "A", "V", "AV", "difference, nats", "right for good, s", "A noise", "V noise")


def markdown(inputs: Inputs, benchmarks: Sequence[Benchmark]) -> str:
    """Return the short report; names are escaped, so that none is read as Markdown or HTML."""
    parts = [_notice(inputs), *(_verdict(benchmark) for benchmark in benchmarks), _scores(inputs, benchmarks)]
    compared = ", on the clips that all strategies of the benchmark scored" if _differ(benchmarks) else ""
    parts.append(
        f"Scores per clip in %, with the interval; **bold**: highest UAR{compared}; *: the strategy named by `fusion`."
    )
    if any(row.uar_interval == DASH and not row.gap for benchmark in benchmarks for row in benchmark.rows):
        parts.append("A score without an interval: there are too few speakers for one, or clips do not say who speaks.")
    if any(benchmark.is_reported for benchmark in benchmarks):
        parts.append(
            "Reported: accuracy / UAR as the authors print them, not computed here, and under their own protocol: "
            f"{reported.cited(dict.fromkeys(source for benchmark in benchmarks for source in benchmark.sources))}."
        )
    parts += [
        f"– {text(benchmark.name)}, {text(row.strategy)}: {text(row.gap)}"
        for benchmark in benchmarks
        for row in benchmark.rows
        if row.gap
    ]
    parts += _gaps(benchmarks)
    parts += _over_time(benchmarks)
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
    more = []
    if _differ(benchmarks):
        more += [("clips", "clips"), ("UAR, shared clips", "shared")]
    if any(benchmark.is_reported for benchmark in benchmarks):
        more.append(("reported", "reported"))
    rows = [
        [benchmark.name, benchmark.protocol, *_score(row), *(getattr(row, field) for _, field in more)]
        for benchmark in benchmarks
        for row in benchmark.rows
    ]
    return _table([*head, *(title for title, _ in more)], rows, left=3, plain=2)


def _differ(benchmarks: Sequence[Benchmark]) -> bool:
    """Tell whether strategies of a benchmark scored different clips."""
    return any(benchmark.shared_clips is not None for benchmark in benchmarks)


def _score(row: StrategyRow) -> list[str]:
    name = f"**{text(row.strategy)}**" if row.best else text(row.strategy)
    name += " \\*" * row.named
    return [name, row.accuracy, row.accuracy_interval, row.uar, row.uar_interval, row.ceiling + " ▲" * row.above]


def _gaps(benchmarks: Sequence[Benchmark]) -> list[str]:
    found = [(text(benchmark.name), benchmark.gap) for benchmark in benchmarks if benchmark.gap]
    if not found:
        return []
    parts = ["The same strategies under several protocols, the leakiest first: UAR per clip in %."]
    parts += [part for name, table in found for part in (_gap_table(name, table), _rests(name, table))]
    if any(table.leaks for _, table in found):
        parts.append(
            "Gap: the first protocol minus the last; **bold**: more than chance, since the first one's interval lies "
            "above the last one's."
        )
    if any(table.above for _, table in found):
        parts.append("▲: above what is possible without leakage.")
    return parts


def _gap_table(benchmark: str, table: GapTable) -> str:
    head = ["benchmark", "strategy", *table.protocols, "best possible", *(["gap, points"] if table.leaks else [])]
    return _table(head, [_gap(benchmark, row, table.leaks) for row in table.rows], left=2, plain=0)


def _gap(benchmark: str, row: GapRow, leaks: bool) -> list[str]:
    scores = [score.uar + " ▲" * score.above for score in row.scores]
    gap = f"**{row.gap}**" if row.shows else row.gap
    return [benchmark, text(row.strategy), *scores, row.ceiling, *([gap] if leaks else [])]


def _rests(benchmark: str, table: GapTable) -> str:
    said = "; ".join(f"{protocol} {rests}" for protocol, rests in table.rests.items() if rests)
    return f"– {benchmark}, trained seeds and tested clips: {said or DASH}"


def _over_time(benchmarks: Sequence[Benchmark]) -> list[str]:
    found = [(text(benchmark.name), benchmark.over_time) for benchmark in benchmarks if benchmark.over_time]
    rows = [[name, text(strategy), *values] for name, own in found for strategy, values in own.brief]
    parts = []
    if rows:
        parts += [
            "Over time: accuracy in % from sound (A), picture (V) and both (AV) of one network; how far the entropies "
            "of A and V lie apart; mean time since when AV stays right, of clips that end right; AV where all steps "
            "of a modality are noise.",
            _table(OVER_TIME, rows, left=2, plain=0),
        ]
    parts += [
        f"– {name}, {text(strategy)}: nothing is known at the looks before {t_s} s, when none of its steps has ended."
        for name, own in found
        for strategy, t_s in own.late
    ]
    return parts + [
        f"– {name}, {text(strategy)}, over time: {text(reason)}" for name, own in found for strategy, reason in own.gaps
    ]


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
