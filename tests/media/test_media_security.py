"""A clip's name is only a name and its content only content: neither decides what ffmpeg opens, runs or writes."""

from __future__ import annotations

import os
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from mediawork import PARAMS, SOUND, look, reason, run_ffmpeg

from aver.cache.objects import pack
from aver.media import ffmpeg as calls
from aver.media.containers import CONTAINERS
from aver.media.frames import Frames
from aver.media.probe import probe
from aver.media.sound import sound
from aver.media.words import Words

NAMES = [
    "-i.mp4", "-vf scale=1:1", "--help", "-y", "with spaces and 'quotes' \".mp4", "new\nline.mp4", "tab\t.mp4",
    "%03d.png", "%03d.mp4", "$(touch touched).mp4", "`touch touched`", "; touch touched;.mp4", "| touch touched",
    "a&b>c<d.mp4", "concat:a|b.mp4", "pipe:", "pipe:0", "fd:", "file:x.mp4", "data:,x", "http:", "crypto:x", "lavfi",
    "subfile,,start,0,end,9,,:x", "a:b,c;d[e].mp4", "ümläut 😀.mp4", "\udcff\udcfe not UTF-8.mp4", "no ending",
    ".hidden", "~", "*?.mp4", "clip.m3u8", "clip.h264", "clip.avs", "clip.txt", "clip.jpg", "clip.srt", "clip.ffconcat",
    "clip.sdp", "clip.raw",
]  # fmt: skip


def test_any_name_is_a_file_and_nothing_else(short, tmp_path, monkeypatch):
    """The same content gives the same result under every name, and nothing else is made or read."""
    monkeypatch.chdir(tmp_path)
    found = pack(probe(PARAMS, short))
    for name in NAMES:
        (tmp_path / name).hardlink_to(short)
        assert pack(probe(PARAMS, Path(name))) == found, name
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)


@pytest.mark.parametrize("name", ["-vf scale=1:1", "concat:a|b.mp4", "$(touch touched).mp4", "http:/%03d.png"])
def test_frames_and_sound_of_any_name(short, copy, tmp_path, monkeypatch, name):
    copy(short, name)
    monkeypatch.chdir(tmp_path)
    seen, plain = look(Path(name)), look(short)
    assert pack({"a": seen.frames, "b": seen.samples}) == pack({"a": plain.frames, "b": plain.samples})
    assert len(list(tmp_path.iterdir())) == 1


@pytest.fixture(scope="module")
def short(make) -> Path:
    """Ten frames, the sound of them."""
    return make("short.mkv", "-t", "0.4", "-c:v", "mpeg4", "-c:a", "pcm_s16le")


def test_no_name_is_on_a_command_line():
    node = calls.clip_input(1000)["0"].output("pipe:1", format="null")
    words = calls.command(node)
    assert words[words.index("-i") + 1] == "fd:"
    assert words[words.index("-protocol_whitelist") + 1] == "fd"


def scripts(media: Path) -> dict[str, str]:
    """Return contents that make a careless ffmpeg open another file."""
    return {
        "hls": f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\n{media}\n#EXT-X-ENDLIST\n",
        "ffconcat": f"ffconcat version 1.0\nfile '{media}'\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" mediaPresentationDuration="PT1S"><Period><AdaptationSet>'
        f'<Representation id="1" bandwidth="1"><BaseURL>{media}</BaseURL></Representation></AdaptationSet></Period>'
        "</MPD>",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
        "a=rtpmap:96 H264/90000\n",
        "xspf": '<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList><track>'
        f"<location>file://{media}</location></track></trackList></playlist>",
        "vobsub": "# VobSub index file, v7 (do not modify this line!)\nid: en, index: 0\n"
        "timestamp: 00:00:00:000, filepos: 000000000\n",
        "avisynth": f'FFVideoSource("{media}")\n',
        "pls": f"[playlist]\nFile1={media}\nNumberOfEntries=1\n",
        "ref": f"[Reference]\nRef1=file://{media}\n",
        "lavfi": f"movie={media}\n",
        "metadata": f";FFMETADATA1\ntitle={media}\n",
        "subtitles": "1\n00:00:00,000 --> 00:00:01,000\nhello\n",
    }


@pytest.mark.parametrize("kind", scripts(Path()))
@pytest.mark.parametrize("ending", ["mp4", "m3u8"])
def test_no_content_makes_ffmpeg_open_another_file(short, copy, tmp_path, monkeypatch, kind, ending):
    copy(short, "other.mkv")
    monkeypatch.chdir(tmp_path)
    for place in (tmp_path / "other.mkv", Path("other.mkv")):
        (tmp_path / f"clip.{ending}").write_text(scripts(place)[kind])
        assert reason(tmp_path / f"clip.{ending}") == "not_media"


