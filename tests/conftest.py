"""Shared by all tests: an environment that nothing of the user's can reach."""

from __future__ import annotations

import os

# Before torch, OpenCV and joblib are imported: two cores, and no surprise from a user's own settings.
for name in ("AVER_CACHE", "AVER_PARAMS", "AVER_FFMPEG", "DVC_ROOT"):
    os.environ.pop(name, None)
os.environ["DVC_NO_ANALYTICS"] = "1"
