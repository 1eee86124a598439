r"""The headline scores as LaTeX, to be read with `\input{comparison}`; needs `\usepackage{booktabs}` and no more."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from aver.errors import visible
from aver.report.benchmark import Benchmark
from aver.report.inputs import Inputs
from aver.report.reported import cited
from aver.report.strategies import StrategyRow
from aver.report.words import DASH, confidence, number_of

#: What LaTeX does not print as it is.  Brackets and stars would be read as an argument of the line end before them.
SPECIAL = {
    **{"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_"},
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}"},
    **{"|": r"\textbar{}", '"': "''", "[": "{[}", "]": "{]}", "*": "{*}", "·": r"\textperiodcentered{}"},
    **{"–": "--", "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "▲": r"$\triangle$"},
}
#: Accents that LaTeX's default fonts can put on a letter, and the letters beyond ASCII that they have.
ACCENTS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327"
LETTERS = "ßæÆøØœŒłŁı"


def latex(inputs: Inputs, benchmarks: Sequence[Benchmark]) -> str:
    """Return one table per benchmark; its caption says protocol, folds, seeds and intervals."""
    head = "% Written by AVER's report stage; \\usepackage{booktabs}, then \\input{comparison}.\n"
    return head + "\n".join(_table(inputs, benchmark, number) for number, benchmark in enumerate(benchmarks, 1))


def _table(inputs: Inputs, benchmark: Benchmark, number: int) -> str:
    differ = benchmark.shared_clips is not None
    titles = ["Strategy", *["Clips"] * differ, "Accuracy", "UAR", *["Shared"] * differ]
    titles += ["Best"] * benchmark.has_ceiling + ["Reported"] * benchmark.is_reported
    lines = [
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{_caption(inputs, benchmark)}}}",
        rf"  \label{{tab:aver-{number}}}",
        rf"  \begin{{tabular}}{{l{'r' * (len(titles) - 1)}}}",
        r"    \toprule",
        f"    {' & '.join(titles)} \\\\",
        r"    \midrule",
        *(f"    {' & '.join(_row(row, benchmark))} \\\\" for row in benchmark.rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _row(row: StrategyRow, benchmark: Benchmark) -> list[str]:
    differ = benchmark.shared_clips is not None
    scores = [_score(row.accuracy, row.accuracy_interval), _score(row.uar, row.uar_interval)]
    values = [escaped(row.strategy), *[escaped(row.clips)] * differ, *scores, *[escaped(row.shared)] * differ]
    if row.best:
        values = [rf"\textbf{{{value}}}" for value in values]
    values += [escaped(row.ceiling)] * benchmark.has_ceiling
    return values + [rf"\emph{{{escaped(row.reported)}}}"] * benchmark.is_reported


def _score(value: str, interval: str) -> str:
    return escaped(f"{value} ({interval.replace(' to ', '–')})" if any(map(str.isdigit, interval)) else value)


def _caption(inputs: Inputs, benchmark: Benchmark) -> str:
    said = [
        f"Accuracy and UAR per clip in % on {benchmark.name} ({benchmark.facts}); protocol {benchmark.protocol}.",
        f"{_intervals(inputs, benchmark)}; means over seeds; bold the strategy with the highest UAR.",
    ]
    if benchmark.shared_clips is not None:
        clips = number_of(benchmark.shared_clips, "clip")
        said.append(f"Shared: UAR on the {clips} that all strategies scored, the highest among which is bold.")
    if benchmark.has_ceiling:
        said.append("Best: the best possible score on unknown speakers.")
    if benchmark.is_reported:
        said.append(f"Reported: accuracy / UAR as printed, under their own protocol: {cited(benchmark.sources)}.")
    said += [f"{row.strategy}: {row.gap}." for row in benchmark.rows if row.gap]
    return escaped(" ".join(said))


def _intervals(inputs: Inputs, benchmark: Benchmark) -> str:
    shown = [row.uar_interval for row in benchmark.rows if not row.gap]
    if shown and set(shown) == {DASH}:
        return "No interval over speakers: there are too few, or clips do not say who speaks"
    return f"In brackets the {confidence(inputs.params)} interval over speakers"


def escaped(words: str) -> str:
    r"""Return words as LaTeX text that compiles whatever they hold: letters that its fonts lack become their number.

    Example:
        >>> print(escaped("50 % of a_b & c"), escaped("é"), escaped("情"))
        50 \% of a\_b \& c é {[}U+60C5{]}
    """
    return "".join(SPECIAL.get(letter) or _letter(letter) for letter in visible(unicodedata.normalize("NFC", words)))


def _letter(letter: str) -> str:
    parts = unicodedata.normalize("NFD", letter)
    accented = ord(letter) < 0x180 and len(parts) == 2 and parts[0].isascii() and parts[1] in ACCENTS
    printed = letter.isascii() or letter in LETTERS or accented
    return letter if printed else f"{{[}}U+{ord(letter):04X}{{]}}"
