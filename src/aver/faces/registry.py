"""Face detectors by name (`aver.params.names.DETECTORS`)."""

from __future__ import annotations

from aver.faces.detector import Detector
from aver.params.names import DETECTORS, known, module_of


def get_detector(name: str) -> Detector:
    """Return a detector by name.

    Raises:
        ParamsError: the name is not known; lists the known ones.
    """
    known("detector", name, DETECTORS)
    detector: Detector = module_of("faces", name).DETECTOR
    return detector
