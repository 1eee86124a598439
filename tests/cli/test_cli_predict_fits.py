"""Whether the models fit what they are asked about: the weights of both sides, through real stores."""

from __future__ import annotations

import pytest

from aver.cli.prediction.answer import PredictError
from aver.cli.prediction.fits import check_weights
from aver.store.reader import Store
from aver.store.schema import Header
from aver.store.writer import ClipEntry, write_store


def store(folder, stream: str, weights: str, params: str) -> Store:
    header = Header(stream, "x", (2,), params, weights, "seeded")
    write_store(folder / stream, header, [ClipEntry("a", "absent", "no_face")], 1, "hdf5")
    return Store(folder / stream)


@pytest.fixture
def features(tmp_path):
    for stream in ("v", "a"):
        store(tmp_path / "features/c", stream, "w", "there")
    return tmp_path / "features"


def test_features_made_elsewhere_are_worth_a_notice(features, tmp_path):
    new = {"visual": store(tmp_path, "v", "w", "here"), "acoustic": store(tmp_path, "a", "w", "here")}
    assert "on another device" in check_weights(new, features, ["c"])
    same = {"visual": Store(features / "c/v"), "acoustic": Store(features / "c/a")}
    assert check_weights(same, features, ["c", "gone"]) == ""


def test_other_weights_are_refused_also_behind_a_stream_that_was_made_elsewhere(features, tmp_path):
    new = {"visual": store(tmp_path, "v", "w", "here"), "acoustic": store(tmp_path, "a", "other", "here")}
    with pytest.raises(PredictError, match="are not those that the features of c were made with"):
        check_weights(new, features, ["c"])
