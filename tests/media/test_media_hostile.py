"""What people's files are like: every odd form of picture, sound and container that ffmpeg can meet."""

from __future__ import annotations

import os
import tracemalloc
import zipfile

import numpy as np
import pytest
from mediawork import PARAMS, SOUND, Seen, look, reason, run_ffmpeg

from aver.media.frames import Frames
from aver.media.probe import ProbeParams, probe
from aver.media.sound import sound
from aver.outcome import Unusable

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def source(filters: str) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", filters)


#: Left half red, right half blue, the upper quarter green: its corners tell how it is turned.
FLAG = "color=red:size=64x48:rate=10:duration=1,drawbox=x=32:c=blue:t=fill:w=32,drawbox=h=12:c=lime:t=fill"
#: Ten frames, one second.
PICTURE = source("testsrc=size=64x48:rate=10:duration=1")
TONE = source("sine=frequency=440:sample_rate=48000:duration=1")


@pytest.fixture
def clip(tmp_path):
    """Return `clip(name, *arguments)`: the file that ffmpeg writes."""

    def clip(name: str, *arguments):
        run_ffmpeg(*arguments, tmp_path / name)
        return tmp_path / name

    return clip


def corner(frame: np.ndarray, y: int, x: int) -> str:
    """Return the name of a frame's colour near a corner (0 or -1 each way)."""
    height, width = frame.shape[:2]
    rgb = frame[y * 5 if y else 4, x * 5 if x else 4] if min(height, width) > 10 else frame[y, x]
    return ("red", "green", "blue")[int(rgb.argmax())]


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        (("-vf", "scale=1:1", "-c:v", "ffv1"), (1, 1)),
        (("-vf", "scale=2:2", "-c:v", "ffv1"), (2, 2)),
        (("-vf", "scale=63:47", "-c:v", "ffv1", "-pix_fmt", "yuv420p"), (47, 63)),
        (("-vf", "scale=4000:2", "-c:v", "ffv1"), (2, 4000)),
        (("-c:v", "libx264", "-pix_fmt", "yuv420p10le"), (48, 64)),
        (("-c:v", "libx264", "-pix_fmt", "yuv444p"), (48, 64)),
        (("-c:v", "libx264", "-pix_fmt", "yuvj420p"), (48, 64)),
        (("-c:v", "libx264", "-pix_fmt", "gray"), (48, 64)),
        (("-c:v", "prores_ks", "-pix_fmt", "yuva444p10le"), (48, 64)),
        (("-c:v", "png", "-pix_fmt", "pal8", "-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse"), (48, 64)),
        (("-c:v", "mpeg4", "-flags", "+ilme+ildct"), (48, 64)),
    ],
    ids=["1x1", "2x2", "odd", "4000x2", "10 bit", "4:4:4", "full range", "grey", "alpha", "palette", "interlaced"],
)
def test_every_kind_of_picture_is_the_same_picture(clip, options, shape):
    seen = look(clip("a.mkv", *PICTURE, *options))
    assert seen.frames.shape == (10, *shape, 3)
    # testsrc is as light in the mean in every form: nothing is washed out, inverted or left black.
    assert seen.frames.mean() == pytest.approx(125, abs=6)


def test_transparent_vp9_is_shown_without_its_transparency(clip):
    path = clip("a.webm", *PICTURE, "-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-deadline", "realtime")
    assert look(path).frames.shape == (10, 48, 64, 3)


@pytest.mark.parametrize(
    ("degrees", "shape", "colours"),
    [
        (0, (48, 64), ["green", "green", "red", "blue"]),
        (90, (64, 48), ["green", "blue", "green", "red"]),
        (180, (48, 64), ["blue", "red", "green", "green"]),
        (270, (64, 48), ["red", "green", "blue", "green"]),
    ],
)
def test_a_rotation_flag_turns_the_frames(clip, degrees, shape, colours):
    flat = clip("flat.mp4", *source(FLAG), *H264)
    turned = clip("turned.mp4", "-display_rotation", str(degrees), "-i", flat, "-c", "copy")
    frames = look(turned).frames
    assert frames.shape[1:3] == shape
    assert [corner(frames[0], y, x) for y, x in ((0, 0), (0, -1), (-1, 0), (-1, -1))] == colours


