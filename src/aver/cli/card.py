"""The card of a corpus as text of at most 100 columns; nothing of a file's name reaches the terminal unescaped."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from aver.cli.text import table
from aver.errors import visible

if TYPE_CHECKING:
    from aver.report.card import Agreement, Card, Group
    from aver.report.card_published import Pair, PartFound

WIDTH = 100
INDENT = 18
#: Marks what is not as published, or not as in most clips.
MARK = "!"
IGNORED = 5


def text(card: Card, note: str, everything: bool) -> str:
    """Return the card.

    Args:
        card: of one corpus.
        note: what the numbers rest on.
        everything: all speakers, parts, values and files, not only the first.
    """
    return "\n".join(visible(line) for line in _lines(card, note, everything))


def _lines(card: Card, note: str, everything: bool) -> Iterator[str]:
    from aver.report.card_words import content, faces, media, sentence

    yield f"Corpus {card.corpus}, adapter {card.adapter}"
    yield from _wrapped("", note, 0)
    yield from _section("Content", content(card))
    if everything:
        yield from _pairs([("clips by speaker", ", ".join(f"{who} {n}" for who, n in card.speakers.items()))])
    if card.agreement:
        yield from _confusion(card.agreement)
    yield from _published(card.parts, everything)
    yield from _section("Media", [*media(card.media), *faces(card.faces)])
    if card.unusual:
        yield from ("", "Unlike most clips")
        for found in card.unusual:
            yield from _wrapped(f"{MARK} ", sentence(found), 4)
    yield from _groups("Clips that cannot be used", card.failed, everything)
    yield from _groups("Odd, but usable", card.findings, everything)
    yield from _files("No clips of this corpus", card.ignored, everything)
    yield from _files("The corpus's own lists that were read", card.metadata, True)


def _section(title: str, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield from ("", title)
    yield from _pairs(pairs)


def _pairs(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    for what, value in pairs:
        yield from _wrapped(f"  {what:{INDENT - 2}}", value, INDENT)


def _wrapped(front: str, value: str, indent: int) -> list[str]:
    # Escaped before it is wrapped: wrapping takes line ends and tabs for spaces.
    return textwrap.wrap(
        visible(value), WIDTH, initial_indent=visible(front), subsequent_indent=" " * indent, break_on_hyphens=False
    ) or [front]


def _confusion(found: Agreement) -> Iterator[str]:
    from aver.report.card_words import short

    labels = list(found.confusion)
    rows = [[short(label, INDENT), *found.confusion[label].values()] for label in labels]
    lines = table(rows, ["intended \\ perceived", *(short(label, 10) for label in labels)]).splitlines()
    if len(lines[0]) <= WIDTH - 2:
        yield ""
        yield from (f"  {line}" for line in lines)


def _published(parts: Sequence[PartFound], everything: bool) -> Iterator[str]:
    from aver.report.card_words import heading, odd

    if not parts:
        return
    yield from ("", "Against what is published")
    for part in parts:
        yield from _wrapped(f"{MARK if part.differs else ' '} {part.name}: ", f"{heading(part)}  [{part.source}]", 4)
        if part.note:
            yield from _wrapped("    ", part.note, 4)
        agreeing = [] if everything else [name for name, values in part.values.items() if not odd(values)]
        if part.here and agreeing:
            yield from _wrapped("    ", f"{', '.join(agreeing)}: as published", 6)
        for column in part.values if part.here else ():
            if column not in agreeing:
                words = _values(part.values[column], everything)
                yield from _wrapped(f"    {column:{INDENT - 4}}", ", ".join(words), INDENT)


def _values(values: Mapping[str, Pair], everything: bool) -> list[str]:
    """Return the values of a column that are not as published in words, or all of them."""
    from aver.report.card_words import FIRST, odd, pair

    differing = values if everything else odd(values)
    absent = [] if everything else [value for value, found in differing.items() if not found.found]
    absent = absent if len(absent) > FIRST else []  # of a corpus with three of 24 actors, say the three
    words = [
        f"{MARK if found.differs else ''}{value or '(unknown)'}: {pair(found)}"
        for value, found in differing.items()
        if value not in absent
    ]
    if absent:
        words.append(f"{MARK}{len(absent)} others not here")
    if len(differing) < len(values):
        words.append("all others as published")
    return words


def _groups(title: str, groups: Sequence[Group], everything: bool) -> Iterator[str]:
    from aver.report.card_words import FIRST, counted, short

    if groups:
        yield from ("", title)
    for group in groups:
        yield from _wrapped(f"{MARK} ", f"{group.code}, {counted(group)}: {group.meaning}", 4)
        shown = group.members if everything else group.members[:FIRST]
        for clip, detail in shown:
            yield from _wrapped(f"    {short(clip)}: ", detail, 6)
        if group.clips > len(shown):
            yield f"    … and {group.clips - len(shown)} more (--all)"


def _files(title: str, names: Sequence[str], everything: bool) -> Iterator[str]:
    from aver.report.card_words import short

    if not names:
        return
    yield from ("", f"{title}: {len(names)} {'file' if len(names) == 1 else 'files'}")
    shown = names if everything else names[:IGNORED]
    yield from (f"  {short(name, WIDTH - 4)}" for name in shown)
    if len(names) > len(shown):
        yield f"  … and {len(names) - len(shown)} more (--all)"
