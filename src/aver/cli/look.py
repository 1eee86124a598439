"""Where the card of a corpus comes from: the stages' outs, or the names below its root."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from aver.params.blocks import Params
    from aver.report.card import Card

#: The folder of the stage outs, in the repository's root folder, where AVER's commands work.
DATA = Path("data")
LOCK = Path("dvc.lock")


@dataclass(frozen=True)
class Look:
    """A card, what its numbers rest on in words, and whether they rest on names alone."""

    card: Card
    note: str
    by_names: bool = False


def look(name: str, params: Params) -> Look:
    """Return the card of a corpus: from the stages' outs, or by reading its root if the corpora stage has not read it.

    Raises:
        CorpusError: it was not read yet, and its root is missing.
        StoreError: an out is damaged.
    """
    from aver.report.card import card_of
    from aver.report.card_tables import read_tables

    adapter = adapter_of(name, params)
    root = Path(params.corpora[name].root).expanduser()
    tables = read_tables(DATA, name, adapter)
    if tables.clips is None:
        return from_root(name, root, adapter)
    if moved := _moved(name, params):
        found = from_root(name, root, adapter)
        return replace(found, note=f"{found.note} ({moved}.)")
    waiting = [stage for stage, rows in (("media", tables.media), ("faces", tables.faces)) if rows is None]
    note = f"As the stages found it; {' and '.join(waiting)} not yet: `dvc repro` runs them." if waiting else ""
    return Look(card_of(tables), note or "As the stages found it.")


def from_root(name: str, root: Path, adapter: str) -> Look:
    """Return the card of what lies below a root now, by names and the corpus's lists; doubles alone are compared.

    Raises:
        CorpusError: the root is missing.
        ParamsError: the adapter is not known.
    """
    from aver.corpora.catalogue import survey, why_unhashable
    from aver.corpora.copies import settle_doubles
    from aver.corpora.registry import get_adapter
    from aver.params.blocks import Corpus
    from aver.report.card import card_of
    from aver.report.card_tables import tables_of

    reading = survey(name, Corpus(str(root), adapter))
    settle_doubles(reading, root)
    note = (
        f"Read just now from the names below {root}: nothing was decoded, and no content compared but that of files "
        "with the same name."
    )
    if not reading.clips and not reading.failures:
        note = f"There is no clip of this corpus below {root}. Expected: {get_adapter(adapter).LAYOUT}."
    if why := why_unhashable(name, reading.blockers):
        note += f" {why}"
    return Look(card_of(tables_of(name, adapter, reading)), note, by_names=True)


def adapter_of(name: str, params: Params) -> str:
    """Return the adapter of a corpus of params.yaml."""
    return params.corpora[name].adapter or name


def _moved(name: str, params: Params) -> str:
    """Say whether the corpora stage read another root or with another adapter, as dvc.lock has it; empty if not."""
    try:
        stages = yaml.safe_load(LOCK.read_text(encoding="utf-8")).get("stages", {})
    except (OSError, yaml.YAMLError, AttributeError):
        return ""  # nothing ran through DVC, or DVC itself says at the next run what is wrong with the file
    read = stages.get(f"corpora@{name}", {}).get("params", {}).get("params.yaml", {}).get(f"corpora.{name}")
    now = params.corpora[name]
    if read is None or (read.get("root"), read.get("adapter", "")) == (now.root, now.adapter):
        return ""
    return f"the corpora stage last read {read.get('root')}; `dvc repro` reads this root"


def facts(found: Look) -> dict[str, Any]:
    """Return a card for JSON; the lists behind its histograms are left out."""
    content = asdict(found.card)
    for block, key in (("media", "durations_s"), ("faces", "coverages")):
        if content[block]:
            del content[block][key]
    for part, whole in zip(content["parts"], found.card.parts, strict=True):
        part |= {"here": whole.here, "differs": whole.differs}
    return {"note": found.note, **content}
