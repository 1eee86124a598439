"""Every error AVER raises on purpose, and the closed list of reasons why a clip can fail.

    AverError
    ├── ParamsError      params.yaml: unknown, missing or mistyped key, unknown name
    ├── CorpusError      corpus root missing, empty, or without a clip of that corpus
    ├── WeightsError     encoder weights missing, wrong, or of an unknown layout
    ├── ClipsError       more clips failed than `max_failed_fraction` allows
    ├── CacheError       clip cache unusable: disk full, no permission, an object that cannot be made again
    ├── StoreError       feature store damaged, of an unknown version, or not what the caller expects
    ├── LeakageError     a speaker, a take or identical content on both sides of a split
    └── BenchmarkError   a benchmark that its corpora cannot serve

A message says what happened, what was expected, what was found, and what to do.  `main_of` turns an `AverError`
into one readable block on stderr and exit status 1; any other exception is a bug and keeps its traceback.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from aver.outcome import Starved


class AverError(Exception):
    """Base of all errors that a user can cause and can mend."""


class ParamsError(AverError):
    """`params.yaml` asks for something that does not exist or leaves something out."""


class CorpusError(AverError):
    """A corpus root does not hold what its adapter expects."""


class WeightsError(AverError):
    """Encoder weights are missing, damaged, or not of the declared layout."""


class ClipsError(AverError):
    """Too many clips failed in one stage."""


class CacheError(AverError):
    """The clip cache cannot be read or written."""


class StoreError(AverError):
    """A feature store is damaged, of an unknown version, or not the one asked for."""


class LeakageError(AverError):
    """Training and test share a speaker, a take or identical content."""


class BenchmarkError(AverError):
    """A benchmark cannot be run on the corpora it names."""


@dataclass(frozen=True)
class Reason:
    """Why a clip failed, in words, and what the user can do about it."""

    meaning: str
    remedy: str


REASONS: dict[str, Reason] = {
    "missing": Reason("the file is not there any more", "restore the file, or run the corpora stage again"),
    "unreadable": Reason("the file cannot be opened", "check the file's permissions and its disk"),
    "empty": Reason("the file has no bytes", "copy or download the file again"),
    "git_lfs_pointer": Reason(
        "the file is a git-lfs pointer, not the media itself", "run `git lfs pull` where the corpus was cloned"
    ),
    "not_media": Reason("ffmpeg does not recognise the content", "copy the file again, or remove it from the corpus"),
    "truncated": Reason("the file ends before the media it declares", "copy or download the file again"),
    "damaged": Reason("nothing in the file can be decoded", "copy or download the file again"),
    "no_streams": Reason("the file holds neither picture nor sound", "remove the file from the corpus"),
    "too_large": Reason(
        "the picture or the length is beyond media.max_megapixels or media.max_duration_s",
        "scale or cut the clip, or raise the limit in params.yaml",
    ),
    "too_long": Reason("decoding ran past timeout_s of the stage's block", "cut the clip, or raise timeout_s"),
    "inconsistent": Reason("two decodings of the file disagree", "the file changed while it was read: run again"),
    "changed": Reason("the file changed since the corpora stage read it", "run `dvc repro` again"),
    "duplicate": Reason("another file of the corpus has the same name", "keep one of the two files"),
    "bad_name": Reason(
        "the name looks like one of the corpus's but a field of it is impossible", "rename the file as the corpus does"
    ),
    "not_utf8": Reason("the file's name is no UTF-8, so no table can hold it and DVC stops at it", "rename the file"),
    "no_variance": Reason(
        "nothing varies among the training clips' features", "choose more clips, or look at the encoder's weights"
    ),
    "not_finite": Reason(
        "a feature, or what is computed from it, is not a finite number",
        "lower the learning rate, or look at the encoder's weights",
    ),
    "internal": Reason("AVER met a case it does not handle", "please report it, with the clip's name and the detail"),
}


def remedy(reason: str) -> str:
    """Return what to do about a reason code."""
    return REASONS[reason].remedy


#: Errors of the machine, not of a clip: they stop the stage and are never stored.
MACHINE_ERRNOS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENOMEM}
)


def is_machine_failure(error: BaseException) -> bool:
    """Tell whether an exception speaks of the machine (stop the stage) rather than of one clip."""
    # torch's and TensorFlow's words for a full GPU; by name, because this module imports neither.
    full = type(error).__name__ in ("OutOfMemoryError", "ResourceExhaustedError")
    out = isinstance(error, OSError) and error.errno in MACHINE_ERRNOS
    return full or out or isinstance(error, MemoryError | CacheError)


def visible(text: str, keep: str = "") -> str:
    r"""Return a text that comes from outside as one that may be shown: what acts instead of being seen is spelt out.

    That is control characters and terminal escape sequences, marks that turn the direction of writing, line ends, and
    bytes of a file name that are no UTF-8.

    Args:
        text: a file's name, a field of a table, a message that holds them.
        keep: characters that stay as they are.

    Example:
        >>> print(visible("a\x1b[31mb\nc é"), visible("one\ntwo", keep="\n"))
        a\x1b[31mb\nc é one
        two
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in keep else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def main_of(run: Callable[[], None]) -> None:
    """Run a stage script's `main`: `AverError` becomes a readable block and exit status 1, without a traceback."""
    logging.basicConfig(level=os.environ.get("AVER_LOG", "INFO"), format="%(message)s", stream=sys.stderr)
    try:
        run()
    except (AverError, Starved) as error:
        sys.stderr.write(visible(f"\n{type(error).__name__}: {error}\n", keep="\n"))
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        sys.stderr.write(
            "\nInterrupted: every finished clip, and what has come of a download, is kept in the clip cache. Run again "
            "to go on from there.\n"
        )
        raise SystemExit(130) from None
