"""The weights stage: the same seeded files everywhere, published ones brought, checked, converted, recorded."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import socket
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hub import Hub

from aver.cache.objects import file_digest
from aver.errors import CacheError, WeightsError
from aver.params.blocks import Weights
from aver.params.releases import RELEASES, Published, Release, release_of
from aver.store.out import read_json
from aver.weights import build as building
from aver.weights import vggface
from aver.weights.build import RECORD, build_weights, read_weights
from aver.weights.layouts import LAYOUTS
from aver.weights.releases.places import record_of
from aver.weights.state import save_state
from aver.weights.trunk import TRUNK

FILE = "vgg_face_weights.pth"


def seeded(folder: Path, seed: int = 1) -> Path:
    for name in LAYOUTS:
        (folder / name).mkdir(parents=True)
        build_weights(name, Weights("seeded", seed), folder / name)
    return folder


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="session")
def weights_again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded(tmp_path_factory.mktemp("again") / "elsewhere")


def build(name: str, folder: Path, source: str = "pretrained", **params) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    build_weights(name, Weights(source, **params), folder)
    return folder


def published_x_vector(weights: Path, folder: Path) -> Path:
    """Lay the seeded numbers beside the published `hyperparams.yaml`."""
    shutil.copytree(weights / "xvector", folder)
    shutil.copy(Path(__file__).parents[1] / "features/hyperparams.yaml", folder)
    return folder


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """A conversion that takes any state dict, so that small files will do; returns what publishes one."""

    def convert(found: Path, folder: Path, layers: str) -> None:
        state = torch.load(found / FILE, weights_only=True)
        if "conv1_1.weight" not in state:
            raise WeightsError(f"{FILE} holds no conv1_1.weight")
        save_state(state, folder / "vggface.pth")

    monkeypatch.setattr(vggface, "convert", convert)
    return lambda path: publish(path, 1.0)


def publish(path: Path, value: float, name: str = "conv1_1.weight") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_state({name: torch.full((3,), value)}, path)
    return path


@pytest.mark.parametrize("name", LAYOUTS)
def test_seeded_weights_are_byte_identical_twice(weights: Path, weights_again: Path, name: str) -> None:
    assert files(weights / name) == files(weights_again / name)
    # A SavedModel's graph is the same but for its order; its variables are what is hashed.
    same = {*LAYOUTS[name].numbers, *([RECORD] if name != "vggish" else [])}
    for file in same:
        assert (weights / name / file).read_bytes() == (weights_again / name / file).read_bytes(), file
    assert read_weights(name, weights / name).digest == read_weights(name, weights_again / name).digest


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_record_names_every_file(weights: Path, name: str) -> None:
    record = read_json(weights / name / RECORD)
    assert {key: record[key] for key in ("encoder", "source", "seed", "layers", "licence")} == {
        "encoder": name, "source": "seeded", "seed": 1, "layers": "trunk", "licence": "none: random numbers",
    }  # fmt: skip
    assert set(LAYOUTS[name].files) <= set(record["files"])
    for file, digest in record["files"].items():
        assert file_digest(weights / name / file) == digest
    found = read_weights(name, weights / name)
    assert (found.digest, found.source) == (record["sha256"], "seeded")


def test_another_seed_gives_other_weights(tmp_path: Path, weights: Path) -> None:
    build("vggface", tmp_path / "out", "seeded", seed=2)
    assert read_weights("vggface", tmp_path / "out").digest != read_weights("vggface", weights / "vggface").digest


def test_seeded_layers_keep_the_scale_of_activations(weights: Path) -> None:
    """He et al. 2015, eq. 10: variance 2 / fan-in, biases 0."""
    state = torch.load(weights / "vggface/vggface.pth", weights_only=True)
    assert len(state) == 2 * len(TRUNK) == 26
    for name, inputs, outputs in TRUNK:
        assert state[f"{name}.weight"].shape == (outputs, inputs, 3, 3)
        assert state[f"{name}.weight"].var().item() == pytest.approx(2 / (9 * inputs), rel=0.1)
        assert not state[f"{name}.bias"].any()


def test_the_trunk_is_vgg_16() -> None:
    assert [name for name, _, _ in TRUNK][:4] == ["conv1_1", "conv1_2", "conv2_1", "conv2_2"]
    assert (TRUNK[-1], len(TRUNK)) == (("conv5_3", 512, 512), 13)


def test_seeded_weights_ask_nobody_and_write_nowhere_else(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", None)
    build("vggm", tmp_path / "out", "seeded")
    assert not own_cache.exists()


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("harm", ["flip", "missing", "no record"])
def test_changed_or_missing_weights_are_refused(weights: Path, tmp_path: Path, name: str, harm: str) -> None:
    folder = tmp_path / name
    shutil.copytree(weights / name, folder)
    path = folder / LAYOUTS[name].numbers[0]
    if harm == "flip":
        with path.open("r+b") as file:
            file.seek(-5, os.SEEK_END)
            byte = file.read(1)[0]
            file.seek(-5, os.SEEK_END)
            file.write(bytes([byte ^ 1]))
    else:
        (path if harm == "missing" else folder / RECORD).unlink()
    words = (
        r"was changed; make it again with `dvc repro weights` \(or `aver doctor --repair`\)"
        if harm == "flip"
        else f"is missing.*dvc repro weights.*aver weights {name}"
    )
    with pytest.raises(WeightsError, match=words):
        read_weights(name, folder)


def test_a_changed_graph_is_noticed_too(weights: Path, tmp_path: Path) -> None:
    """The digest of seeded weights covers their numbers; `weights.json` covers every file."""
    shutil.copytree(weights / "xvector", tmp_path / "xvector")
    (tmp_path / "xvector/extra.txt").write_text("x", encoding="utf-8")
    record = read_json(tmp_path / "xvector" / RECORD)
    record["files"]["extra.txt"] = "0" * 64
    (tmp_path / "xvector" / RECORD).write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(WeightsError, match="was changed"):
        read_weights("xvector", tmp_path / "xvector")


def test_the_published_x_vector_from_a_server_from_a_folder_and_offline(
    weights: Path, tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From end to end: what is downloaded and converted is what was seeded, and the record is the same everywhere."""
    found_at = published_x_vector(weights, hub.folder / "xvector/speechbrain")
    names = [file.name for file in release_of("xvector", None).files]
    own = Release("speechbrain", tuple(Published(n, (f"{hub.url}/xvector/speechbrain/{n}",)) for n in names), "", "L")
    monkeypatch.setitem(RELEASES, "xvector", (own,))
    hub.cut = 1
    got = build("xvector", tmp_path / "got")
    found, before = read_weights("xvector", got), read_weights("xvector", weights / "xvector")
    assert (found.digest, found.source) == (before.digest, "pretrained")
    record = read_json(got / RECORD)
    assert {key: record[key] for key in ("release", "licence", "layers", "published")} == {
        "release": "speechbrain", "licence": "L", "layers": "trunk",
        "published": {
            n: {"sha256": file_digest(found_at / n), "from": f"{hub.url}/xvector/speechbrain/{n}"} for n in names
        },
    }  # fmt: skip
    asked = len(hub.asked)
    assert (build("xvector", tmp_path / "kept") / RECORD).read_bytes() == (got / RECORD).read_bytes()
    monkeypatch.setenv("AVER_WEIGHTS_MIRROR", str(hub.folder))
    monkeypatch.setenv("AVER_CACHE", str(tmp_path / "another"))
    assert (build("xvector", tmp_path / "mirrored") / RECORD).read_bytes() == (got / RECORD).read_bytes()
    assert len(hub.asked) == asked
    local = build("xvector", tmp_path / "local", "path", path=str(found_at))
    assert read_weights("xvector", local).digest == before.digest
    assert str(found_at) not in (local / RECORD).read_text()
    assert read_json(local / RECORD)["published"][names[0]]["from"] == "path"


