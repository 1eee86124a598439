"""Property tests draw the same examples every time, and leave nothing in the working directory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", tempfile.gettempdir() + "/aver-hypothesis")

from hypothesis import HealthCheck, settings

from aver.cache import recipe

# The functions of these tests are no part of AVER; their recipes are to be followed all the same.
recipe.TRUSTED |= {path.stem for path in Path(__file__).parent.glob("*.py")}

settings.register_profile(
    "aver", derandomize=True, database=None, deadline=None, max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
settings.load_profile("aver")
