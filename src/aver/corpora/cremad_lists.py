"""CREMA-D's own tables: who the actors are, and what viewers saw and heard in each clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from aver.corpora.clip import Reading
from aver.corpora.findings import Finding
from aver.corpora.sheet import Row, required
from aver.errors import CorpusError

DEMOGRAPHICS = "VideoDemographics.csv"
VOTES = "summaryTable.csv"
#: Letters of the votes; several with colons between them are a tie.
LETTERS = {"A": "anger", "D": "disgust", "F": "fear", "H": "happy", "N": "neutral", "S": "sad"}
SEXES = {"male": "male", "female": "female"}


def read_sexes(files: Sequence[Path], reading: Reading) -> None:
    """Fill in the sex of every clip from the copies of `VideoDemographics.csv`, if there are any.

    Raises:
        CorpusError: a copy has other columns, or the copies differ.
    """
    if not files:
        return
    sexes = _by(files, "ActorID", "Sex")
    for place, clip in enumerate(reading.clips):
        if clip.speaker not in sexes:
            detail = f"{DEMOGRAPHICS} has no actor {clip.speaker}: the sex is not known"
            reading.findings.append(Finding(clip.clip_id, "not_in_sheet", detail))
        elif (word := sexes[clip.speaker].lower()) in SEXES:
            reading.clips[place] = replace(clip, sex=SEXES[word])
        else:
            detail = f"{DEMOGRAPHICS} has the sex {sexes[clip.speaker]!r} for actor {clip.speaker}"
            reading.findings.append(Finding(clip.clip_id, "unknown_label", detail))


def read_votes(files: Sequence[Path], reading: Reading) -> None:
    """Fill in the perceived emotion of every clip from the copies of `summaryTable.csv`, if there are any.

    Raises:
        CorpusError: a copy has other columns, or the copies differ.
    """
    if not files:
        return
    votes = _by(files, "FileName", "MultiModalVote")
    for place, clip in enumerate(reading.clips):
        if clip.take not in votes:
            detail = f"{VOTES} has no {clip.take}: no vote is known"
            reading.findings.append(Finding(clip.clip_id, "not_in_sheet", detail))
            continue
        vote = votes[clip.take]
        letters = vote.split(":")
        if not all(letter in LETTERS for letter in letters):
            detail = f"MultiModalVote {vote!r} is not one of {', '.join(LETTERS)}: no perceived label"
            reading.findings.append(Finding(clip.clip_id, "unknown_label", detail))
        elif len(letters) > 1:
            reading.findings.append(Finding(clip.clip_id, "tied_vote", f"MultiModalVote {vote}"))
        else:
            reading.clips[place] = replace(clip, perceived=LETTERS[vote])


def _by(files: Sequence[Path], key: str, value: str) -> dict[str, str]:
    """Return one column by another, the same in all copies of a table."""
    tables = [_pairs(file, required(file, (key, value)), key.lower(), value.lower()) for file in files]
    for file, table in zip(files[1:], tables[1:], strict=True):
        if table != tables[0]:
            raise CorpusError(f"{files[0]} and {file} differ: keep the one that belongs to these clips.")
    return tables[0]


def _pairs(file: Path, lines: list[Row], key: str, value: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for line in lines:
        name, found = line.get(key, ""), line.get(value, "")
        if pairs.setdefault(name, found) != found:
            raise CorpusError(f"{file} has {name} twice, with {pairs[name]!r} and {found!r}. Restore it.")
    return pairs
