"""Download one file over HTTP: with progress, resumed, tried again, and never taken for whole before it is.

What has come stays in a part (`aver.weights.releases.part`), also for the next run.  Going on means asking with `Range`
and `If-Range`: a server whose file has changed since sends the new one from its start.  Proxies are those of the
environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`), which requests honours.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests
import urllib3

from aver.weights.releases.meter import amount, metered
from aver.weights.releases.part import Begun, Part

log = logging.getLogger(__name__)
#: Longest wait for a connection, and for the next byte, seconds.  A slow server is none that stands still.
CONNECT_S, READ_S = 20.0, 60.0
#: Pauses before trying again, seconds; bytes that come in between start them over.
PAUSES_S = (1.0, 4.0, 15.0)
CHUNK_BYTES = 1 << 20
#: Answers of a server that may be another one in a moment.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class Unavailable(Exception):
    """A URL does not give the file; says why in a few words."""


class _Broken(Exception):
    """An exchange came to nothing, or to less than the whole; the next one may fare better."""


def download(url: str, part: Part, label: str, *, checked: bool) -> None:
    """Bring the whole of what lies at `url` to `part.path`, and to the disk.

    Args:
        url: http or https; redirects are followed.
        part: where to; goes on with what it holds if that came from the same URL and the server still has it.
        label: what is downloaded, for progress.
        checked: its sha256 is known, so the server need not tell its length.

    Raises:
        Unavailable: the URL does not give it.
        OSError: the disk.
    """
    furthest = _held(part)
    begun, failures = part.begun(), 0
    if begun and begun.url == url and begun.safe == begun.total:
        return  # killed between the last byte and the name
    with requests.Session() as session:
        while True:
            try:
                _exchange(session, url, part, label, checked)
                return
            except _Broken as exc:
                failures = 0 if _held(part) > furthest else failures + 1
                furthest = max(furthest, _held(part))
                if failures > len(PAUSES_S):
                    raise Unavailable(str(exc)) from exc
                pause = PAUSES_S[max(failures, 1) - 1]
                log.info("%s  %s: %s; trying again in %g s", label, url, exc, pause)
                time.sleep(pause)


def _held(part: Part) -> int:
    begun = part.begun()
    return begun.safe if begun else 0


def _exchange(session: requests.Session, url: str, part: Part, label: str, checked: bool) -> None:
    """Ask once, and write what comes."""
    begun = part.begun()
    if begun and not (begun.url == url and begun.validator):
        begun = None
    headers = {"Accept-Encoding": "identity"}
    if begun:
        headers |= {"Range": f"bytes={begun.safe}-", "If-Range": begun.validator}
    with _spoken(), session.get(url, headers=headers, stream=True, timeout=(CONNECT_S, READ_S)) as answer:
        if begun and answer.status_code in (206, 416) and not _goes_on(answer, begun):
            part.drop()
            raise _Broken("the server has another file by now, so it begins again")
        if answer.status_code != (206 if begun else 200):
            if not (begun and answer.status_code == 200):
                _refuse(answer)
            begun = None
        begun = begun or _begin(answer, url, label, checked)
        _receive(answer, part, begun, label)


def _refuse(answer: requests.Response) -> None:
    words = f"HTTP {answer.status_code} ({answer.reason})" if answer.reason else f"HTTP {answer.status_code}"
    raise (_Broken if answer.status_code in PASSING else Unavailable)(words)


def _goes_on(answer: requests.Response, begun: Begun) -> bool:
    """Tell whether an answer is the rest of what has begun."""
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
    if answer.status_code != 206 or not found or int(found[1]) != begun.safe:
        return False
    same_length = found[2] == "*" or begun.total in (None, int(found[2]))
    return same_length and _validator(answer) in ("", begun.validator)


def _begin(answer: requests.Response, url: str, label: str, checked: bool) -> Begun:
    """Look at the head of an answer that sends the whole file."""
    if answer.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise Unavailable("a web page came instead of the file (a page to log in, to agree, or of an error)")
    if answer.headers.get("Content-Encoding", "identity") != "identity" and not label.endswith(".gz"):
        raise Unavailable(f"the server sends it packed ({answer.headers['Content-Encoding']}) although asked not to")
    length = answer.headers.get("Content-Length", "")
    chunked = "chunked" in answer.headers.get("Transfer-Encoding", "").lower()
    total = int(length) if length.isdecimal() and not chunked else None
    if total is None and not chunked and not checked:
        raise Unavailable("the server does not tell the file's length, so a part could not be told from the whole")
    return Begun(url, _validator(answer), total)


def _validator(answer: requests.Response) -> str:
    """Return what `If-Range` takes: a strong ETag, or a date."""
    etag = answer.headers.get("ETag", "")
    return answer.headers.get("Last-Modified", "") if etag.startswith("W/") or not etag else etag


def _receive(answer: requests.Response, part: Part, begun: Begun, label: str) -> None:
    with part.writer(begun) as writer, metered(label, begun.total, begun.safe) as meter:
        # What there is, and not a full chunk: whatever came before a cut is kept.
        while chunk := answer.raw.read1(CHUNK_BYTES, decode_content=False):
            writer.write(chunk)
            meter.step(len(chunk))
    if begun.total is not None and writer.length != begun.total:
        raise _Broken(f"the connection ended after {amount(writer.length)} of {amount(begun.total)}")


@contextmanager
def _spoken() -> Iterator[None]:
    """Put the errors of the network into words; those of the disk pass."""
    try:
        yield
    except requests.exceptions.TooManyRedirects as exc:
        raise Unavailable("its redirects lead in a circle") from exc
    except requests.exceptions.SSLError as exc:
        raise Unavailable(f"no connection that can be trusted ({_cause(exc)})") from exc
    except requests.exceptions.ConnectTimeout as exc:
        raise _Broken(f"no connection within {CONNECT_S:g} s") from exc
    except (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError) as exc:
        raise _Broken(f"it stands still: no byte came for {READ_S:g} s") from exc
    except requests.exceptions.ProxyError as exc:
        raise _Broken(f"the proxy of the environment does not connect ({_cause(exc)})") from exc
    except requests.exceptions.ConnectionError as exc:
        raise _Broken(f"no connection ({_cause(exc)})") from exc
    except urllib3.exceptions.HTTPError as exc:
        raise _Broken(f"the connection was cut ({_cause(exc)})") from exc
    except requests.exceptions.RequestException as exc:
        raise Unavailable(_cause(exc)) from exc


def _cause(error: BaseException) -> str:
    """Return what is at the bottom of a chain of errors, in the system's words if it has some."""
    words, link = str(error), error
    while link := link.__cause__ or link.__context__:  # type: ignore[assignment]
        words = getattr(link, "strerror", None) or words
    return " ".join(words.split())[:200]