def test_a_picture_that_changes_its_size_keeps_that_of_its_first_frame(clip, tmp_path):
    """Frame numbers go on over the change, at an odd one: the kept frames are every second one of all (`look`)."""
    first = clip("1.ts", *source("color=red:size=64x48:rate=10:duration=1.1"), *H264, "-bf", "0")
    second = clip("2.ts", *source("testsrc=size=96x80:rate=10:duration=1"), *H264, "-bf", "0",
                  "-output_ts_offset", "1.1")  # fmt: skip
    (tmp_path / "both.ts").write_bytes(first.read_bytes() + second.read_bytes())
    seen = look(tmp_path / "both.ts")
    assert bool(seen.probe["reconfigured"])
    assert seen.frames.shape == (21, 48, 64, 3)
    assert [bool(frame[..., 2].mean() > 50) for frame in seen.frames] == [False] * 11 + [True] * 10
    assert np.diff(seen.frames[11:].astype(int), axis=0).any(axis=(1, 2, 3)).all()  # no two of these are the same
    np.testing.assert_allclose(np.diff(seen.times_s), 0.1, atol=0.001)


def test_a_sound_that_changes_its_rate_and_channels_goes_on(clip, tmp_path):
    first = clip("1.ts", *TONE, "-c:a", "aac")
    second = clip("2.ts", *source("sine=frequency=440:sample_rate=22050:duration=1"), "-ac", "2", "-c:a", "aac",
                  "-output_ts_offset", "1.2")  # fmt: skip
    (tmp_path / "both.ts").write_bytes(first.read_bytes() + second.read_bytes())
    seen = look(tmp_path / "both.ts")
    assert bool(seen.probe["reconfigured"])
    assert seen.sound_s == pytest.approx((0, 2.2), abs=0.1)
    end = seen.samples[-8000:].astype(float)
    assert np.fft.rfftfreq(8000, 1 / 16000)[np.abs(np.fft.rfft(end)).argmax()] == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("name", "options"),
    [(f"{rate}.wav", ("-ar", str(rate), "-c:a", "pcm_s16le")) for rate in (8000, 11025, 44100, 96000)]
    + [("a.wav", ("-c:a", codec)) for codec in ("pcm_u8", "pcm_s24le", "pcm_f32le", "pcm_f64le")]
    + [("a.wav", ("-ar", "8000", "-c:a", codec)) for codec in ("pcm_mulaw", "pcm_alaw")]
    + [("a.aiff", ("-c:a", "pcm_s16be")), ("a.flac", ()), ("a.mp3", ()), ("a.m4a", ()), ("a.opus", ())],
)
def test_every_kind_of_sound_is_the_same_sound(clip, name, options):
    samples = look(clip(name, *TONE, *options)).samples.astype(float)
    assert len(samples) == pytest.approx(16000, abs=10)
    inner = samples[800:-800]
    # ffmpeg's `sine` has an amplitude of an eighth.
    assert np.sqrt(2 * (inner**2).mean()) == pytest.approx(4096, rel=0.06)


@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2), ("5.1", 6), ("7.1", 8)])
@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_f32le"])
def test_the_mix_of_all_channels_cannot_clip(clip, layout, channels, codec):
    """The loudest that all channels can be at once stays a sine."""
    tones = "|".join(["sin(440*2*PI*t)"] * channels)
    path = clip("a.wav", *source(f"aevalsrc={tones}:c={layout}:s=16000:d=1"), "-c:a", codec)
    samples = look(path).samples[:16000].astype(float)
    expected = 32767 * np.sin(2 * np.pi * 440 * np.arange(len(samples)) / 16000)
    np.testing.assert_allclose(samples, expected, atol=3)


