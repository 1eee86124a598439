"""Ask the models about one clip: what they say at each step, and of the clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aver.classifiers.predict import probabilities
from aver.classifiers.registry import get_strategy
from aver.cli.prediction.answer import Answer, PredictError
from aver.cli.prediction.choose import Chosen
from aver.cli.prediction.given import Given
from aver.cli.prediction.stages import NAME, Seen
from aver.device import resolve
from aver.params.blocks import Params
from aver.params.classifiers import system_of
from aver.params.names import FRAMES, PAPER, STRATEGIES
from aver.report.words import listed
from aver.sequences.plan import Plan
from aver.sequences.timeline import Timeline, build_timeline
from aver.store.reader import Store

#: What a role reads, and why a clip lacks it, in words.
MODALITY = {"visual": "face", "acoustic": "sound"}
WHY = {"no_face": "no face was found", "no_picture": "the file holds no picture", "no_sound": "the file holds no sound"}


def ask(clip: Given, chosen: Chosen, seen: Seen, params: Params, can: Callable[[], list[str]]) -> Answer:
    """Return what the models say of a clip.

    Args:
        clip: one that no stage failed at.
        chosen: the models.
        seen: what the stages found in it.
        params: all params; `classifiers` is used.
        can: the strategies that are trained on the benchmark.

    Raises:
        PredictError: no model may be asked about it, it lacks what the strategy needs, or its features are no numbers.
    """
    models, own = chosen.fair(clip.sha256)
    absent = {role: why for role, store in seen.stores.items() if (why := _absent(store, clip.name))}
    if absent and (not chosen.partial or len(absent) == len(seen.stores)):
        raise PredictError(_lacking(chosen, absent, seen.media[clip.name], can, params))
    spans = _spans(chosen, clip)
    line = _time_line(models.about, clip, chosen, seen, min(spans, default=None))
    rows = {role: _rows(store, clip.name, role in absent) for role, store in seen.stores.items()}
    over, lengths = until(len(line.times), line.steps.shape[1])
    steps, all_lengths = np.concatenate([line.steps, over]), np.concatenate([line.lengths, lengths])
    device = resolve(params.classifiers.device)
    said = probabilities(models, rows, line.links, steps, all_lengths, device).astype(np.float64)
    notes = [own, *(_without(role, why, seen.stores) for role, why in absent.items())]
    notes.append("" if "visual" in absent else _faceless(models.about, seen.faces.get(clip.name)))
    notes += [_unheard(line), *(f"As in training, only its first {span:g} s are looked at." for span in spans)]
    return Answer(
        clip=clip.name,
        sha256=clip.sha256,
        labels=models.labels,
        models=[model.name for model in models.members],
        trained=len(chosen.models.members),
        votes=said[:, : len(line.steps)].mean(axis=1),
        steps=said[:, len(line.steps) :].mean(axis=0),
        times_s=line.times,
        since_s=line.times[over[:, 0], 0],
        sequences=len(line.steps),
        notes=[note for note in notes if note],
        media=seen.media[clip.name],
        faces=seen.faces.get(clip.name),
    )


def until(steps: int, frames: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return, for each of N steps, the sequence of up to T steps that ends there: causal, no later step is known.

    Returns:
        Numbers of steps [N, T] int32 (padding repeats the last one) and true lengths [N] int32.

    Example:
        >>> until(4, 3)[0].tolist()
        [[0, 0, 0], [0, 1, 1], [0, 1, 2], [1, 2, 3]]
        >>> until(4, 3)[1].tolist()
        [1, 2, 3, 3]
    """
    last = np.arange(steps, dtype=np.int32)
    first = np.maximum(last - frames + 1, 0)
    return np.minimum(first[:, None] + np.arange(frames, dtype=np.int32), last[:, None]), last - first + 1


def _spans(chosen: Chosen, clip: Given) -> set[float]:
    """Return how much of a clip of the benchmark's own was looked at, seconds; of a new one all of it is."""
    spans = (chosen.models.about["span_s"][row["corpus"]] for row in chosen.own.get(clip.sha256, ()))
    return {span for span in spans if span is not None}


