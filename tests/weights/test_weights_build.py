"""Weights: the same seeded files everywhere, brought from a folder or a server, refused when changed."""

from __future__ import annotations

import io
import json
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from aver.cache.objects import file_digest
from aver.errors import WeightsError
from aver.params.blocks import Weights
from aver.store.out import read_json
from aver.weights.build import RECORD, build_weights, read_weights
from aver.weights.layouts import LAYOUTS
from aver.weights.trunk import TRUNK


def seeded(folder: Path, seed: int = 1) -> Path:
    for encoder in LAYOUTS:
        (folder / encoder).mkdir(parents=True)
        build_weights(encoder, Weights("seeded", seed), folder / encoder)
    return folder


@pytest.fixture(scope="session")
def weights(tmp_path_factory) -> Path:
    return seeded(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="session")
def weights_again(tmp_path_factory) -> Path:
    return seeded(tmp_path_factory.mktemp("again") / "elsewhere")


class Server(ThreadingHTTPServer):
    folder: Path
    asked: list[tuple[str, str | None]]
    cut: int
    status: int


class Handler(BaseHTTPRequestHandler):
    """Serves a folder with byte ranges; can cut the connection `cut` times or answer with a status."""

    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        path = self.server.folder / self.path.lstrip("/")
        if self.server.status or not path.is_file():
            self.send_error(self.server.status or 404)
            return
        content = path.read_bytes()
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = len(content)
        if self.server.cut:
            self.server.cut -= 1
            end = (start + end) // 2
        self.wfile.write(content[start:end])

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.folder, server.asked, server.cut, server.status = tmp_path / "served", [], 0, 0
        server.folder.mkdir()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def build(encoder: str, folder: Path, **params) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    build_weights(encoder, Weights("pretrained", **params), folder)
    return folder


def saved(numbers: int) -> bytes:
    """A PyTorch file of about four bytes per number: fetching does not look at the layers in it."""
    buffer = io.BytesIO()
    torch.save({"weights": torch.arange(numbers, dtype=torch.int32)}, buffer)
    return buffer.getvalue()


SMALL = saved(50_000)


