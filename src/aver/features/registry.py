"""Encoders by name (`aver.params.names.ENCODERS`)."""

from __future__ import annotations

from aver.features.encoder import Encoder
from aver.params.names import ENCODERS, known, module_of


def get_encoder(name: str) -> Encoder:
    """Return an encoder by name; its module is imported now, because each brings a heavy library.

    Raises:
        ParamsError: the name is not known; lists the known ones.
    """
    known("encoder", name, list(ENCODERS))
    encoder: Encoder = module_of("features", name).ENCODER
    return encoder
