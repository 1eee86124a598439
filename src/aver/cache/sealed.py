"""Small JSON documents that carry their own checksum: entries, recipes."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def seal(body: Any) -> bytes:
    """Return a document of `body` and its sha256."""
    checksum = hashlib.sha256(canonical(body).encode()).hexdigest()
    return canonical({"body": body, "checksum": checksum}).encode()


def unseal(content: bytes) -> Any:
    """Return the body of a document.

    Raises:
        ValueError: it is not, byte for byte, what `seal` writes.
    """
    try:
        body = json.loads(content)["body"]
        whole = seal(body) == content
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise ValueError("not a sealed document") from exc
    if not whole:
        raise ValueError("its checksum does not fit")
    return body