def small(folder: Path, content=SMALL) -> Path:
    """A file in the place of VGG-Face's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vgg_face_weights.pth").write_bytes(content)
    return folder


@pytest.mark.parametrize("encoder", LAYOUTS)
def test_seeded_weights_are_byte_identical_twice(weights, weights_again, encoder):
    one, other = ({p.relative_to(folder / encoder): p.read_bytes() for p in (folder / encoder).rglob("*")
                   if p.is_file()} for folder in (weights, weights_again))  # fmt: skip
    assert sorted(one) == sorted(other)
    # A SavedModel's graph is the same but for its order; its variables are what is hashed.
    hashed = {Path(name) for name in (*LAYOUTS[encoder].hashed, RECORD if encoder != "vggish" else "")} & set(one)
    assert len(hashed) >= len(LAYOUTS[encoder].hashed)
    for name in hashed:
        assert one[name] == other[name], name
    assert read_weights(encoder, weights / encoder).digest == read_weights(encoder, weights_again / encoder).digest


@pytest.mark.parametrize("encoder", LAYOUTS)
def test_the_record_names_every_file(weights, encoder):
    record = read_json(weights / encoder / RECORD)
    assert (record["encoder"], record["source"]) == (encoder, "seeded")
    assert set(LAYOUTS[encoder].files) <= set(record["files"])
    for name, digest in record["files"].items():
        assert file_digest(weights / encoder / name) == digest
    found = read_weights(encoder, weights / encoder)
    assert (found.digest, found.source) == (record["sha256"], "seeded")


def test_another_seed_gives_other_weights(tmp_path, weights):
    build_weights("vggface", Weights("seeded", 2), tmp_path)
    assert read_weights("vggface", tmp_path).digest != read_weights("vggface", weights / "vggface").digest


def test_seeded_layers_keep_the_scale_of_activations(weights):
    """He et al. 2015, eq. 10: variance 2 / fan-in, biases 0."""
    state = torch.load(weights / "vggface" / "vgg_face_weights.pth", weights_only=True)
    assert len(state) == 2 * len(TRUNK) == 26
    for name, inputs, outputs in TRUNK:
        assert state[f"{name}.weight"].shape == (outputs, inputs, 3, 3)
        assert state[f"{name}.weight"].var().item() == pytest.approx(2 / (9 * inputs), rel=0.1)
        assert not state[f"{name}.bias"].any()


def test_the_trunk_is_vgg_16():
    assert [name for name, _, _ in TRUNK][:4] == ["conv1_1", "conv1_2", "conv2_1", "conv2_2"]
    assert (TRUNK[-1], len(TRUNK)) == (("conv5_3", 512, 512), 13)


@pytest.mark.parametrize("encoder", LAYOUTS)
@pytest.mark.parametrize("harm", ["flip", "missing", "no record"])
def test_changed_or_missing_weights_are_refused(weights, tmp_path, encoder, harm):
    folder = tmp_path / encoder
    shutil.copytree(weights / encoder, folder)
    path = folder / LAYOUTS[encoder].hashed[0]
    if harm == "flip":
        with path.open("r+b") as file:
            file.seek(-5, os.SEEK_END)
            byte = file.read(1)[0]
            file.seek(-5, os.SEEK_END)
            file.write(bytes([byte ^ 1]))
    else:
        (path if harm == "missing" else folder / RECORD).unlink()
    with pytest.raises(WeightsError, match="was changed" if harm == "flip" else "is missing.*dvc repro weights"):
        read_weights(encoder, folder)


def test_weights_from_a_folder_are_the_seeded_ones_again(weights, tmp_path):
    folder = build("xvector", tmp_path / "out", location=str(weights / "xvector"))
    found = read_weights("xvector", folder)
    assert found.source == "pretrained"
    assert found.digest == read_weights("xvector", weights / "xvector").digest
    assert "VoxCeleb" in read_json(folder / RECORD)["licence"]
    assert not (folder / "classifier.ckpt").exists()  # optional, and not there


def test_optional_files_are_taken_along_and_are_not_hashed(weights, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(weights / "xvector", source)
    (source / "label_encoder.txt").write_text("x")
    folder = build("xvector", tmp_path / "out", location=str(source))
    assert (folder / "label_encoder.txt").read_text() == "x"
    assert read_weights("xvector", folder).digest == read_weights("xvector", weights / "xvector").digest


@pytest.mark.parametrize("place", ["folder", "file", "url folder", "url file"])
def test_one_file_from_everywhere(tmp_path, server, place):
    small(server.folder)
    name = "/vgg_face_weights.pth" if place.endswith("file") else ""
    base = url(server) if place.startswith("url") else str(server.folder)
    folder = build("vggface", tmp_path / "out", location=base + name)
    assert (folder / "vgg_face_weights.pth").read_bytes() == SMALL
    assert sorted(p.name for p in folder.iterdir()) == ["vgg_face_weights.pth", RECORD]


def test_a_home_folder_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    small(tmp_path / "models")
    build("vggface", tmp_path / "out", location="~/models")


def test_several_files_from_a_server(weights, tmp_path, server):
    server.folder = weights / "xvector"
    folder = build("xvector", tmp_path / "out", location=url(server) + "/")
    assert read_weights("xvector", folder).digest == read_weights("xvector", weights / "xvector").digest
    assert not list(folder.glob("*.part"))


def test_a_cut_download_goes_on_where_it_stopped(tmp_path, server):
    content = saved(1_050_000)  # written in pieces of 1 MiB; what came of the piece that was cut is asked for again
    small(server.folder, content)
    server.cut = 2
    folder = build("vggface", tmp_path / "out", location=url(server))
    assert (folder / "vgg_face_weights.pth").read_bytes() == content
    assert [asked[1] for asked in server.asked] == [None, "bytes=2097152-", "bytes=3145728-"]


def test_a_download_that_never_ends_well_says_so(tmp_path, server):
    small(server.folder)
    server.cut = 99
    with pytest.raises(WeightsError, match="cannot be downloaded"):
        build("vggface", tmp_path / "out", location=url(server))
    assert not (tmp_path / "out" / "vgg_face_weights.pth").exists()


@pytest.mark.parametrize("encoder", LAYOUTS)
@pytest.mark.parametrize("place", ["folder", "url"])
def test_a_missing_file_says_what_is_expected_and_the_way_out(tmp_path, server, encoder, place):
    location = str(tmp_path / "nowhere") if place == "folder" else url(server)
    with pytest.raises(WeightsError) as error:
        build(encoder, tmp_path / "out", location=location)
    message = str(error.value)
    assert all(word in message for word in (encoder, location, LAYOUTS[encoder].files[0], "location", "'seeded'"))


def test_a_servers_error_is_told(tmp_path, server):
    server.status = 500
    with pytest.raises(WeightsError, match="500"):
        build("vggface", tmp_path / "out", location=url(server))


def test_no_server_is_told(tmp_path, server):
    server.server_close()
    with pytest.raises(WeightsError, match="cannot be downloaded"):
        build("vggface", tmp_path / "out", location="http://127.0.0.1:9")


def test_a_pinned_sha256_is_enforced(tmp_path, server):
    small(server.folder)
    right = read_weights("vggface", build("vggface", tmp_path / "one", location=url(server))).digest
    build("vggface", tmp_path / "two", location=url(server), sha256=right)
    small(server.folder, saved(3))
    with pytest.raises(WeightsError, match=right) as error:
        build("vggface", tmp_path / "three", location=url(server), sha256=right)
    assert "weights.vggface.sha256" in str(error.value)
    assert not (tmp_path / "three" / RECORD).exists()


def test_a_changed_graph_is_noticed_too(tmp_path):
    """The digest of seeded weights covers their numbers; `weights.json` covers every file."""
    build_weights("xvector", Weights(source="seeded", seed=1), tmp_path)
    assert read_weights("xvector", tmp_path).source == "seeded"
    (tmp_path / "extra.txt").write_text("x", encoding="utf-8")
    record = json.loads((tmp_path / RECORD).read_text(encoding="utf-8"))
    record["files"]["extra.txt"] = "0" * 64
    (tmp_path / RECORD).write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(WeightsError, match="was changed"):
        read_weights("xvector", tmp_path)
