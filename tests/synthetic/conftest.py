"""Small corpora for the tests of the synthetic package."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import pytest


@dataclass(frozen=True)
class Settings:
    """What the package needs of the project's ``Synthetic`` parameters."""

    speakers: int = 20
    takes: int = 3
    seed: int = 7
    fps: int = 25
    frame_px: int = 160
    duration_s: tuple[float, float] = (2.2, 3.2)


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings()


@pytest.fixture(autouse=True)
def one_thread():
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)
