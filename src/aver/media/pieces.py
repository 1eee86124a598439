"""Where decoded samples belong when the time stamps of a sound have holes or run back.

A decoder gives samples back to back; a container can leave a hole between two blocks (a recorder that stopped, clips
joined with a pause, lost packets) or let them overlap (joined clips).  Played back to back, everything behind a hole
would come too early.  So a sound is cut into pieces: a new one begins where a block's time stamp is farther than
`JUMP_S` from the end of what was placed before it.  A hole stays silent, and of samples that claim a time already taken
the later ones are left out; both are reported in seconds.  Smaller differences are the rounding of time stamps (FLV
and Matroska count milliseconds, a resampled block starts up to 12 ms beside its stamp) and move nothing.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

#: The smallest jump that is taken for one, seconds; so no sample is ever farther than this from its time stamp.
JUMP_S = Fraction(1, 50)


def pieces_of(ticks: NDArray[np.int64], counts: NDArray[np.int64], rate_hz: int) -> NDArray[np.int64]:
    """Return where the samples of a sound belong.

    Args:
        ticks: time stamp [B] of every block, in samples.
        counts: samples [B] in every block.
        rate_hz: samples per second.

    Returns:
        [P, 3] int64, in samples: the piece's place after the sound's start; the first decoded sample in it, and the
        end (exclusive).  Places ascend and pieces do not overlap.

    Example:
        >>> pieces_of(np.array([0, 500, 2000]), np.array([500, 500, 500]), 1000).tolist()
        [[0, 0, 1000], [2000, 1000, 1500]]
    """
    jump = int(JUMP_S * rate_hz)
    first = int(ticks[0])
    place = placed = read = begun = 0
    pieces: list[list[int]] = []
    for tick, count in zip(ticks.tolist(), counts.tolist(), strict=True):
        ahead = tick - first - placed
        if abs(ahead) > jump:
            if read > begun:
                pieces.append([place, begun, read])
            left_out = min(count, max(0, -ahead))
            placed += max(0, ahead)
            place, begun = placed, read + left_out
        else:
            left_out = 0
        read += count
        placed += count - left_out
    if read > begun:
        pieces.append([place, begun, read])
    return np.array(pieces, np.int64).reshape(-1, 3)


def silence(pieces: NDArray[np.int64]) -> int:
    """Return how many samples of holes are between the pieces."""
    lengths = pieces[:, 2] - pieces[:, 1]
    return int(pieces[-1, 0] + lengths[-1] - lengths.sum())


def left_out(pieces: NDArray[np.int64], decoded: int) -> int:
    """Return how many of the decoded samples belong to no piece."""
    return decoded - int((pieces[:, 2] - pieces[:, 1]).sum())
