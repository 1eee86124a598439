"""One URL to one file: cut, resumed, changed, slow, stalled, moved, refused; and never taken for whole too soon."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from hub import Hub

from aver.weights.releases import ask
from aver.weights.releases import download as downloading
from aver.weights.releases import part as parts
from aver.weights.releases.ask import Unavailable
from aver.weights.releases.download import download
from aver.weights.releases.part import Begun, Part

CONTENT = bytes(range(256)) * 400  # 102 kB
OTHER = CONTENT[::-1]
NAME = "vgg_face_weights.pth"


@pytest.fixture
def part(tmp_path: Path) -> Part:
    return Part(tmp_path / "downloads" / NAME)


def get(url: str, part: Part, *, checked: bool = False) -> bytes:
    download(url, part, NAME, checked=checked)
    return part.path.read_bytes()


def begin(hub: Hub, part: Part, content: bytes = CONTENT) -> str:
    """Leave a part, as a run that was cut and gave up does."""
    url = hub.put(NAME, content)
    hub.cut, hub.statuses = 1, [0, 404]
    with pytest.raises(Unavailable, match="404"):
        get(url, part)
    hub.asked.clear()
    return url


def test_a_file_comes_whole(hub: Hub, part: Part) -> None:
    assert get(hub.put(NAME, CONTENT), part) == CONTENT
    assert hub.asked == [(f"/{NAME}", None)]
    begun = part.begun()
    assert begun and begun.safe == begun.total == len(CONTENT)
    part.finish(part.path.with_suffix(""))
    assert [path.name for path in part.path.parent.iterdir()] == [NAME]


def test_a_file_without_bytes_is_a_file(hub: Hub, part: Part) -> None:
    assert get(hub.put(NAME, b""), part) == b""


def test_a_cut_connection_is_gone_on_with(hub: Hub, part: Part) -> None:
    url = hub.put(NAME, CONTENT)
    hub.cut = 4  # more often than it would try in vain: each time something came
    assert get(url, part) == CONTENT
    starts = [int((asked or "bytes=0-")[6:-1]) for _, asked in hub.asked]
    assert starts == sorted(set(starts)) and len(starts) == 5


def test_the_next_run_goes_on_with_the_part(hub: Hub, part: Part) -> None:
    url = begin(hub, part)
    assert part.path.stat().st_size == len(CONTENT) // 2
    assert get(url, part) == CONTENT
    assert hub.asked == [(f"/{NAME}", f"bytes={len(CONTENT) // 2}-")]


def test_a_whole_part_needs_no_server(hub: Hub, part: Part) -> None:
    url = hub.put(NAME, CONTENT)
    get(url, part)
    hub.asked.clear()
    assert get(url, part) == CONTENT
    assert hub.asked == []


def test_a_file_that_changed_meanwhile_is_not_spliced(hub: Hub, part: Part) -> None:
    url = begin(hub, part)
    hub.put(NAME, OTHER)
    assert get(url, part) == OTHER
    assert hub.asked == [(f"/{NAME}", f"bytes={len(CONTENT) // 2}-")]


@pytest.mark.parametrize("same_length", [True, False])
def test_a_server_that_ignores_if_range_is_found_out(hub: Hub, part: Part, same_length: bool) -> None:
    hub.headers = {"ETag": None, "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
    url = begin(hub, part)
    # The same date, so the server goes on; another length or another ETag gives it away.
    hub.put(NAME, OTHER if same_length else OTHER + b"more")
    if same_length:
        hub.headers["ETag"] = '"other"'
    assert get(url, part) == hub.folder.joinpath(NAME).read_bytes()
    assert [asked for _, asked in hub.asked] == [f"bytes={len(CONTENT) // 2}-", None]


def test_a_shorter_file_is_begun_again(hub: Hub, part: Part) -> None:
    hub.headers = {"ETag": None, "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
    url = begin(hub, part)
    hub.put(NAME, OTHER[:1000])
    assert get(url, part) == OTHER[:1000]


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_sure_mark_of_the_content_it_begins_again(hub: Hub, part: Part, etag: str | None) -> None:
    hub.headers = {"ETag": etag}
    url = begin(hub, part)
    assert get(url, part) == CONTENT
    assert [asked for _, asked in hub.asked] == [None]


def test_a_server_without_ranges_begins_again(hub: Hub, part: Part) -> None:
    url = begin(hub, part)
    hub.ranges = False
    assert get(url, part) == CONTENT


def test_a_server_that_begins_again_each_time_is_not_asked_for_ever(hub: Hub, part: Part) -> None:
    hub.ranges, hub.cut = False, 99
    with pytest.raises(Unavailable, match="the connection was cut"):
        get(hub.put(NAME, CONTENT), part)
    assert hub.cut == 99 - 4  # the first one brought something


def test_a_rest_that_does_not_fit_behind_the_part_is_not_taken(hub: Hub, part: Part) -> None:
    url = begin(hub, part)
    hub.headers = {"Content-Range": f"bytes 7-{len(CONTENT) - 1}/{len(CONTENT)}"}
    assert get(url, part) == CONTENT
    assert [asked for _, asked in hub.asked] == [f"bytes={len(CONTENT) // 2}-", None]


def test_a_server_that_gives_the_rest_in_pieces_is_asked_for_all(hub: Hub, part: Part) -> None:
    url = begin(hub, part)
    hub.most = 20_000
    assert get(url, part) == CONTENT
    assert len(hub.asked) == 3


def test_the_part_of_another_url_is_not_gone_on_with(hub: Hub, part: Part) -> None:
    begin(hub, part)
    assert get(hub.put("other", OTHER), part) == OTHER
    assert hub.asked == [("/other", None)]


@pytest.mark.parametrize("harm", ["note", "shorter", "longer"])
def test_a_part_is_trusted_as_far_as_it_is_on_the_disk(hub: Hub, part: Part, harm: str) -> None:
    url = begin(hub, part)
    if harm == "note":
        part.note.write_text("{")
    elif harm == "shorter":
        with part.path.open("r+b") as file:
            file.truncate(10)
    else:  # what a power cut may have left behind the bytes that are noted as safe
        with part.path.open("ab") as file:
            file.write(bytes(2 * len(CONTENT)))
    assert get(url, part) == CONTENT


def test_what_may_pass_is_tried_again_with_growing_pauses(
    hub: Hub, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []
    monkeypatch.setattr(time, "sleep", paused.append)
    monkeypatch.setattr(downloading, "PAUSES_S", (1.0, 4.0, 15.0))
    hub.statuses = [500, 503, 429]
    assert get(hub.put(NAME, CONTENT), part) == CONTENT
    assert [pause for pause in paused if pause] == [1.0, 4.0, 15.0]
    hub.statuses = [500] * 9
    part.drop()
    with pytest.raises(Unavailable, match=r"HTTP 500 \(Internal Server Error\)"):
        get(f"{hub.url}/{NAME}", part)
    assert len(hub.statuses) == 5


@pytest.mark.parametrize(("status", "words"), [(404, "Not Found"), (403, "Forbidden"), (401, ""), (204, "")])
def test_what_will_not_pass_is_asked_once(hub: Hub, part: Part, status: int, words: str) -> None:
    hub.statuses = [status]
    with pytest.raises(Unavailable, match=f"HTTP {status} .*{words}"):
        get(hub.put(NAME, CONTENT), part)
    assert len(hub.asked) == 1
    assert not part.path.exists()


def test_redirects_are_followed(hub: Hub, part: Part) -> None:
    hub.put("there", CONTENT)
    hub.moved = {"/a": "/b", "/b": f"{hub.url}/there"}
    assert get(f"{hub.url}/a", part) == CONTENT


def test_a_redirected_download_is_gone_on_with_where_it_leads(hub: Hub, part: Part) -> None:
    hub.put("there", CONTENT)
    hub.moved, hub.cut = {"/a": "/there"}, 1
    assert get(f"{hub.url}/a", part) == CONTENT
    assert hub.asked[-1] == ("/there", f"bytes={len(CONTENT) // 2}-")


def test_redirects_in_a_circle_are_told(hub: Hub, part: Part) -> None:
    hub.moved = {"/a": "/b", "/b": "/a"}
    with pytest.raises(Unavailable, match="redirects lead in a circle"):
        get(f"{hub.url}/a", part)


def test_a_redirect_out_of_http_is_refused(hub: Hub, part: Part) -> None:
    hub.moved = {"/a": "file:///etc/passwd"}
    with pytest.raises(Unavailable, match="redirects to file:///etc/passwd, which is no address of the web"):
        get(f"{hub.url}/a", part)


def test_a_redirect_out_of_https_needs_a_known_sha256() -> None:
    for there in ("http://b.example/y", "HTTP://b.example/y"):
        with pytest.raises(Unavailable, match=rf"from https to {there}, where anybody"):
            ask.redirected("https://a.example/x", there, checked=False)
        assert ask.redirected("https://a.example/x", there, checked=True) == there
    assert ask.redirected("https://a.example/x", "//b.example/y", checked=False) == "https://b.example/y"
    assert ask.redirected("http://a.example/x/z", "y", checked=False) == "http://a.example/x/y"


@pytest.mark.parametrize("location", ["http://[::1", "https://", "http://a:b:c/", "http://127.0.0.1:999999/", "\xff"])
def test_a_redirect_to_no_address_is_told(hub: Hub, part: Part, location: str) -> None:
    hub.moved = {"/a": location}
    with pytest.raises(Unavailable):
        get(f"{hub.url}/a", part)
    assert len(hub.asked) == 1


def test_the_body_of_a_redirect_is_not_read(hub: Hub, part: Part) -> None:
    hub.put("there", b"small")
    hub.moved, hub.moved_body, hub.pause_s = {"/a": "/there"}, CONTENT, 0.2  # 5 s long
    started = time.monotonic()
    assert get(f"{hub.url}/a", part) == b"small"
    assert time.monotonic() - started < 2


def test_more_than_the_whole_is_not_taken(hub: Hub, part: Part) -> None:
    url = begin(hub, part)
    hub.more = b"more"
    assert get(url, part) == CONTENT
    assert [asked for _, asked in hub.asked] == [f"bytes={len(CONTENT) // 2}-", None]


@pytest.mark.parametrize("told", [True, False])
def test_no_file_fills_the_disk(hub: Hub, part: Part, monkeypatch: pytest.MonkeyPatch, told: bool) -> None:
    monkeypatch.setattr(downloading, "MOST_BYTES", 50_000)
    hub.headers = {} if told else {"Content-Length": None, "Transfer-Encoding": "chunked"}
    with pytest.raises(Unavailable, match="tells a length of 0.1 MB" if told else "more than 0.1 MB came"):
        get(hub.put(NAME, CONTENT), part)
    assert len(hub.asked) == 1 and not part.path.exists() and not part.note.exists()


def test_a_few_bytes_each_time_are_no_progress(hub: Hub, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "PROGRESS_BYTES", 64_000)
    hub.cut, hub.share = 99, 0.1  # 10 kB, 9 kB, 8 kB, ...
    with pytest.raises(Unavailable, match="the connection was cut"):
        get(hub.put(NAME, CONTENT), part)
    assert len(hub.asked) == 3


@pytest.mark.parametrize(("header", "value"), [("Content-Type", "text/html"), ("Content-Encoding", "gzip")])
def test_a_rest_that_is_a_page_or_packed_is_not_taken(hub: Hub, part: Part, header: str, value: str) -> None:
    url = begin(hub, part)
    hub.headers = {header: value}
    with pytest.raises(Unavailable, match=r"a web page came|packed \(gzip\)"):
        get(url, part)
    assert part.path.read_bytes() == CONTENT[: len(CONTENT) // 2]


def test_numbers_without_end_are_told(hub: Hub, part: Part) -> None:
    url = begin(hub, part)
    hub.headers = {"Content-Range": f"bytes {'9' * 5000}-9/9"}
    assert get(url, part) == CONTENT
    part.drop()
    hub.headers = {"Content-Length": "9" * 5000}
    with pytest.raises(Unavailable):
        get(url, part)


def test_a_slow_server_is_waited_for(hub: Hub, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "READ_S", 0.4)
    hub.pause_s = 0.04
    started = time.monotonic()
    assert get(hub.put(NAME, CONTENT), part) == CONTENT
    assert time.monotonic() - started > 0.8  # twice what a standing server is given


def test_a_server_that_stands_still_is_told(hub: Hub, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "READ_S", 0.2)
    url = hub.put(NAME, CONTENT)
    hub.stalled = 1
    assert get(url, part) == CONTENT
    assert hub.asked[-1][1] == f"bytes={len(CONTENT) // 2}-"
    part.drop()
    hub.stalled, hub.share = 9, 0
    with pytest.raises(Unavailable, match=r"stands still: no byte came for 0\.2 s"):
        get(url, part)
    assert hub.stalled == 9 - 3


def test_no_network_is_told_in_the_systems_words(part: Part) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/{NAME}"
        with pytest.raises(Unavailable, match=r"^no connection \(Connection refused\)$"):
            get(url, part)
    assert not part.path.exists()


def test_no_tls_is_told(hub: Hub, part: Part) -> None:
    with pytest.raises(Unavailable, match="no connection that can be trusted"):
        get(hub.put(NAME, CONTENT).replace("http:", "https:"), part)


def test_a_proxy_of_the_environment_is_used(hub: Hub, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", hub.url)
    hub.put(NAME, CONTENT)
    assert get(f"http://weights.example/{NAME}", part) == CONTENT
    assert hub.proxied == [f"http://weights.example/{NAME}"]


def test_a_proxy_that_is_not_there_is_told(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match=r"the proxy of the environment does not connect \(Connection refused\)"):
        get(f"http://weights.example/{NAME}", part)


def test_a_web_page_is_no_file(hub: Hub, part: Part) -> None:
    hub.headers = {"Content-Type": "text/html; charset=utf-8"}
    with pytest.raises(Unavailable, match="a web page came instead of the file"):
        get(hub.put(NAME, b"<html>"), part)
    assert not part.path.exists()


def test_a_packed_answer_is_refused_but_an_archive_is_packed_itself(hub: Hub, part: Part) -> None:
    hub.headers = {"Content-Encoding": "gzip"}
    url = hub.put(NAME, CONTENT)
    with pytest.raises(Unavailable, match=r"packed \(gzip\) although asked not to"):
        get(url, part)
    download(url, part, "vggish_1.tar.gz", checked=False)
    assert part.path.read_bytes() == CONTENT


def test_a_chunked_answer_tells_its_end_itself(hub: Hub, part: Part) -> None:
    hub.headers = {"Content-Length": None, "Transfer-Encoding": "chunked"}
    hub.cut = 1
    assert get(hub.put(NAME, CONTENT), part) == CONTENT
    assert len(hub.asked) == 2


def test_an_answer_of_unknown_length_needs_a_known_sha256(hub: Hub, part: Part) -> None:
    hub.headers = {"Content-Length": None}
    url = hub.put(NAME, CONTENT)
    with pytest.raises(Unavailable, match="does not tell the file's length"):
        get(url, part)
    assert get(url, part, checked=True) == CONTENT


def test_a_full_disk_is_the_disks_error(hub: Hub, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: object, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parts.Writer, "write", full)
    with pytest.raises(OSError, match="No space left") as error:
        get(hub.put(NAME, CONTENT), part)
    assert not isinstance(error.value, requests.RequestException)


KILLED = """
import sys
from pathlib import Path
from aver.weights.releases import part
from aver.weights.releases.download import download
part.SYNC_S = 0.0
download(sys.argv[1], part.Part(Path(sys.argv[2])), "file", checked=False)
"""


def test_a_killed_download_leaves_a_part_that_the_next_run_goes_on_with(hub: Hub, part: Part) -> None:
    url = hub.put(NAME, CONTENT)
    hub.pause_s = 0.05
    target = part.path.with_suffix("")
    environment = {**os.environ, "PYTHONPATH": str(Path(downloading.__file__).parents[2])}
    with subprocess.Popen([sys.executable, "-c", KILLED, url, str(target)], env=environment) as process:
        deadline = time.monotonic() + 60
        while not ((begun := part.begun()) and begun.safe > 5 * 4096) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert sorted(path.name for path in target.parent.iterdir() if not path.name.startswith(".tmp-")) == [
        part.path.name, part.note.name,
    ]  # fmt: skip
    begun = part.begun()
    assert begun and 0 < begun.safe < len(CONTENT)
    hub.pause_s = 0
    assert get(url, part) == CONTENT
    assert hub.asked[-1][1] == f"bytes={begun.safe}-"


def test_a_note_says_what_the_part_is_of(part: Part) -> None:
    with part.writer(Begun("http://x/y", '"e"', 9)) as writer:
        writer.write(b"abcd")
    assert json.loads(part.note.read_text()) == {"url": "http://x/y", "validator": '"e"', "total": 9, "safe": 4}
    assert part.begun() == Begun("http://x/y", '"e"', 9, 4)


def test_progress_is_told_in_a_log(
    hub: Hub, part: Part, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("aver.weights.releases.meter.LOG_EVERY_S", 0.0)
    caplog.set_level("INFO")
    get(hub.put(NAME, CONTENT), part)
    assert f"{NAME}  " in caplog.text and "MB of 0.1 MB" in caplog.text and "s left" in caplog.text
