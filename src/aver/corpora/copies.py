"""Files with the same bytes: under one name a copy, under several names a finding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from aver.cache.objects import file_digest
from aver.corpora.clip import Clip, Reading
from aver.corpora.findings import Finding

#: What two clips with the same bytes should agree in.
SAYS = ("label", "speaker", "sex", "sentence", "channel")


def settle_doubles(reading: Reading, root: Path) -> None:
    """Turn the failures of copies into findings: a second file with a clip's name and the clip's bytes does no harm.

    Widely used downloads hold everything twice (RAVDESS on Kaggle does), so this must not stop a stage.  Of clips
    without a sha256 only those are read that have a second file.
    """
    digests = {clip.path: clip.sha256 for clip in reading.clips}
    copies: dict[str, Finding] = {}
    others: set[str] = set()
    for double in reading.doubles:
        if double.first not in digests:
            continue
        if not digests[double.first]:
            digests[double.first] = _digest(root / double.first)
        first, second = digests[double.first], _digest(root / double.path)
        if first and first == second:
            detail = f"{double.path} is the same file; {double.first} is used"
            copies[double.failure] = Finding(double.clip_id, "copied", detail)
        elif first and second:
            others.add(double.failure)
    reading.failures = [
        replace(failure, detail=f"{failure.detail}, and other content") if failure.clip_id in others else failure
        for failure in reading.failures
        if failure.clip_id not in copies
    ]
    reading.findings += copies.values()


def identical(clips: Sequence[Clip]) -> list[Finding]:
    """Return a finding for every clip with the bytes of another one: it names the first other one.

    Where the two names say different things (label, speaker …), at least one of them is wrong; the detail tells.
    """
    groups: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        groups[clip.sha256].append(clip)
    findings = []
    for group in groups.values():
        for clip in group if len(group) > 1 else []:
            twin = next(other for other in group if other is not clip)
            differ = [key for key in SAYS if getattr(clip, key) != getattr(twin, key)]
            words = f"; their names differ in {', '.join(differ)}" if differ else ""
            findings.append(Finding(clip.clip_id, "identical_content", f"the same bytes as {twin.clip_id}{words}"))
    return findings


def _digest(file: Path) -> str:
    try:
        return file_digest(file)
    except OSError:
        return ""  # it stays a failure
