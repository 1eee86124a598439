"""Every call of ffmpeg: which binary, which safety options, how long it may take.

The binary is the static one that `imageio-ffmpeg` carries, unless `$AVER_FFMPEG` names another: different builds give
different bytes, so its version line is part of every key.  One thread and bit-exact flags keep a build's bytes the
same everywhere.  A clip's name always reaches ffmpeg as `file:<absolute path>`: it can never be an option or a
protocol.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import ffmpeg
import imageio_ffmpeg

from aver.outcome import Starved, Unusable

if TYPE_CHECKING:
    from collections.abc import Mapping


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


def clip_input(path: Path, **options: Any) -> Any:
    """Return the ffmpeg-python input node of a clip: local files only, one decoding thread.

    Raises:
        Unusable: `missing`, the file is not there (any more).
    """
    if not path.is_file():
        raise Unusable("missing", "the file does not exist", lasting=False)
    return ffmpeg.input(f"file:{path.absolute()}", protocol_whitelist="file,pipe", threads=1, **options)


def run(node: Any, timeout_s: float) -> subprocess.CompletedProcess[bytes]:
    """Run an ffmpeg-python output node to its end and return status, stdout and stderr.

    Raises:
        Unusable: `too_long`, it took more than `timeout_s`.
        Starved: ffmpeg was killed by a signal (out of memory, a stopped job).
    """
    try:
        done = subprocess.run(command(node), capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise _too_long(timeout_s) from None
    _check_signal(done.returncode)
    return done


@contextmanager
def pipe(node: Any, timeout_s: float) -> Iterator[IO[bytes]]:
    """Run an output node and yield its stdout; ffmpeg is ended when the block ends, however it ends.

    Raises:
        Unusable: `too_long`, it ran for more than `timeout_s`.
        Starved: ffmpeg was killed by a signal.
    """
    process = subprocess.Popen(
        command(node), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, bufsize=0
    )
    assert process.stdout is not None
    _widen(process.stdout)
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(timeout_s, stop)
    timer.daemon = True
    timer.start()
    try:
        yield process.stdout
        process.wait()  # whoever reads to the end waits for ffmpeg's last word
    finally:
        timer.cancel()
        process.kill()
        process.communicate()
    if late.is_set():
        raise _too_long(timeout_s)
    _check_signal(process.returncode)


def _too_long(timeout_s: float) -> Unusable:
    return Unusable("too_long", f"decoding took more than {timeout_s:g} s", lasting=False)


def _check_signal(status: int) -> None:
    if status < 0:
        raise Starved(f"ffmpeg was killed by signal {-status}")


def _widen(stream: IO[bytes]) -> None:
    """Let a pipe hold a mebibyte where the system can: a frame then takes three hand-overs instead of forty."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # above the user's limit of pipe memory
            fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, 1 << 20)


def read_into(stream: IO[bytes], buffer: memoryview) -> bool:
    """Fill a buffer from a pipe; False if the pipe ends first."""
    filled = 0
    while filled < len(buffer):
        count = stream.readinto(buffer[filled:])  # type: ignore[attr-defined]
        if not count:
            return False
        filled += count
    return True


def command(node: Any) -> list[str]:
    """Return the command line of an output node."""
    options = ("-nostdin", "-hide_banner", "-v", "level+info")
    compiled: list[str] = ffmpeg.compile(node.global_args(*options), cmd=executable())
    return compiled
