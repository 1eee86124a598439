"""Download one file over HTTP: with progress, resumed, tried again, and never taken for whole before it is.

What has come stays in a part (`aver.weights.releases.part`), also for the next run.  Going on means asking with `Range`
and `If-Range`: a server whose file has changed since sends the new one from its start.
"""

from __future__ import annotations

import logging
import re
import time

import requests

from aver.weights.releases.ask import Broken, Session, Unavailable, asked
from aver.weights.releases.meter import amount, metered
from aver.weights.releases.part import Begun, Part

log = logging.getLogger(__name__)
#: Pauses before trying again, seconds; bytes that come in between start them over, if they are so many that a
#: server which gives a few each time is not asked for ever.
PAUSES_S = (1.0, 4.0, 15.0)
PROGRESS_BYTES = 64_000
#: No declared file has so much (VGG-Face with all its layers: 0.6 GB): what is more would only fill the disk.
MOST_BYTES = 2_000_000_000
CHUNK_BYTES = 1 << 20
#: Answers of a server that may be another one in a moment.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


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
    with Session() as session:
        while True:
            try:
                _exchange(session, url, part, label, checked)
                return
            except Broken as exc:
                failures += 1
                if _held(part) - furthest >= PROGRESS_BYTES:
                    failures, furthest = 0, _held(part)
                if failures > len(PAUSES_S):
                    raise Unavailable(str(exc)) from exc
                pause = PAUSES_S[max(failures, 1) - 1]
                log.info("%s  %s: %s; trying again in %g s", label, url, exc, pause)
                time.sleep(pause)


def _held(part: Part) -> int:
    begun = part.begun()
    return begun.safe if begun else 0


def _exchange(session: Session, url: str, part: Part, label: str, checked: bool) -> None:
    """Ask once, and write what comes."""
    begun = part.begun()
    if begun and not (begun.url == url and begun.validator):
        begun = None
    headers = {"Accept-Encoding": "identity"}
    if begun:
        headers |= {"Range": f"bytes={begun.safe}-", "If-Range": begun.validator}
    with asked(session, url, headers, checked=checked) as answer:
        if begun and answer.status_code in (206, 416) and not _goes_on(answer, begun):
            part.drop()
            raise Broken("the server has another file by now, so it begins again")
        if answer.status_code != (206 if begun else 200):
            if not (begun and answer.status_code == 200):
                _refuse(answer)
            begun = None
        _check_kind(answer, label)
        begun = begun or _begin(answer, url, checked)
        _receive(answer, part, begun, label)


def _refuse(answer: requests.Response) -> None:
    words = f"HTTP {answer.status_code} ({answer.reason})" if answer.reason else f"HTTP {answer.status_code}"
    raise (Broken if answer.status_code in PASSING else Unavailable)(words)


def _goes_on(answer: requests.Response, begun: Begun) -> bool:
    """Tell whether an answer is the rest of what has begun."""
    found = re.fullmatch(r"bytes (\d{1,19})-\d{1,19}/(\d{1,19}|\*)", answer.headers.get("Content-Range", ""))
    if answer.status_code != 206 or not found or int(found[1]) != begun.safe:
        return False
    same_length = found[2] == "*" or begun.total in (None, int(found[2]))
    return same_length and _validator(answer) in ("", begun.validator)


def _check_kind(answer: requests.Response, label: str) -> None:
    """Refuse what is a page, or packed."""
    if answer.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise Unavailable("a web page came instead of the file (a page to log in, to agree, or of an error)")
    if answer.headers.get("Content-Encoding", "identity") != "identity" and not label.endswith(".gz"):
        raise Unavailable(f"the server sends it packed ({answer.headers['Content-Encoding']}) although asked not to")


def _begin(answer: requests.Response, url: str, checked: bool) -> Begun:
    """Look at the head of an answer that sends the whole file."""
    length = answer.headers.get("Content-Length", "")
    chunked = "chunked" in answer.headers.get("Transfer-Encoding", "").lower()
    total = int(length) if length.isdecimal() and not chunked else None
    if total is None and not chunked and not checked:
        raise Unavailable("the server does not tell the file's length, so a part could not be told from the whole")
    if total is not None and total > MOST_BYTES:
        raise Unavailable(f"the server tells a length of {amount(total)}; no declared file is so long")
    return Begun(url, _validator(answer), total)


def _validator(answer: requests.Response) -> str:
    """Return what `If-Range` takes: a strong ETag, or a date."""
    etag = answer.headers.get("ETag", "")
    return answer.headers.get("Last-Modified", "") if etag.startswith("W/") or not etag else etag


def _receive(answer: requests.Response, part: Part, begun: Begun, label: str) -> None:
    most = MOST_BYTES if begun.total is None else begun.total
    with part.writer(begun) as writer, metered(label, begun.total, begun.safe) as meter:
        # What there is, and not a full chunk: whatever came before a cut is kept.
        while chunk := answer.raw.read1(min(CHUNK_BYTES, most + 1 - writer.length), decode_content=False):
            writer.write(chunk)
            meter.step(len(chunk))
            if writer.length > most:
                break
    if writer.length > most:
        part.drop()
        # Without a length there is none that another exchange could keep to.
        raise (Unavailable if begun.total is None else Broken)(f"more than {amount(most)} came, so it is not the file")
    if begun.total is not None and writer.length != begun.total:
        raise Broken(f"the connection ended after {amount(writer.length)} of {amount(begun.total)}")
