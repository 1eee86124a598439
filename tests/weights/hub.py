"""A server on this machine that plays the hubs: it can cut, stall, move, change, refuse, and be a proxy."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PIECE = 4096


@dataclass
class Hub:
    """What the server serves, how, and what it was asked.

    Args:
        folder: the files.
        cut: how many of the next answers end too soon.
        share: how much of the rest of the file these send.
        statuses: what to answer next instead of the file, in this order; 0 is the file.
        moved: paths and where they have moved to.
        moved_body: what is sent beside that.
        more: what is sent behind the rest of a file.
        pause_s: between two pieces of 4 kB.
        stalled: how many of the next answers stand still instead of ending.
        headers: sent beside the others, or instead of them; None leaves one out.
        body: what to send instead of the file.
        ranges: whether it knows byte ranges.
        most: the longest range that it gives at once.
        asked: every path, and the range.
        proxied: every whole URL, asked as a proxy is.
    """

    folder: Path
    cut: int = 0
    share: float = 0.5
    statuses: list[int] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    moved_body: bytes = b""
    more: bytes = b""
    pause_s: float = 0.0
    stalled: int = 0
    headers: dict[str, str | None] = field(default_factory=dict)
    body: bytes | None = None
    ranges: bool = True
    most: int | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    proxied: list[str] = field(default_factory=list)
    port: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return f"{self.url}/{name}"


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        hub = self.hub
        self.close_connection = True
        if self.path.startswith("http://"):  # asked as a proxy
            hub.proxied.append(self.path)
            self.path = "/" + self.path.split("/", 3)[3]
        hub.asked.append((self.path, self.headers.get("Range")))
        path = hub.folder / self.path.lstrip("/")
        if self.path in hub.moved:
            self.answer(302, hub.moved_body, {"Location": hub.moved[self.path]})
        elif hub.statuses and (status := hub.statuses.pop(0)):
            self.answer(status, b"no")
        elif hub.body is None and not path.is_file():
            self.answer(404, b"no")
        else:
            self.send(path.read_bytes() if hub.body is None else hub.body)

    def send(self, content: bytes) -> None:
        etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        wanted, only_if = self.headers.get("Range"), self.headers.get("If-Range")
        validators = {etag, self.hub.headers.get("ETag"), self.hub.headers.get("Last-Modified")}
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.hub.ranges else 0
        if only_if and only_if not in validators:
            start = 0
        if start >= len(content) > 0:
            self.answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            return
        headers = {"ETag": etag, "Content-Type": "application/octet-stream"}
        end = len(content)
        if start:
            end = min(end, start + (self.hub.most or end))
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
        body = content[start:end] + (self.hub.more if start else b"")
        self.answer(206 if start else 200, body, {**headers, **self.hub.headers})

    def answer(self, status: int, body: bytes, headers: dict[str, str | None] | None = None) -> None:
        hub = self.hub
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Connection": "close", **(headers or {})}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        end = len(body)
        if status in (200, 206) and (hub.cut or hub.stalled):
            end = int(end * hub.share)
        chunked = (headers or {}).get("Transfer-Encoding") == "chunked"
        for place in range(0, end, PIECE):
            piece = body[place : min(place + PIECE, end)]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            time.sleep(hub.pause_s)
        if end < len(body):
            if hub.cut:
                hub.cut -= 1
            else:
                hub.stalled -= 1
                self.wfile.flush()
                hub.ended.wait(20)
        elif chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """The other side may hang up."""