def test_the_published_vggish_from_its_archive_and_unpacked(weights: Path, tmp_path: Path, hub: Hub) -> None:
    archive = tmp_path / "vggish-tensorflow2.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(weights / "vggish", ".", filter=lambda member: None if "vggish.pth" in member.name else member)
    packed = build("vggish", tmp_path / "packed", "path", path=str(archive))
    loose = build("vggish", tmp_path / "loose", "path", path=str(weights / "vggish"))
    assert files(packed) == files(loose) == sorted([*LAYOUTS["vggish"].files, RECORD])
    assert read_weights("vggish", packed).digest == read_weights("vggish", loose).digest
    assert list(read_json(packed / RECORD)["published"]) == ["vggish_1.tar.gz"]
    assert file_digest(packed / "vggish.pth") == file_digest(weights / "vggish/vggish.pth")
    pins = {"variables/variables.index": file_digest(weights / "vggish/variables/variables.index")}
    build("vggish", tmp_path / "pinned", "path", path=str(archive), sha256=pins)
    with pytest.raises(WeightsError, match=r"variables\.index: expected sha256 0{64} \(pinned"):
        build("vggish", tmp_path / "wrong", "path", path=str(archive), sha256=dict.fromkeys(pins, "0" * 64))


def test_a_file_of_another_name_is_given_its_published_one(weights: Path, tmp_path: Path) -> None:
    shutil.copy(weights / "vggface/vggface.pth", tmp_path / "mine.pth")
    folder = build("vggface", tmp_path / "out", "path", path=str(tmp_path / "mine.pth"), release="deepface")
    assert (folder / "vggface.pth").read_bytes() == (weights / "vggface/vggface.pth").read_bytes()
    assert list(read_json(folder / RECORD)["published"]) == [FILE]