def _time_line(about: Mapping[str, Any], clip: Given, chosen: Chosen, seen: Seen, span_s: float | None) -> Timeline:
    """Lay out one clip, its sequences cut as in training."""
    stores = {role: {NAME: store} for role, store in seen.stores.items()}
    keys = {"frames": "frames", "stride": "sequence_stride", "most": "max_sequences", "windows": "windows"}
    cut = {name: about[key] for name, key in keys.items()}
    spans = {} if span_s is None else {NAME: span_s}
    plan = Plan(chosen.models.streams, **cut, span_s=spans, partial=chosen.partial)
    return build_timeline(stores, [(NAME, clip.name)], plan)


def _rows(store: Store, clip: str, absent: bool) -> NDArray[np.float32]:
    if absent:
        return np.zeros((1, *store.row_shape), np.float32)  # never counted: no step links to it
    rows = store.rows(clip)
    if not np.isfinite(rows).all():
        raise PredictError(
            f"its features of stream {store.header['stream']} are no numbers (NaN or infinite): look at it with "
            "`aver show`, and at the encoder's weights"
        )
    return rows


def _absent(store: Store, clip: str) -> str:
    entry = store.catalogue[clip]
    return "" if entry["rows"] else entry["reason"] or entry["status"]


def _without(role: str, why: str, stores: Mapping[str, Store]) -> str:
    others = listed([{"visual": "picture", "acoustic": "sound"}[other] for other in stores if other != role])
    return f"{WHY.get(why, why)[0].upper()}{WHY.get(why, why)[1:]}: answered from the {others} alone."


def _faceless(about: Mapping[str, Any], faces: Mapping[str, Any] | None) -> str:
    """Say what follows of frames without a face: they are no steps, or windows of sound alone."""
    if about["roles"][0] != "visual" or faces is None or not faces["missing"]:
        return ""
    seen = f"A face was found in {faces['frames'] - faces['missing']} of {faces['frames']} kept frames"
    if about["windows"]:
        return f"{seen}: of a window without any, the sound alone is known."
    return f"{seen}: the time of the others has no answer."


def _unheard(line: Timeline) -> str:
    """Say that a long clip's sequences leave steps out: training takes so many of a clip and no more."""
    total, used = len(line.times), len(line.used(np.ones(len(line.steps), bool)))
    if used == total:
        return ""
    cut = f"{len(line.steps)} sequences of {line.steps.shape[1]} steps: {used} of its {total}"
    return f"As in training, the clip's answer rests on {cut}. The answers over time know all of it."


def _lacking(
    chosen: Chosen,
    absent: Mapping[str, str],
    media: Mapping[str, Any],
    can: Callable[[], list[str]],
    params: Params,
) -> str:
    """Say what a clip lacks, and which strategy can do without."""
    # What the chosen strategy does not read, another one might.
    others = {
        "visual": "" if media["has_picture"] else "no_picture",
        "acoustic": "" if media["has_sound"] else "no_sound",
    }
    # Faces over windows of the sound are absent without it, though there is a picture.
    own = {role: why for role, why in absent.items() if (role, why) != ("visual", "no_sound")}
    lacking = {role: why for role, why in (others | own).items() if why}
    reasons = listed([WHY.get(why, why) for why in lacking.values()])
    if len(lacking) == len(MODALITY):
        return f"{reasons}: no strategy can say anything about it"
    needs = listed([MODALITY[role] for role in chosen.models.about["roles"]])
    fit = [name for name in can() if _does_without(name, lacking, params)]
    if fit:
        return f"{reasons}, and {chosen.strategy} needs {needs}. Without: --strategy {listed(fit, 'or')}"
    names = [name for name in STRATEGIES if not name.endswith(PAPER) and _does_without(name, lacking, params)]
    known = listed(names, "or")
    return f"{reasons}, and {chosen.strategy} needs {needs}. Train one that can do without: {known}"


def _does_without(strategy: str, absent: Mapping[str, str], params: Params) -> bool:
    found, block = get_strategy(strategy), getattr(params.classifiers, system_of(strategy))
    others = set(found.roles) - set(absent)
    windows = {params.features[getattr(block, role)].window for role in others}
    if not others or ("acoustic" in absent and windows != {FRAMES}):
        return False
    return others == set(found.roles) or (found.partial and not strategy.endswith(PAPER))
