"""`aver weights`: which weights the encoders need, what of them is here and right, and how to get the rest."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aver.cli.text import amount, table
from aver.errors import visible

if TYPE_CHECKING:
    from aver.params.blocks import Params
    from aver.weights.stock import Stock

#: Widest with two words under `here` and under `sha256`: 80 columns.
OVERVIEW = ["weights", "source", "here", "size", "sha256", "made"]
DETAILS = ["file", "here", "size", "sha256"]


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON, everything.")
def weights(name: str | None, as_json: bool) -> None:
    """Show which weights are needed, which files of them are here, and whether they are the right ones.

    NAME is one encoder's weights, used or not: also the files, and how to bring them by hand; without it, all that
    `params.yaml` has. Nothing is downloaded: `dvc repro weights` does that.

    Exit status 1 if `dvc repro` would stop, or needs what is not here: a file that must be downloaded, a path with
    nothing there, a file with another sha256 than the expected one, a pin for a file that is not read, made weights
    that are damaged. Once the weights are made, no published file is needed. Outdated weights alone are 0.

    \b
    Column sha256: pinned (in params.yaml), declared (by the publisher) or
    recorded (at first use): the file is the expected one; first use: there is
    nothing to compare it with yet; own: a file of yours; wrong.
    """  # noqa: D301  click reads the control character
    from aver.params.file import load
    from aver.params.names import WEIGHTS, known
    from aver.weights.stock import take_stock

    params = load()
    if name is not None:
        known("weights", name, list(WEIGHTS))
    chosen = [name] if name else list(params.weights)
    stocks = [take_stock(each, params.weights[each], Path("data/weights", each)) for each in chosen
              if each in params.weights]  # fmt: skip
    unused = [each for each in ([name] if name else WEIGHTS) if each not in params.weights]
    if as_json:
        content = {"weights": [asdict(stock) for stock in stocks], "unused": {each: _releases(each) for each in unused}}
        click.echo(json.dumps(content, indent=2))
    else:
        lines = _details(name, stocks, params) if name else _overview(stocks, unused)
        click.echo("\n".join(visible(line, keep="\n") for line in lines))
    sys.exit(any(stock.troubles for stock in stocks))


def _overview(stocks: list[Stock], unused: list[str]) -> list[str]:
    rows = []
    for stock in stocks:
        here = ", ".join(sorted({file.here or "no" for file in stock.files}))
        sizes = [file.bytes for file in stock.files if file.bytes is not None]
        checked = ", ".join(sorted({file.verified for file in stock.files if file.verified}))
        rows.append([stock.weights, stock.source, here, amount(sum(sizes)) if sizes else "", checked, stock.made])
    lines = [table(rows, OVERVIEW), ""]
    for stock in stocks:
        first = [trouble.splitlines()[0].rstrip(".") for trouble in stock.troubles]
        lines += [f"{stock.weights}: {trouble}; more: `aver weights {stock.weights}`" for trouble in first]
        lines += [f"{stock.weights}: {note}" for note in stock.notes]
    lines = lines if lines[-1] else lines[:-1]
    if unused:
        named = ", ".join(f"{each} ({', '.join(_releases(each))})" for each in unused)
        lines += ["", f"Not in params.yaml: {named}.", "`aver weights NAME` tells what they are and how to get them."]
    return lines


def _files(stock: Stock) -> list[str]:
    """Return the table of the published files, and where each lies."""
    if not stock.files:
        return []
    rows = [
        [file.name, file.here or "no", amount(file.bytes) if file.bytes is not None else "", file.verified]
        for file in stock.files
    ]
    places = [f"{file.name}  {file.path}  sha256 {file.sha256}" for file in stock.files if file.sha256]
    return ["", table(rows, DETAILS), *places]


def _ways_out(stock: Stock) -> list[str]:
    """Return the troubles of one encoder's weights, and how to bring by hand what is missing."""
    from aver.params.releases import release_of
    from aver.weights.releases.words import by_hand

    lines = [f"{stock.weights}: {words}" for words in (*stock.troubles, *stock.notes)]
    missing = [file.name for file in stock.files if file.trouble]
    if stock.troubles and missing and stock.source == "pretrained":
        lines += by_hand(stock.weights, release_of(stock.weights, stock.release), missing)
    return ["", *lines] if lines else []


def _details(name: str, stocks: list[Stock], params: Params) -> list[str]:
    """Return all about one encoder's weights."""
    from aver.params.names import ENCODERS
    from aver.params.releases import RELEASES, release_of
    from aver.weights.releases.places import downloads
    from aver.weights.releases.words import placing

    encoders = [encoder for encoder, about in ENCODERS.items() if about.weights == name]
    streams = [stream for stream, block in params.features.items() if block.encoder in encoders]
    lines = [f"{name}: weights of encoder {' and '.join(encoders)}; streams: {', '.join(streams) or 'none'}"]
    for stock in stocks:
        lines += [f"source: {stock.source}{f' ({stock.release})' if stock.release else ''}; made: {stock.made}"]
        lines += _files(stock)
        if stock.sha256:
            lines.append(f"data/weights/{name}  sha256 {stock.sha256}")
        lines += [f"Licence: {stock.licence}"] if stock.licence else []
        lines += _ways_out(stock)
    if not stocks:
        lines += ["", f"Not in params.yaml. `weights: {{{name}: {{source: pretrained}}}}` downloads the first release."]
    lines += ["", "Releases that can be read (the first is the default):"]
    for release in RELEASES[name]:
        lines += [f"  {release.name}: {release.page}; {release.licence}"]
        lines += [f"    {file.name}  from {' or '.join(file.urls)}" for file in release.needed]
    chosen = release_of(name, next((stock.release for stock in stocks if stock.release), None))
    lines += ["", f"`dvc repro weights` downloads them into {downloads(name, chosen.name)}.",
              f"What was brought by hand (release {chosen.name}) is found if you", *placing(name, chosen)]  # fmt: skip
    return lines


def _releases(name: str) -> dict[str, Any]:
    """Return the declared releases of an encoder's weights, for JSON: files with their URLs, page and licence."""
    from aver.params.releases import RELEASES

    return {
        release.name: {
            "files": {file.name: list(file.urls) for file in release.needed},
            "page": release.page,
            "licence": release.licence,
        }
        for release in RELEASES[name]
    }
