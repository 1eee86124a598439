"""How a number is written: scores in percent, counts with thousands marked, a dash for what is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from aver.params.blocks import Params

DASH = "–"


def percent(value: float | None, digits: int = 1) -> str:
    """Return a fraction as percent without the sign.

    Example:
        >>> percent(0.6824), percent(1), percent(None), percent(float("nan"))
        ('68.2', '100.0', '–', '–')
    """
    return f"{100 * value:.{digits}f}" if known(value) else DASH


def known(value: float | None) -> TypeGuard[float]:
    """Whether there is a number to show: NaN and infinity are none."""
    return value is not None and isfinite(value)


def spread(mean: float | None, deviation: float | None) -> str:
    """Return mean and deviation in percent.

    Example:
        >>> spread(0.6824, 0.0312), spread(None, None)
        ('68.2 ± 3.1', '–')
    """
    return f"{percent(mean)} ± {percent(deviation)}" if known(mean) else DASH


def interval(low: float | None, high: float | None) -> str:
    """Return an interval in percent.

    Example:
        >>> interval(0.61, 0.7412), interval(-0.02, 0.03), interval(-0.0001, 0.03), interval(None, None)
        ('61.0 to 74.1', '−2.0 to 3.0', '0.0 to 3.0', '–')
    """
    if not known(low) or not known(high):
        return DASH
    # Adding zero makes −0.0 a plain zero.
    return f"{round(100 * low, 1) + 0.0:.1f} to {round(100 * high, 1) + 0.0:.1f}".replace("-", "−")


def decimals(value: float | None, digits: int = 2) -> str:
    """Return a number that is no share: seconds, nats.

    Example:
        >>> decimals(1.456), decimals(-0.25), decimals(-0.001), decimals(None)
        ('1.46', '−0.25', '0.00', '–')
    """
    # Adding zero makes −0.0 a plain zero.
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−") if known(value) else DASH


def points(difference: float | None) -> str:
    """Return a difference of two fractions in percentage points, with its sign.

    Example:
        >>> points(0.1234), points(-0.01), points(0.0), points(0.00001), points(None)
        ('+12.3', '−1.0', '0.0', '0.0', '–')
    """
    if not known(difference):
        return DASH
    written = percent(abs(difference))
    return written if written == "0.0" else f"{'+' if difference > 0 else '−'}{written}"


def p_value(value: float | None) -> str:
    """Return a p-value: three digits, and no more precise than that.

    Example:
        >>> p_value(0.0123), p_value(0.0004), p_value(1.0), p_value(None)
        ('0.012', '< 0.001', '1.000', '–')
    """
    if not known(value):
        return DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def listed(names: Sequence[str], last: str = "and") -> str:
    """Return names as a list in a sentence.

    Example:
        >>> listed(["pca"]), listed(["concat", "embrace", "pca"]), listed(["a", "b"], "or")
        ('pca', 'concat, embrace and pca', 'a or b')
    """
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def count(value: float | None) -> str:
    """Return a count; the mean of counts is rounded.

    Example:
        >>> count(4767), count(None)
        ('4,767', '–')
    """
    return f"{round(value):,}" if known(value) else DASH


def number_of(value: int, what: str) -> str:
    """Return a count with what is counted.

    Example:
        >>> number_of(1, "fold"), number_of(1234, "clip")
        ('1 fold', '1,234 clips')
    """
    return f"{count(value)} {what}{'' if value == 1 else 's'}"


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


def confidence(params: Params) -> str:
    """Return the confidence of the intervals."""
    return f"{100 * params.evaluation.confidence:g} %"
