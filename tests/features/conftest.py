"""Seeded weights for encoders, made when a test asks for them and once per session."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def encoder_weights(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return the folder with the seeded weights of a name under `weights`: `encoder_weights("vggface", "all")`."""

    @cache
    def made(name: str, layers: str = "trunk") -> Path:
        folder = tmp_path_factory.mktemp(f"{name}-{layers}")
        import_module(f"aver.weights.{name}").seed(np.random.default_rng(1), folder, layers)
        return folder

    return made
