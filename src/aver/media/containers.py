"""The containers that AVER opens, by the names of ffmpeg's demuxers; everything else is `not_media`.

ffmpeg knows some 350 formats.  Many of them are no clips: playlists and manifests, which make it open other files
(hls, dash, concat, imf, sdp, xspf inside vobsub …), scripts (avisynth), still pictures (jpeg_pipe, png_pipe, gif …),
subtitles, text (tty), or elementary streams of pictures without time stamps (h264, hevc, m4v …), whose times would be
guessed.  A name on this list reads nothing but the file itself and carries, or implies, the time of what it holds.
"""

from __future__ import annotations

CONTAINERS = (
    # Picture and sound: what cameras, phones, editors and the web write.
    "mov", "matroska", "avi", "flv", "asf", "mpeg", "mpegts", "ogg", "rm", "mxf", "gxf", "nut", "dv", "wtv", "ivf",
    # Sound alone, with a header that says what it is.
    "wav", "w64", "aiff", "au", "caf", "voc", "nistsphere", "flac", "ape", "wv", "tta", "tak", "mpc", "mpc8", "amr",
    # Sound alone, in frames that each say their rate and length.
    "mp3", "aac", "ac3", "eac3", "dts",
)  # fmt: skip

#: What the text begins with that stands for a file which `git lfs pull` was not run for (git-lfs/docs/spec.md).
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
#: What an mp4 or mov file begins with, after four bytes of length.
MP4_ATOMS = (b"ftyp", b"mdat", b"wide", b"free", b"skip", b"moov")
#: What the files of a container begin with: offset and bytes, all of one alternative.  Files in frames that begin with
#: two bytes only (mp3 without tag, aac, ac3, eac3, dts), and mxf, gxf, dv and wtv, cannot be told from noise this way.
#: Sources: the containers' specifications, as ffmpeg's demuxers test them.
MAGICS: dict[str, tuple[tuple[tuple[int, bytes], ...], ...]] = {
    "mov": tuple(((4, atom),) for atom in MP4_ATOMS),
    "matroska": (((0, b"\x1aE\xdf\xa3"),),),
    "avi": (((0, b"RIFF"), (8, b"AVI ")),),
    "wav": (((0, b"RIFF"), (8, b"WAVE")), ((0, b"RF64"), (8, b"WAVE"))),
    "aiff": (((0, b"FORM"), (8, b"AIF")),),
    "ogg": (((0, b"OggS"),),),
    "flac": (((0, b"fLaC"),),),
    "flv": (((0, b"FLV\1"),),),
    "asf": (((0, bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")),),),
    "mpeg": (((0, b"\0\0\1\xba"),),),
    "mpegts": (
        tuple((188 * packet, b"G") for packet in range(4)),
        tuple((192 * packet + 4, b"G") for packet in range(4)),
    ),
    "mp3": (((0, b"ID3"),),),
    "rm": (((0, b".RMF"),),),
    "nut": (((0, b"nut/multimedia container"),),),
    "ivf": (((0, b"DKIF"),),),
    "w64": (((0, b"riff\x2e\x91\xcf\x11"),),),
    "au": (((0, b".snd"),),),
    "caf": (((0, b"caff"),),),
    "voc": (((0, b"Creative Voice File"),),),
    "nistsphere": (((0, b"NIST_1A"),),),
    "ape": (((0, b"MAC "),),),
    "wv": (((0, b"wvpk"),),),
    "tta": (((0, b"TTA1"),),),
    "tak": (((0, b"tBaK"),),),
    "mpc": (((0, b"MP+"),),),
    "mpc8": (((0, b"MPCK"),),),
    "amr": (((0, b"#!AMR"),),),
}
#: So many first bytes decide.
MAGIC_BYTES = 192 * 4


def container_of(start: bytes) -> str:
    """Return the container that a file's first `MAGIC_BYTES` bytes promise, empty if they promise none.

    Example:
        >>> container_of(b"OggS" + bytes(60)), container_of(b"some words")
        ('ogg', '')
    """
    for name, alternatives in MAGICS.items():
        if any(all(start.startswith(magic, at) for at, magic in alternative) for alternative in alternatives):
            return name
    return ""