def test_an_error_names_the_users_file(tmp_path: Path) -> None:
    (tmp_path / "mine.bin").write_bytes(b"<html>")
    with pytest.raises(WeightsError, match=rf"^weights of vggface \(read from {tmp_path}/mine\.bin\): {FILE} is no Py"):
        build("vggface", tmp_path / "out", "path", path=str(tmp_path / "mine.bin"), release="deepface")


def test_an_archive_that_git_lfs_did_not_bring_is_told(tmp_path: Path) -> None:
    (tmp_path / "vggish_1.tar.gz").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(WeightsError, match=r"vggish_1\.tar\.gz is a git-lfs pointer, not the file"):
        build("vggish", tmp_path / "out", "path", path=str(tmp_path))


@pytest.mark.parametrize("content", ["[]", "1", '{"source": "seeded", "files": []}', '{"source": "seeded"}'])
def test_a_record_of_another_form_is_damaged(weights: Path, tmp_path: Path, content: str) -> None:
    shutil.copytree(weights / "vggface", tmp_path / "vggface")
    (tmp_path / "vggface" / RECORD).write_text(content)
    with pytest.raises(WeightsError, match=r"weights\.json is damaged; run `aver doctor --repair`"):
        read_weights("vggface", tmp_path / "vggface")


def test_what_is_used_first_is_written_down_after_it_proved_right(
    tmp_path: Path, hub: Hub, release: Release, small: Callable[[Path], Path]
) -> None:
    digest = file_digest(small(hub.folder / "first" / FILE))
    build("vggface", tmp_path / "out")
    assert record_of("vggface", "deepface", FILE).read_text() == f"{digest}  {FILE}\n"
    publish(hub.folder / "first" / FILE, 2.0)
    shutil.rmtree(tmp_path / "cache/weights/vggface")
    with pytest.raises(WeightsError, match=f"{digest} \\(recorded"):
        build("vggface", tmp_path / "again")
    pin = file_digest(hub.folder / "first" / FILE)
    build("vggface", tmp_path / "pinned", sha256={FILE: pin})
    build("vggface", tmp_path / "after")  # the pin is what is known from now on
    assert record_of("vggface", "deepface", FILE).read_text() == f"{pin}  {FILE}\n"


