"""Published files of a release: kept, mirrored, downloaded; and always the expected ones."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import threading
from pathlib import Path

import pytest
from hub import Hub

from aver.errors import CacheError, WeightsError
from aver.params.releases import Release
from aver.weights.releases import fetch as fetching
from aver.weights.releases import part as parts
from aver.weights.releases.fetch import fetch
from aver.weights.releases.known import expected, remember
from aver.weights.releases.part import Part
from aver.weights.releases.places import downloads, record_of

CONTENT = b"weights " * 5000
NAME = "vgg_face_weights.pth"
SHA = hashlib.sha256(CONTENT).hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()


@pytest.fixture
def kept(own_cache: Path) -> Path:
    return own_cache / "weights/vggface/deepface" / NAME


def get(release: Release, **pins: str) -> bytes:
    found = fetch("vggface", release, {NAME: pins["pin"]} if pins else {})
    assert found.digests == {NAME: hashlib.sha256(found.files[NAME].read_bytes()).hexdigest()}
    return found.files[NAME].read_bytes()


def remembered(release: Release, digest: str = SHA) -> None:
    remember("vggface", release, release.needed[0], digest, {})


def test_a_download_is_kept_and_used_again(hub: Hub, release: Release, kept: Path) -> None:
    hub.put(f"first/{NAME}", CONTENT)
    assert get(release) == get(release) == CONTENT
    assert len(hub.asked) == 1
    assert sorted(path.name for path in kept.parent.iterdir()) == ["lock", NAME]


def test_the_next_url_serves_when_one_fails(hub: Hub, release: Release) -> None:
    hub.put(f"second/{NAME}", CONTENT)
    assert get(release) == CONTENT
    assert [path for path, _ in hub.asked] == [f"/first/{NAME}", f"/second/{NAME}"]


def test_when_no_url_serves_all_are_named_with_why_and_the_ways_out(hub: Hub, release: Release, kept: Path) -> None:
    hub.statuses = [404, 503, 503, 503]
    with pytest.raises(WeightsError) as error:
        get(release)
    said = str(error.value)
    assert f"weights of vggface: {NAME} of release deepface cannot be had" in said
    assert f"{hub.url}/first/{NAME}: HTTP 404 (Not Found)" in said
    assert f"{hub.url}/second/{NAME}: HTTP 503 (Service Unavailable)" in said
    for words in (
        "source: path",
        f"path: /path/to/{NAME}",
        "vggface/deepface/ below",
        "AVER_WEIGHTS_MIRROR",
        "'seeded'",
    ):
        assert words in said
    assert not kept.exists()


def test_what_came_before_it_failed_is_kept_and_said(hub: Hub, release: Release, kept: Path) -> None:
    hub.put(f"first/{NAME}", CONTENT)
    hub.cut, hub.statuses = 1, [0, 404, 404]
    with pytest.raises(WeightsError, match=r"The 0\.0 MB that came are kept: run again"):
        get(release)
    assert [path.name for path in kept.parent.iterdir() if path.name == NAME] == []
    hub.asked.clear()
    assert get(release) == CONTENT
    assert hub.asked == [(f"/first/{NAME}", f"bytes={len(CONTENT) // 2}-")]


def test_a_pinned_sha256_is_enforced(hub: Hub, release: Release, kept: Path) -> None:
    for place in ("first", "second"):
        hub.put(f"{place}/{NAME}", b"other")
    with pytest.raises(WeightsError) as error:
        get(release, pin=SHA)
    said = str(error.value)
    assert said.count(f"expected sha256 {SHA} (pinned in params.yaml), got {OTHER}") == 2
    assert f"weights.vggface.sha256: {{{NAME}: " in said
    assert [path.name for path in kept.parent.iterdir()] == ["lock"]
    hub.put(f"second/{NAME}", CONTENT)
    assert get(release, pin=SHA) == CONTENT


def test_what_was_used_first_is_expected_later(hub: Hub, release: Release, kept: Path) -> None:
    hub.put(f"first/{NAME}", CONTENT)
    get(release)
    remembered(release)
    kept.unlink()
    hub.put(f"first/{NAME}", b"other")
    with pytest.raises(WeightsError, match=rf"{SHA} \(recorded when the file was first used\), got {OTHER}"):
        get(release)
    assert not kept.exists()
    assert get(release, pin=OTHER) == b"other"  # a pin is a decision


def test_a_damaged_download_is_told_of_and_brought_again(
    hub: Hub, release: Release, kept: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hub.put(f"first/{NAME}", CONTENT)
    get(release)
    remembered(release)
    kept.write_bytes(CONTENT[:-1])
    assert get(release) == CONTENT
    assert f"{kept}: expected sha256 {SHA}" in caplog.text and "brought again" in caplog.text


def test_a_record_is_a_line_of_sha256sum_and_never_overwritten(release: Release) -> None:
    remembered(release)
    record = record_of("vggface", "deepface", NAME)
    assert record.read_text() == f"{SHA}  {NAME}\n"
    assert [path.name for path in record.parent.iterdir()] == [record.name]
    with pytest.raises(
        WeightsError, match=f"recorded with sha256 {SHA} by another process while this one read {OTHER}"
    ):
        remembered(release, OTHER)
    assert record.read_text() == f"{SHA}  {NAME}\n"
    remember("vggface", release, release.needed[0], OTHER, {NAME: OTHER})
    assert record.read_text() == f"{OTHER}  {NAME}\n"


def test_a_record_needs_no_hard_links(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    remembered(release)
    found = expected("vggface", release, release.needed[0], {})
    assert found and found.sha256 == SHA


def test_a_damaged_record_says_what_to_do(release: Release) -> None:
    remembered(release)
    record_of("vggface", "deepface", NAME).write_text("")
    with pytest.raises(WeightsError, match=r"vgg_face_weights\.pth\.sha256 is damaged\. Delete it"):
        get(release)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("file:///srv/weights", "is neither a folder nor an address with http or https"),
        ("FTP://x/y", "is neither a folder nor an address with http or https"),
        ("/nowhere/weights", "there is no folder /nowhere/weights that can be read"),
    ],
)
def test_what_is_no_mirror_is_refused(
    hub: Hub, release: Release, monkeypatch: pytest.MonkeyPatch, place: str, words: str
) -> None:
    hub.put(f"first/{NAME}", CONTENT)
    monkeypatch.setenv("AVER_WEIGHTS_MIRROR", place)
    with pytest.raises(WeightsError, match=rf"AVER_WEIGHTS_MIRROR={place}:? {words}"):
        get(release)
    assert hub.asked == []


@pytest.mark.parametrize("kind", ["folder", "home", "url", "URL"])
def test_a_mirror_comes_first(
    hub: Hub, release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    hub.put(f"mirror/vggface/deepface/{NAME}", CONTENT)
    hub.put(f"first/{NAME}", b"other")
    monkeypatch.setenv("HOME", str(hub.folder))
    place = {"folder": str(hub.folder / "mirror"), "home": "~/mirror", "url": f"{hub.url}/mirror/",
             "URL": f"{hub.url}/mirror/".replace("http", "HTTP")}[kind]  # fmt: skip
    monkeypatch.setenv("AVER_WEIGHTS_MIRROR", place)
    assert get(release) == CONTENT
    assert [path for path, _ in hub.asked] == ([f"/mirror/vggface/deepface/{NAME}"] if kind.lower() == "url" else [])


def test_what_the_mirror_lacks_or_has_wrong_is_downloaded(
    hub: Hub, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVER_WEIGHTS_MIRROR", str(hub.folder / "mirror"))
    hub.put(f"mirror/vggface/deepface/{NAME}", b"other")
    with pytest.raises(WeightsError) as error:
        get(release, pin=SHA)
    assert f"mirror/vggface/deepface/{NAME}: expected sha256 {SHA}" in str(error.value)
    hub.put(f"first/{NAME}", CONTENT)
    assert get(release, pin=SHA) == CONTENT
    assert (hub.folder / f"mirror/vggface/deepface/{NAME}").read_bytes() == b"other"


def test_what_the_mirror_does_not_let_read_is_downloaded(
    hub: Hub, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests may run as root, whom no permissions stop."""
    digest = fetching.file_digest

    def refuse(path: Path) -> str:
        if "mirror" in path.parts:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return digest(path)

    monkeypatch.setattr(fetching, "file_digest", refuse)
    monkeypatch.setenv("AVER_WEIGHTS_MIRROR", str(hub.folder / "mirror"))
    hub.put(f"mirror/vggface/deepface/{NAME}", CONTENT)
    with pytest.raises(WeightsError, match=f"mirror/vggface/deepface/{NAME}: cannot be read: Permission denied"):
        get(release)
    hub.put(f"first/{NAME}", CONTENT)
    assert get(release) == CONTENT


