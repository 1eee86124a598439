"""How a number is written: scores in percent, counts with thousands marked, a dash for what is not known."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

DASH = "–"


def percent(value: float | None, digits: int = 1) -> str:
    """Return a fraction as percent without the sign.

    Example:
        >>> percent(0.6824), percent(1), percent(None)
        ('68.2', '100.0', '–')
    """
    return DASH if value is None else f"{100 * value:.{digits}f}"


def spread(mean: float, deviation: float) -> str:
    """Return mean and deviation in percent.

    Example:
        >>> spread(0.6824, 0.0312)
        '68.2 ± 3.1'
    """
    return f"{percent(mean)} ± {percent(deviation)}"


def count(value: int | None) -> str:
    """Return a count.

    Example:
        >>> count(4767), count(None)
        ('4,767', '–')
    """
    return DASH if value is None else f"{value:,}"


def counts(values: Mapping[str, int]) -> str:
    """Return named counts, the zeros left out.

    Example:
        >>> counts({"no_face": 12, "no_sound": 0}), counts({})
        ('no face 12', 'none')
    """
    return ", ".join(f"{plain(name)} {count(values[name])}" for name in sorted(values) if values[name]) or "none"


def plain(code: str) -> str:
    """Return a reason code as words."""
    return code.replace("_", " ")


def setting(value: Any) -> str:
    """Return a value of `params.yaml` in one line, YAML's words for true and false.

    Example:
        >>> setting((0, 1)), setting(False), setting({"channel": ("speech",)}), setting(0.00001)
        ('0, 1', 'false', 'channel: speech', '0.00001')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {setting(part)}" for key, part in value.items()) or DASH
    if isinstance(value, (list, tuple)):
        return ", ".join(setting(part) for part in value) or DASH
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return DASH if value is None or value == "" else str(value)
