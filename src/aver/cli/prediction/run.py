"""From the files that a user named to answers: choose models, look at the clips, ask."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aver.cache.cache import Cache
from aver.cache.lock import hold
from aver.cache.objects import scratch
from aver.cli.prediction.answer import Answer, PredictError, Refused
from aver.cli.prediction.ask import ask
from aver.cli.prediction.choose import Chosen, choose, trained
from aver.cli.prediction.files import as_json
from aver.cli.prediction.fits import check_recorded, check_streams, check_weights
from aver.cli.prediction.given import Given, look_at
from aver.cli.prediction.spoken import alive
from aver.cli.prediction.stages import Seen, see
from aver.errors import REASONS
from aver.ledger import Failure
from aver.params.blocks import Params
from aver.params.names import ENCODERS
from aver.report.words import listed


@dataclass(frozen=True)
class Wanted:
    """What the user asks for; empty: the default."""

    benchmark: str = ""
    strategy: str = ""
    protocol: str = ""


@dataclass(frozen=True)
class Predicted:
    """All answers.

    Args:
        chosen: the models.
        params: all params.
        notices: what holds for all answers, in words.
        given: the clips that could be read.
        answers: of those that have one, in the order of the command line.
        refused: of the others, why.
    """

    chosen: Chosen
    params: Params
    notices: Sequence[str]
    given: Sequence[Given]
    answers: Sequence[Answer]
    refused: Sequence[Refused]

    @property
    def named(self) -> int:
        """How many clips were asked about."""
        return len(self.answers) + len(self.refused)

    def clip(self, answer: Answer) -> Given:
        """Return the clip of an answer."""
        return next(one for one in self.given if one.name == answer.clip)

    def json(self) -> str:
        """Return everything as JSON text."""
        return as_json(self.chosen, self.notices, self.answers, self.refused)


def run(data: Path, named: Sequence[Path], here: Path, wanted: Wanted, params: Params) -> Predicted:
    """Ask the models about clips; one that has no answer does not keep the others from theirs.

    Args:
        data: the folder of the stage outs.
        named: the clips' files, as typed.
        here: the folder in which the user stands.
        wanted: which models.
        params: all params.

    Raises:
        AverError: the models, the weights or the machine cannot serve any clip.
    """
    chosen = choose(data, wanted.benchmark, wanted.strategy, wanted.protocol, params)
    about, corpora = chosen.models.about, params.benchmarks[chosen.benchmark].all_corpora
    check_streams(about, params)
    check_recorded(about, corpora, params)
    given, refused = look_at(named, here, params)
    if not given:
        return Predicted(chosen, params, [], given, [], refused)
    cache = Cache()
    hold(cache.root)  # before the scratch folder is made: `aver gc` clears those that nobody holds
    os.environ.setdefault("SB_LOG_LEVEL", "WARNING")  # else speechbrain names every file that it opens
    answers = []
    with scratch(cache.root) as folder:
        seen = see(given, chosen.models.streams, data / "weights", params, folder)
        notices = [*_seeded(seen), check_weights(seen.stores, data / "features", corpora)]
        for clip in given:
            if clip.name in seen.failures:
                refused.append(_failed(seen.failures[clip.name]))
                continue
            try:
                with alive(f"asking {len(chosen.models.members)} models", 1):
                    answers.append(ask(clip, chosen, seen, params, lambda: trained(data, chosen.benchmark)))
            except PredictError as exc:
                refused.append(Refused(clip.name, str(exc)))
    return Predicted(chosen, params, [notice for notice in notices if notice], given, answers, refused)


def _seeded(seen: Seen) -> list[str]:
    """Return the notice that random weights need, in the words of the report."""
    headers = [store.header for store in seen.stores.values()]
    seeded = (header["encoder"] for header in headers if header["weights_source"] == "seeded")
    weights = sorted({ENCODERS[encoder].weights for encoder in seeded})
    if not weights:
        return []
    return [f"These numbers rest on seeded (random) weights of {listed(weights)}: no statement about an encoder."]


def _failed(failure: Failure) -> Refused:
    known = REASONS[failure.reason]
    return Refused(failure.clip_id, f"{failure.reason}: {known.meaning} ({failure.detail})", failure.reason)
