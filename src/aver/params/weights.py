"""Check the blocks under `weights`: what a source takes, and the names of releases and of their files."""

from __future__ import annotations

from aver.errors import ParamsError
from aver.params.blocks import Weights
from aver.params.names import WEIGHTS, known
from aver.params.releases import RELEASES

#: The keys that only published weights take.
_PUBLISHED_KEYS = ("release", "path", "sha256")
#: Weights with fully connected layers that `layers: all` keeps.
LAYERED = ("vggface", "vggish")


def check_weights(where: str, name: str, block: Weights) -> None:
    """Check one block.

    Args:
        where: how to call the blocks, e.g. `params.yaml: weights`.
        name: of the weights.
        block: what stands there.

    Raises:
        ParamsError: names the key and what is accepted.
    """
    known(where, name, list(WEIGHTS))
    where = f"{where}.{name}"
    releases = {release.name: [file.name for file in release.published] for release in RELEASES[name]}
    if block.layers == "all" and name not in LAYERED:
        raise ParamsError(f"{where}.layers: only {' and '.join(LAYERED)} have layers that may be left out; take it out")
    if block.source == "seeded":
        for key in _PUBLISHED_KEYS:
            if getattr(block, key):
                raise ParamsError(
                    f"{where}.{key}: source 'seeded' makes random numbers and reads no file; take the key out, or set "
                    "source to 'pretrained' or 'path'"
                )
        return
    _check_path(where, block)
    if block.release is not None:
        known(f"{where}.release", block.release, list(releases))
    if block.layers == "all" and (block.release or "").endswith("-notop"):
        raise ParamsError(f"{where}.layers: release {block.release} has no fully connected layers; choose another one")
    chosen = [block.release] if block.release else list(releases)[:1] if block.source == "pretrained" else releases
    files = [file for release in chosen for file in releases[release]]
    for file in block.sha256:
        known(f"{where}.sha256 (of release {' or '.join(chosen)})", file, files)


def _check_path(where: str, block: Weights) -> None:
    if block.source == "path" and not block.path:
        raise ParamsError(
            f"{where}.path: missing key; source 'path' reads published files from this machine: name them"
        )
    if block.source == "pretrained" and block.path:
        raise ParamsError(
            f"{where}.path: source 'pretrained' downloads a declared release; to read files of this machine set source "
            "to 'path', else take the key out"
        )
    if block.path and "://" in block.path:
        raise ParamsError(
            f"{where}.path: {block.path} is a URL and no path of this machine. Source 'pretrained' downloads the "
            "declared releases; a server of your own is named by the environment variable AVER_WEIGHTS_MIRROR "
            "(docs/weights.md)"
        )
