"""A figure that is still to be drawn."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure

#: Kind, strategy and words of a figure, and how it is drawn.
Plan = tuple[str, str, str, Callable[[], Figure]]
