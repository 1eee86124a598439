"""Make `import speechbrain` work beside a CPU-only torch.

speechbrain imports torchaudio, and torchaudio's wheel carries an extension linked against CUDA libraries that a
CPU-only torch does not have (`libc10_cuda.so`), so its import fails.  Nothing AVER uses lives in that extension.  If
the plain import fails, the module that loads the extension is replaced by a stub that says it is not there.
"""

from __future__ import annotations

import importlib
import logging
import sys
import types
import warnings


def import_speechbrain() -> types.ModuleType:
    """Import and return `speechbrain`."""
    try:
        importlib.import_module("torchaudio")
    except OSError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
            del sys.modules[name]
        stub = types.ModuleType("torchaudio._extension")
        stub.__dict__["_IS_TORCHAUDIO_EXT_AVAILABLE"] = False
        stub.__dict__["fail_if_no_align"] = lambda function: function
        sys.modules[stub.__name__] = stub
        importlib.import_module("torchaudio")
    logging.getLogger("speechbrain").setLevel(logging.WARNING)  # it announces its settings at every import
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside speechbrain that a user can do nothing about
        package = importlib.import_module("speechbrain")
    for module in list(sys.modules.values()):
        # Its old names import packages that nobody installed as soon as any of their attributes is looked up, also by
        # tools that ask every loaded module for its file.
        if type(module).__name__ == "DeprecatedModuleRedirect":
            module.__dict__.setdefault("__file__", None)
    return package
