"""Weights from outside are data: a file that could run code when it is loaded is refused before it is used.

- `.pth`, `.ckpt`: PyTorch files are pickles.  They must load with `weights_only`, which builds tensors and plain
  containers and calls nothing else.
- `saved_model.pb`: a TensorFlow graph is a program; see `aver.weights.releases.trust_graph`.
- `.h5`: HDF5 can say that its content lies in other files (external links, external storage, virtual datasets), which
  would be read as weights.  Keras writes none of these, and no soft links.
- `hyperparams.yaml`: speechbrain would run it; here it is only compared (`aver.weights.xvector_hyperparams`), and
  nothing that it names is made.  `variables/`: numbers, which TensorFlow's reader of checkpoints checks.

A file of any other name is refused.  An archive is looked at while it is unpacked (`aver.weights.releases.unpack`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from aver.errors import WeightsError
from aver.weights.releases.trust_graph import check_graph

#: What to do about a file that is not the published one; no publisher tells a sha256 to compare it with.
REMEDY = "Bring the published file again (`aver weights NAME` tells where from), or set the source to 'seeded'."
#: How a git-lfs pointer begins: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
_POINTER = b"version https://git-lfs.github.com/spec/"


def check_pointer(path: Path) -> None:
    """Refuse what a repository holds in the place of a large file until git-lfs brings it.

    Raises:
        WeightsError: the file is such a pointer.
    """
    with path.open("rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise WeightsError(f"{path.name} is a git-lfs pointer, not the file; run `git lfs pull` there.")


def check_trust(folder: Path) -> None:
    """Look through the files of pretrained weights before anything loads them.

    Raises:
        WeightsError: a file is not what its name says, or could run code; names the file and what it holds.
    """
    for path in sorted(path for path in folder.rglob("*") if not path.is_dir()):
        check_pointer(path)
        name = path.relative_to(folder).as_posix()
        for problem in _CHECKS.get(name, _CHECKS.get(path.suffix, _unknown))(path):
            raise WeightsError(f"{path.name} {problem}. It was not loaded. {REMEDY}")


def _unknown(path: Path) -> Iterator[str]:
    yield "is of no kind that weights are published in"


def _harmless(path: Path) -> Iterator[str]:
    yield from ()


def _tensors(path: Path) -> Iterator[str]:
    from aver.weights.state import load_state

    try:
        load_state(path)
    except (OSError, MemoryError):
        raise
    except Exception as exc:  # PyTorch's reader has no error of its own for bytes that it cannot read
        yield f"is no PyTorch file that holds tensors only ({_instead(path, str(exc))})"


def _instead(path: Path, said: str) -> str:
    """Say what a file is instead of tensors; PyTorch's own words advise to load it all the same."""
    if found := re.search(r"GLOBAL (\S+)", said):
        return f"it names {found[1]}"
    with path.open("rb") as file:
        start = file.read(256)
    if not start:
        return "it is empty"
    if start.lstrip().startswith(b"<") or all(32 <= byte < 127 or byte in b"\t\r\n" for byte in start):
        return "it is text, perhaps a web page"
    return "it is a zip archive of something else" if is_zipfile(path) else "it is truncated, or no zip archive"


def _own_content(path: Path) -> Iterator[str]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield from _foreign(file)
    except (OSError, RuntimeError, KeyError, ValueError) as exc:  # h5py's words for bytes that HDF5 cannot read
        if isinstance(exc, OSError) and exc.errno is not None and not path.is_file():
            raise
        yield f"is no HDF5 file that can be read ({[*str(exc).splitlines(), type(exc).__name__][0][:200]})"


def _foreign(root: Any) -> Iterator[str]:
    """Say of every link and dataset below a group whether its content may lie elsewhere."""
    import h5py

    seen: set[int] = set()
    waiting = [root]
    while waiting:
        group = waiting.pop()
        for name in group:
            try:
                hard = isinstance(group.get(name, getlink=True), h5py.HardLink)
            except TypeError:  # a kind of link of somebody's own
                hard = False
            if not hard:
                yield f"has the link {group.name.rstrip('/')}/{name} to another place, which Keras does not write"
                return
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if isinstance(item, h5py.Group) and address not in seen:
                waiting.append(item)
            elif isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
                yield f"keeps the numbers of {item.name} in another file, which Keras does not do"
                return
            seen.add(address)


#: By name, else by suffix.
_CHECKS: dict[str, Callable[[Path], Iterator[str]]] = {
    ".pth": _tensors,
    ".ckpt": _tensors,
    ".h5": _own_content,
    "saved_model.pb": check_graph,
    "hyperparams.yaml": _harmless,
    "variables/variables.index": _harmless,
    "variables/variables.data-00000-of-00001": _harmless,
}
