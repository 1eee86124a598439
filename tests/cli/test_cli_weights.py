"""`aver weights`: what is needed, here and right, and how to get the rest; without asking any network."""

from __future__ import annotations

import copy
import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from click.testing import CliRunner, Result

from aver.cache.objects import file_digest
from aver.cli.text import amount
from aver.cli.weights import weights
from aver.errors import ParamsError
from aver.params.blocks import Weights
from aver.params.names import WEIGHTS
from aver.params.releases import RELEASES, release_of
from aver.weights import build, vggface
from aver.weights.releases import here
from aver.weights.releases.known import remember
from aver.weights.releases.part import Begun, Part
from aver.weights.releases.places import downloads
from aver.weights.state import save_state

ROOT = Path(__file__).parents[2]
FILE = "vgg_face_weights.pth"
Aver = Callable[..., Result]


@pytest.fixture
def aver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Aver:
    """Return `aver(block, …)`: the command in a repository where VGG-Face has that block."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    monkeypatch.setenv("AVER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("AVER_WEIGHTS_MIRROR", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "socket", None)  # nothing here may ask a network

    def run(block: dict[str, Any] | None, *arguments: str, ok: bool = True) -> Result:
        content = copy.deepcopy(params)
        content["weights"] |= {"vggface": block or {"source": "seeded", "seed": 1}}
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        result = CliRunner().invoke(weights, arguments)
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        assert (result.exit_code == 0) == ok, result.output
        return result

    return run


def facts(result: Result) -> dict[str, Any]:
    found = {stock["weights"]: stock for stock in json.loads(result.stdout)["weights"]}
    face: dict[str, Any] = found["vggface"]
    return face


def put(path: Path, value: float = 1.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_state({"a": torch.full((3,), value)}, path)
    return path


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run the stage for VGG-Face, with a conversion that takes any file."""

    def convert(found: Path, folder: Path, layers: str) -> None:
        shutil.copyfile(found / FILE, folder / "vggface.pth")

    def run(**block: Any) -> None:
        folder = Path("data/weights/vggface")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        build.build_weights("vggface", Weights(**block), folder)

    monkeypatch.setattr(vggface, "convert", convert)
    return run


def test_seeded_weights_need_nothing(aver: Aver) -> None:
    said = aver(None).stdout
    assert "vggface" in said and "seeded" in said
    used = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["weights"]
    unused = [f"{name} ({', '.join(each.name for each in RELEASES[name])})" for name in WEIGHTS if name not in used]
    assert unused and f"Not in params.yaml: {', '.join(unused)}." in said
    assert facts(aver(None, "--json"))["troubles"] == []


def test_what_is_not_here_is_named_with_the_ways_to_get_it(aver: Aver) -> None:
    said = aver({"source": "pretrained"}, ok=False).stdout
    line = f"vggface: {FILE}: is not here; `dvc repro weights` downloads it (it needs the network)"
    assert f"{line}; more: `aver weights vggface`\n" in said and "By hand" not in said
    said = aver({"source": "pretrained"}, "vggface", ok=False).stdout
    assert line in said
    for words in (
        "By hand (https://github.com/serengil/deepface_models; CC BY-NC 4.0",
        f"{FILE}  from https://github.com/serengil/deepface_models/releases/download/v1.0/{FILE} or https://hugg",
        "      source: path\n      release: deepface\n      path: /path/to/vgg_face_weights.pth",
        "vggface/deepface/ below a folder of yours and set AVER_WEIGHTS_MIRROR",
    ):
        assert words in said, said
    file = facts(aver({"source": "pretrained"}, "--json", ok=False))["files"][0]
    assert (file["name"], file["here"], file["bytes"]) == (FILE, "", None)


