"""What goes on inside the networks: the entropy of what their layers hold, and what they attend to in one clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aver.evaluation.over_time.probed import ACOUSTIC, VISUAL, Chosen, Known, Probed
from aver.evaluation.spread import known_mean

MODALITIES = (VISUAL, ACOUSTIC)


def layers(probed: Sequence[Probed]) -> dict[str, list[float]] | None:
    """Return per modality the mean entropy over all models' windows, before the first layer and behind each.

    A modality of which no window was seen is left out; None without any: the network has no layers.
    """
    seen = {name: [one for one in probed if one.layer_windows.get(name, 0)] for name in MODALITIES}
    return {
        name: np.average(
            [one.layers[name] for one in models], axis=0, weights=[one.layer_windows[name] for one in models]
        ).tolist()
        for name, models in seen.items()
        if models
    } or None


def attention(probed: Sequence[Probed], known: Known, chosen: Chosen | None) -> dict[str, Any] | None:
    """Return the chosen clip, and per modality its attention weights [L][T][T], mean over the models that test it.

    `share` is what each window gets, mean over the queries, [L][T].  A window in which the modality is absent is never
    attended, and what a network would attend to from there is nothing: its row is None, and no part of that mean.  A
    modality that the whole clip lacks is left out; None without any: the network has no attention.
    """
    if chosen is None:
        return None
    given = {name: [one.attention[name] for one in probed if name in one.attention] for name in MODALITIES}
    means = {name: np.mean(maps, axis=0) for name, maps in given.items() if np.any(maps)}
    if not means:
        return None
    for mean in means.values():
        mean[:, ~mean.any(axis=(0, 1))] = np.nan
    clips = known.clips
    (label,) = clips["label"][(clips["corpus"] == chosen.corpus) & (clips["clip_id"] == chosen.clip_id)]
    return {
        "corpus": chosen.corpus,
        "clip_id": chosen.clip_id,
        "label": label,
        "t0_s": chosen.times_s[:, 0].tolist(),
        "t1_s": chosen.times_s[:, 1].tolist(),
        **{name: _lists(mean) for name, mean in means.items()},
        "share": {name: _lists(known_mean(mean, axis=1)) for name, mean in means.items()},
    }


def _lists(values: NDArray[np.float64]) -> Any:
    """Return an array as lists, NaN as None."""
    return np.where(np.isfinite(values), values, np.array(None)).tolist()