@pytest.mark.parametrize("content", ["<html>sign in</html>", "PK\x03\x04 cut", ""])
def test_what_is_no_weights_file_is_never_kept_as_good(
    tmp_path: Path, hub: Hub, release: Release, small: Callable[[Path], Path], content: str
) -> None:
    hub.put(f"first/{FILE}", content.encode())
    with pytest.raises(
        WeightsError, match=rf"weights of vggface: {FILE} is no PyTorch file(.|\n)*download was deleted"
    ):
        build("vggface", tmp_path / "out")
    assert files(tmp_path / "out") == [] and not record_of("vggface", "deepface", FILE).exists()
    small(hub.folder / "first" / FILE)
    build("vggface", tmp_path / "out")


def test_what_cannot_be_converted_is_never_kept_as_good(
    tmp_path: Path, hub: Hub, release: Release, small: Callable[[Path], Path]
) -> None:
    publish(hub.folder / "first" / FILE, 1.0, "another.weight")
    with pytest.raises(
        WeightsError, match=rf"^weights of vggface: {FILE} holds no conv1_1\.weight The download was del"
    ):
        build("vggface", tmp_path / "out")
    assert RECORD not in files(tmp_path / "out") and not record_of("vggface", "deepface", FILE).exists()
    assert files(tmp_path / "cache/weights") == ["vggface/deepface/lock"]


