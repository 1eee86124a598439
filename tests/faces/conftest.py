"""The repository's faces block, and people to find."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from talking import talk

from aver.faces.params import CropParams
from aver.params.blocks import Faces
from aver.params.file import load

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def block() -> Faces:
    """The faces block of the repository's params."""
    return load(REPOSITORY / "params.yaml").faces


@pytest.fixture(scope="session")
def params(block) -> CropParams:
    return CropParams.of(block, 2)


@pytest.fixture(scope="session")
def people() -> Callable[[int], tuple[np.ndarray, ...]]:
    return talk