def test_stereo_is_the_mean_of_both_channels_and_the_bass_channel_is_left_out(clip):
    left = look(clip("a.wav", *source("aevalsrc=0.5*sin(440*2*PI*t)|0:s=16000:d=1"), "-c:a", "pcm_s16le")).samples
    assert np.abs(left.astype(int)).max() == pytest.approx(8192, abs=4)
    bass = look(clip("b.wav", *source("aevalsrc=0|0|0|sin(40*2*PI*t)|0|0:c=5.1:s=16000:d=1"), "-c:a", "pcm_s16le"))
    assert not bass.samples.any()


@pytest.mark.parametrize(("picture_s", "sound_s"), [(2.0, 0.5), (0.5, 2.0)])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_sound_and_picture_may_differ_in_length(clip, name, picture_s, sound_s):
    codec = "pcm_s16le" if name != "a.mp4" else "aac"
    seen = look(clip(name, *source(f"testsrc=size=64x48:rate=10:duration={picture_s}"),
                     *source(f"sine=sample_rate=48000:duration={sound_s}"), "-c:v", "mpeg4", "-c:a",
                     codec))  # fmt: skip
    assert len(seen.times_s) == picture_s * 10
    assert float(seen.probe["picture_end_s"]) == pytest.approx(picture_s, abs=0.001)
    assert seen.sound_s == pytest.approx((0.0, sound_s), abs=0.03)


@pytest.mark.parametrize(("late", "start_s"), [("-af", (0.0, 5.0)), ("-vf", (5.0, 0.0))])
def test_a_stream_that_starts_much_later(clip, late, start_s):
    """Neither waits for the other one."""
    picture, tone = source("testsrc=size=64x48:rate=10:duration=6"), source("sine=sample_rate=48000:duration=6")
    shift = ("-af", "asetpts=PTS+5/TB") if late == "-af" else ("-vf", "setpts=PTS+5/TB")
    path = clip("a.mkv", *picture, *tone, *shift, "-c:v", "mpeg4", "-c:a", "pcm_s16le")
    seen = look(path)
    assert (seen.times_s[0], seen.sound_s[0]) == pytest.approx(start_s, abs=0.001)
    assert (len(seen.frames), int(seen.probe["complaints"])) == (60, 0)


@pytest.mark.parametrize("name", ["a.ts", "a.mpg"])
@pytest.mark.parametrize("late", ["sound", "picture"])
def test_broadcast_streams_keep_their_offset(clip, name, late):
    """ffmpeg sets their clock by the streams that are read: it must not be another one for picture and sound."""
    shift = ("-af", "asetpts=PTS+0.5/TB") if late == "sound" else ("-vf", "setpts=PTS+0.52/TB")
    path = clip(name, *source("testsrc=size=64x48:rate=25:duration=1"), *TONE, *shift, "-c:v", "mpeg2video",
                "-c:a", "mp2")  # fmt: skip
    seen = look(path)
    assert seen.sound_s[0] - seen.times_s[0] == pytest.approx(0.5 if late == "sound" else -0.52, abs=0.03)


def test_times_count_from_the_earlier_start_of_the_two_streams_that_are_used(clip):
    """Not from that of a second sound, which the container's own clock starts with."""
    inputs = (*PICTURE, *TONE, *TONE, "-map", "0", "-map", "1", "-map", "2", "-vf", "setpts=PTS+2/TB")
    late = ("-filter:a:0", "asetpts=PTS+2.3/TB", "-c:a", "pcm_s16le", "-disposition:a:1", "0")
    seen = look(clip("a.mkv", *inputs, *late, "-disposition:a:0", "default"))
    assert seen.probe["streams"].tolist() == [0, 1]
    assert (seen.times_s[0], seen.times_s[-1]) == pytest.approx((0.0, 0.9), abs=0.001)
    assert float(seen.probe["picture_end_s"]) == pytest.approx(1.0, abs=0.001)
    assert seen.sound_s == pytest.approx((0.3, 1.3), abs=0.002)