@pytest.mark.parametrize("error", [TypeError("no\n number"), RecursionError(), RuntimeError("torch"), OSError("h5py")])
def test_whatever_a_reader_says_is_put_into_words(
    tmp_path: Path, hub: Hub, release: Release, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def convert(found: Path, folder: Path, layers: str) -> None:
        raise error

    monkeypatch.setattr(vggface, "convert", convert)
    publish(hub.folder / "first" / FILE, 1.0)
    words = f"{FILE} of release deepface cannot be converted ({type(error).__name__}: {' '.join(str(error).split())})."
    with pytest.raises(WeightsError, match=rf"^weights of vggface: {re.escape(words)}.*The download was deleted"):
        build("vggface", tmp_path / "out")
    assert files(tmp_path / "cache/weights") == ["vggface/deepface/lock"]


@pytest.mark.parametrize("error", [MemoryError(), CacheError("full")])
def test_what_the_machine_says_costs_no_download(
    tmp_path: Path, hub: Hub, release: Release, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def convert(found: Path, folder: Path, layers: str) -> None:
        raise error

    monkeypatch.setattr(vggface, "convert", convert)
    publish(hub.folder / "first" / FILE, 1.0)
    with pytest.raises(type(error)):
        build("vggface", tmp_path / "out")
    assert f"vggface/deepface/{FILE}" in files(tmp_path / "cache/weights")


def test_a_path_that_cannot_be_read_is_named(
    tmp_path: Path, small: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests may run as root, whom no permissions stop."""
    path = small(tmp_path / "mine" / FILE)

    def refuse(path: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(building, "file_digest", refuse)
    with pytest.raises(WeightsError, match=rf"{path} cannot be read: Permission denied\. Mend its permissions"):
        build("vggface", tmp_path / "out", "path", path=str(path))


def test_a_pinned_file_that_cannot_be_converted_is_kept(
    tmp_path: Path, hub: Hub, release: Release, small: Callable[[Path], Path]
) -> None:
    pin = file_digest(publish(hub.folder / "first" / FILE, 1.0, "another.weight"))
    with pytest.raises(WeightsError, match=r"holds no conv1_1\.weight$"):
        build("vggface", tmp_path / "out", sha256={FILE: pin})
    assert f"vggface/deepface/{FILE}" in files(tmp_path / "cache/weights")


def test_a_file_of_the_users_is_neither_recorded_nor_deleted(tmp_path: Path, small: Callable[[Path], Path]) -> None:
    path = small(tmp_path / "mine" / FILE)
    build("vggface", tmp_path / "out", "path", path=str(path))
    publish(path, 2.0)
    build("vggface", tmp_path / "other", "path", path=str(path))
    assert not record_of("vggface", "deepface", FILE).exists()
    publish(path, 1.0, "another.weight")
    with pytest.raises(WeightsError, match=r"holds no conv1_1\.weight$"):
        build("vggface", tmp_path / "third", "path", path=str(path))
    assert path.exists()


def test_a_file_of_the_users_is_pinned_too(tmp_path: Path, small: Callable[[Path], Path]) -> None:
    path = small(tmp_path / "mine" / FILE)
    build("vggface", tmp_path / "out", "path", path=str(path), sha256={FILE: file_digest(path)})
    with pytest.raises(WeightsError) as error:
        build("vggface", tmp_path / "other", "path", path=str(path), sha256={FILE: "0" * 64})
    assert all(word in str(error.value) for word in ("0" * 64, file_digest(path), "weights.vggface.sha256"))
    with pytest.raises(WeightsError, match=r"pins vgg_face_dag\.pth, which is not among what is read"):
        build("vggface", tmp_path / "third", "path", path=str(path), sha256={"vgg_face_dag.pth": "0" * 64})


def test_a_file_that_changes_while_it_is_read_is_noticed(
    tmp_path: Path, small: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, plain = small(tmp_path / "mine" / FILE), vggface.convert

    def convert(found: Path, folder: Path, layers: str) -> None:
        plain(found, folder, layers)
        publish(path, 2.0)

    monkeypatch.setattr(vggface, "convert", convert)
    with pytest.raises(WeightsError, match="changed while it was read"):
        build("vggface", tmp_path / "out", "path", path=str(path))
    assert RECORD not in files(tmp_path / "out")


def test_a_full_disk_while_converting_names_the_folder(
    tmp_path: Path, small: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def convert(found: Path, folder: Path, layers: str) -> None:
        with Path("/dev/full").open("wb") as file:
            torch.save({"a": torch.zeros(1000)}, file)

    monkeypatch.setattr(vggface, "convert", convert)
    with pytest.raises(CacheError, match=r"cannot write .*/out: No space left on device"):
        build("vggface", tmp_path / "out", "path", path=str(small(tmp_path / FILE)))


def test_nothing_is_left_in_the_clip_cache_but_the_downloads(
    tmp_path: Path, own_cache: Path, hub: Hub, release: Release, small: Callable[[Path], Path]
) -> None:
    small(hub.folder / "first" / FILE)
    build("vggface", tmp_path / "out")
    kept = [f"weights/known/vggface/deepface/{FILE}.sha256", "weights/vggface/deepface/lock",
            f"weights/vggface/deepface/{FILE}"]  # fmt: skip
    assert files(own_cache) == ["lock", *kept]


def test_code_in_the_published_files_is_refused_before_anything_is_made(weights: Path, tmp_path: Path) -> None:
    path = published_x_vector(weights, tmp_path / "source") / "hyperparams.yaml"
    path.write_text(path.read_text().replace("!new:speechbrain.lobes.features.Fbank", "!apply:os.system"))
    with pytest.raises(WeightsError, match=r"/source\): hyperparams\.yaml is not .*!apply:os\.system"):
        build("xvector", tmp_path / "out", "path", path=str(tmp_path / "source"))
    assert files(tmp_path / "out") == []


def test_the_record_of_a_release_is_the_same_bytes_twice(
    tmp_path: Path, hub: Hub, release: Release, small: Callable[[Path], Path]
) -> None:
    small(hub.folder / "first" / FILE)
    one = (build("vggface", tmp_path / "one") / RECORD).read_bytes()
    shutil.move(hub.folder / "first", hub.folder / "second")
    shutil.rmtree(tmp_path / "cache")
    assert (build("vggface", tmp_path / "two") / RECORD).read_bytes() == one
    assert hashlib.sha256(one).hexdigest() == file_digest(tmp_path / "two" / RECORD)
