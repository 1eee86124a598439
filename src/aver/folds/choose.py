"""Which clips of its corpora a benchmark uses, under which label, and what it leaves out and why."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aver.errors import BenchmarkError
from aver.folds.labels import LABEL_SETS, UNKNOWN, clashes, label_of
from aver.params.blocks import Benchmark, Corpus

log = logging.getLogger(__name__)

#: Why a clip is left out, besides those of `aver.folds.labels`.
WHERE, NO_LABEL, NEVER_TRAINED = "where", "no_label", "never_trained"
CONTRADICTORY = "contradictory_content"
#: Benchmark's `label` → the column of `clips.parquet`.
COLUMNS = {"intended": "label", "perceived": "perceived"}
#: Clips that a warning names.
SHOWN = 4


@dataclass(frozen=True)
class Chosen:
    """The clips of a benchmark.

    Args:
        clips: rows of `clips.parquet` with `corpus`, `people` and `label` (of the label set), by name of corpus.
        left_out: (corpus, reason, word) → clips; the word is empty where the reason is not about one.
    """

    clips: list[dict[str, Any]]
    left_out: Counter[tuple[str, str, str]]


def people_of(corpora: Mapping[str, Corpus]) -> dict[str, str]:
    """Return whose people speak in each corpus: corpora that one adapter reads hold the same people.

    Two roots of RAVDESS (speech and song, or a copy) show the same 24 actors, so an actor's name is one person there.
    Folders of clips (adapter `folder`) have nothing in common but their form: each has people of its own.
    """
    adapters = {name: corpus.adapter or name for name, corpus in corpora.items()}
    return {name: f"folder {name}" if adapter == "folder" else adapter for name, adapter in adapters.items()}


def choose(
    benchmark: Benchmark, corpora: Mapping[str, Sequence[Mapping[str, Any]]], people: Mapping[str, str]
) -> Chosen:
    """Choose the clips of a benchmark.

    Args:
        benchmark: its block.
        corpora: rows of `clips.parquet` of every corpus that it names.
        people: see `people_of`.

    Raises:
        BenchmarkError: fewer than two labels, a corpus that gives no clip, corpora that call an emotion differently, or
            native labels that are tested and never trained.
    """
    clips: list[dict[str, Any]] = []
    left_out: Counter[tuple[str, str, str]] = Counter()
    for corpus in sorted(corpora):
        for clip in corpora[corpus]:
            word = clip[COLUMNS[benchmark.label]]
            if any(clip.get(key, "") not in allowed for key, allowed in benchmark.where.items()):
                left_out[corpus, WHERE, ""] += 1
            elif not word:
                left_out[corpus, NO_LABEL, ""] += 1
            else:
                label, reason = label_of(word, benchmark.labels)
                if reason:
                    left_out[corpus, reason, word] += 1
                else:
                    clips.append({**clip, "corpus": corpus, "people": people[corpus], "label": label})
    clips = _trained_only(benchmark, _without_contradictions(clips, left_out), left_out)
    _check(benchmark, corpora, clips, left_out)
    unknown = sorted({(corpus, word) for corpus, reason, word in left_out if reason == UNKNOWN})
    if unknown:
        log.warning(
            "Left out, because label set %s knows no such word: %s",
            benchmark.labels,
            ", ".join(f"{word!r} of {corpus} ({left_out[corpus, UNKNOWN, word]} clips)" for corpus, word in unknown),
        )
    return Chosen(clips, left_out)


def _without_contradictions(
    clips: list[dict[str, Any]], left_out: Counter[tuple[str, str, str]]
) -> list[dict[str, Any]]:
    """Leave out all clips with the same content under several speakers or labels: which of them is right is not known.

    The same content of one speaker with one label stays: it says nothing wrong, and the leakage gate watches it.
    """
    said: dict[str, set[tuple[str, str, str]]] = {}
    for clip in clips:
        said.setdefault(clip["sha256"], set()).add((clip["people"], clip["speaker"], clip["label"]))
    # Content by content, so that the clips named in the warning stand beside their twins.
    odd = sorted((clip["sha256"], clip["corpus"], clip["clip_id"]) for clip in clips if len(said[clip["sha256"]]) > 1)
    if not odd:
        return clips
    left_out.update((corpus, CONTRADICTORY, "") for _, corpus, _ in odd)
    names = ", ".join(f"{corpus}/{clip}" for _, corpus, clip in odd[:SHOWN])
    log.warning(
        "Left out, because other clips with other speakers or labels have the same content: %d clips (%s%s)",
        len(odd),
        names,
        ", …" if len(odd) > SHOWN else "",
    )
    return [clip for clip in clips if len(said[clip["sha256"]]) == 1]


def _trained_only(
    benchmark: Benchmark, clips: list[dict[str, Any]], left_out: Counter[tuple[str, str, str]]
) -> list[dict[str, Any]]:
    """Leave out test clips of labels that no training corpus has: no model could ever give them the right answer.

    With a declared label set these are emotions that the training corpora lack.  With native labels they may as well be
    other words for the same, so there it is an error.
    """
    if not benchmark.test_corpora:
        return clips
    trained = {clip["label"] for clip in clips if clip["corpus"] in benchmark.corpora}
    never = Counter((clip["corpus"], clip["label"]) for clip in clips if clip["label"] not in trained)
    if not never or not trained:
        return clips
    said = ", ".join(f"{label!r} of {corpus} ({number} clips)" for (corpus, label), number in sorted(never.items()))
    if LABEL_SETS[benchmark.labels] is None:
        raise BenchmarkError(
            f"test corpora have labels that are never trained: {said}. Trained are: {', '.join(sorted(trained))}. "
            f"Choose a common label set (labels: {_sets()}), or the words to use by `where: {{label: [...]}}`."
        )
    log.warning("Left out of the test, because no training corpus has the label: %s", said)
    for (corpus, label), number in never.items():
        left_out[corpus, NEVER_TRAINED, label] += number
    return [clip for clip in clips if clip["label"] in trained]


def _check(
    benchmark: Benchmark,
    corpora: Mapping[str, Sequence[Mapping[str, Any]]],
    clips: Sequence[Mapping[str, Any]],
    left_out: Counter[tuple[str, str, str]],
) -> None:
    labels = sorted({clip["label"] for clip in clips if clip["corpus"] in benchmark.corpora})
    why = f"Left out: {_counted(left_out) or 'nothing'}."
    if len(labels) < 2:
        raise BenchmarkError(
            f"{len(clips)} labelled clips with {len(labels)} label(s) to train left of "
            f"{sum(map(len, corpora.values()))} clips; training needs at least two labels. {why} "
            f"Check its corpora ({', '.join(corpora)}), `label` ({benchmark.label}), `labels` ({benchmark.labels}), "
            f"`where` ({dict(benchmark.where)}), and for a folder of your own its labels.csv (path,label,speaker)."
        )
    given = {clip["corpus"] for clip in clips}
    for corpus in sorted(set(corpora) - given):
        raise BenchmarkError(
            f"corpus {corpus} gives no clip ({len(corpora[corpus])} in all). {why} Check `label`, `labels` and `where` "
            f"({dict(benchmark.where)}; an empty text there stands for 'not known'), or take the corpus out."
        )
    if LABEL_SETS[benchmark.labels] is None:
        words = {corpus: {clip["label"] for clip in clips if clip["corpus"] == corpus} for corpus in given}
        if different := clashes(words):
            raise BenchmarkError(
                f"its corpora have different words for the same emotion, which would be trained as different labels: "
                f"{', '.join(different)}. Choose a common label set (labels: {_sets()})."
            )


def _sets() -> str:
    return " | ".join(name for name, emotions in LABEL_SETS.items() if emotions is not None)


def _counted(left_out: Counter[tuple[str, str, str]]) -> str:
    return "; ".join(
        f"{corpus}: {reason.replace('_', ' ')}{f' {word!r}' if word else ''} {number}"
        for (corpus, reason, word), number in sorted(left_out.items())
    )
