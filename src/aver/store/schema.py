"""The format of a feature store, version 2: one folder per stream.

    store.json        format name and version, stream, encoder, row shape, dtype, fingerprints; the sha256 of every
                      other file, and under `sha256` its own
    clips.parquet     one row per clip: clip_id, shard, first row, rows, status (ok | absent | failed), reason
    index.parquet     one row per feature row: clip_id, shard, row, t0_s, t1_s, status
    shard-000.h5      dataset `rows` [N, ...] float32 (or shard-000.parquet: one list column `rows`)

A clip's shard is `sha256(clip_id) % buckets`, so adding a clip changes one shard.  Rows are ordered by clip id, then
time.  Nothing in it depends on the clock or the host.  Version 1 had checksums of the shards only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

FORMAT_NAME = "aver-store"
FORMAT_VERSION = 2
DATASET = "rows"

CLIPS = pa.schema(
    [
        ("clip_id", pa.string()),
        ("shard", pa.int32()),
        ("first_row", pa.int64()),
        ("rows", pa.int64()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("digest", pa.string()),
    ]
)
INDEX = pa.schema(
    [
        ("clip_id", pa.string()),
        ("shard", pa.int32()),
        ("row", pa.int64()),
        ("t0_s", pa.float64()),
        ("t1_s", pa.float64()),
        ("status", pa.dictionary(pa.int8(), pa.string())),
    ]
)


@dataclass(frozen=True)
class Header:
    """What every shard and `store.json` say about the stream.

    Args:
        stream: name of the stream.
        encoder: name of the encoder.
        row_shape: shape of one feature row, e.g. `(2048,)`.
        params: fingerprint (sha256, hex) of everything that decides the bytes besides the clips.
        weights: sha256 (hex) of the encoder's weights.
        weights_source: `seeded` or `pretrained`.
    """

    stream: str
    encoder: str
    row_shape: tuple[int, ...]
    params: str
    weights: str
    weights_source: str

    def attributes(self) -> dict[str, Any]:
        """Return the header as plain values, format name and version included."""
        return {
            "format": FORMAT_NAME,
            "version": FORMAT_VERSION,
            "stream": self.stream,
            "encoder": self.encoder,
            "row_shape": list(self.row_shape),
            "dtype": "float32",
            "params": self.params,
            "weights": self.weights,
            "weights_source": self.weights_source,
        }


def bucket_of(clip_id: str, buckets: int) -> int:
    """Return the shard number of a clip."""
    return int.from_bytes(hashlib.sha256(clip_id.encode()).digest()[:8], "big") % buckets
