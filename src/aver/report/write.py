"""The report stage's work: everything that is said about a comparison, in the forms that people need."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aver.report.benchmark import Benchmark, benchmarks
from aver.report.drawings.collect import file_names
from aver.report.inputs import Inputs
from aver.report.latex import latex
from aver.report.markdown import markdown
from aver.report.render import page
from aver.store.out import out_folder, write_text


def write_report(inputs: Inputs, html: Path, short: Path, table: Path, figures: Path) -> None:
    """Write the page, the Markdown and LaTeX tables, and the figures as files: the same bytes for the same inputs."""
    found = benchmarks(inputs)
    write_text(html, page(inputs, found))
    write_text(short, markdown(inputs, found))
    write_text(table, latex(inputs, found))
    with out_folder(figures) as folder:
        for name, content in figure_files(found):
            (folder / name).write_bytes(content)


def figure_files(found: Sequence[Benchmark]) -> list[tuple[str, bytes]]:
    """Return file name and content of every figure: `<benchmark>-<kind>.png` or `<benchmark>-<kind>-<strategy>.png`."""
    stems = file_names([benchmark.name for benchmark in found])
    return [
        ("-".join(filter(None, (stems[benchmark.name], drawing.kind, drawing.strategy))) + ".png", drawing.png)
        for benchmark in found
        for drawing in benchmark.drawings
    ]
