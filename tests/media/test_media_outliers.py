"""Wrong time stamps, holes that nothing confirms, absurd headers, and known containers whose heads are broken."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
from fuzz_bases import RECIPES, Base, make_bases
from mediawork import PARAMS, SOUND, TONE, look, reason, run_ffmpeg

from aver.media.containers import CONTAINERS, MAGIC_BYTES, MAGICS, container_of
from aver.media.listing import read_listing
from aver.media.outliers import in_step
from aver.media.probe import ProbeParams, probe
from aver.media.sound import sound
from aver.outcome import Unusable


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([0, 100, 200, 300], [0, 100, 200, 300]),
        ([0, 115, 215, 315], [0, 115, 215, 315]),
        ([0, 900, 200, 300], [0, 100, 200, 300]),
        ([0, 250, 250, 300, 400], [0, 100, 200, 300, 400]),
        ([0, 100, 9000, 9000, 9000], [0, 100, 200, 300, 400]),
        ([0, 100, 9000, 9100, 9200], [0, 100, 9000, 9100, 9200]),
        ([0, 500, 1000, 1500], [0, 500, 1000, 1500]),
        ([0, 100, 9000, 9000, 9100], [0, 100, 9000, 9000, 9100]),
        ([0, 100, 200, 200, 200], [0, 100, 200, 200, 200]),
        ([0, 100, 100, 300], [0, 100, 200, 300]),
        ([0, 1, 1, 1, 1], [0, 1, 1, 1, 1]),
        ([0, 100, 9000], [0, 100, 9000]),
        ([9000, 9000, 9000], [9000, 9000, 9000]),
        ([7], [7]),
    ],
    ids=[
        "regular", "jitter", "one ahead", "held", "held to the end", "hole", "holes",
        "twice behind a hole", "runs back", "one behind", "no room", "last", "first", "one",
    ],
)  # fmt: skip
def test_a_stamp_that_the_next_one_contradicts_is_not_believed(stamps, expected):
    assert in_step(np.array(stamps), np.full(len(stamps), 100), 20).tolist() == expected


@pytest.fixture(scope="module")
def bases(tmp_path_factory) -> dict[str, Base]:
    return {base.name: base for base in make_bases(tmp_path_factory.mktemp("bases"))}


def flv_tags(content: bytearray, stream: int) -> list[int]:
    """Return where an FLV's tags of one kind stand: 8 sound, 9 picture."""
    tags, at = [], 13
    while at < len(content):
        if content[at] == stream:
            tags.append(at)
        at += 11 + int.from_bytes(content[at + 1 : at + 4], "big") + 4
    return tags


def test_a_picture_that_runs_back_behind_its_first_stamp_is_damaged(bases, tmp_path):
    """Nothing tells whether the first stamp is wrong or all others."""
    content = bytearray(bases["flv flv1 mp3"].content)
    content[flv_tags(content, 9)[0] + 4] ^= 0x11
    (tmp_path / "first.flv").write_bytes(content)
    assert reason(tmp_path / "first.flv") == "damaged"


