"""Shared by all tests: an environment that nothing of the user's can reach."""

from __future__ import annotations

import os
from contextlib import suppress

# Before torch, OpenCV and joblib are imported: two cores, and no surprise from a user's own settings.
for name in ("AVER_CACHE", "AVER_PARAMS", "AVER_FFMPEG", "DVC_ROOT"):
    os.environ.pop(name, None)
os.environ["DVC_NO_ANALYTICS"] = "1"
# Where torch brings triton (its builds for CUDA do), importing that behind TensorFlow ends the process: torch does it
# with the first optimizer.  No program of AVER's has both, but these tests do.
with suppress(ImportError):
    import triton  # noqa: F401

import pytest  # noqa: E402
from small_repository import Repository, small_repository  # noqa: E402


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers, tests that share the reproduced repository stay in one of them, as do those of a file."""
    for item in items:
        shared = "repository" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("repository" if shared else item.path.name))


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository with the working tree's pipeline, tiny params and everything reproduced once."""
    repo = small_repository(tmp_path_factory.mktemp("clone") / "repo")
    repo.dvc("repro")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "first run")
    return repo
