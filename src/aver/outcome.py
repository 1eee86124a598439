"""How a per-clip computation says that a clip cannot be used: the only word compute modules need for it.

This module is a leaf on purpose.  The texts and remedies that belong to a reason live in `aver.errors`; changing
them must not change the key of any stored result.
"""

from __future__ import annotations


class Unusable(Exception):
    """The clip cannot be used: unreadable, damaged or impossible.

    Args:
        reason: a reason code of the closed list `aver.errors.REASONS`.
        detail: what was found, in one line, without times, hosts or absolute paths.
        lasting: trying again gives the same answer, so it may be stored.  A time-out is not: the machine may have
            been busy.
    """

    def __init__(self, reason: str, detail: str, *, lasting: bool = True) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
        self.lasting = lasting


class Starved(Exception):
    """The machine failed, not the clip: no memory, no disk, a killed process.  It stops the run; nothing is stored."""
