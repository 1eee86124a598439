"""The ways in which the fuzz run damages a clip, and what each of them may lead to.

A mutation class is a function of a whole clip, its layout and a random generator; it returns other bytes, or None
where a clip has nothing of the kind.  What AVER may say about the result is declared beside the class: `usable`, or
reason codes of `aver.errors.REASONS`; for some container families more narrowly than for the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from fuzz_layout import Field, Kind, Layout, ogg_pages

USABLE = "usable"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


@dataclass(frozen=True)
class Subject:
    """What is damaged: a clip (container family, bytes, layout), and the bytes of a clip in another container."""

    family: str
    content: bytes
    layout: Layout
    stranger: bytes


Change = Callable[[Subject, Random], bytes | None]


@dataclass(frozen=True)
class Mutation:
    """A class of damage.

    Args:
        name: of the function.
        change: makes the damaged bytes.
        outcomes: what AVER may say about them.
        families: what it may say for these container families instead.
    """

    name: str
    change: Change
    outcomes: frozenset[str]
    families: dict[str, frozenset[str]] = field(default_factory=dict)

    def allowed(self, family: str) -> frozenset[str]:
        """Return the outcomes declared for a container family."""
        return self.families.get(family, self.outcomes)


MUTATIONS: dict[str, Mutation] = {}


def mutation(outcomes: str, **families: str) -> Callable[[Change], Change]:
    """Declare a mutation class: its outcomes as words, and those of single container families."""

    def declare(change: Change) -> Change:
        narrow = {family: frozenset(words.split()) for family, words in families.items()}
        MUTATIONS[change.__name__] = Mutation(change.__name__, change, frozenset(outcomes.split()), narrow)
        return change

    return declare


def _flip(content: bytes, draw: Random, start: int, end: int, bits: int) -> bytes:
    mutable = bytearray(content)
    for _ in range(bits):
        mutable[draw.randrange(start, end)] ^= 1 << draw.randrange(8)
    return bytes(mutable)


def _span(clip: Subject, draw: Random, share: float) -> tuple[int, int]:
    """Draw a block of media data: up to a share of it, at least 16 bytes."""
    length = draw.randint(16, max(17, int((clip.layout.end - clip.layout.start) * share)))
    start = draw.randrange(clip.layout.start, max(clip.layout.start + 1, clip.layout.end - length))
    return start, min(start + length, clip.layout.end)


# Why some families are declared more widely or narrowly than the others:
#: Blocks behind each other in one cluster, or pages of a second with a checksum: one lost may end the clip early.
BLOCKS = dict.fromkeys(("ebml", "ogg", "flac"), "usable damaged truncated")
#: Time stamps of 32 bits and more stand in the midst of the media data, without a checksum.
STAMPED = dict.fromkeys(("ts", "ps", "asf"), "usable damaged too_large")
DAMAGED = {**BLOCKS, **STAMPED, "flv": "usable damaged truncated too_large", "aiff": "usable"}
#: Packets that each say where they begin: there is no head to be lost.
PACKETS = dict.fromkeys(("ts", "ps"), "usable damaged too_large") | dict.fromkeys(("mp3", "adts"), "usable damaged")
#: Made to be cut in anywhere: what is left decodes.
CUTTABLE = dict.fromkeys(("ts", "ps", "mp3", "adts"), "usable")


# ---------------------------------------------------------------- the media data


@mutation("usable")
def untouched(clip: Subject, draw: Random) -> bytes | None:
    """The clip as it is."""
    return clip.content


@mutation(
    "usable", ebml="usable truncated", ogg="usable truncated", flv="usable damaged truncated too_large", **STAMPED
)
def one_bit(clip: Subject, draw: Random) -> bytes | None:
    """One bit of the media data."""
    return _flip(clip.content, draw, clip.layout.start, clip.layout.end, 1)


@mutation("usable damaged", **DAMAGED)
def many_bits(clip: Subject, draw: Random) -> bytes | None:
    """One bit in every 200 to 2000 bytes of the media data."""
    return _flip(
        clip.content, draw, clip.layout.start, clip.layout.end, max(2, len(clip.content) // draw.randint(200, 2000))
    )


@mutation("usable damaged", **DAMAGED)
def zeroed(clip: Subject, draw: Random) -> bytes | None:
    """A block of the media data, up to a quarter, reads as zeros: a lost sector."""
    start, end = _span(clip, draw, 0.25)
    return clip.content[:start] + bytes(end - start) + clip.content[end:]


@mutation("usable damaged", mp4="truncated", fast="usable damaged truncated", **DAMAGED)
def inserted(clip: Subject, draw: Random) -> bytes | None:
    """Random bytes in the media data: everything behind them has moved, also an index."""
    at = draw.randrange(clip.layout.start, clip.layout.end)
    return clip.content[:at] + draw.randbytes(draw.randint(1, 2000)) + clip.content[at:]


@mutation(
    "usable damaged",
    mp4="truncated",
    fast="usable damaged truncated",
    riff="truncated",
    **{**DAMAGED, "aiff": "truncated"},
)
def removed(clip: Subject, draw: Random) -> bytes | None:
    """A block of the media data, up to a fifth, is gone: everything behind it has moved."""
    start, end = _span(clip, draw, 0.2)
    return clip.content[:start] + clip.content[end:]


@mutation("usable damaged", **DAMAGED)
def swapped(clip: Subject, draw: Random) -> bytes | None:
    """Two blocks of the media data have changed places."""
    length = (clip.layout.end - clip.layout.start) // 8
    one = draw.randrange(clip.layout.start, clip.layout.start + 3 * length)
    other = draw.randrange(one + length, clip.layout.end - length)
    content = clip.content
    return b"".join((
        content[:one], content[other : other + length], content[one + length : other], content[one : one + length],
        content[other + length :],
    ))  # fmt: skip


# ---------------------------------------------------------------- the ends


@mutation("usable")
def garbage_behind(clip: Subject, draw: Random) -> bytes | None:
    """Random bytes behind the end."""
    return clip.content + draw.randbytes(draw.randint(1, 5000))


@mutation("usable")
def twice(clip: Subject, draw: Random) -> bytes | None:
    """The same file once more behind itself."""
    return clip.content * 2


@mutation("usable", mp4="usable truncated", riff="truncated", aiff="truncated")
def tail_missing(clip: Subject, draw: Random) -> bytes | None:
    """The last 1 to 15 percent are missing."""
    return clip.content[: int(len(clip.content) * draw.uniform(0.85, 0.99))]


# Nothing but the declared length tells of a FLAC that was cut between two frames.
@mutation(
    "truncated",
    ebml="damaged truncated",
    ogg="usable damaged",
    asf="usable",
    flac="usable truncated",
    **{**CUTTABLE, "mp3": "usable truncated"},
)
def half_missing(clip: Subject, draw: Random) -> bytes | None:
    """Only a fifth to a half of the media data is there."""
    return clip.content[: clip.layout.start + int((clip.layout.end - clip.layout.start) * draw.uniform(0.2, 0.5))]


@mutation(
    "not_media damaged",
    mp4="not_media truncated",
    fast="not_media damaged truncated no_streams",
    riff="not_media damaged truncated",
    aiff="not_media damaged truncated",
)
def head_only(clip: Subject, draw: Random) -> bytes | None:
    """The file ends within its head."""
    return clip.content[: draw.randint(1, max(1, clip.layout.start - 1))] if clip.layout.start > 1 else None


# ---------------------------------------------------------------- the head and the index


@mutation("usable not_media damaged truncated no_streams too_large", **PACKETS)
def head_bits(clip: Subject, draw: Random) -> bytes | None:
    """One to four bits of the first kilobyte."""
    return _flip(clip.content, draw, 0, min(1024, len(clip.content)), draw.randint(1, 4))


# What stands before the packets of an MPEG-PS is its only pack header, 64 bytes: eight bits can destroy it.
@mutation(
    "usable not_media damaged truncated no_streams too_large", **{**PACKETS, "ps": "usable not_media damaged too_large"}
)
def index_bits(clip: Subject, draw: Random) -> bytes | None:
    """One to eight bits of what stands before or behind the media data."""
    outside = [*range(clip.layout.start), *range(clip.layout.end, len(clip.content))]
    mutable = bytearray(clip.content)
    for at in draw.sample(outside, min(len(outside), draw.randint(1, 8))):
        mutable[at] ^= 1 << draw.randrange(8)
    return bytes(mutable)


@mutation("not_media", mp4="not_media truncated", fast="not_media truncated", **CUTTABLE)
def head_zeroed(clip: Subject, draw: Random) -> bytes | None:
    """The first 4 to 512 bytes read as zeros."""
    length = draw.choice((4, 8, 16, 64, 512))
    return bytes(length) + clip.content[length:]


def _edit(clip: Subject, draw: Random, kind: Kind) -> bytes | None:
    """Give one header field of a kind another value: an extreme one, a random one, or one bit changed."""
    fields = [field for field in clip.layout.fields if field.kind == kind]
    return _set(clip, draw.choice(fields), draw) if fields else None


def _set(clip: Subject, spot: Field, draw: Random) -> bytes:
    old = clip.content[spot.at : spot.at + spot.width]
    number, most = int.from_bytes(old, spot.order), (1 << 8 * spot.width) - 1
    values = (
        0,
        1,
        most,
        most >> 1,
        number * 1000 & most,
        draw.randrange(most),
        number ^ 1 << draw.randrange(8 * spot.width),
    )
    new = draw.choice([value for value in values if value != number])
    content = bytearray(clip.content)
    content[spot.at : spot.at + spot.width] = new.to_bytes(spot.width, spot.order)
    if clip.family == "ogg":
        _reseal(content, next(page for page in ogg_pages(clip.content) if page[1] > spot.at))
    return bytes(content)


def _reseal(content: bytearray, page: tuple[int, int]) -> None:
    """Give an Ogg page the checksum of its new content (RFC 3533: polynomial 0x04c11db7), or nobody would read it."""
    start, end = page
    content[start + 22 : start + 26] = bytes(4)
    crc = 0
    for byte in content[start:end]:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    content[start + 22 : start + 26] = crc.to_bytes(4, "little")


@mutation("usable not_media damaged truncated no_streams too_large", **PACKETS)
def length_edited(clip: Subject, draw: Random) -> bytes | None:
    """A box, element, chunk, tag or page declares another length, or a table another number of entries."""
    return _edit(clip, draw, "length")


@mutation("usable damaged too_large")
def picture_edited(clip: Subject, draw: Random) -> bytes | None:
    """Another width or height is declared."""
    return _edit(clip, draw, "picture")


@mutation("usable damaged too_large")
def rate_edited(clip: Subject, draw: Random) -> bytes | None:
    """Another sample rate, number of channels or of bits is declared."""
    return _edit(clip, draw, "rate")


@mutation("usable", mp4="usable damaged", fast="usable damaged", aiff="usable damaged")
def duration_edited(clip: Subject, draw: Random) -> bytes | None:
    """Another duration or number of frames is declared."""
    return _edit(clip, draw, "duration")


@mutation(
    "usable damaged too_large", mp4="usable damaged truncated too_large", fast="usable damaged truncated too_large"
)
def scale_edited(clip: Subject, draw: Random) -> bytes | None:
    """Time is declared to be counted in other units."""
    return _edit(clip, draw, "scale")


@mutation("usable damaged too_large", ebml="usable too_large")
def stamp_edited(clip: Subject, draw: Random) -> bytes | None:
    """One time stamp, or one start offset, has another value."""
    return _edit(clip, draw, "stamp")


# ---------------------------------------------------------------- other content under the clip's name


@mutation("empty")
def empty(clip: Subject, draw: Random) -> bytes | None:
    """No byte."""
    return b""


@mutation("not_media")
def zeros(clip: Subject, draw: Random) -> bytes | None:
    """Only zeros: a copy whose blocks never reached the disk."""
    return bytes(len(clip.content))


@mutation("not_media")
def text(clip: Subject, draw: Random) -> bytes | None:
    """A server's error page instead of the file."""
    words = " ".join(f"word{draw.randrange(1000)}" for _ in range(200))
    return f"<!DOCTYPE html><html><head><title>404 Not Found</title></head><body>{words}</body></html>\n".encode()


@mutation("git_lfs_pointer")
def pointer(clip: Subject, draw: Random) -> bytes | None:
    """A git-lfs pointer."""
    return POINTER


@mutation("not_media")
def noise(clip: Subject, draw: Random) -> bytes | None:
    """Random bytes: an encrypted file."""
    return draw.randbytes(draw.randint(100, 20000))


@mutation("usable not_media damaged truncated no_streams too_large")
def strange_head(clip: Subject, draw: Random) -> bytes | None:
    """The first bytes are those of a clip in another container, before or instead of its own."""
    length = draw.choice((16, 64, 256, 1024))
    return clip.stranger[:length] + clip.content[length if draw.random() < 0.5 else 0 :]


@mutation("usable")
def misnamed(clip: Subject, draw: Random) -> bytes | None:
    """A whole clip in another container under this name."""
    return clip.stranger
