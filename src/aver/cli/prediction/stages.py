"""New clips through the stages' own functions and the clip cache, into stores that last as long as the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aver.cli.prediction.given import ROOT, Given
from aver.cli.prediction.spoken import alive
from aver.cli.text import duration
from aver.faces.index import index_faces
from aver.features.extract import Stages, extract, write_features
from aver.ledger import Failure
from aver.media.index import index_media
from aver.params.blocks import Corpus, Params
from aver.params.names import ENCODERS
from aver.progress import hidden
from aver.store.reader import Store
from aver.windows.index import index_windows

#: What the new clips are called as a corpus, in progress lines and run records.
NAME = "predict"


@dataclass(frozen=True)
class Seen:
    """What the stages found in the new clips.

    Args:
        media: rows as in `media.parquet`, by clip.
        faces: rows as in `faces.parquet`, by clip; empty if no stream reads faces.
        stores: per role the store with the clips' rows.
        failures: of the clips that a stage could not use, by clip; the first of each.
    """

    media: Mapping[str, Mapping[str, Any]]
    faces: Mapping[str, Mapping[str, Any]]
    stores: Mapping[str, Store]
    failures: Mapping[str, Failure]


def see(given: Sequence[Given], streams: Mapping[str, str], weights: Path, params: Params, folder: Path) -> Seen:
    """Run media, faces, windows and the features of some streams on clips.

    Args:
        given: the clips.
        streams: per role its stream under `features`.
        weights: the folder of all weights.
        params: all params.
        folder: where the stores go.

    Raises:
        WeightsError: the weights of an encoder are not there.
        CacheError: the machine cannot go on.
    """
    # A clip that fails is told of, whatever the others do.
    params = replace(params, corpora={NAME: Corpus(str(ROOT), "folder")}, max_failed_fraction=1.0)
    clips = [one.row() for one in given]
    many = len(clips)
    with alive("media", many):
        media = index_media(NAME, clips, ROOT, params)
    failures, told = list(media.failures), _told(media.rows)
    faces = []
    if any(ENCODERS[params.features[stream].encoder].reads == "faces" for stream in streams.values()):
        with alive("faces", many, told):
            found = index_faces(NAME, clips, media.rows, ROOT, params)
        faces, failures = found.rows, failures + found.failures
    with hidden():
        windows = index_windows(media.rows, params.windows)
    stores = {}
    for role, stream in streams.items():
        with alive(f"features {stream}", many, told):
            features = extract(NAME, stream, Stages(media.rows, faces, windows), weights, params)
        write_features(folder / role, features, params)
        stores[role] = Store(folder / role)
        failures += features.failures
    return Seen(
        {row["clip_id"]: row for row in media.rows},
        {row["clip_id"]: row for row in faces},
        stores,
        {failure.clip_id: failure for failure in reversed(failures)},
    )


def _told(media: Sequence[Mapping[str, Any]]) -> str:
    seconds = sum(max(row["picture_end_s"] or 0.0, row["sound_end_s"] or 0.0) for row in media)
    return f"{duration(seconds)} of clip, {sum(len(row['kept']) for row in media)} kept frames"
