"""Probing real containers: frames counted, times kept, damage named."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mediawork import FRAMES, PARAMS, RATE, SOUND, SOUND_S, reason, run_ffmpeg

from aver.cache.objects import pack
from aver.media import ffmpeg as calls
from aver.media.frames import KEEP_BYTES, Frames
from aver.media.probe import probe
from aver.media.sound import SoundParams, note, sound
from aver.outcome import Starved, Unusable

#: name -> (encoder options, codecs, sound may differ by seconds: lossy codecs pad their blocks)
CONTAINERS = {
    "a.mp4": (("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"), ["h264", "aac"], 0.05),
    "b.mkv": (("-c:v", "mpeg4", "-c:a", "libmp3lame"), ["mpeg4", "mp3"], 0.06),
    "c.avi": (("-c:v", "mpeg4", "-c:a", "pcm_s16le"), ["mpeg4", "pcm_s16le"], 0.001),
    "d.mov": (("-c:v", "libx264", "-bf", "3", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le"), ["h264", "pcm_s16le"], 0.05),
    "e.webm": (("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"), ["vp8", "opus"], 0.05),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_gives_all_frames_with_their_times(make, name):
    options, codecs, tolerance = CONTAINERS[name]
    clip = make(name, *options)
    found = probe(PARAMS, clip)
    assert found["codecs"].tolist() == codecs
    assert found["pixels"].tolist() == [96, 64]
    assert sorted(found["streams"].tolist()) == [0, 1]
    times = found["frame_times_s"]
    assert len(times) == FRAMES
    np.testing.assert_allclose(np.diff(times), 1 / RATE, atol=0.0011)  # Matroska counts in milliseconds
    assert float(found["picture_end_s"]) - times[0] == pytest.approx(FRAMES / RATE, abs=0.002)
    assert float(found["sound_end_s"] - found["sound_start_s"]) == pytest.approx(SOUND_S, abs=tolerance)
    assert abs(times[0] - float(found["sound_start_s"])) < 0.09
    assert int(found["sound_rate_hz"]) == 48000
    assert int(found["complaints"]) == 0
    heard = sound(SOUND, clip, found)
    assert int(heard["rate_hz"]) == 16000
    assert heard["samples"].dtype == np.int16
    assert len(heard["samples"]) == pytest.approx(SOUND_S * 16000, abs=tolerance * 16000)
    assert note(heard) == {"samples": len(heard["samples"])}


@pytest.mark.parametrize("every", [1, 2, 3])
@pytest.mark.parametrize("name", ["a.mp4", "d.mov"])
def test_kept_frames_are_the_right_ones_and_iterate_twice_equal(make, name, every):
    clip = make(name, *CONTAINERS[name][0])
    found = probe(PARAMS, clip)
    whole = list(Frames(clip, found, 1, 60.0))
    assert len(whole) == FRAMES
    frames = Frames(clip, found, every, 60.0)
    first, second = list(frames), list(frames)
    assert len(first) == frames.count == len(range(0, FRAMES, every))
    for picture, again, expected in zip(first, second, whole[::every], strict=True):
        assert picture.shape == (64, 96, 3)
        assert picture.dtype == np.uint8
        np.testing.assert_array_equal(picture, expected)
        np.testing.assert_array_equal(again, expected)


def test_frames_are_rgb(make):
    clip = make("red.mp4", "-c:v", "libx264", "-pix_fmt", "yuv444p", picture="color=red:size=96x64:rate=5:duration=1",
                sound=None)  # fmt: skip
    picture = next(iter(Frames(clip, probe(PARAMS, clip), 1, 60.0)))
    red, green, blue = picture.reshape(-1, 3).mean(axis=0)
    assert red > 200
    assert max(green, blue) < 40


def test_a_long_clip_is_decoded_again_instead_of_kept(mp4, monkeypatch):
    assert KEEP_BYTES > 1 << 20
    found = probe(PARAMS, mp4)
    kept = [frame.copy() for frame in Frames(mp4, found, 5, 60.0)]
    monkeypatch.setattr("aver.media.frames.KEEP_BYTES", 0)
    frames = Frames(mp4, found, 5, 60.0)
    for _ in range(2):
        np.testing.assert_array_equal(np.stack(list(frames)), np.stack(kept))
    assert frames._kept is None


@pytest.mark.parametrize("promised", [FRAMES - 4, FRAMES + 4])
def test_a_count_that_disagrees_is_inconsistent(mp4, promised):
    found = {**probe(PARAMS, mp4), "frame_times_s": np.arange(promised) / RATE}
    with pytest.raises(Unusable) as error:
        list(Frames(mp4, found, 2, 60.0))
    assert error.value.reason == "inconsistent"
    assert str(promised // 2) in error.value.detail


def test_stopping_in_the_middle_of_the_frames_ends_ffmpeg(mp4):
    for _ in Frames(mp4, probe(PARAMS, mp4), 1, 60.0):
        break
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    names = [Path(f"/proc/{child}/comm").read_text() for child in children if Path(f"/proc/{child}").exists()]
    assert not [name for name in names if "ffmpeg" in name]


def test_a_clip_without_sound(make):
    found = probe(PARAMS, make("silent.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", sound=None))
    assert len(found["frame_times_s"]) == FRAMES
    assert int(found["sound_rate_hz"]) == 0
    assert found["streams"].tolist() == [0, -1]
    assert found["codecs"].tolist() == ["h264", ""]


def test_a_clip_without_picture(wav):
    found = probe(PARAMS, wav)
    assert found["frame_times_s"].shape == (0,)
    assert found["streams"].tolist() == [-1, 0]
    assert found["pixels"].tolist() == [0, 0]
    assert float(found["sound_end_s"]) == SOUND_S


def test_a_cover_picture_is_no_picture(make, tmp_path, wav):
    cover = make("cover.png", "-frames:v", "1", sound=None)
    song = tmp_path / "song.mp3"
    run_ffmpeg("-i", wav, "-i", cover, "-map", "0", "-map", "1", "-c:v", "png", "-disposition:v", "attached_pic", song)
    found = probe(PARAMS, song)
    assert len(found["frame_times_s"]) == 0
    assert int(found["sound_rate_hz"]) == 48000


@pytest.mark.parametrize("late", ["sound", "picture"])
def test_start_offsets_are_kept(mp4, tmp_path, late):
    clip = tmp_path / "late.mkv"
    maps = ("0:v", "1:a") if late == "sound" else ("1:v", "0:a")
    run_ffmpeg("-i", mp4, "-itsoffset", "0.5", "-i", mp4, "-map", maps[0], "-map", maps[1], "-c", "copy", clip)
    found = probe(PARAMS, clip)
    lag = float(found["sound_start_s"] - found["frame_times_s"][0])
    assert lag == pytest.approx(0.5 if late == "sound" else -0.5, abs=0.05)
    assert min(float(found["sound_start_s"]), found["frame_times_s"][0]) == pytest.approx(0, abs=0.03)
    assert len(sound(SOUND, clip, found)["samples"]) == pytest.approx(SOUND_S * 16000, abs=1600)


def test_a_variable_frame_rate_keeps_each_frames_time(make):
    """Frames 0–24 in place, then every fifth one: nothing is invented and nothing dropped."""
    clip = make("vfr.mkv", "-vf", "select='lt(n,25)+not(mod(n,5))'", "-fps_mode", "vfr", "-c:v", "libx264",
                "-pix_fmt", "yuv420p", sound=None)  # fmt: skip
    times = probe(PARAMS, clip)["frame_times_s"]
    expected = np.concatenate([np.arange(25), np.arange(25, 50, 5)]) / RATE
    np.testing.assert_allclose(times, expected, atol=0.001)
    assert len(list(Frames(clip, probe(PARAMS, clip), 2, 60.0))) == 15


def test_ntsc_rates_are_exact(make):
    clip = make("ntsc.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", sound=None,
                picture="testsrc=size=96x64:rate=30000/1001:duration=1")  # fmt: skip
    times = probe(PARAMS, clip)["frame_times_s"]
    assert times.tolist() == [k * 1001 / 30000 for k in range(len(times))]


def test_rotation_is_applied(mp4, tmp_path):
    clip = tmp_path / "turned.mp4"
    run_ffmpeg("-display_rotation", "90", "-i", mp4, "-c", "copy", clip)
    found = probe(PARAMS, clip)
    assert found["pixels"].tolist() == [64, 96]
    assert next(iter(Frames(clip, found, 2, 60.0))).shape == (96, 64, 3)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12345\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"", "empty"), (b"these are words\n" * 50, "not_media"), (POINTER.encode(), "git_lfs_pointer"),
     (bytes(range(256)) * 20, "not_media"), (b"\0" * 5000, "not_media")],
    ids=["empty", "text", "pointer", "bytes", "zeros"],
)  # fmt: skip
def test_what_is_no_media(tmp_path, content, expected):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(content)
    assert reason(clip) == expected


def test_missing_and_unreadable(tmp_path):
    assert reason(tmp_path / "nowhere.mp4") == "missing"
    (tmp_path / "folder.mp4").mkdir()
    assert reason(tmp_path / "folder.mp4") == "unreadable"


def test_a_file_with_other_streams_only(tmp_path):
    (tmp_path / "words.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    run_ffmpeg("-i", tmp_path / "words.srt", tmp_path / "words.mkv")
    assert reason(tmp_path / "words.mkv") == "no_streams"


@pytest.mark.parametrize("share", [0.3, 0.6])
@pytest.mark.parametrize("kind", ["mp4", "fast_mp4", "wav", "avi"])
def test_truncated_files(request, make, tmp_path, kind, share):
    source = make("c.avi", *CONTAINERS["c.avi"][0]) if kind == "avi" else request.getfixturevalue(kind)
    clip = tmp_path / source.name
    content = source.read_bytes()
    clip.write_bytes(content[: int(len(content) * share)])
    assert reason(clip) == "truncated"


def test_a_streamed_wav_without_a_length_is_whole(wav, tmp_path):
    content = bytearray(wav.read_bytes())
    content[4:8] = b"\xff\xff\xff\xff"
    (tmp_path / "streamed.wav").write_bytes(content)
    assert float(probe(PARAMS, tmp_path / "streamed.wav")["sound_end_s"]) == SOUND_S


def test_damage_in_the_middle_is_counted_and_the_clip_stays(mp4, tmp_path):
    content = bytearray(mp4.read_bytes())
    start = content.index(b"mdat") + 3000
    content[start : start + 300] = b"\xff" * 300
    (tmp_path / "scratched.mp4").write_bytes(content)
    found = probe(PARAMS, tmp_path / "scratched.mp4")
    assert int(found["complaints"]) > 0
    assert len(found["frame_times_s"]) > FRAMES // 2


def test_a_time_out_is_too_long(mp4):
    found = probe(PARAMS, mp4)
    assert reason(mp4, replace(PARAMS, timeout_s=0.001)) == "too_long"
    for work in (lambda: sound(replace(SOUND, timeout_s=0.001), mp4, found), lambda: list(Frames(mp4, found, 2, 1e-4))):
        with pytest.raises(Unusable) as error:
            work()
        assert error.value.reason == "too_long"


def test_a_killed_ffmpeg_is_the_machines_failure(tmp_path, monkeypatch, mp4):
    script = tmp_path / "ffmpeg"
    script.write_text("#!/bin/sh\nkill -9 $$\n")
    script.chmod(0o755)
    monkeypatch.setenv("AVER_FFMPEG", str(script))
    with pytest.raises(Starved, match="signal 9"):
        probe(PARAMS, mp4)


def test_a_killed_ffmpeg_while_frames_are_read_is_the_machines_failure(tmp_path, monkeypatch, mp4):
    found = probe(PARAMS, mp4)
    script = tmp_path / "ffmpeg"
    script.write_text("#!/bin/sh\nkill -9 $$\n")
    script.chmod(0o755)
    monkeypatch.setenv("AVER_FFMPEG", str(script))
    with pytest.raises(Starved):
        list(Frames(mp4, found, 2, 60.0))


def test_everything_is_the_same_bytes_twice(mp4):
    found = probe(PARAMS, mp4)
    assert pack(found) == pack(probe(PARAMS, mp4))
    assert pack(sound(SOUND, mp4, found)) == pack(sound(SOUND, mp4, found))


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_the_sound_is_what_was_recorded(wav, rate):
    """A 440 Hz tone stays a 440 Hz tone, at any rate."""
    samples = sound(SoundParams(rate, 60.0), wav, probe(PARAMS, wav))["samples"].astype(float)
    assert len(samples) == pytest.approx(SOUND_S * rate, abs=rate * 0.001)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.fft.rfftfreq(len(samples), 1 / rate)[spectrum.argmax()] == pytest.approx(440, abs=1)


def test_stereo_becomes_mono(make):
    both = make("stereo.wav", "-filter_complex", "[0:a]aformat=channel_layouts=stereo", "-c:a", "pcm_s16le",
                picture=None)  # fmt: skip
    assert len(sound(SOUND, both, probe(PARAMS, both))["samples"]) == pytest.approx(SOUND_S * 16000, abs=16)


def test_the_runtime_names_the_build():
    assert calls.runtime()["ffmpeg"].startswith("ffmpeg version ")
    assert "Copyright" not in calls.runtime()["ffmpeg"]
