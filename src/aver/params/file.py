"""Read `params.yaml`: every block is checked before one of them is handed out, so a typo stops any stage at once."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from aver.errors import ParamsError
from aver.params import blocks
from aver.params.classifiers import check_classifiers
from aver.params.names import ADAPTERS, FRAMES, LABEL_SETS, STRATEGIES, known
from aver.params.streams import check_stream
from aver.params.weights import check_weights


def load(path: str | Path | None = None) -> blocks.Params:
    """Read and check the whole of `params.yaml`.

    Args:
        path: the file; default `$AVER_PARAMS`, else `params.yaml` in the working directory.

    Raises:
        ParamsError: the file is missing or no YAML; a key is unknown, missing or mistyped; a name refers to nothing.
            The message names every offending key and what is accepted.
    """
    file = Path(path or os.environ.get("AVER_PARAMS", "params.yaml"))
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(f"{file} does not exist; run from the repository's root folder") from None
    except yaml.YAMLError as exc:
        raise ParamsError(f"{file} is not valid YAML: {exc}") from exc
    try:
        # JSON mode: strict about types, yet a YAML list may fill a tuple.
        params = TypeAdapter(blocks.Params).validate_json(json.dumps(content))
    except ValidationError as exc:
        raise ParamsError(_explain(file, exc)) from None
    _check_names(file, params)
    return params


def _explain(file: Path, error: ValidationError) -> str:
    lines = [f"{file} cannot be used:"]
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"]) or "(top level)"
        if item["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            what = f"unknown key; accepted here: {', '.join(_accepted(item['loc'][:-1]))}"
        elif item["type"] in ("missing", "missing_argument"):
            what = "missing key"
        else:
            what = f"{item['msg']}, got {item['input']!r}"
        lines.append(f"  {where}: {what}")
    return "\n".join(lines)


def _accepted(location: tuple[int | str, ...]) -> list[str]:
    """Walk the blocks along a pydantic error location; return the key names accepted there."""
    block: Any = blocks.Params
    for part in location:
        fields = getattr(block, "__pydantic_fields__", None)
        annotation = fields[part].annotation if fields and part in fields else block
        arguments: list[Any] = [*getattr(annotation, "__args__", ())]
        # dict[str, Block] stays for one more step: the next part of the location is the user's own name.
        block = arguments[1] if len(arguments) == 2 and annotation.__origin__ is dict else annotation
    return sorted(getattr(block, "__pydantic_fields__", {}))


def _check_names(file: Path, params: blocks.Params) -> None:
    """Check that every name used in one block exists in the block it points to."""
    known(f"{file}: fusion", params.fusion, STRATEGIES)
    for name, corpus in params.corpora.items():
        known(f"{file}: corpora.{name}.adapter", corpus.adapter or name, ADAPTERS)
    shortest, longest = params.synthetic.duration_s
    if shortest > longest:
        raise ParamsError(
            f"{file}: synthetic.duration_s: the shortest ({shortest} s) exceeds the longest ({longest} s)"
        )
    for name, window in params.windows.items():
        if (window.rule == "fixed") != (window.window_s is not None):
            raise ParamsError(f"{file}: windows.{name}: rule 'fixed' needs window_s (seconds), other rules take none")
        if name == FRAMES:
            raise ParamsError(f"{file}: windows.{FRAMES}: the name is reserved for 'one row per kept frame'")
    for name in params.features:
        check_stream(f"{file}: features.{name}", name, params)
    for name, benchmark in params.benchmarks.items():
        _check_benchmark(f"{file}: benchmarks.{name}", benchmark, list(params.corpora))
    check_classifiers(file, params)
    for name in params.evaluation.over_time.strategies:
        known(f"{file}: evaluation.over_time.strategies", name, STRATEGIES)
    for name, weights in params.weights.items():
        check_weights(f"{file}: weights", name, weights)


def _check_benchmark(where: str, benchmark: blocks.Benchmark, corpora: list[str]) -> None:
    """Check a benchmark's names, and that it has what its protocol needs and nothing that it would not use."""
    for key in ("corpora", "test_corpora"):
        for member in getattr(benchmark, key):
            known(f"{where}.{key}", member, corpora)
    known(f"{where}.labels", benchmark.labels, LABEL_SETS)
    twice = sorted({member for member in benchmark.all_corpora if benchmark.all_corpora.count(member) > 1})
    if twice:
        raise ParamsError(
            f"{where}: {', '.join(twice)} stands twice in corpora and test_corpora; name each corpus once"
        )
    protocols = benchmark.protocols
    if len(set(protocols)) < len(protocols):
        raise ParamsError(f"{where}: {', '.join(protocols)}: name each protocol once in protocol and beside")
    if ("subject" in protocols) != (benchmark.folds is not None):
        raise ParamsError(
            f"{where}.folds: missing key; protocol 'subject' deals the speakers to that many folds"
            if benchmark.folds is None
            else f"{where}.folds: only protocol 'subject' has a number of folds to choose; take the key out"
        )
    if benchmark.deal != "shuffled" and "subject" not in protocols:
        raise ParamsError(f"{where}.deal: only protocol 'subject' deals speakers to folds; take the key out")
    if benchmark.protocol == "cross":
        if not benchmark.test_corpora:
            raise ParamsError(f"{where}.test_corpora: missing key; protocol 'cross' tests on other corpora: name them")
        if benchmark.beside:
            raise ParamsError(
                f"{where}.beside: protocol 'cross' tests other corpora than the others would; leave it out"
            )
    elif benchmark.test_corpora:
        raise ParamsError(
            f"{where}.test_corpora: protocol '{benchmark.protocol}' tests on parts of `corpora` and takes none; to "
            "train on some corpora and test on others use protocol 'cross'"
        )