def test_a_mirror_with_an_address_is_not_asked(aver: Aver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVER_WEIGHTS_MIRROR", "http://mirror.example/weights/")
    said = aver({"source": "pretrained"}, ok=False).stdout
    assert f"it asks the mirror http://mirror.example/weights/vggface/deepface/{FILE}" in said


def test_a_download_is_first_used_then_recorded_or_pinned(aver: Aver) -> None:
    path = put(downloads("vggface", "deepface") / FILE)
    release = release_of("vggface", None)
    file = facts(aver({"source": "pretrained"}, "--json"))["files"][0]
    assert (file["here"], file["verified"], file["sha256"]) == ("downloads", "first use", file_digest(path))
    remember("vggface", release, release.needed[0], file_digest(path), {})
    assert facts(aver({"source": "pretrained"}, "--json"))["files"][0]["verified"] == "recorded"
    pinned = {"source": "pretrained", "sha256": {FILE: file_digest(path)}}
    assert facts(aver(pinned, "--json"))["files"][0]["verified"] == "pinned"
    said = aver(pinned).stdout
    assert "downloads" in said and "pinned" in said and amount(path.stat().st_size) in said


def test_a_wrong_download_is_named_with_both_digests(aver: Aver) -> None:
    path = put(downloads("vggface", "deepface") / FILE)
    said = aver({"source": "pretrained", "sha256": {FILE: "0" * 64}}, ok=False).stdout
    assert (
        f"{path} is not the expected file: sha256 {'0' * 64} (pinned in params.yaml), got {file_digest(path)}" in said
    )


def test_a_part_says_how_much_is_here(aver: Aver) -> None:
    with Part(downloads("vggface", "deepface") / FILE).writer(Begun("http://x", '"e"', 4_000_000)) as writer:
        writer.write(bytes(1_500_000))
    said = aver({"source": "pretrained"}, ok=False).stdout
    assert "1.5 MB of 4.0 MB are here; `dvc repro weights` goes on with the download" in said


def test_the_folder_of_a_mirror_is_looked_into(aver: Aver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "mirror/vggface/deepface" / FILE)
    monkeypatch.setenv("AVER_WEIGHTS_MIRROR", str(tmp_path / "mirror"))
    assert facts(aver({"source": "pretrained"}, "--json"))["files"][0]["here"] == "mirror"
    lacking = aver({"source": "pretrained", "release": "albanie"}, ok=False).stdout
    assert f"is not here; not in the mirror: {tmp_path}/mirror/vggface/albanie/vgg_face_dag.pth; `dvc repro" in lacking
    put(downloads("vggface", "deepface") / FILE, 2.0)
    pin = {FILE: file_digest(tmp_path / "mirror/vggface/deepface" / FILE)}
    assert facts(aver({"source": "pretrained", "sha256": pin}, "--json"))["files"][0]["here"] == "mirror"
    monkeypatch.setenv("AVER_WEIGHTS_MIRROR", "/nowhere")
    assert (
        "AVER_WEIGHTS_MIRROR=/nowhere: there is no folder"
        in aver({"source": "pretrained", "release": "albanie"}, ok=False).stdout
    )


@pytest.mark.parametrize("source", ["pretrained", "path"])
def test_what_cannot_be_read_is_told(aver: Aver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """The tests may run as root, whom no permissions stop."""

    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    path = put(tmp_path / "mirror/vggface/deepface" / FILE)
    monkeypatch.setenv("AVER_WEIGHTS_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setattr(here, "file_digest", refuse)
    block = {"source": source, **({"path": str(path)} if source == "path" else {})}
    assert f"{path} cannot be read: Permission denied" in aver(block, ok=False).stdout


def test_a_path_is_looked_at(aver: Aver, tmp_path: Path) -> None:
    path = put(tmp_path / FILE)
    block = {"source": "path", "path": str(path)}
    found = facts(aver(block, "--json"))
    assert (found["release"], found["files"][0]["here"], found["files"][0]["verified"]) == ("deepface", "path", "own")
    assert facts(aver({**block, "sha256": {FILE: file_digest(path)}}, "--json"))["files"][0]["verified"] == "pinned"
    assert "is not the expected file" in aver({**block, "sha256": {FILE: "0" * 64}}, ok=False).stdout
    idle = aver({**block, "sha256": {"vgg_face_dag.pth": "0" * 64}}, ok=False).stdout
    assert "vggface: vgg_face_dag.pth: is pinned (sha256), but not among what is read" in idle
    nowhere = {"source": "path", "path": "/nowhere/x.pth"}
    assert "vggface: there is nothing at /nowhere" in aver(nowhere, ok=False).stdout
    said = aver(nowhere, "vggface", ok=False).stdout
    assert "vggface: there is nothing at /nowhere/x.pth (weights.vggface.path)" in said and "By hand" in said


def test_what_is_made_needs_its_files_no_more(aver: Aver, make: Callable[..., None]) -> None:
    path = put(downloads("vggface", "deepface") / FILE)
    make(source="pretrained")
    path.unlink()
    found = facts(aver({"source": "pretrained"}, "--json"))
    assert (found["made"], found["troubles"]) == ("yes", []) and len(found["sha256"]) == 64
    for other in ({"source": "pretrained", "layers": "all"}, {"source": "pretrained", "release": "albanie"},
                  {"source": "pretrained", "sha256": {FILE: "0" * 64}}):  # fmt: skip
        assert facts(aver(other, "--json", ok=False))["made"] == "outdated"
    said = aver({"source": "seeded"}).stdout
    assert "outdated" in said
    assert "vggface: was made from other params; `dvc repro weights@vggface` makes it again\n" in said


def test_a_wrong_download_is_a_note_once_the_weights_are_made(aver: Aver, make: Callable[..., None]) -> None:
    path = put(downloads("vggface", "deepface") / FILE)
    make(source="pretrained")
    put(path, 2.0)
    found = facts(aver({"source": "pretrained"}, "--json"))
    assert (found["made"], found["troubles"], len(found["notes"])) == ("yes", [], 1)
    assert "is not the expected file" in found["notes"][0] and "not needed" in found["notes"][0]


def test_a_file_of_the_users_that_changed_since_is_noticed(
    aver: Aver, tmp_path: Path, make: Callable[..., None]
) -> None:
    block = {"source": "path", "path": str(put(tmp_path / FILE))}
    make(**block)
    assert facts(aver(block, "--json"))["made"] == "yes"
    put(tmp_path / FILE, 2.0)
    assert facts(aver(block, "--json"))["made"] == "outdated"
    assert "`dvc repro -f weights@vggface` makes it again" in aver(block, "vggface").stdout


def test_damaged_weights_are_told(aver: Aver, make: Callable[..., None]) -> None:
    put(downloads("vggface", "deepface") / FILE)
    make(source="pretrained")
    put(Path("data/weights/vggface/vggface.pth"), 2.0)
    said = aver({"source": "pretrained"}, ok=False).stdout
    assert "damaged" in said and "make it again with `dvc repro weights` (or `aver doctor --repair`)" in said
    assert "vggface: weights of vggface" not in said
    Path("data/weights/vggface/vggface.pth").unlink()
    assert "is missing" in aver({"source": "pretrained"}, ok=False).stdout
    for content in ("{", "[]", '{"published": []}'):
        Path("data/weights/vggface/weights.json").write_text(content)
        assert "weights.json is damaged" in aver({"source": "pretrained"}, ok=False).stdout


def test_the_overview_fits_a_terminal(aver: Aver, make: Callable[..., None]) -> None:
    path = put(downloads("vggface", "keras-vggface-notop") / "rcmalli_vggface_tf_notop_vgg16.h5")
    put(downloads("vggface", "deepface") / FILE)
    make(source="pretrained")
    said = aver({"source": "pretrained", "release": "keras-vggface-notop"}).stdout
    assert all(word in said for word in ("first use", "outdated", amount(path.stat().st_size)))
    assert max(len(line) for line in said.split("\n\n")[0].splitlines()) <= 80


def test_the_details_of_one(aver: Aver, tmp_path: Path) -> None:
    said = aver(None, "resnet50").stdout
    assert "resnet50: weights of encoder resnet50; streams: none" in said and "Not in params.yaml" in said
    assert "rcmalli_vggface_tf_notop_resnet50.h5  from https://github.com/rcmalli/keras-vggface/releases" in said
    path = put(downloads("vggface", "albanie") / "vgg_face_dag.pth")
    said = aver({"source": "pretrained", "release": "albanie"}, "vggface").stdout
    assert f"vgg_face_dag.pth  {path}  sha256 {file_digest(path)}" in said
    assert "streams: vggface" in said and "Licence: CC BY-NC 4.0" in said
    assert "path: /path/to/vgg_face_dag.pth" in said
    assert list(json.loads(aver(None, "resnet50", "--json").stdout)["unused"]) == ["resnet50"]
    with pytest.raises(ParamsError, match="did you mean 'vggface'"):
        aver(None, "vgface")


def test_names_from_outside_are_shown_harmlessly(aver: Aver, tmp_path: Path) -> None:
    said = aver({"source": "path", "path": "red\x1b[31m"}, ok=False).stdout
    assert "\x1b" not in said and "red\\x1b[31m" in said
