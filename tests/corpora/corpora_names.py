"""Names to try a parser with: right ones, spoilt ones, ones put together from right and wrong codes, any text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

#: What a name may be spoilt with: neighbours, separators, line ends, digits and letters that only look like ASCII.
SPOILERS = ["", *"0159aAsSxX_- .\n\u0661\u017f\u212a/()é"]
#: Hypothesis draws one seed for so many names: to draw every letter takes a hundred times longer.
AT_ONCE, BATCHES = 100, 60


def check_parser(
    parse: Callable[[str], dict[str, str]],
    name_of: Callable[[dict[str, str]], str],
    right: Sequence[str],
    codes: Sequence[Sequence[str]],
    separator: str = "_",
) -> None:
    """Try 6,000 names: a name is read if and only if it is one of `right`, and then gives itself back.

    Args:
        parse: the parser.
        name_of: its inverse.
        right: all names that are right, made without the parser.
        codes: per field, codes to put together, right and wrong ones.
        separator: between the fields.
    """
    known = frozenset(right)
    read: list[str] = []
    refused: list[str] = []

    @settings(max_examples=BATCHES, derandomize=True, deadline=None, database=None)
    @given(st.integers(0, 2**64))
    def every_name(seed: int) -> None:
        rng = Random(seed)
        for name in (_name(rng, right, codes, separator) for _ in range(AT_ONCE)):
            if name in known:
                assert name_of(parse(name)) == name
                read.append(name)
            else:
                with pytest.raises(ValueError, match=r"\S"):
                    parse(name)
                refused.append(name)

    every_name()
    assert len(read) + len(refused) >= 2500
    assert min(len(set(read)), len(set(refused))) > min(500, len(known) // 2), (
        "the names are too much alike to show anything"
    )


def _name(rng: Random, right: Sequence[str], codes: Sequence[Sequence[str]], separator: str) -> str:
    kind = rng.randrange(5)
    if kind == 0:
        return rng.choice(right)
    if kind == 1:
        return separator.join(rng.choice(field) for field in codes)
    if kind == 2:
        return "".join(chr(rng.choice((rng.randrange(128), rng.randrange(0xD800)))) for _ in range(rng.randrange(20)))
    name = rng.choice(right)
    for _ in range(kind - 2):
        place = rng.randrange(len(name) + 1)
        name = name[:place] + rng.choice(SPOILERS) + name[place + rng.randrange(2) :]
    return name
