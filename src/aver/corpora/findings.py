"""What is odd about a clip that can be used all the same: a closed list of kinds, one row per finding.

A clip that contradicts itself is no finding but a failure (`aver.errors.REASONS`): it is not used.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pyarrow as pa

#: kind → what it means, in words.
KINDS = {
    "irregular_name": "the name breaks the corpus's rule in a way that the adapter's table explains",
    "known_defect": "the corpus's release is known to hold this clip in a bad state",
    "identical_content": "another clip of the corpus has the same bytes",
    "copied": "the clip lies in the root more than once, under one name and with the same bytes; one file is used",
    "tied_vote": "the corpus's viewers did not agree on one emotion, so no perceived label is taken",
    "unknown_label": "the corpus's sheet gives a label that is none of the corpus's; the clip has no label",
    "not_in_sheet": "the corpus's sheet does not name this clip",
}


@dataclass(frozen=True)
class Finding:
    """One row of `findings.parquet`: a clip, a kind of `KINDS`, and what was found, in one line.

    Raises:
        ValueError: the kind is none of `KINDS`.
    """

    clip_id: str
    kind: str
    detail: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of finding: {', '.join(KINDS)}")

    def row(self) -> dict[str, str]:
        """Return the finding as a table row."""
        return asdict(self)


FINDINGS = pa.schema([(name, pa.string()) for name in Finding.__dataclass_fields__])
