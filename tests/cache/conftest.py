"""Property tests draw the same examples every time, and leave nothing in the working directory."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", tempfile.gettempdir() + "/aver-hypothesis")

from hypothesis import HealthCheck, settings

settings.register_profile(
    "aver", derandomize=True, database=None, deadline=None, max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
settings.load_profile("aver")
