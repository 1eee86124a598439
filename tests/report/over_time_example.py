"""Builders of `over_time.json`, with numbers that a test can check by eye."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]
#: Seconds between two looks, and looks.
WINDOW_S, LOOKS = 0.5, 4


def score(mean: float, half: float | None = 0.06) -> Row:
    """Return an accuracy; its interval is `half` to both sides."""
    return {"mean": mean, "low": None if half is None else mean - half, "high": None if half is None else mean + half}


def rising(end: float, start: float = 0.2, number: int = LOOKS) -> list[float]:
    """Return numbers on a straight line."""
    return [start + (end - start) * step / (number - 1) for step in range(number)]


def gap_row(strategy: str, reason: str, benchmark: str = "own") -> Row:
    """Return a strategy without analyses."""
    none = ("window_s", "seeds", "folds", "clips", "speakers", "chance", "outputs", "entropy_difference", "kl")
    none += ("layers", "time", "response", "onset", "noise", "attention")
    return {"benchmark": benchmark, "strategy": strategy, "gap": reason} | dict.fromkeys(none)


def simple_row(strategy: str = "concat", end: float = 0.6, benchmark: str = "own") -> Row:
    """Return a strategy that has one output and neither layers nor attention; it is right on `end` of the clips."""
    return {
        **{"benchmark": benchmark, "strategy": strategy, "gap": "", "window_s": WINDOW_S, "seeds": 3, "folds": 5},
        **{"clips": 288, "speakers": 16, "chance": 0.5},
        "outputs": {"both": {"accuracy": score(end), "entropy": 0.51, "clips": 288}},
        **{"entropy_difference": None, "kl": None, "layers": None, "attention": None, "onset": None},
        "time": {"both": looks(end)},
        "response": {"both": times(240.3, 0.9)},
        "noise": {"clean": {place: noisy(end, 0.3) for place in ("visual", "acoustic", "both")}, "trained": {}},
    }


def full_row(strategy: str = "mater", end: float = 0.7, benchmark: str = "own") -> Row:
    """Return a strategy that has everything: two modalities, two layers, noise in training, onsets."""
    outputs = {"acoustic": end - 0.2, "visual": end - 0.1, "both": end}
    own = {
        "outputs": {name: {"accuracy": score(mean), "entropy": 0.3, "clips": 288} for name, mean in outputs.items()},
        "entropy_difference": 0.09,
        "kl": {"acoustic_visual": 0.8123, "visual_acoustic": 1.2345},
        "layers": {"visual": [4.1, 3.5, 3.2], "acoustic": [4.0, 3.8, 3.6]},
        "time": {name: looks(mean) for name, mean in outputs.items()},
        "response": {name: times(100.0 * mean, 2 - mean) for name, mean in outputs.items()},
        "onset": {name: {"clips": 200.0, "median_s": 0.45, "low_s": -0.15, "high_s": 0.95} for name in outputs},
        "noise": {
            kind: {place: noisy(end, low) for place in ("visual", "acoustic", "both")}
            for kind, low in (("clean", 0.25), ("trained", 0.55))
        },
        "attention": attention(),
    }
    own["outputs"]["acoustic"] |= {"entropy": 0.41, "clips": 280}
    return simple_row(strategy, end, benchmark) | own


def looks(end: float) -> list[Row]:
    """Return the accuracies as time goes on; at the first look a tenth of the clips has no answer yet."""
    return [
        {"t_s": WINDOW_S * number, "accuracy": score(mean), "answered": 0.9 if number == 1 else 1.0}
        for number, mean in enumerate(rising(end), 1)
    ]


def noisy(start: float, end: float, steps: int = LOOKS) -> list[Row]:
    """Return the accuracies in noise, of no step to all."""
    return [
        {"windows": number, "accuracy": score(mean, 0.04)} for number, mean in enumerate(rising(end, start, steps + 1))
    ]


def times(clips: float, mean_s: float) -> Row:
    """Return response times; for good a quarter of a second later."""
    return {
        **{"clips": clips, "mean_s": mean_s, "median_s": 1.0, "first": bars(0.4, 0.3, 0.2, 0.1)},
        **{"settled_mean_s": mean_s + 0.25, "settled_median_s": 1.5, "settled": bars(0.25, 0.25, 0.3, 0.2)},
    }


def bars(*shares: float) -> list[Row]:
    return [{"t_s": WINDOW_S * number, "share": share} for number, share in enumerate(shares, 1)]


def attention(
    layers: Sequence[Sequence[float]] = ((0.25, 0.25, 0.25, 0.25), (0.1, 0.5, 0.3, 0.1)), label: str = "<b>sad</b>"
) -> Row:
    maps = [[list(shares)] * LOOKS for shares in layers]
    shares = [list(shares) for shares in layers]
    return {
        **{"corpus": "clips", "clip_id": "0123456789abcdef" * 4, "label": label},
        **{"t0_s": [WINDOW_S * number for number in range(LOOKS)], "visual": maps, "acoustic": maps},
        "t1_s": [WINDOW_S * number for number in range(1, LOOKS)] + [1.8],
        "share": {"visual": shares, "acoustic": shares[::-1]},
    }
