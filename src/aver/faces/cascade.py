"""The three networks of MTCNN, one after the other: proposals, refinement, output.

Networks, weights and the arithmetic of boxes are those of the package `mtcnn`.  Three things are done here instead of
by its class `MTCNN`:

- The scales at which the first network looks are given.  The package's own may make the picture smaller than the 12
  pixels that this network needs, and then it reports that there is no face.
- The weights are those inside the package.  It prefers files of the same names in the working directory, and unpickles
  them.
- The networks are compiled, which makes them twice as fast on small pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aver.tensorflow_import import import_tensorflow

#: Sides of what the three networks see at once, pixels.
CELL_PX, REFINED_PX, OUTPUT_PX = 12, 24, 48
#: Confidence of the first two networks, and overlap from which two boxes are one: at one scale, and over all scales and
#: in the later networks.  The values of the package, and of Zhang et al.'s own code.
PROPOSED, REFINED, SAME_AT_SCALE, SAME = 0.6, 0.7, 0.5, 0.7

#: Pictures [N, h, w, 3] float32 in -1 … 1 to offsets of boxes, (landmarks,) confidences.
Network = Callable[[Any], Any]


@lru_cache(maxsize=1)
def _networks() -> list[Network]:
    """Return the networks that propose, refine and decide, compiled."""
    tf = import_tensorflow()
    from mtcnn.stages import StageONet, StagePNet, StageRNet

    spec = find_spec("mtcnn")
    folder = Path(str(spec and spec.origin)).parent / "assets" / "weights"
    stages = ((StagePNet, "pnet", None), (StageRNet, "rnet", REFINED_PX), (StageONet, "onet", OUTPUT_PX))
    return [
        tf.function(stage(weights=str(folder / f"{name}.lz4")).model, [tf.TensorSpec((None, side, side, 3))])
        for stage, name, side in stages
    ]


def find(picture: NDArray[np.uint8], scales: list[float], min_confidence: float) -> NDArray[np.float64]:
    """Return the faces of an RGB picture [h, w, 3].

    Args:
        picture: any shape.
        scales: at which the first network looks (see `pyramid`).
        min_confidence: of the last network.

    Returns:
        Rectangles [N, 4]: left, top, right, bottom in pixels; they may reach beyond the picture.
    """
    normal: NDArray[np.float32] = (picture[None].astype(np.float32) - np.float32(127.5)) / np.float32(128)
    propose, refine, output = _networks()
    boxes = _proposed(propose, normal, scales)
    if len(boxes):
        boxes = _square(_narrowed(refine, normal, boxes, REFINED_PX, REFINED, "union"))
    if len(boxes):
        boxes = _narrowed(output, normal, boxes, OUTPUT_PX, min_confidence, "min")
    return np.asarray(boxes[:, 1:5], np.float64)


def pyramid(shorter_px: int, smallest: float, largest: float, factor: float) -> list[float]:
    """Return the scales at which faces from `smallest` to `largest` pixels are `CELL_PX` pixels wide.

    Args:
        shorter_px: shorter side of the picture.
        smallest: side of the smallest face.
        largest: side of the largest face.
        factor: from one scale to the next, below 1.

    Example:
        >>> pyramid(48, 24.0, 48.0, 0.5)
        [0.5, 0.25]
        >>> pyramid(20, 24.0, 48.0, 0.5)
        []
    """
    scales = []
    scale = CELL_PX / smallest
    while scale * min(shorter_px, largest) >= CELL_PX:
        scales.append(scale)
        scale *= factor
    return scales


def _proposed(network: Network, normal: NDArray[np.float32], scales: list[float]) -> NDArray[np.float64]:
    """Return where the first network suspects faces, squares [N, 6]: 0, left, top, right, bottom, confidence."""
    from mtcnn.utils.bboxes import generate_bounding_box, smart_nms_from_bboxes, upscale_bboxes
    from mtcnn.utils.images import scale_images

    proposed = [np.zeros((0, 6))]
    for scale in scales:
        offsets, scores = network(scale_images(normal, scale))
        boxes = upscale_bboxes(generate_bounding_box(offsets, scores, PROPOSED), np.array([scale]))
        proposed.append(smart_nms_from_bboxes(boxes, SAME_AT_SCALE, method="union", initial_sort=False))
    return _square(smart_nms_from_bboxes(np.concatenate(proposed), SAME, method="union"))


def _narrowed(
    network: Network,
    normal: NDArray[np.float32],
    boxes: NDArray[np.float64],
    side_px: int,
    confidence: float,
    same: str,
) -> NDArray[np.float64]:
    """Return the boxes [N, 6] that the second or third network takes for faces, moved to where it sees them."""
    from mtcnn.utils.bboxes import adjust_bboxes, pick_matches, replace_confidence, smart_nms_from_bboxes
    from mtcnn.utils.images import extract_patches

    offsets, *_, scores = network(extract_patches(normal, boxes, (side_px, side_px)))
    moved = adjust_bboxes(replace_confidence(boxes, scores), offsets)
    found = pick_matches(moved, scores_column=5, score_threshold=confidence)
    return np.asarray(smart_nms_from_bboxes(found, SAME, method=same), np.float64)


def _square(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    from mtcnn.utils.bboxes import resize_to_square

    return np.asarray(resize_to_square(boxes), np.float64)