def test_of_several_streams_the_default_ones_are_taken(clip):
    """Else the picture with most pixels and the sound with most channels: ffmpeg's own rule."""
    small, large = "color=red:size=64x48:rate=10:duration=1", "color=blue:size=96x80:rate=10:duration=1"
    inputs = (*source(small), *source(large), *TONE, *source("anullsrc=channel_layout=stereo"), "-t", "1")
    maps = (*(word for number in range(4) for word in ("-map", str(number))), "-c:v", "ffv1", "-c:a", "pcm_s16le")
    none = look(clip("none.mkv", *inputs, *maps, "-disposition", "0"))
    assert none.probe["streams"].tolist() == [1, 3]
    assert none.frames.shape[1:3] == (80, 96)
    assert not none.samples.any()
    chosen = look(clip("chosen.mkv", *inputs, *maps, "-disposition", "0", "-disposition:v:0", "default",
                       "-disposition:a:0", "default"))  # fmt: skip
    assert chosen.probe["streams"].tolist() == [0, 2]
    assert chosen.frames.shape[1:3] == (48, 64)
    assert chosen.samples.any()


@pytest.mark.parametrize("name", ["song.m4a", "song.mp3", "song.mkv"])
def test_a_cover_picture_is_no_picture(clip, tmp_path, name):
    cover = clip("cover.jpg", *PICTURE, "-frames:v", "1", "-update", "1")
    options = ("-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic")
    if name == "song.mkv":
        options = ("-attach", cover, "-metadata:s:t", "mimetype=image/jpeg")
    seen = look(clip(name, *TONE, *(() if name == "song.mkv" else ("-i", cover)), *options))
    assert len(seen.times_s) == 0
    assert seen.probe["streams"][0] == -1
    assert len(seen.samples) == pytest.approx(16000, abs=10)


def test_a_cover_is_not_taken_for_the_picture_of_a_clip_that_has_one(clip):
    cover = clip("cover.png", *source("color=red:size=640x480:rate=1:duration=1"), "-frames:v", "1", "-update", "1")
    path = clip("a.mp4", *PICTURE, "-i", cover, "-map", "1", "-map", "0", "-c:v:0", "copy", "-c:v:1", "libx264",
                "-pix_fmt:v:1", "yuv420p", "-disposition:v:0", "attached_pic")  # fmt: skip
    assert look(path).frames.shape == (10, 48, 64, 3)


