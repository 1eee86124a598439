"""Clips that flash and click at known times are seen and heard at these times; `benchmarks/alignment.py` makes them."""

from __future__ import annotations

import numpy as np
import pytest
from alignment import DELAYS_MS, Case, cases, make, measure
from mediawork import SOUND, look, run_ffmpeg

from aver.media.pieces import JUMP_S, left_out, pieces_of, silence

CASES = list(cases())
#: Every container and pair of codecs with every offset that it carries, each at another frame rate than the one before.
SOME = [case for number, case in enumerate(CASES) if number % 17 == 0]


def check(case: Case, folder) -> None:
    errors = measure(case, make(case, folder))
    delay = DELAYS_MS.get((case.container, case.audio), 0.0)
    assert min(abs(errors.sound), abs(errors.sound - delay)) <= 2
    # Where the container has no field for that delay, a muxer may move the picture by it, and keeps both together.
    assert min(abs(errors.picture), abs(errors.apart) if delay else np.inf) <= errors.allowed


def test_some_of_everything_is_tried():
    assert {case.container for case in SOME} == {case.container for case in CASES}
    assert {case.rate for case in SOME} == {case.rate for case in CASES}
    assert {case.offset for case in SOME} == {case.offset for case in CASES}


@pytest.mark.parametrize("case", SOME, ids=str)
def test_flashes_and_clicks_are_where_they_were_made(case, tmp_path):
    check(case, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_flashes_and_clicks_are_where_they_were_made_everywhere(case, tmp_path):
    check(case, tmp_path)


def tone(frequency: int, seconds: float) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"sine=frequency={frequency}:sample_rate=48000:duration={seconds}")


def heard_hz(samples: np.ndarray, start_s: float, end_s: float) -> float:
    """Return the loudest frequency in a stretch of 16 kHz samples; 0 if it is silent."""
    part = samples[round(start_s * 16000) : round(end_s * 16000)].astype(float)
    spectrum = np.abs(np.fft.rfft(part))
    return float(np.fft.rfftfreq(len(part), 1 / 16000)[spectrum.argmax()]) if np.abs(part).max() > 50 else 0.0


@pytest.mark.parametrize("codec", ["pcm_s16le", "aac", "libmp3lame"])
def test_a_hole_in_the_sound_stays_silent_and_moves_nothing_behind_it(tmp_path, codec):
    """Two clips joined with half a second between them: what was at 1.5 s is at 1.5 s."""
    for number, frequency in enumerate((500, 1500)):
        run_ffmpeg(*tone(frequency, 1.0), "-c:a", codec, tmp_path / f"{number}.mkv")
    (tmp_path / "list").write_text("ffconcat version 1.0\nfile 0.mkv\nduration 1.5\nfile 1.mkv\n")
    run_ffmpeg("-f", "concat", "-i", tmp_path / "list", "-c", "copy", tmp_path / "joined.mkv")
    seen = look(tmp_path / "joined.mkv")
    assert seen.sound_s == pytest.approx((0.0, 2.5), abs=0.03)
    assert float(seen.probe["sound_silence_s"]) == pytest.approx(0.5, abs=0.03)
    assert float(seen.probe["sound_left_out_s"]) == 0
    found = [heard_hz(seen.samples, *stretch) for stretch in ((0.1, 0.9), (1.06, 1.44), (1.56, 2.4))]
    assert found == pytest.approx([500, 0, 1500], abs=3)


def test_a_hole_in_the_sound_of_a_clip_with_picture(tmp_path):
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=2", *tone(500, 2.0), "-af",
               "aselect='lt(t,0.8)+gt(t,1.2)'", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac",
               tmp_path / "hole.mp4")  # fmt: skip
    seen = look(tmp_path / "hole.mp4")
    assert len(seen.times_s) == 50
    assert seen.sound_s == pytest.approx((0.0, 2.0), abs=0.05)
    assert len(seen.samples) == pytest.approx(seen.sound_s[1] * SOUND.sample_rate_hz, abs=100)
    assert heard_hz(seen.samples, 0.9, 1.15) == 0


@pytest.mark.parametrize(
    ("stamps", "pieces", "silent", "cut"),
    [
        ([0, 100, 200], [[0, 0, 300]], 0, 0),
        ([500, 600, 700], [[0, 0, 300]], 0, 0),
        ([0, 100, 1200], [[0, 0, 200], [1200, 200, 300]], 1000, 0),
        ([0, 115, 215], [[0, 0, 300]], 0, 0),
        ([0, 121, 221], [[0, 0, 100], [121, 100, 300]], 21, 0),
        ([0, 100, 140], [[0, 0, 200], [200, 260, 300]], 0, 60),
        ([0, 100, 0, 100, 200], [[0, 0, 200], [200, 400, 500]], 0, 200),
        ([0, 100, 100, 1000], [[0, 0, 200], [1000, 300, 400]], 800, 100),
    ],
    ids=["regular", "late start", "hole", "jitter", "small hole", "overlap", "runs back", "back and forth"],
)
def test_pieces(stamps, pieces, silent, cut):
    """At 1000 samples per second the smallest jump is 20 samples."""
    assert JUMP_S * 1000 == 20
    found = pieces_of(np.array(stamps), np.full(len(stamps), 100), 1000)
    assert found.tolist() == pieces
    assert silence(found) == silent
    assert left_out(found, 100 * len(stamps)) == cut