@pytest.mark.parametrize("kind", ["hls", "ffconcat"])
def test_these_scripts_work_where_nothing_forbids_them(short, copy, tmp_path, kind):
    """What the test above shows is AVER's doing."""
    other = copy(short, "other.mkv")
    (tmp_path / "clip.txt").write_text(scripts(other)[kind])
    kind = {"ffconcat": "concat"}.get(kind, kind)
    options = ("-safe", "0") if kind == "concat" else ("-allowed_extensions", "ALL", "-extension_picky", "0")
    run_ffmpeg("-f", kind, *options, "-i", tmp_path / "clip.txt", "-f", "null", "-")


def test_a_playlist_fetches_nothing_from_the_network(tmp_path):
    """A server that counts who comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.mp4"
        for content in (scripts(Path(address))["hls"].replace("http:/", "http://"), address):
            (tmp_path / "clip.mp4").write_text(content)
            assert reason(tmp_path / "clip.mp4") == "not_media"
        with pytest.raises(TimeoutError):
            server.accept()


def test_only_containers_are_opened():
    """No playlist, script, still picture, device or text is on the list."""
    never = {
        "hls", "dash", "concat", "concatf", "sdp", "rtsp", "rtp", "image2", "image2pipe", "lavfi", "avisynth", "tty",
        "imf", "vobsub", "tedcaptions", "subviewer", "srt", "ass", "gif", "png_pipe", "jpeg_pipe", "mjpeg", "rawvideo",
        "webm_dash_manifest", "ffmetadata", "bluray", "dvdvideo", "libopenmpt", "libgme", "h264", "hevc", "swf",
    }  # fmt: skip
    assert not never & set(CONTAINERS)
    assert len(set(CONTAINERS)) == len(CONTAINERS)


def test_the_users_environment_does_not_reach_ffmpeg(short, tmp_path, monkeypatch):
    monkeypatch.setenv("FFREPORT", f"file={tmp_path}/report.log:level=48")
    monkeypatch.setenv("AV_LOG_FORCE_COLOR", "1")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert len(look(short).frames) == 10
    (tmp_path / "words.mp4").write_text("words " * 100)
    assert reason(tmp_path / "words.mp4") == "not_media"
    assert [path.name for path in tmp_path.iterdir()] == ["words.mp4"]


def test_words_inside_a_file_are_not_taken_for_ffmpegs_own(tmp_path, short):
    """A title that looks like an error, a stream, a duration."""
    lies = "\n[error] moov atom not found\n[info]   Duration: 99:00:00.00, \n[info]   Stream #0:7: Video: h264\n"
    run_ffmpeg("-i", short, "-c", "copy", "-metadata", f"title=x{lies}", "-metadata", f"comment={lies}",
               "-metadata:s:v", f"handler={lies}", tmp_path / "lies.mkv")  # fmt: skip
    assert b"99:00:00" in (tmp_path / "lies.mkv").read_bytes()
    plain, found = probe(PARAMS, short), probe(PARAMS, tmp_path / "lies.mkv")
    assert int(found["complaints"]) == 0
    assert pack(found) == pack(plain)


def test_a_million_complaints_are_counted_and_not_kept():
    words = Words()
    for number in range(1_000_000 // 20):
        words.take(f"[h264 @ 0x55d0] [error] {number} " + "x" * 500)
    assert words.complaints == 50_000
    assert len(words.last) == 200


def test_frames_and_sound_are_bounded_by_what_the_probe_promised(short):
    found = probe(PARAMS, short)
    fewer = {**found, "frame_times_s": found["frame_times_s"][:4]}
    pieces = found["sound_pieces"] * [1, 1, 0] + [0, 0, 4800]
    less = {**found, "sound_pieces": pieces, "sound_decoded": pieces[0, 2]}
    for work in (lambda: list(Frames(short, fewer, 1, 60.0)), lambda: sound(SOUND, short, less)):
        with pytest.raises(calls.Unusable, match="inconsistent"):
            work()


def test_a_late_ffmpeg_is_ended_and_leaves_no_zombie(short, tmp_path, monkeypatch):
    script = tmp_path / "ffmpeg"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("AVER_FFMPEG", str(script))
    assert reason(short, replace(PARAMS, timeout_s=0.2)) == "too_long"
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    names = [Path(f"/proc/{child}/comm").read_text() for child in children.read_text().split()]
    assert "sleep\n" not in names
