"""Where things stand in a media file: the media data, and the header fields that a damaged file may lie in.

Just enough of each container to find its fields by walking its boxes, elements, chunks, tags, pages or packets; offsets
are those of the named specifications.  Only whole files that ffmpeg wrote are walked, never mutated ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["length", "picture", "rate", "duration", "scale", "stamp"]


@dataclass(frozen=True)
class Field:
    """A number in a header: what it declares, where it stands, how many bytes it has, and their order."""

    kind: Kind
    at: int
    width: int
    order: Literal["big", "little"] = "big"


@dataclass
class Layout:
    """The media data of a file, [start, end), and its header fields.

    What lies before `start` is the head; an mp4 or AVI has its index behind `end`.
    """

    start: int
    end: int
    fields: list[Field] = field(default_factory=list)


def layout(family: str, content: bytes) -> Layout:
    """Return where things stand in a whole file of a container family."""
    return WALKERS[family](content)


def _boxes(content: bytes, start: int, end: int) -> Iterator[tuple[int, bytes, int, int]]:
    """Walk boxes with a 32-bit size: (offset, type, start of the content, end)."""
    while start + 8 <= end:
        size = int.from_bytes(content[start : start + 4], "big")
        yield start, content[start + 4 : start + 8], start + 8, start + size
        start += max(size, 8)


def _mp4(content: bytes) -> Layout:
    """ISO/IEC 14496-12: boxes.  Version 0 boxes, as ffmpeg writes them for short clips."""
    found = Layout(0, len(content))

    def walk(start: int, end: int) -> None:
        for at, name, inner, stop in _boxes(content, start, end):
            found.fields.append(Field("length", at, 4))
            numbers: list[tuple[Kind, int]] = []
            if name == b"mdat":
                found.start, found.end = inner, stop
            elif name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"):
                walk(inner, stop)
            elif name in (b"mvhd", b"mdhd"):
                numbers = [("scale", 12), ("duration", 16)]
            elif name == b"tkhd":
                numbers = [("duration", 20), ("picture", 76), ("picture", 80)]
            elif name == b"elst":
                numbers = [("duration", 8), ("stamp", 12)]
            elif name in (b"stts", b"ctts") and stop - inner >= 16:
                numbers = [("length", 4), ("length", 8), ("stamp", 12)]
            elif name in (b"stsz", b"stco", b"stsc"):
                numbers = [("length", 4), ("length", 8)]
            elif name == b"stsd":
                _sample_entry(inner + 8)
            found.fields.extend(Field(kind, inner + offset, 4) for kind, offset in numbers)

    def _sample_entry(at: int) -> None:
        sound = content[at + 4 : at + 8] in (b"mp4a", b"sowt", b"samr")
        found.fields.append(Field("length", at, 4))
        entry = [Field("rate", at + 32, 4)] if sound else [Field("picture", at + 32, 2), Field("picture", at + 34, 2)]
        found.fields.extend(entry)

    walk(0, len(content))
    return found


EBML_MASTERS = {0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0xE0, 0xE1, 0x1F43B675, 0xA0}
EBML_FIELDS: dict[int, Kind] = {
    0x4489: "duration", 0x2AD7B1: "scale", 0xB0: "picture", 0xBA: "picture", 0xB5: "rate", 0xE7: "stamp",
    0x23E383: "scale", 0x56AA: "stamp", 0x9B: "duration",
}  # fmt: skip


def _ebml(content: bytes) -> Layout:
    """RFC 8794 and RFC 9559: elements with identifiers and sizes of variable length."""
    found = Layout(0, len(content))

    def vint(at: int) -> int:
        return 9 - content[at].bit_length()

    def walk(at: int, end: int) -> None:
        while at < end:
            head = vint(at)
            name = int.from_bytes(content[at : at + head], "big")
            size_at, width = at + head, vint(at + head)
            size = int.from_bytes(content[size_at : size_at + width], "big") & ((1 << 7 * width) - 1)
            inner = size_at + width
            found.fields.append(Field("length", size_at, width))
            if name == 0x1F43B675 and not found.start:
                found.start = inner
            if name == 0x1C53BB6B and found.start:  # the cues, behind the clusters
                found.end = at
            if name in EBML_MASTERS:
                walk(inner, inner + size)
            elif name in EBML_FIELDS:
                found.fields.append(Field(EBML_FIELDS[name], inner, size))
            elif name in (0xA3, 0xA1):  # a block: track number, 16-bit time stamp
                found.fields.append(Field("stamp", inner + 1, 2))
            at = inner + size

    walk(0, len(content))
    return found


def _riff(content: bytes) -> Layout:
    """RIFF with little-endian chunk sizes: WAVE (`fmt `, `data`) and AVI (`avih`, `strh`, `strf`, `movi`, `idx1`)."""
    found = Layout(0, len(content))
    kind = b""

    def add(kind: Kind, *places: int, width: int = 4) -> None:
        found.fields.extend(Field(kind, at, width, "little") for at in places)

    def walk(at: int, end: int) -> None:
        nonlocal kind
        while at + 8 <= end:
            name, inner = content[at : at + 4], at + 8
            stop = inner + int.from_bytes(content[at + 4 : inner], "little")
            add("length", at + 4)
            if name in (b"RIFF", b"LIST"):
                if content[inner : inner + 4] == b"movi":
                    found.start, found.end = inner + 4, stop
                walk(inner + 4, min(stop, end))
            elif name == b"data":
                found.start, found.end = inner, stop
            elif name == b"avih":
                add("scale", inner)
                add("duration", inner + 16)
                add("picture", inner + 32, inner + 36)
            elif name == b"strh":
                kind = content[inner : inner + 4]
                add("scale", inner + 20, inner + 24)
                add("stamp", inner + 28)
                add("duration", inner + 32)
            elif name == b"strf" and kind == b"vids":
                add("picture", inner + 4, inner + 8)
            elif name == b"fmt " or name == b"strf":
                add("rate", inner + 4, inner + 8)
                add("rate", inner + 2, inner + 12, inner + 14, width=2)
            at = stop + stop % 2

    walk(0, len(content))
    return found


def _flv(content: bytes) -> Layout:
    """Adobe FLV 10.1: 9 bytes of head, then tags: type, 24-bit size, 24-bit time stamp and its upper byte."""
    first = 13
    found = Layout(first + 15 + int.from_bytes(content[first + 1 : first + 4], "big"), len(content))
    for name, kind in ((b"duration", "duration"), (b"width", "picture"), (b"height", "picture")):
        at = content.find(name)  # in onMetaData: the name, a type byte, a float64
        found.fields.append(Field(kind, at + len(name) + 1, 8))  # type: ignore[arg-type]
    at = first
    while at + 11 < len(content):
        found.fields += [Field("length", at + 1, 3), Field("stamp", at + 4, 3), Field("stamp", at + 7, 1)]
        at += 15 + int.from_bytes(content[at + 1 : at + 4], "big")
    return found


def _ts(content: bytes) -> Layout:
    """ISO/IEC 13818-1: packets of 188 bytes; the 33-bit time stamps in the heads of PES packets."""
    found = Layout(3 * 188, len(content))
    for at in range(0, len(content) - 187, 188):
        skip = 4 + (1 + content[at + 4] if content[at + 3] & 0x20 else 0)
        pes = at + skip
        if content[at + 1] & 0x40 and content[pes : pes + 3] == b"\0\0\1" and content[pes + 7] & 0x80:
            found.fields += [Field("stamp", pes + 9, 5), Field("length", pes + 4, 2)]
    return found


def _ps(content: bytes) -> Layout:
    """ISO/IEC 11172-1: packs and packets that begin with 00 00 01."""
    found = Layout(64, len(content))
    at = content.find(b"\0\0\1")
    while at >= 0:
        if content[at + 3] in (0xC0, 0xE0):
            found.fields.append(Field("length", at + 4, 2))
            stamp = at + 6
            while content[stamp] == 0xFF:
                stamp += 1
            if content[stamp] & 0xC0 == 0x40:
                stamp += 2
            if content[stamp] & 0xE0 == 0x20:
                found.fields.append(Field("stamp", stamp, 5))
        at = content.find(b"\0\0\1", at + 4)
    return found


def _asf(content: bytes) -> Layout:
    """Microsoft ASF: objects with a 16-byte identifier and a 64-bit size; data packets of one size."""
    found = Layout(int.from_bytes(content[16:24], "little") + 50, len(content))
    found.fields += [Field("length", 16, 8, "little"), Field("length", 24, 4, "little")]
    at = 30
    while at < found.start - 50:
        size = int.from_bytes(content[at + 16 : at + 24], "little")
        found.fields.append(Field("length", at + 16, 8, "little"))
        if content[at : at + 4] == bytes.fromhex("a1dcab8c"):  # file properties
            places: list[tuple[Kind, int, int]] = [("length", 56, 8), ("duration", 64, 8), ("stamp", 80, 8)]
            found.fields += [Field(kind, at + offset, width, "little") for kind, offset, width in places]
        if content[at : at + 4] == bytes.fromhex("9107dcb7"):  # stream properties
            sound = content[at + 24 : at + 28] == bytes.fromhex("409e69f8")
            own: list[tuple[Kind, int]] = [("rate", 82)] if sound else [("picture", 78), ("picture", 82)]
            found.fields += [Field(kind, at + offset, 4, "little") for kind, offset in own]
        at += size
    return found


def ogg_pages(content: bytes) -> Iterator[tuple[int, int]]:
    """Walk the pages of an Ogg file (RFC 3533): offset and end of each."""
    at = 0
    while at < len(content):
        segments = content[at + 26]
        end = at + 27 + segments + sum(content[at + 27 : at + 27 + segments])
        yield at, end
        at = end


def _ogg(content: bytes) -> Layout:
    """RFC 3533: pages; those before the first with a granule position hold what the codecs need to begin."""
    found = Layout(0, len(content))
    for at, _ in ogg_pages(content):
        found.fields += [Field("length", at + 26, 1), Field("stamp", at + 6, 8, "little")]
        if not found.start and any(content[at + 6 : at + 14]):
            found.start = at
    for mark, kind, offset, width in (
        (b"\x01vorbis", "rate", 12, 4), (b"OpusHead", "stamp", 10, 2), (b"\x80theora", "picture", 10, 2),
        (b"\x80theora", "picture", 14, 3), (b"\x80theora", "scale", 22, 4), (b"\x80theora", "scale", 26, 4),
    ):  # fmt: skip
        if (there := content.find(mark)) >= 0:
            order: Literal["big", "little"] = "big" if mark == b"\x80theora" else "little"
            found.fields.append(Field(kind, there + offset, width, order))  # type: ignore[arg-type]
    return found


def _aiff(content: bytes) -> Layout:
    """AIFF-C: `FORM`, `COMM` (channels, frames, bits, rate as an 80-bit float), `SSND`."""
    found = Layout(0, len(content), [Field("length", 4, 4)])
    for at, name, inner, _ in _boxes_of_names(content, 12):
        found.fields.append(Field("length", at + 4, 4))
        if name == b"COMM":
            found.fields += [Field("duration", inner + 2, 4), Field("rate", inner + 8, 10)]
        if name == b"SSND":
            found.start = inner + 8
    return found


def _boxes_of_names(content: bytes, at: int) -> Iterator[tuple[int, bytes, int, int]]:
    """Walk chunks with the name before the size: (offset, name, start of the content, end)."""
    while at + 8 <= len(content):
        stop = at + 8 + int.from_bytes(content[at + 4 : at + 8], "big")
        yield at, content[at : at + 4], at + 8, stop
        at = stop + stop % 2


def _flac(content: bytes) -> Layout:
    """RFC 9639: `fLaC`, metadata blocks, frames.  STREAMINFO has the rate in 20 bits and the length in 36."""
    found = Layout(4, len(content), [Field("rate", 18, 3), Field("duration", 22, 4), Field("length", 8, 4)])
    last = False
    while not last:
        last = bool(content[found.start] & 0x80)
        found.fields.append(Field("length", found.start + 1, 3))
        found.start += 4 + int.from_bytes(content[found.start + 1 : found.start + 4], "big")
    return found


def _mp3(content: bytes) -> Layout:
    """An ID3v2 tag with a size in four 7-bit bytes, then frames; the first of them is the Xing or Info one."""
    found = Layout(0, len(content))
    if content[:3] == b"ID3":
        found.fields.append(Field("length", 6, 4))
        found.start = 10 + sum(content[6 + k] << 7 * (3 - k) for k in range(4))
    for mark in (b"Xing", b"Info"):
        if (at := content.find(mark)) >= 0:
            found.fields.append(Field("duration", at + 8, 4))
            found.start = at + 120
    found.fields.append(Field("rate", found.start, 4))
    return found


def _adts(content: bytes) -> Layout:
    """ISO/IEC 13818-7: frames with heads of 7 bytes, in which rate and length are a few bits."""
    return Layout(7, len(content), [Field("rate", 2, 1), Field("length", 3, 3)])


WALKERS: dict[str, Callable[[bytes], Layout]] = {
    "mp4": _mp4, "fast": _mp4, "ebml": _ebml, "riff": _riff, "flv": _flv, "ts": _ts, "ps": _ps, "asf": _asf,
    "ogg": _ogg, "aiff": _aiff, "flac": _flac, "mp3": _mp3, "adts": _adts,
}  # fmt: skip
