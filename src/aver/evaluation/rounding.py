"""Numbers as they are written: six digits, so that a file does not change with the last bits of a sum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DIGITS = 6
#: Below this a number is rounding noise around 0.
DECIMALS = 12


def rounded(value: Any) -> Any:
    """Return a value of JSON with every float in it rounded to six significant digits.

    Example:
        >>> rounded({"p": 1 / 30001, "uar": [2 / 3, None, 3], "zero": -1e-17})
        {'p': 3.33322e-05, 'uar': [0.666667, None, 3], 'zero': 0.0}
    """
    if isinstance(value, Mapping):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    if isinstance(value, float):
        return float(f"{round(value, DECIMALS):.{DIGITS}g}") + 0.0  # + 0.0: −0.0 becomes 0.0
    return value
