"""One question over HTTP: where redirects lead is looked at first, and every error of the network is put into words.

Proxies are those of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`), which requests honours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

#: Longest wait for a connection, and for the next byte, seconds.  A slow server is none that stands still.
CONNECT_S, READ_S = 20.0, 60.0
REDIRECTS = 10


class Unavailable(Exception):
    """A URL does not give the file; says why in a few words."""


class Broken(Exception):
    """An exchange came to nothing, or to less than the whole; the next one may fare better."""


class Session(requests.Session):
    """A session that leaves redirects alone: requests would read the body of one to its end, and it may have none."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Let no answer be a redirect."""


@contextmanager
def asked(session: Session, url: str, headers: Mapping[str, str], *, checked: bool) -> Iterator[requests.Response]:
    """Yield the answer to a GET, after redirects; its body is not read yet.

    Args:
        session: keeps cookies and connections.
        url: http or https.
        headers: of the question, wherever it leads.
        checked: the sha256 of what comes is known, so a redirect may lead out of https.

    Raises:
        Unavailable: there is no such file, or no way to it that is gone.
        Broken: the network; also if it fails while the answer is read within the block.
    """
    with _spoken():
        for _ in range(REDIRECTS + 1):
            timeout = (CONNECT_S, READ_S)
            with session.get(url, headers=dict(headers), stream=True, timeout=timeout) as answer:
                if not answer.is_redirect:
                    yield answer
                    return
                url = redirected(url, answer.headers["Location"], checked=checked)
        raise Unavailable(f"its redirects lead in a circle ({REDIRECTS} were followed)")


def redirected(url: str, location: str, *, checked: bool) -> str:
    """Return where a redirect leads.

    Raises:
        Unavailable: to something else than http, or out of https although nothing else tells that the file is right.
        ValueError: it is no address.
    """
    target = urljoin(url, location.encode("latin-1").decode("utf-8"))  # headers come as Latin-1, addresses are UTF-8
    was, now = urlsplit(url).scheme, urlsplit(target).scheme
    if now not in ("http", "https"):
        raise Unavailable(f"it redirects to {target[:200]}, which is no address of the web")
    if (was, now) == ("https", "http") and not checked:
        raise Unavailable(
            f"it redirects from https to {target[:200]}, where anybody on the way could change the file; a sha256 "
            "that is pinned would tell"
        )
    return target


@contextmanager
def _spoken() -> Iterator[None]:
    """Put the errors of the network into words; those of the disk pass."""
    try:
        yield
    except requests.exceptions.SSLError as exc:
        raise Unavailable(f"no connection that can be trusted ({_cause(exc)})") from exc
    except requests.exceptions.ConnectTimeout as exc:
        raise Broken(f"no connection within {CONNECT_S:g} s") from exc
    except (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError) as exc:
        raise Broken(f"it stands still: no byte came for {READ_S:g} s") from exc
    except requests.exceptions.ProxyError as exc:
        raise Broken(f"the proxy of the environment does not connect ({_cause(exc)})") from exc
    except requests.exceptions.ConnectionError as exc:
        raise Broken(f"no connection ({_cause(exc)})") from exc
    except urllib3.exceptions.HTTPError as exc:
        raise Broken(f"the connection was cut ({_cause(exc)})") from exc
    except (requests.exceptions.RequestException, ValueError) as exc:  # ValueError: an address or a number that is none
        raise Unavailable(_cause(exc)) from exc


def _cause(error: BaseException) -> str:
    """Return what is at the bottom of a chain of errors, in the system's words if it has some."""
    words, link = str(error), error.__cause__ or error.__context__
    while link:
        words, link = getattr(link, "strerror", None) or words, link.__cause__ or link.__context__
    return " ".join(words.split())[:200]