@pytest.mark.parametrize("stream", [8, 9], ids=["sound", "picture"])
@pytest.mark.parametrize("high_byte", [0, 1], ids=["64 s to hours", "days"])
def test_one_flipped_stamp_moves_nothing(bases, tmp_path, stream, high_byte):
    """A tag of an FLV in the midst of the clip: type, 3 bytes of length, 3 bytes of time and its highest one."""
    content = bytearray(bases["flv flv1 mp3"].content)
    tags = flv_tags(content, stream)
    (tmp_path / "whole.flv").write_bytes(content)
    content[tags[len(tags) // 2] + (7 if high_byte else 4)] ^= 0x11
    (tmp_path / "flipped.flv").write_bytes(content)
    whole, flipped = look(tmp_path / "whole.flv"), look(tmp_path / "flipped.flv")
    assert flipped.sound_s == pytest.approx(whole.sound_s, abs=0.03)
    assert flipped.times_s.tolist() == pytest.approx(whole.times_s.tolist(), abs=0.03)
    assert np.array_equal(flipped.samples[:20000], whole.samples[:20000])
    assert float(flipped.probe["sound_left_out_s"]) == 0


def joined(folder, seconds: int, *options: str):
    """Two clips of 2 s with `seconds` from the start of one to the start of the other; no duration is declared live."""
    run_ffmpeg("-f", "lavfi", "-i", TONE, "-c:a", "pcm_s16le", folder / "part.mkv")
    (folder / "list").write_text(f"ffconcat version 1.0\nfile part.mkv\nduration {seconds}\nfile part.mkv\n")
    run_ffmpeg("-f", "concat", "-i", folder / "list", "-c", "copy", *options, folder / "joined.mkv")
    return folder / "joined.mkv"


def test_a_long_pause_is_silence_where_the_container_confirms_it(tmp_path):
    found = probe(PARAMS, joined(tmp_path, 300))
    assert float(found["sound_silence_s"]) == pytest.approx(298, abs=0.1)
    assert float(found["sound_end_s"]) == pytest.approx(302, abs=0.1)


def test_a_pause_below_a_minute_needs_no_confirmation(tmp_path):
    found = probe(PARAMS, joined(tmp_path, 50, "-live", "1"))
    assert float(found["sound_silence_s"]) == pytest.approx(48, abs=0.1)


def test_a_sound_that_is_mostly_hole_by_nobodys_word_but_its_own_is_damaged(tmp_path):
    clip = joined(tmp_path, 300)
    content = bytearray(clip.read_bytes())
    at = content.index(b"\x44\x89\x88") + 3  # Duration, 8 bytes, milliseconds
    content[at : at + 8] = np.array([4000.0], ">f8").tobytes()
    clip.write_bytes(content)
    assert reason(clip) == "damaged"


def test_sound_beyond_the_longest_duration_is_refused_whatever_its_stamps_say(wav, tmp_path):
    """Neither decoded to its end nor given memory: two seconds declared to be at 1000 Hz are 96."""
    content = bytearray(wav.read_bytes())
    content[24:28] = (1000).to_bytes(4, "little")
    (tmp_path / "slow.wav").write_bytes(content)
    assert reason(tmp_path / "slow.wav", ProbeParams(60.0, max_duration_s=90.0)) == "too_large"


@pytest.mark.parametrize(
    ("stamps", "refused"),
    [([0, 0, 0, 0, 0], True), ([0, 3, 3, 3], False), ([0, 99, 99, 3], False), ([0, 99, 100], True)],
    ids=["samples", "held", "one stamp ahead", "time goes on"],
)
def test_a_listing_ends_when_it_is_sure_that_the_sound_is_too_long(tmp_path, stamps, refused):
    """Blocks of one second at 1000 Hz; four and a half seconds are allowed."""
    lines = ["#tb 0: 1/1000", "#sample_rate 0: 1000", *(f"0, {1000 * at}, {1000 * at}, 1000, 2, 0x0" for at in stamps)]
    (tmp_path / "listing").write_text("\n".join(lines) + "\n")
    if refused:
        with pytest.raises(Unusable, match="too_large"):
            read_listing(io.FileIO(tmp_path / "listing"), 4.5)
    else:
        assert len(read_listing(io.FileIO(tmp_path / "listing"), 4.5)) == len(stamps)


@pytest.mark.parametrize("rate_hz", [900, 1_000_001, 2**31 - 1])
def test_a_sample_rate_that_no_voice_is_recorded_at_is_damage(wav, tmp_path, rate_hz):
    content = bytearray(wav.read_bytes())
    content[24:28] = rate_hz.to_bytes(4, "little")
    (tmp_path / "odd.wav").write_bytes(content)
    assert reason(tmp_path / "odd.wav", ProbeParams(60.0, max_duration_s=1e6)) == "damaged"


def test_seventeen_channels_cannot_be_mixed(wav, tmp_path):
    content = bytearray(wav.read_bytes())
    content[22:24], content[32:34] = (17).to_bytes(2, "little"), (34).to_bytes(2, "little")
    (tmp_path / "many.wav").write_bytes(content)
    with pytest.raises(Unusable) as error:
        sound(SOUND, tmp_path / "many.wav", probe(PARAMS, tmp_path / "many.wav"))
    assert (error.value.reason, error.value.lasting) == ("damaged", True)


def test_samples_that_have_no_place_are_not_held(tmp_path):
    """Two minutes of sound of which the probe keeps the first and the last tenth of a second."""
    tone = "sine=frequency=440:sample_rate=16000:duration=120"
    run_ffmpeg("-f", "lavfi", "-i", tone, "-c:a", "pcm_s16le", tmp_path / "long.wav")
    found = probe(PARAMS, tmp_path / "long.wav")
    found["sound_pieces"] = np.array([[0, 0, 1600], [1600, 1_918_400, 1_920_000]])
    tracemalloc.start()
    heard = sound(SOUND, tmp_path / "long.wav", found)["samples"]
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(heard) == 3200
    assert heard.std() > 1000
    assert held < 1_000_000
    found["sound_pieces"] = np.array([[0, 0, 1600]])
    assert len(sound(SOUND, tmp_path / "long.wav", found)["samples"]) == 1600


def test_every_container_is_known_by_its_first_bytes(bases):
    names = {".mp4": "mov", ".mov": "mov", ".3gp": "mov", ".m4a": "mov", ".mkv": "matroska", ".webm": "matroska",
             ".ts": "mpegts", ".mpg": "mpeg", ".wmv": "asf", ".ogv": "ogg", ".opus": "ogg", ".aac": ""}  # fmt: skip
    for name, suffix, *_ in RECIPES:
        assert container_of(bases[name].content[:MAGIC_BYTES]) == names.get(suffix, suffix[1:]), name
    assert set(MAGICS) <= set(CONTAINERS)
    for start in (b"", b"RIFF\4\0\0\0WEBPVP8 ", b"G" * 20, b"<!DOCTYPE html>", b"FORM\0\0\0\4ILBM"):
        assert container_of(start) == ""


@pytest.mark.parametrize("name", ["mkv mpeg4 mp3", "ogg opus", "flac", "asf wmv2 wma2", "aiff pcm"])
def test_a_known_container_that_cannot_be_read_is_damaged(bases, tmp_path, name):
    content = bases[name].content
    broken = tmp_path / "broken"
    broken.write_bytes(content[:16] + b"\xff" * 2000 + content[2016:])
    assert reason(broken) == "damaged"


@pytest.mark.parametrize("missing", [2, 1000])
def test_an_aiff_that_is_shorter_than_it_says_is_truncated(bases, tmp_path, missing):
    (tmp_path / "a.aiff").write_bytes(bases["aiff pcm"].content[:-missing])
    assert reason(tmp_path / "a.aiff") == "truncated"
