"""Import TensorFlow without its start-up chatter about GPUs and instruction sets.

TensorFlow 2.21 writes those lines to file descriptor 2 before its log level is read, so the descriptor itself is put
aside while it is imported.  An import that fails still raises its exception.
"""

from __future__ import annotations

import importlib
import os
import types
from collections.abc import Iterator
from contextlib import contextmanager


def import_tensorflow() -> types.ModuleType:
    """Import and return `tensorflow`."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _no_stderr():
        tensorflow = importlib.import_module("tensorflow")
        tensorflow.zeros(1)  # the rest of the chatter comes with the first operation
    tensorflow.get_logger().setLevel("WARNING")
    return tensorflow


@contextmanager
def _no_stderr() -> Iterator[None]:
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
