"""The encoders by name.  Adding one is one file and one line here."""

from __future__ import annotations

from importlib import import_module

from aver.features.encoder import Encoder
from aver.params.file import known

#: Name -> module whose `ENCODER` it is; imported when used, because each brings a heavy library.
ENCODERS = {
    "vggface": "aver.features.vggface",
    "xvector": "aver.features.xvector",
    "vggish": "aver.features.vggish",
}


def get_encoder(name: str) -> Encoder:
    """Return an encoder by name.

    Raises:
        ParamsError: the name is not known; lists the known ones.
    """
    known("encoder", name, list(ENCODERS))
    encoder: Encoder = import_module(ENCODERS[name]).ENCODER
    return encoder
