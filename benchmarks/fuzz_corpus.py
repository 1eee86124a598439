"""The corpus of a fuzz run: whole clips in, a folder of damaged ones out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, cycle, islice
from pathlib import Path
from random import Random

from fuzz_bases import Base
from fuzz_layout import Layout, layout
from mutations import MUTATIONS, Mutation, Subject


@dataclass(frozen=True)
class Damaged:
    """One file of the corpus: its id, which is its path, and how it came to be."""

    clip_id: str
    mutation: Mutation
    base: Base

    @property
    def allowed(self) -> frozenset[str]:
        """The outcomes declared for it."""
        return self.mutation.allowed(self.base.family)


def write_corpus(folder: Path, bases: Sequence[Base], count: int, seed: int) -> list[Damaged]:
    """Write `count` damaged clips, the mutation classes in turn, each over its bases in an order of its own."""
    layouts = {base.name: layout(base.family, base.content) for base in bases}
    makers = [_damage(mutation, bases, layouts, seed) for mutation in MUTATIONS.values()]
    damaged: list[Damaged] = []
    for turn, (one, content) in enumerate(islice(chain.from_iterable(zip(*makers, strict=True)), count)):
        path = (
            folder / one.mutation.name / f"{turn // len(makers):03d}-{one.base.name.replace(' ', '-')}{one.base.suffix}"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        damaged.append(replace(one, clip_id=path.relative_to(folder).as_posix()))
    return damaged


def _damage(
    mutation: Mutation, bases: Sequence[Base], layouts: Mapping[str, Layout], seed: int
) -> Iterator[tuple[Damaged, bytes]]:
    """Yield a class's damaged clips without end; bases that have nothing of the kind are left out."""
    made = 0
    for turn, base in enumerate(cycle(Random(f"{seed} {mutation.name}").sample(bases, len(bases)))):
        draw = Random(f"{seed} {mutation.name} {turn}")
        stranger = draw.choice([other for other in bases if other.family != base.family]).content
        content = mutation.change(Subject(base.family, base.content, layouts[base.name], stranger), draw)
        if content is not None:
            made += 1
            yield Damaged("", mutation, base), content
        elif turn == len(bases) and not made:
            raise ValueError(f"{mutation.name} finds nothing to damage in {', '.join(base.name for base in bases)}")
