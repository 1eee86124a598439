"""Single time stamps that are wrong: a flipped bit moves one block or frame, and the next one is back in step.

ffmpeg lists no time stamp that runs back: it holds it at the one before.  So one stamp far ahead appears as a run of
equal ones, up to the block whose own stamp is later again, and one far behind as a pair.  Such a run is not believed:
its blocks or frames follow the one before as they were decoded.  A jump that is followed by others which count on from
it is believed (a recorder that paused, clips that were joined), and so are the first and the last stamp, which nothing
contradicts.
"""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

#: A run that nothing follows is only then contradicted when so many had to be held; two can be one time, written twice.
HELD = 2


def in_step(ticks: NDArray[np.int64], durations: NDArray[np.int64], jump: int) -> NDArray[np.int64]:
    """Return time stamps in which outliers are replaced by the end of the block or frame before.

    An outlier is a stamp more than `jump` away from the end of what stands before it, or a run of equal stamps, if

    - what follows is not more than `jump` away from where it would be if all stood behind each other; or
    - nothing follows, they are ahead, and more than `HELD` of them are equal.

    Args:
        ticks: time stamp [N] of every block or frame, as `aver.media.listing` has it.
        durations: how long each lasts [N], in the same unit.
        jump: smaller differences are rounding, in the same unit.

    Example:
        >>> in_step(np.array([0, 250, 250, 300, 400]), np.full(5, 100), 20).tolist()
        [0, 100, 200, 300, 400]
        >>> in_step(np.array([0, 250, 350, 450, 550]), np.full(5, 100), 20).tolist()
        [0, 250, 350, 450, 550]
    """
    mended, lengths = ticks.tolist(), durations.tolist()
    edges = [*(np.flatnonzero(np.diff(ticks)) + 1).tolist(), len(mended)]
    for start, end in pairwise(edges):
        expected = mended[start - 1] + lengths[start - 1]
        ahead = mended[start] - expected
        if abs(ahead) <= jump:
            if end == start + 1:
                continue
            expected, ahead = mended[start], 0
        *times, follows = accumulate(lengths[start:end], initial=expected)
        if abs(mended[end] - follows) <= jump if end < len(mended) else ahead > 0 and end - start > HELD:
            mended[start:end] = times
    return np.array(mended, np.int64)
