"""What the authors of system B report, and how well and how fast people do.

Ghaleb, Niehues & Asteriadis (2022), "Joint modelling of audio-visual cues using attention mechanisms for emotion
recognition": Table 1, its rows with windows of 0.5 s (8 of RAVDESS, 6 of CREMA-D); mean response times from section
6.2; of people from sections 4 and 6.2, which quote Livingstone & Russo (2018) for RAVDESS and Cao et al. (2014) for
CREMA-D.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aver.report.reported_score import Score, Source

SOURCE = Source(
    "Ghaleb et al. 2022, Table 1",
    "12 folds of speakers on RAVDESS and 10 on CREMA-D, which are not published; windows of 0.5 s; accuracy per clip, "
    "no UAR",
    like="subject",
    digits=1,
)
#: Where the response times of `mater` stand.
RESPONSE = "Ghaleb et al. 2022, section 6.2"
#: The keys of what follows: sound alone, picture alone, both.
OUTPUTS = ("acoustic", "visual", "both")
#: Numbers by output.
ByOutput = dict[str, float]


@dataclass(frozen=True)
class Told:
    """One row of their Table 1.

    Args:
        accuracy: percent, by output.
        entropy: of the predictions of sound and of picture, nats.
        difference: of the two entropies as they print it; it is no difference of rounded numbers.
    """

    accuracy: ByOutput
    entropy: ByOutput
    difference: float


@dataclass(frozen=True)
class People:
    """Human raters: accuracy in percent and mean response time in seconds, by output."""

    source: str
    accuracy: ByOutput
    response_s: ByOutput


@dataclass(frozen=True)
class Analyses:
    """What is reported about one corpus.

    Args:
        told: by strategy.
        people: human raters of the same corpus.
        response_s: mean time to the first window that MATER gets right, seconds, by output; empty if not in the text.
    """

    told: dict[str, Told]
    people: People
    response_s: ByOutput = field(default_factory=dict)


def _by_output(*numbers: float) -> ByOutput:
    return dict(zip(OUTPUTS, numbers, strict=False))


def _told(acoustic: float, visual: float, both: float, heard: float, seen: float, difference: float) -> Told:
    return Told(_by_output(acoustic, visual, both), _by_output(heard, seen), difference)


#: By adapter.
ANALYSES = {
    "ravdess": Analyses(
        {
            "mater": _told(59.2, 58.2, 76.3, 0.41, 0.32, 0.09),
            "mater-no-attention": _told(61.6, 55.3, 70.6, 0.73, 0.25, 0.47),
            "mater-no-position": _told(55.4, 54.4, 75.2, 0.27, 0.25, 0.02),
            "mater-baseline": _told(60.7, 56.0, 69.4, 0.60, 0.21, 0.39),
        },
        People(
            "Livingstone & Russo 2018, as quoted by Ghaleb et al. 2022",
            _by_output(62.0, 72.0, 80.0),
            _by_output(1.55, 1.31, 1.32),
        ),
        _by_output(2.01, 1.38, 1.45),
    ),
    "cremad": Analyses(
        {
            "mater": _told(57.5, 51.7, 67.2, 0.59, 0.44, 0.15),
            "mater-no-attention": _told(57.6, 51.4, 64.4, 0.69, 0.33, 0.36),
            "mater-no-position": _told(53.5, 49.8, 65.0, 0.37, 0.28, 0.09),
            "mater-baseline": _told(56.0, 49.0, 61.8, 0.54, 0.24, 0.30),
        },
        People(
            "Cao et al. 2014 (accuracy: of most votes for a clip), as quoted by Ghaleb et al. 2022",
            _by_output(45.5, 69.0, 74.8),
            _by_output(2.98, 2.05, 1.95),
        ),
    ),
}
#: Scores by adapter and strategy.
SCORES = {
    corpus: {name: Score(told.accuracy["both"], None, SOURCE) for name, told in analyses.told.items()}
    for corpus, analyses in ANALYSES.items()
}
