"""How accuracy falls as noise fills more and more windows (Ghaleb et al. 2022, §5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aver.evaluation.over_time.accuracy import accuracies
from aver.evaluation.over_time.outputs import joined
from aver.evaluation.over_time.probed import ACOUSTIC, BOTH, VISUAL, Known, Probed
from aver.params.blocks import Evaluation

#: Where noise can be, in the order in which it is written.
NOISY = (VISUAL, ACOUSTIC, BOTH)

Curve = list[dict[str, Any]]


def noise(probed: Sequence[Probed], known: Known, params: Evaluation) -> dict[str, dict[str, Curve] | None]:
    """Return per modality the accuracy of `both` with noise in 0 … W of its windows; 0 is the answer without noise.

    `clean` is of models trained without noise, None where none can be put in; `trained` of those trained with noise in
    the same modality that it is tested in, without the modalities of which there are none.
    """
    clean = [one for one in probed if not one.noisy]
    trained = {name: [one for one in probed if one.noisy == name and name in one.noise] for name in NOISY}
    return {
        "clean": {name: _curve(clean, name, known, params) for name in NOISY if name in clean[0].noise} or None,
        "trained": {name: _curve(models, name, known, params) for name, models in trained.items() if models},
    }


def _curve(models: Sequence[Probed], name: str, known: Known, params: Evaluation) -> Curve:
    output, shares = joined(models, known)[BOTH], [one.noise[name] for one in models]
    kept = output.answered[-1]
    right = np.concatenate([output.right[-1:], np.concatenate(shares, axis=1)])[:, kept]
    found = accuracies(right, output.clip[kept], known.clips, params)
    return [{"windows": count, "accuracy": accuracy} for count, accuracy in enumerate(found)]
