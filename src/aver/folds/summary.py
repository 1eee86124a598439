"""What `summary.json` says of a split: what every corpus gives, what is left out and why, roles, what was checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from aver.folds.leakage import RULES, checked_rules
from aver.params.blocks import Benchmark


def summary_of(
    rows: Sequence[Mapping[str, Any]], left_out: Mapping[tuple[str, str, str], int], benchmark: Benchmark
) -> dict[str, Any]:
    """Return the summary of a benchmark's split.

    Args:
        rows: of `folds.parquet`.
        left_out: (corpus, reason, word) → clips.
        benchmark: its block.
    """
    # Every fold of every protocol holds the same clips.
    first = [row for row in rows if (row["protocol"], row["fold"]) == (benchmark.protocol, 0)]
    corpora = sorted({row["corpus"] for row in first})
    protocols = {
        protocol: _protocol(protocol, [row for row in rows if row["protocol"] == protocol])
        for protocol in benchmark.protocols
    }
    return {
        "protocol": benchmark.protocol,
        "label": benchmark.label,
        "label_set": benchmark.labels,
        "corpora": corpora,
        "test_corpora": sorted(benchmark.test_corpora),
        **_contents(first),
        "per_corpus": {name: _contents([row for row in first if row["corpus"] == name]) for name in corpora},
        "left_out": _left_out(left_out),
        "folds": protocols[benchmark.protocol]["folds"],
        "protocols": protocols,
    }


def _protocol(protocol: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    roles: dict[str, Counter[str]] = {}
    for row in rows:
        roles.setdefault(str(row["fold"]), Counter())[row["role"]] += 1
    checked = checked_rules(protocol, rows)
    return {"folds": roles, "checked": checked, "not_checked": [rule for rule in RULES if rule not in checked]}


def _left_out(left_out: Mapping[tuple[str, str, str], int]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for (corpus, reason, word), number in sorted(left_out.items()):
        reasons = found.setdefault(corpus, {})
        if word:
            reasons.setdefault(reason, {})[word] = number
        else:
            reasons[reason] = number
    return found


def _contents(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "clips": len(rows),
        # Where nobody is named, nobody is counted.
        "speakers": len({(row["people"], row["speaker"]) for row in rows if row["speaker"]}),
        "labels": Counter(row["label"] for row in rows),
    }
