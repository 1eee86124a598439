"""The hub, and an environment that nothing of the user's can reach."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub import Handler, Hub, Server

from aver.params.releases import RELEASES, Published, Release
from aver.weights.releases import ask, download


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(tmp_path / "hub")
    hub.folder.mkdir()
    with Server(("127.0.0.1", 0), type("OwnHandler", (Handler,), {"hub": hub})) as server:
        hub.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield hub
        hub.ended.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clip cache, no mirror and no proxy of the user's, and a hurry."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("AVER_WEIGHTS_MIRROR", raising=False)
    monkeypatch.setenv("AVER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(download, "PAUSES_S", (0.01, 0.02))
    monkeypatch.setattr(download, "PROGRESS_BYTES", 1024)
    monkeypatch.setattr(ask, "READ_S", 0.5)
    return tmp_path / "cache"


@pytest.fixture
def release(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Release:
    """The default release of VGG-Face, published on the hub in two places."""
    name = "vgg_face_weights.pth"
    file = Published(name, (f"{hub.url}/first/{name}", f"{hub.url}/second/{name}"))
    made = Release("deepface", (file,), f"{hub.url}/about", "none")
    monkeypatch.setitem(RELEASES, "vggface", (made, *RELEASES["vggface"][1:]))
    return made
