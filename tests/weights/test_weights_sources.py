"""The declared releases, what `params.yaml` may say of them, and what a path of the user's is taken for."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import TypeAdapter, ValidationError

from aver.errors import ParamsError, WeightsError
from aver.params.blocks import Weights
from aver.params.names import WEIGHTS, module_of
from aver.params.releases import RELEASES, release_of
from aver.params.weights import check_weights
from aver.weights.layouts import LAYOUTS
from aver.weights.releases.recognise import recognise

ALL = [(weights, release) for weights, releases in RELEASES.items() for release in releases]


def test_all_weights_have_releases() -> None:
    assert set(RELEASES) == set(LAYOUTS) == set(WEIGHTS)


@pytest.mark.parametrize(("weights", "release"), ALL, ids=lambda value: getattr(value, "name", value))
def test_a_release_says_where_it_is_and_under_what_licence(weights: str, release) -> None:
    assert release.licence and urlsplit(release.page).scheme == "https"
    for file in release.needed:
        assert file.urls
        for url in file.urls:
            assert urlsplit(url).scheme == "https" and urlsplit(url).netloc
        assert file.sha256 is None  # none is told by a publisher; see the module
    for name in (file.name for file in release.published):
        assert not Path(name).is_absolute() and ".." not in Path(name).parts


def test_every_encoder_has_a_default_release_and_the_two_functions() -> None:
    assert {name: release_of(name, None).name for name in RELEASES} == {
        "vggface": "deepface", "vggm": "albanie", "resnet50": "albanie", "xvector": "speechbrain", "vggish": "tfhub",
    }  # fmt: skip
    assert release_of("vggface", "albanie").needed[0].name == "vgg_face_dag.pth"
    for name in RELEASES:
        assert callable(module_of("weights", name).seed) and callable(module_of("weights", name).convert)


@pytest.mark.parametrize(
    ("name", "block", "words"),
    [
        ("vgface", {"source": "seeded"}, ["did you mean 'vggface'", "resnet50"]),
        ("vggface", {"source": "seeded", "release": "deepface"}, ["weights.vggface.release", "'seeded'"]),
        ("vggface", {"source": "seeded", "path": "/x"}, ["weights.vggface.path", "'path'"]),
        ("vggface", {"source": "seeded", "sha256": {"x": "0" * 64}}, ["weights.vggface.sha256"]),
        ("vggface", {"source": "path"}, ["weights.vggface.path: missing key"]),
        ("vggface", {"source": "path", "path": "https://x/y.pth"}, ["is a URL", "'pretrained'", "AVER_WEIGHTS_MIRROR"]),
        ("vggface", {"source": "pretrained", "path": "/x"}, ["weights.vggface.path", "set source to 'path'"]),
        ("vggface", {"source": "pretrained", "release": "deepfase"}, ["did you mean 'deepface'", "keras-vggface"]),
        ("vggface", {"source": "pretrained", "sha256": {"vgg_face_dag.pth": "0" * 64}},
         ["of release deepface", "Known: vgg_face_weights.pth"]),
        ("vggface", {"source": "path", "path": "/x", "sha256": {"vgg_face_weigts.pth": "0" * 64}},
         ["did you mean 'vgg_face_weights.pth'", "rcmalli"]),
        ("xvector", {"source": "seeded", "layers": "all"}, ["weights.xvector.layers", "vggface and vggish"]),
        ("vggface", {"source": "pretrained", "release": "keras-vggface-notop", "layers": "all"}, ["keras-vggface-notop "
                                                                                                  "has no fully"]),
    ],
)  # fmt: skip
def test_what_params_may_not_say_is_named_with_what_they_may(name: str, block: dict, words: list[str]) -> None:
    with pytest.raises(ParamsError) as error:
        check_weights("params.yaml: weights", name, Weights(**block))
    assert all(word in str(error.value) for word in words), str(error.value)


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("vggface", {"source": "seeded", "seed": 3, "layers": "all"}),
        ("vggface", {"source": "pretrained"}),
        ("vggface", {"source": "pretrained", "release": "albanie", "sha256": {"vgg_face_dag.pth": "a" * 64}}),
        ("vggface", {"source": "path", "path": "~/x", "sha256": {"vgg_face_dag.pth": "a" * 64}}),
        ("vggish", {"source": "pretrained", "sha256": {"vggish_1.tar.gz": "0" * 64}}),
        ("vggish", {"source": "path", "path": "x", "sha256": {"variables/variables.index": "0" * 64}}),
    ],
)
def test_what_is_right_passes(name: str, block: dict) -> None:
    check_weights("params.yaml: weights", name, Weights(**block))


@pytest.mark.parametrize("digest", ["", "a" * 63, "A" * 64, "g" * 64, 7])
def test_a_pin_is_a_sha256(digest) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Weights).validate_python({"source": "pretrained", "sha256": {"vgg_face_weights.pth": digest}})


def at(path: Path, weights: str = "vggface", release: str | None = None) -> tuple[str, dict[str, Path]]:
    found, files = recognise(weights, Weights("path", path=str(path), release=release))
    return found.name, dict(files)


@pytest.mark.parametrize(
    ("weights", "release", "name"),
    [(weights, release.name, release.needed[0].name) for weights, release in ALL if len(release.needed) == 1],
)
def test_a_release_of_one_file_is_known_by_its_name(tmp_path: Path, weights: str, release: str, name: str) -> None:
    (tmp_path / name).touch()
    assert at(tmp_path / name, weights) == (release, {name: tmp_path / name})
    assert at(tmp_path, weights) == (release, {name: tmp_path / name})


@pytest.mark.parametrize(("weights", "release"), [("xvector", "speechbrain"), ("vggish", "tfhub")])
def test_a_release_of_several_files_is_a_folder(tmp_path: Path, weights: str, release: str) -> None:
    names = [file.name for file in release_of(weights, release).files]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert at(tmp_path, weights) == (release, {name: tmp_path / name for name in names})
    (tmp_path / names[1]).unlink()
    with pytest.raises(WeightsError) as error:
        at(tmp_path, weights)
    assert f"{tmp_path} holds no release that is known. Expected one of:" in str(error.value)
    assert str(error.value).endswith(f"; not there: {names[1]}")
    for told in (None, release):
        with pytest.raises(WeightsError, match=rf"release {release} is .*name the folder, not the file \(weights\."):
            at(tmp_path / names[0], weights, told)


def test_the_unpacked_model_is_preferred_to_its_archive(tmp_path: Path) -> None:
    (tmp_path / "vggish_1.tar.gz").touch()
    assert list(at(tmp_path, "vggish")[1]) == ["vggish_1.tar.gz"]
    (tmp_path / "variables").mkdir()
    for file in release_of("vggish", None).files:
        (tmp_path / file.name).touch()
    assert next(iter(at(tmp_path, "vggish")[1])) == "saved_model.pb"


def test_a_file_of_another_name_is_known_by_a_suffix_that_fits_one_release(tmp_path: Path) -> None:
    (tmp_path / "archive.tar.gz").touch()
    assert at(tmp_path / "archive.tar.gz", "vggish") == ("tfhub", {"vggish_1.tar.gz": tmp_path / "archive.tar.gz"})
    (tmp_path / "mine.pth").touch()
    assert at(tmp_path / "mine.pth", "vggm")[0] == "albanie"
    with pytest.raises(
        WeightsError, match=r"several releases: deepface, albanie\. Say which(.|\n)*weights\.vggface\.re"
    ):
        at(tmp_path / "mine.pth")
    assert at(tmp_path / "mine.pth", release="albanie") == ("albanie", {"vgg_face_dag.pth": tmp_path / "mine.pth"})
    (tmp_path / "mine").touch()
    assert at(tmp_path / "mine", release="albanie") == ("albanie", {"vgg_face_dag.pth": tmp_path / "mine"})
    with pytest.raises(WeightsError, match=r"if it ends in \.h5 or \.pth, or if weights\.vggface\.release says"):
        at(tmp_path / "mine")


def test_a_folder_of_two_releases_wants_to_be_told_which(tmp_path: Path) -> None:
    for name in ("vgg_face_weights.pth", "vgg_face_dag.pth"):
        (tmp_path / name).touch()
    with pytest.raises(WeightsError, match="several releases: deepface, albanie"):
        at(tmp_path)
    assert at(tmp_path, release="deepface")[0] == "deepface"


def test_a_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "vgg_face_dag.pth").touch()
    assert at(Path("~/vgg_face_dag.pth"))[0] == "albanie"


def test_a_relative_path_is_said_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError) as error:
        at(Path("models/x.pth"))
    where = f"weights.vggface.path, relative to {tmp_path}; experiments in copies need an absolute path"
    assert f"there is nothing at {tmp_path}/models/x.pth ({where})." in str(error.value)


def test_nothing_there_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as error:
        at(tmp_path / "nowhere", "xvector")
    said = str(error.value)
    assert f"there is nothing at {tmp_path}/nowhere (weights.xvector.path)" in said
    assert "https://huggingface.co/speechbrain/spkrec-xvect-voxceleb/resolve/main/embedding_model.ckpt" in said


def test_a_file_that_fits_nothing_lists_what_would(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").touch()
    with pytest.raises(WeightsError) as error:
        at(tmp_path / "x.onnx", "vggish")
    assert "tfhub: vggish_1.tar.gz, or the folder of what it holds (saved_model.pb, variables/" in str(error.value)
    with pytest.raises(
        WeightsError, match=r"no release that is known as albanie\. Expected one of:\n  albanie: vgg_fa"
    ):
        at(tmp_path, release="albanie")
