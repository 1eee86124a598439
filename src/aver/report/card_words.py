"""The card of a corpus in words: what the page and `aver corpus` both say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from statistics import median

from aver.errors import visible
from aver.report.card import UNKNOWN, Card, Group
from aver.report.card_media import LOW_COVERAGE, Faces, Media, Spread
from aver.report.card_properties import Unusual
from aver.report.card_published import Pair, PartFound
from aver.report.words import DASH, count, percent

#: Names longer than this are cut in their middle; the whole ones stand in the tables and in `--json`.
LONGEST = 60
#: Clips named per group.
FIRST = 5


def short(name: str, longest: int = LONGEST) -> str:
    """Return a name as at most `longest` characters that may be shown (see `visible`): its start and its end.

    Example:
        >>> short("abcdefghijk", 7), short("abc", 7)
        ('abc…ijk', 'abc')
    """
    name, head = visible(name), longest // 2
    return name if len(name) <= longest else f"{name[:head]}…{name[len(name) - (longest - 1 - head) :]}"


def counted(group: Group) -> str:
    """Return how many clips a group has; the corpora stage refuses files, before they are clips."""
    word = "file" if group.code.startswith("corpora: ") else "clip"
    return f"{count(group.clips)} {word}{'' if group.clips == 1 else 's'}"


def named(values: Mapping[str, int]) -> str:
    """Return counts by name.

    Example:
        >>> named({"happy": 1192, "sad": 3}), named({})
        ('happy 1,192, sad 3', '–')
    """
    return ", ".join(f"{short(name)} {count(number)}" for name, number in values.items()) or DASH


def valued(values: Mapping[str, int]) -> str:
    """Return how many clips have each value.

    Example:
        >>> valued({"25 fps": 1192, "30 fps": 3}), valued({})
        ('25 fps: 1,192, 30 fps: 3', '–')
    """
    return named({f"{value}:": number for value, number in values.items()})


def content(card: Card) -> list[tuple[str, str]]:
    """Return what the names and lists of a corpus say, as (what, value)."""
    if not card.is_read:
        return [("clips", DASH)]
    pairs = [("clips", count(card.clips)), ("takes", count(card.takes)), ("speakers", speakers(card))]
    pairs += [(column, named(values)) for column, values in card.counts.items()]
    if card.agreement:
        both, same = card.agreement.clips, card.agreement.agreed
        words = f"{count(same)} of {count(both)} clips with both labels ({percent(same / both)} %)"
        pairs.append(("as intended", f"perceived in {words}"))
    return pairs


def speakers(card: Card) -> str:
    """Return how many speakers there are, their sex where known, and how evenly the clips are theirs."""
    if not card.speakers:
        return "none known"
    sexes = Counter(card.speaker_sex.values())
    known = f" ({named(dict(sorted(sexes.items())))})" if set(sexes) != {UNKNOWN} else ""
    least, most = min(card.speakers.values()), max(card.speakers.values())
    each = f"{count(least)} clips each"
    if least != most:
        few = next(name for name, number in card.speakers.items() if number == least)
        many = next(name for name, number in card.speakers.items() if number == most)
        middle = f"{median(card.speakers.values()):g}"
        each = f"clips: {count(least)} ({short(few)}) to {count(most)} ({short(many)}), median {middle}"
    return f"{count(len(card.speakers))}{known}; {each}"


def media(found: Media | None) -> list[tuple[str, str]]:
    """Return what was decoded, as (what, value); dashes where nothing was yet."""
    if found is None:
        return [(what, DASH) for what in ("duration", "frame rate", "picture", "sound")]
    duration = DASH
    if found.duration_s:
        duration = f"{extremes(found.duration_s, '{:.2f} s')}; {found.total_s / 3600:.2f} h in all"
    rows = [("duration", duration), ("frame rate", valued(found.values["frame rate"]))]
    for what, keys in (("picture", ("picture", "picture codec")), ("sound", ("sample rate", "sound codec"))):
        rows.append((what, "; ".join(valued(found.values[key]) for key in keys if found.values[key]) or DASH))
    rows.append(("sound starts", extremes(found.sound_starts_s, "{:.3f} s", " after the picture")))
    rows.append(("sound lasts", extremes(found.sound_longer_s, "{:.3f} s", " longer than the picture")))
    return rows


def faces(found: Faces | None) -> list[tuple[str, str]]:
    """Return the coverage of faces, as (what, value)."""
    if found is None:
        return [("face coverage", DASH)]
    many = [(found.low, f"below {100 * LOW_COVERAGE:g} %"), (found.no_face, "without a face")]
    many += [(number, what) for number, what in ((found.cuts, "with cuts"), (found.several, "with several faces"))
             if number is not None]  # fmt: skip
    clips = ", ".join(f"{count(number)} {what}" for number, what in many)
    if found.coverage is None:
        return [("face coverage", DASH), ("faces, clips", clips)]
    whole = f"median {percent(found.coverage.median)} %, least {percent(found.coverage.least)} %"
    return [("face coverage", f"{whole} ({short(found.coverage.least_clip)})"), ("faces, clips", clips)]


def extremes(found: Spread | None, form: str, than: str = "") -> str:
    """Return the least, median and most of something with the clips that have them; a dash without one."""
    if found is None:
        return DASH
    least, middle, most = (
        form.format(round(value, 3) + 0.0).replace("-", "−") for value in (found.least, found.median, found.most)
    )
    if least == most:
        return f"{least}{than} in every clip"
    return f"{least} ({short(found.least_clip)}) to {most} ({short(found.most_clip)}){than}, median {middle}"


def heading(part: PartFound) -> str:
    """Return what was found of a part against what is published."""
    if not part.here:
        published = f" ({count(part.clips.published)} clips published)" if part.clips.published is not None else ""
        return f"not here{published}"
    return f"clips {pair(part.clips)}, speakers {pair(part.speakers)}"


def pair(found: Pair) -> str:
    """Return a number found and, where one is published, the other or that they agree.

    Example:
        >>> pair(Pair(190, 192)), pair(Pair(192, 192)), pair(Pair(192, None))
        ('190 (published: 192)', '192 as published', '192')
    """
    if found.published is None:
        return count(found.found)
    return f"{count(found.found)} " + (f"(published: {count(found.published)})" if found.differs else "as published")


def odd(values: Mapping[str, Pair]) -> dict[str, Pair]:
    """Return the values that are not as published: another number, or one of which nobody says how many there are."""
    return {value: found for value, found in values.items() if found.differs or found.published is None}


def difference(found: Pair) -> str:
    """Return how many more or fewer were found than published; empty where they agree or nobody says it.

    Example:
        >>> difference(Pair(190, 192)), difference(Pair(193, 192)), difference(Pair(5, 5))
        ('−2', '+1', '')
    """
    more = found.found - (found.published or 0)
    return "" if not found.differs else f"+{count(more)}" if more > 0 else f"−{count(-more)}"


def sentence(found: Unusual) -> str:
    """Return which clips differ from most.

    Example:
        >>> sentence(Unusual("22050 Hz", 1, 1440, "audio", ["03-01"]))
        '1 clip of 1,440 (audio) has 22050 Hz: 03-01'
    """
    clips = f"{count(found.clips)} {'clip' if found.clips == 1 else 'clips'} of {count(found.of)}"
    kind = f" ({found.kind})" if found.kind else ""
    more = ", …" if found.clips > FIRST else ""
    has = "has" if found.clips == 1 else "have"
    return f"{clips}{kind} {has} {found.what}: {', '.join(short(name) for name in found.names[:FIRST])}{more}"
