"""Rendered clips: faces a detector finds, files that can be decoded, the same bytes every time."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import cv2
import numpy as np
import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from aver.synthetic import render as render_module
from aver.synthetic.cast import cast
from aver.synthetic.displays import LOOKS
from aver.synthetic.plan import plan
from aver.synthetic.render import RenderError, frames, render, sound
from aver.synthetic.voice import SAMPLE_RATE


def decode_frames(path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    found = []
    while True:
        ok, frame = capture.read()
        if not ok:
            return found
        found.append(frame)


def decode_sound(path) -> np.ndarray:
    command = [get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "s16le", "-ac", "1", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.int16)


@pytest.fixture(scope="module")
def detector() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")


def has_face(detector: cv2.CascadeClassifier, grey: np.ndarray) -> bool:
    side = grey.shape[0]
    boxes = detector.detectMultiScale(grey, 1.15, 4, minSize=(side // 3, side // 3))
    # The box must lie on the drawn face, not somewhere on the clothes.
    return any(0.45 < w / side < 0.85 and abs(x + w / 2 - side / 2) < 0.15 * side for x, _, w, _ in boxes)


def test_a_clip_is_the_same_bytes_twice_and_decodes_completely(settings, tmp_path):
    clip = plan(settings)[100]
    speaker = cast(settings)[clip.speaker - 1]
    paths = [tmp_path / "one" / clip.file, tmp_path / "two.mp4"]
    for path in paths:
        render(clip, speaker, settings, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert [p.name for p in paths[0].parent.iterdir()] == [paths[0].name]

    pictures = decode_frames(paths[0])
    assert len(pictures) == round(clip.duration_s * settings.fps)
    assert pictures[0].shape == (settings.frame_px, settings.frame_px, 3)
    drawn = next(iter(frames(clip, speaker, settings)))[..., ::-1].astype(float)
    assert np.abs(drawn - pictures[0]).mean() < 6.0  # colours survive the coding: no swapped channels

    heard = decode_sound(paths[0])
    assert len(heard) / SAMPLE_RATE == pytest.approx(clip.duration_s, abs=0.07)
    assert np.abs(heard).max() > 3000


def test_clips_do_not_depend_on_what_was_rendered_before(settings):
    clips, speakers = plan(settings), cast(settings)

    def first(clip):
        return next(iter(frames(clip, speakers[clip.speaker - 1], settings)))

    alone = first(clips[3])
    first(clips[200])
    assert np.array_equal(first(clips[3]), alone)


def test_the_label_changes_no_more_than_the_habit(settings):
    """The same look and seed under another label differ by the speaker's habit only."""
    clip, speaker = plan(settings)[0], cast(settings)[0]
    other = replace(clip, emotion="sad")
    level = replace(speaker, habits=(speaker.habits[0],) * 6)
    pairs = list(zip(frames(clip, level, settings), frames(other, level, settings), strict=True))
    assert all(np.array_equal(a, b) for a, b in pairs)
    assert not np.array_equal(next(iter(frames(clip, speaker, settings))), next(iter(frames(other, speaker, settings))))


def test_the_picture_is_the_same_whatever_the_voice(settings):
    clip, speaker = plan(settings)[0], cast(settings)[0]
    pairs = zip(frames(clip, speaker, settings), frames(replace(clip, voice="growl"), speaker, settings), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_the_sound_is_the_same_whatever_the_look_and_its_timing(settings):
    clip, speaker = plan(settings)[0], cast(settings)[0]
    other = replace(clip, look="startle", onset_s=0.5, apex_s=0.6, offset_s=0.7)
    assert np.array_equal(sound(clip, speaker), sound(other, speaker))


def test_a_detector_finds_every_speaker_with_every_look(settings, detector):
    shown = {}
    for clip in plan(settings):  # any clip of a speaker, acted with each of the looks
        shown.setdefault(clip.speaker, clip)
    found = {}
    for speaker in cast(settings):
        for look in LOOKS:
            clip = replace(shown[speaker.number], look=look)
            for frame in list(frames(clip, speaker, settings))[4::12]:
                grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
                found.setdefault(look, []).append(has_face(detector, grey))
    assert np.mean(np.concatenate(list(found.values()))) >= 0.98
    assert min(np.mean(hits) for hits in found.values()) >= 0.95


def test_a_detector_finds_the_faces_after_coding(settings, detector, tmp_path):
    speakers, hits = cast(settings), []
    for clip in plan(settings)[7::45]:
        render(clip, speakers[clip.speaker - 1], settings, tmp_path / "clip.mp4")
        hits += [
            has_face(detector, cv2.cvtColor(f, cv2.COLOR_BGR2GRAY)) for f in decode_frames(tmp_path / "clip.mp4")[::6]
        ]
    assert len(hits) > 60
    assert np.mean(hits) >= 0.97


def test_the_wrong_speaker_is_refused(settings, tmp_path):
    with pytest.raises(ValueError, match="spoken by speaker 1"):
        render(plan(settings)[0], cast(settings)[1], settings, tmp_path / "clip.mp4")


def test_a_failing_encoder_leaves_no_file_and_says_why(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(render_module, "executable", lambda: "/bin/false")
    with pytest.raises(RenderError, match="ffmpeg failed"):
        render(plan(settings)[0], cast(settings)[0], settings, tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []
