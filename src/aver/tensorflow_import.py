"""Import TensorFlow on one thread of the processor, without its start-up chatter about GPUs and instruction sets.

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
    """Import and return `tensorflow`.

    One thread: workers share the cores already, and how a sum is split over threads can change its last bit.  The
    number of threads can only be set before the first operation, so it is set here.  No GPU: TensorFlow would take one
    that it sees, with all of its memory, and the keys of what it computes here say `cpu`.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _no_stderr():
        tensorflow = importlib.import_module("tensorflow")
        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
        tensorflow.config.set_visible_devices([], "GPU")
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
