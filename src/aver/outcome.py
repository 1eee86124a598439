"""How a per-clip computation says that a clip cannot be used: the only word compute modules need for it.

This module is a leaf on purpose.  The texts and remedies that belong to a reason live in `aver.errors`; changing
them must not change the key of any stored result.
"""

from __future__ import annotations


class Unusable(Exception):
    """The clip itself is unreadable, damaged or impossible; trying again gives the same answer.

    Args:
        reason: a reason code of the closed list `aver.errors.REASONS`.
        detail: what was found, in one line, without times, hosts or absolute paths.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class Starved(Exception):
    """The machine failed, not the clip: a time-out, no memory, no disk.  Never stored; the clip is tried again."""