def test_other_streams_are_left_alone(clip, tmp_path):
    (tmp_path / "words.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    both = look(clip("a.mkv", *PICTURE, *TONE, "-i", tmp_path / "words.srt", "-map", "2", "-map", "0", "-map", "1"))
    assert both.probe["streams"].tolist() == [1, 2]
    assert reason(clip("words.mkv", "-i", tmp_path / "words.srt")) == "no_streams"
    camera = look(clip("a.mov", *PICTURE, *H264, "-timecode", "01:00:00:00"))  # a data stream
    assert len(camera.frames) == 10


def test_containers_without_a_duration(clip):
    live = look(clip("live.webm", *PICTURE, *TONE, "-c:v", "libvpx", "-c:a", "libopus", "-f", "webm", "-live", "1"))
    assert (len(live.frames), live.sound_s[1]) == (10, pytest.approx(1.0, abs=0.03))
    cut = look(clip("cut.mp4", *PICTURE, *TONE, *H264, "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"))
    assert len(cut.frames) == 10


def test_a_late_picture_in_pieces_of_mp4_stays_with_its_sound(clip):
    """Without an edit list, B-frames make the picture start late; the sound then has a hole of the same length."""
    seen = look(clip("cut.mp4", *PICTURE, *TONE, "-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac",
                     "-movflags", "frag_keyframe+empty_moov"))  # fmt: skip
    assert float(seen.probe["sound_silence_s"]) == pytest.approx(seen.times_s[0], abs=0.03)
    assert seen.sound_s[1] == pytest.approx(float(seen.probe["picture_end_s"]), abs=0.03)


def frames_or_reason(path) -> str | Seen:
    """Return what is seen of a damaged clip, or why it cannot be used; both decodings agree, or `look` fails."""
    try:
        return look(path)
    except Unusable as failure:
        return failure.reason


def test_broken_nal_units(clip, tmp_path):
    """Scratches all over an h264 stream: fewer or spoiled frames, the same ones in every decoding."""
    content = clip("a.mkv", *source("testsrc=size=64x48:rate=25:duration=2"), *TONE, *H264, "-g", "10").read_bytes()
    random = np.random.default_rng(0)
    for number in range(6):
        scratched = bytearray(content)
        for at in random.integers(1500, len(content) - 50, 4):
            scratched[at : at + 20] = random.bytes(20)
        path = tmp_path / f"{number}.mkv"
        path.write_bytes(scratched)
        assert isinstance(frames_or_reason(path), Seen) or frames_or_reason(path) == "damaged"


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.flv", "a.webm", "a.ts", "a.wav", "a.mp3"])
def test_truncated_anywhere(clip, tmp_path, name):
    options = {"a.mp4": H264, "a.mkv": H264, "a.webm": ("-c:v", "libvpx", "-deadline", "realtime")}.get(name, ())
    inputs = TONE if name in {"a.wav", "a.mp3"} else (*PICTURE, *TONE)
    content = clip(name, *inputs, *options).read_bytes()
    for share in (0.02, 0.3, 0.97):
        path = tmp_path / f"{share}-{name}"
        path.write_bytes(content[: int(len(content) * share)])
        got = frames_or_reason(path)
        if isinstance(got, str):
            assert got in {"not_media", "truncated", "damaged", "no_streams"}


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.flv", "a.wav"])
def test_a_header_without_content(clip, name):
    inputs = TONE if name == "a.wav" else (*PICTURE, *TONE)
    assert reason(clip(name, *inputs, "-t", "0")) in {"not_media", "damaged", "no_streams"}


def test_encrypted_content_is_damaged(clip):
    path = clip("a.mp4", *PICTURE, *TONE, *H264, "-c:a", "aac", "-encryption_scheme", "cenc-aes-ctr",
                "-encryption_key", "00" * 16, "-encryption_kid", "11" * 16)  # fmt: skip
    assert reason(path) == "damaged"


@pytest.mark.parametrize("kind", ["jpg", "png", "gif", "webp", "bmp", "pdf", "zip", "html", "svg", "h264"])
def test_what_is_no_clip(clip, tmp_path, kind):
    """Still pictures, documents, and pictures without time stamps, under a clip's name."""
    words = {"pdf": b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n" * 30, "html": b"<!DOCTYPE html><html><body>404</body></html>",
             "svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'></svg>"}  # fmt: skip
    if kind in words:
        (tmp_path / "x").write_bytes(words[kind])
    elif kind == "zip":
        with zipfile.ZipFile(tmp_path / "x", "w") as archive:
            archive.writestr("a.txt", "words" * 200)
    else:
        options = () if kind in {"gif", "webp", "h264"} else ("-frames:v", "1", "-update", "1")
        clip(f"x.{kind}", *PICTURE, *options).rename(tmp_path / "x")
    (tmp_path / "x").rename(tmp_path / "clip.mp4")
    assert reason(tmp_path / "clip.mp4") == "not_media"


def test_what_is_no_file(tmp_path, clip):
    """None of them is waited for."""
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "device.mp4").symlink_to("/dev/zero")
    (tmp_path / "gone.mp4").symlink_to("nowhere")
    (tmp_path / "loop.mp4").symlink_to("loop.mp4")
    reasons = {name: reason(tmp_path / f"{name}.mp4") for name in ("pipe", "folder", "device", "gone", "loop")}
    assert reasons == dict.fromkeys(("pipe", "folder", "device", "loop"), "unreadable") | {"gone": "missing"}
    real = clip("real.mp4", *PICTURE, *H264)
    (tmp_path / "link.mp4").symlink_to(real)
    assert len(look(tmp_path / "link.mp4").frames) == 10
    found = probe(PARAMS, real)
    real.unlink()
    os.mkfifo(real)
    with pytest.raises(Unusable, match="unreadable"):
        list(Frames(real, found, 1, 60.0))


