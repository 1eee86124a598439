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