def test_a_full_disk_says_so_and_that_it_goes_on(
    hub: Hub, release: Release, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    hub.put(f"first/{NAME}", CONTENT)
    with monkeypatch.context() as patch:
        patch.setattr(parts.Writer, "write", full)
        with pytest.raises(CacheError, match=r"cannot write below .*deepface: No space left on device\. Free space"):
            get(release)
    assert not kept.exists()
    assert get(release) == CONTENT


def test_two_processes_do_not_write_into_one_part(
    hub: Hub, release: Release, kept: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    hub.put(f"first/{NAME}", CONTENT)
    kept.parent.mkdir(parents=True)
    lock = os.open(kept.parent / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    got: list[bytes] = []
    other = threading.Thread(target=lambda: got.append(get(release)))
    other.start()
    other.join(0.3)
    assert not got and not hub.asked and "waiting for another process" in caplog.text
    kept.write_bytes(CONTENT)  # what the other process brings
    os.close(lock)
    other.join()
    assert got == [CONTENT] and not hub.asked


def test_a_download_that_turned_out_useless_does_not_stay_in_the_way(hub: Hub, release: Release, kept: Path) -> None:
    hub.put(f"first/{NAME}", CONTENT)
    found = fetch("vggface", release, {})
    assert fetching.discard("vggface", found, {NAME: SHA}) == "" and kept.exists()  # pinned: it is the right file
    assert "The download was deleted" in fetching.discard("vggface", found, {})
    assert not kept.exists() and not Part(kept).path.exists()


def test_nothing_of_a_mirror_is_deleted(hub: Hub, release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVER_WEIGHTS_MIRROR", str(hub.folder))
    hub.put(f"vggface/deepface/{NAME}", CONTENT)
    found = fetch("vggface", release, {})
    assert fetching.discard("vggface", found, {}) == ""
    assert found.files[NAME].exists()


def test_downloads_lie_in_the_clip_cache_where_gc_and_doctor_do_not_look(
    hub: Hub, release: Release, own_cache: Path
) -> None:
    from aver.cache.collect import inventory
    from aver.cache.health import files, leftovers

    hub.put(f"first/{NAME}", CONTENT)
    hub.cut, hub.statuses = 1, [0, 404, 404]
    with pytest.raises(WeightsError):
        get(release)
    remembered(release)
    assert downloads("vggface", "deepface").is_relative_to(own_cache)
    assert files(own_cache) == [] and inventory(own_cache) == [] and list(leftovers(own_cache)) == []
