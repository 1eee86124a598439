"""Answers as tables for people: every clip in a line, and one clip over time."""

from __future__ import annotations

from collections.abc import Sequence

from aver.cli.prediction.answer import Answer
from aver.cli.sheet.decode import choose
from aver.cli.text import table
from aver.report.words import percent


def clips_table(answers: Sequence[Answer]) -> str:
    """Return one line per clip: the most probable label, how many models agree, all probabilities in percent."""
    labels = answers[0].labels
    rows = [
        [one.clip, one.label, f"{one.agree} of {len(one.models)}", *(percent(value) for value in one.whole)]
        for one in answers
    ]
    return table(rows, ["clip", "answer", "models agree", *labels])


def time_table(answer: Answer, most: int) -> str:
    """Return at most `most` of a clip's steps, evenly chosen, with what the models say by then in percent."""
    numbers = choose(len(answer.steps), most)
    rows = []
    for number in numbers:
        said = answer.steps[number]
        times = [f"{value:.2f}" for value in (answer.since_s[number], *answer.times_s[number])]
        rows.append([*times, answer.labels[int(said.argmax())], *(percent(value) for value in said)])
    return table(rows, ["since s", "from s", "to s", "answer", *answer.labels])
