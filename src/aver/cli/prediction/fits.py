"""Whether the features of a new clip are made as those that the models were trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import TypeAdapter, ValidationError

from aver.cli.prediction.answer import PredictError
from aver.errors import StoreError
from aver.features.extract import encoder_of
from aver.params import blocks
from aver.params.classifiers import system_of
from aver.params.names import DETECTORS, ENCODERS, FRAMES
from aver.store.seal import read_header

if TYPE_CHECKING:
    from aver.params.blocks import Params
    from aver.store.reader import Store

LOCK = Path("dvc.lock")
#: Keys of these blocks that change no row.
NO_PART = {"timeout_s", "device", "shards", "buckets", "max_duration_s", "max_megapixels"}
AGAIN = (
    "What the models would read is not what they were trained on. Run `dvc repro`, or set params.yaml back "
    "(`git diff params.yaml`)"
)


def check_streams(about: Mapping[str, Any], params: Params) -> None:
    """Check that the streams which the models read are those of `params.yaml`.

    Args:
        about: `model` of the strategy's `summary.json`.
        params: all params.

    Raises:
        PredictError: another stream, or another width of its rows.
    """
    for role, stream in about["streams"].items():
        system = system_of(about["strategy"])
        now = getattr(getattr(params.classifiers, system), role)
        if now != stream:
            raise PredictError(
                f"the models were trained on classifiers.{system}.{role}: {stream}, now it is {now}. {AGAIN}"
            )
        encoder, own = encoder_of(stream, params)
        width, wanted = encoder.row_shape(own)[0], about["widths"][role]
        if width != wanted:
            raise PredictError(
                f"the models were trained on rows of {wanted} numbers from stream {stream}, whose encoder "
                f"{params.features[stream].encoder} now gives {width}. {AGAIN}"
            )


def check_recorded(about: Mapping[str, Any], corpora: Sequence[str], params: Params) -> None:
    """Check the params that decide features against those of the last run, as `dvc.lock` has them, where it does.

    Raises:
        PredictError: names what differs.
    """
    changed = sorted(set(_changed(about["streams"].values(), corpora, params)))
    if changed:
        raise PredictError(f"params.yaml has changed since the models were trained: {'; '.join(changed)}. {AGAIN}")


def check_weights(stores: Mapping[str, Store], features: Path, corpora: Sequence[str]) -> str:
    """Check the new clips' stores against the corpora's, where these are here; return what is worth knowing.

    Args:
        stores: per role, of the new clips.
        features: the folder with `<corpus>/<stream>`.
        corpora: of the benchmark.

    Raises:
        PredictError: other weights.
    """
    found = ""
    for store in stores.values():
        stream = store.header["stream"]
        for corpus in corpora:
            try:
                known = read_header(features / corpus / stream)
            except StoreError:
                continue  # only the models may have been fetched
            if known["weights"] != store.header["weights"]:
                raise PredictError(
                    f"the weights of {store.header['encoder']} (sha256 {store.header['weights'][:12]}…) are not those "
                    f"that the features of {corpus} were made with ({known['weights'][:12]}…). {AGAIN}"
                )
            if known["params"] != store.header["params"]:
                found = (
                    f"The features of {corpus} were made by other versions of libraries or on another device than "
                    "those of this clip: expect small differences."
                )
    return found


def _changed(streams: Sequence[str], corpora: Sequence[str], params: Params) -> Iterator[str]:
    stages = _recorded()
    for corpus in corpora:
        blocks_of: list[tuple[str, str, type, Any]] = [(f"media@{corpus}", "media", blocks.Media, params.media)]
        for stream in streams:
            block = params.features[stream]
            blocks_of.append((f"features@{corpus}-{stream}", f"features.{stream}", blocks.Stream, block))
            if ENCODERS[block.encoder].reads == "faces":
                blocks_of.append((f"faces@{corpus}", "faces", blocks.Faces, params.faces))
            if block.window != FRAMES:
                blocks_of.append(
                    (f"windows@{corpus}", f"windows.{block.window}", blocks.Window, params.windows[block.window])
                )
        unused = NO_PART | (set(DETECTORS) - {params.faces.detector})
        for stage, name, kind, now in blocks_of:
            yield from _differences(name, kind, stages.get(stage, {}), now, unused)


def _recorded() -> dict[str, dict[str, Any]]:
    """Return the params of each stage's last run."""
    try:
        stages = yaml.safe_load(LOCK.read_text(encoding="utf-8"))["stages"]
        return {name: stage.get("params", {}).get("params.yaml", {}) for name, stage in stages.items()}
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError):
        return {}  # nothing ran through DVC, or DVC itself says at the next run what is wrong with the file


def _differences(name: str, kind: type, recorded: Mapping[str, Any], now: Any, unused: set[str]) -> Iterator[str]:
    """Yield what differs between a block of `params.yaml` at a stage's last run and now."""
    then: Any = recorded
    if name in recorded:
        then = recorded[name]
    else:  # a stage may depend on the whole of a block
        for part in name.split("."):
            then = then.get(part) if isinstance(then, Mapping) else None
    if then is None or then is recorded:
        return
    try:
        before = asdict(TypeAdapter(kind).validate_python(then, strict=False))
    except ValidationError:
        return  # of an AVER whose block had other keys
    for key, value in asdict(now).items():
        if key not in unused and before[key] != value:
            yield f"{name}.{key} was {before[key]!r}, is {value!r}"