def test_a_decompression_bomb_is_too_large(clip):
    """12 kilobytes that would be a picture of 64 million pixels; minutes of silence in as little."""
    picture = clip("bomb.mkv", *source("color=black:size=8000x8000:rate=1:duration=1,format=monob"), "-c:v", "png")
    assert picture.stat().st_size < 20_000
    assert reason(picture) == "too_large"
    silence = clip("silence.flac", *source("anullsrc=sample_rate=8000:channel_layout=mono"), "-t", "100")
    with pytest.raises(Unusable, match=r"too_large.*more than 99 s"):  # found out while it is decoded
        probe(ProbeParams(60.0, max_duration_s=99.0), silence)
    assert float(probe(ProbeParams(60.0, max_duration_s=101.0), silence)["sound_end_s"]) == 100


def test_a_time_stamp_days_away_is_too_large_and_not_filled_with_silence(clip, tmp_path):
    clip("a.mkv", *TONE, "-c:a", "pcm_s16le")
    (tmp_path / "list").write_text("ffconcat version 1.0\nfile a.mkv\nduration 100000\nfile a.mkv\n")
    path = clip("joined.mkv", "-f", "concat", "-i", tmp_path / "list", "-c", "copy")
    assert reason(path) == "too_large"


def test_time_stamps_that_leave_no_room_for_the_sound_are_damage(clip, tmp_path):
    """An mp4 whose sound counts its time in millionths of what it should."""
    path = clip("a.m4a", *TONE, "-c:a", "aac")
    content = bytearray(path.read_bytes())
    at = content.index(b"mdhd") + 4 + 12
    assert int.from_bytes(content[at : at + 4], "big") == 48000
    content[at : at + 4] = (2_000_000_000).to_bytes(4, "big")
    path.write_bytes(content)
    assert reason(path) == "damaged"


@pytest.mark.slow
def test_an_hour_needs_no_more_memory_than_its_samples(clip, monkeypatch):
    """115 MB of samples are held once, 25 frames per second are listed in 16 bytes each, frames are passed on."""
    picture = source("color=red:size=16x16:rate=25:duration=3600")
    tone = source("sine=frequency=440:sample_rate=16000:duration=3600")
    path = clip("hour.mkv", *picture, *tone, "-c:v", "mpeg4", "-c:a", "pcm_s16le")

    def peak_mb(work):
        tracemalloc.start()
        try:
            done = work()
            return done, tracemalloc.get_traced_memory()[1] / 1e6
        finally:
            tracemalloc.stop()

    found, probing = peak_mb(lambda: probe(PARAMS, path))
    assert len(found["frame_times_s"]) == 90000
    assert probing < 16
    heard, hearing = peak_mb(lambda: sound(SOUND, path, found))
    assert heard["samples"].nbytes == pytest.approx(3600 * 32000, rel=0.001)
    assert hearing < heard["samples"].nbytes / 1e6 + 8
    monkeypatch.setattr("aver.media.frames.KEEP_BYTES", 1 << 20)
    seen, seeing = peak_mb(lambda: sum(1 for _ in Frames(path, found, 2, 60.0)))
    assert seen == 45000
    assert seeing < 8
