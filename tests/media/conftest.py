"""Clips made once per run of the tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from mediawork import PICTURE, TONE, run_ffmpeg


@pytest.fixture(scope="session")
def make(tmp_path_factory) -> Callable[..., Path]:
    """Return `make(name, *options)`: picture and sound encoded with options into a file of that name, once."""
    folder = tmp_path_factory.mktemp("clips")

    def make(name: str, *options: str, picture: str | None = PICTURE, sound: str | None = TONE) -> Path:
        path = folder / name
        if not path.exists():
            inputs = [word for source in (picture, sound) if source for word in ("-f", "lavfi", "-i", source)]
            run_ffmpeg(*inputs, *options, path)
        return path

    return make


@pytest.fixture(scope="session")
def mp4(make) -> Path:
    return make("plain.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")


@pytest.fixture(scope="session")
def fast_mp4(make) -> Path:
    """The index stands at the front, as files made for the web have it."""
    return make("fast.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart")


@pytest.fixture(scope="session")
def wav(make) -> Path:
    return make("plain.wav", "-c:a", "pcm_s16le", picture=None)


@pytest.fixture
def copy(tmp_path) -> Callable[[Path, str], Path]:
    def copy(source: Path, name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, path)
        return path

    return copy
