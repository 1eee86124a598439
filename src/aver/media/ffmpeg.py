"""Every call of ffmpeg on a clip: which binary, which safety options, how long it may take.

The binary is the static one that `imageio-ffmpeg` carries, unless `$AVER_FFMPEG` names another (7.0 or later):
different builds give different bytes, so its version line is part of every key.  One thread keeps a build's bytes the
same everywhere.

A clip's name never reaches ffmpeg.  AVER opens the file and hands it over as standard input, which ffmpeg reads, and
seeks in, through its `fd:` protocol; no other protocol and no container outside `aver.media.containers` is allowed.  So
a name can be no option, no protocol and no pattern, its ending cannot decide how the content is read (the same bytes
give the same result under every name), and a playlist cannot make ffmpeg open anything else.
"""

from __future__ import annotations

import fcntl
import io
import os
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ffmpeg
import imageio_ffmpeg

from aver.media.containers import CONTAINERS
from aver.media.words import Words
from aver.outcome import Starved, Unusable

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The largest single piece of memory that ffmpeg may ask for, bytes: a frame of `max_megapixels` fits several times.
MAX_ALLOC_BYTES = 1 << 30
#: `repeat`: every error line is written, so that their number means something; `level`: each says that it is one.
GLOBAL_OPTIONS = (
    "-nostdin", "-hide_banner", "-nostats", "-v", "repeat+level+info", "-filter_threads", "1",
    "-max_alloc", str(MAX_ALLOC_BYTES),
)  # fmt: skip
#: The environment that ffmpeg sees: where a build finds its own libraries.  Not FFREPORT (writes log files),
#: AV_LOG_FORCE_COLOR (puts control characters between the words) or proxies.
ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")


def executable() -> str:
    """Return the path of the ffmpeg binary in use."""
    return os.environ.get("AVER_FFMPEG") or imageio_ffmpeg.get_ffmpeg_exe()


@lru_cache(maxsize=1)
def runtime() -> Mapping[str, str]:
    """Return the runtime part of a key: the first line that `ffmpeg -version` prints, without the copyright."""
    try:
        done = subprocess.run([executable(), "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        raise Starved(f"{executable()} cannot be run ({exc}); unset AVER_FFMPEG, or let it name an ffmpeg") from exc
    line = done.stdout.splitlines()[0]
    return {"ffmpeg": line.split(" Copyright")[0]}


def clip_input(max_pixels: int) -> Any:
    """Return the ffmpeg-python input node of the clip that `decode` opens: one decoding thread, no other file.

    Args:
        max_pixels: larger pictures are not decoded.
    """
    return ffmpeg.input(
        "fd:", protocol_whitelist="fd", format_whitelist=",".join(CONTAINERS), threads=1, max_pixels=max_pixels
    )


def reading_all(source: Any, node: Any) -> Any:
    """Return an output node together with one that takes, and leaves undecoded, all streams of its input.

    What a demuxer makes of a damaged file, and when it says that the file starts, depends on the streams that are read;
    so every decoding of a clip reads all of them and meets the same packets.
    """
    return ffmpeg.merge_outputs(node, ffmpeg.output(source["v?"], source["a?"], "-", format="null", codec="copy"))


def open_clip(clip: Path) -> io.FileIO:
    """Open a clip for reading; never waits, whatever lies under the name.

    Raises:
        Unusable: missing; unreadable (no permission, or no regular file: a folder, pipe, socket or device).
    """
    try:
        kind = clip.stat().st_mode
        if not stat.S_ISREG(kind):
            raise Unusable("unreadable", f"it is {_kind(kind)}, not a file", lasting=False)
        return io.FileIO(os.open(clip, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
    except FileNotFoundError:
        raise Unusable("missing", "the file does not exist", lasting=False) from None
    except OSError as exc:
        raise Unusable("unreadable", exc.strerror or type(exc).__name__, lasting=False) from None


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((word for test, word in kinds if test(mode)), "a device")


@contextmanager
def decode(clip: Path, node: Any, timeout_s: float) -> Iterator[tuple[io.FileIO, Words]]:
    """Run an output node on a clip and yield its stdout and its words, which are whole when stdout has ended.

    ffmpeg is ended when the block ends, however it ends.

    Raises:
        Unusable: missing, unreadable; `too_long`, it ran for more than `timeout_s`.
        Starved: ffmpeg was killed by a signal (out of memory, a stopped job).
    """
    environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ} | {"LC_ALL": "C"}
    with open_clip(clip) as file:
        process = subprocess.Popen(
            command(node), stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, bufsize=0
        )
    assert isinstance(process.stdout, io.FileIO)
    assert isinstance(process.stderr, io.FileIO)
    _widen(process.stdout)
    words, late = Words(), threading.Event()
    said = io.BufferedReader(process.stderr)
    listener = threading.Thread(target=words.listen, args=[said], daemon=True)
    listener.start()

    def stop() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(timeout_s, stop)
    timer.daemon = True
    timer.start()
    try:
        yield process.stdout, words
        listener.join()  # whoever reads to the end waits for ffmpeg's last word
        words.status = process.wait()
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        listener.join()
        process.stdout.close()
        said.close()
    if late.is_set():
        raise Unusable("too_long", f"decoding took more than {timeout_s:g} s", lasting=False)
    if process.returncode < 0:
        raise Starved(f"ffmpeg was killed by signal {-process.returncode}")


def _widen(stream: io.FileIO) -> None:
    """Let a pipe hold a mebibyte where the system can: a frame then takes three hand-overs instead of forty."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # above the user's limit of pipe memory
            fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, 1 << 20)


def read_into(stream: io.FileIO, buffer: memoryview) -> int:
    """Fill a buffer from a pipe and return how many bytes came; fewer than its length if the pipe ended."""
    filled = 0
    while filled < len(buffer):
        count = stream.readinto(buffer[filled:])
        if not count:
            break
        filled += count
    return filled


def command(node: Any) -> list[str]:
    """Return the command line of an output node."""
    compiled: list[str] = ffmpeg.compile(node.global_args(*GLOBAL_OPTIONS), cmd=executable())
    return compiled
