"""Put questions to a trained model: what it says as time goes on, in noise, and what stands inside it.

The analyses of Ghaleb et al. 2022 (§4.2.1, §5, §6) on the clips that the model's fold tests.  Nothing is left to
chance in the model itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from aver.classifiers.data import Data
from aver.classifiers.fit import FitParams
from aver.classifiers.grouped import Weights
from aver.classifiers.network import Network, Rows, Sequences
from aver.classifiers.noise import Noise
from aver.classifiers.score import sequences_of
from aver.device import prepare
from aver.sequences.roles import TEST

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

#: What a model says of a clip as a whole.
BOTH = "both"
#: Seconds by which a step may end behind a look and still count as known: times are sums of decimals.
SLACK_S = 1e-6
#: Sequences asked about at a time: their rows are held in memory, with and without noise.
PIECE = 256


@dataclass(frozen=True)
class ProbeParams:
    """What decides the answers besides model and data.

    Args:
        module: of the strategy; its `network` is the model's.
        fit: the params of the model's training run.
        noisy: the modalities (`aver.classifiers.noise.modalities`) in which noise is tried.
        repeats: draws of noise and of the windows that it fills.
        noise_seed: of these draws.
    """

    module: str
    fit: FitParams
    noisy: tuple[str, ...]
    repeats: int
    noise_seed: int


@dataclass(frozen=True)
class Asked:
    """One model, and the test sequences that it is asked about.

    Args:
        network: the model's, with
        weights: of one model, packed, [1, …].
        rows: of all steps of the S sequences, one behind the other.
        lengths: true steps of each, [S] int64.
        place: of each sequence's clip among the M clips, [S] int64.
        labels: of each clip, [M].
        levels: per role the root mean square of the training rows.
        noise: by modality, where it comes from.
    """

    network: Network
    weights: Weights
    rows: Rows
    lengths: torch.Tensor
    place: NDArray[np.int64]
    labels: NDArray[np.int64]
    levels: Mapping[str, float]
    noise: Mapping[str, Noise]

    def sequences(self, rows: Rows | None = None) -> Sequences:
        """Return what the model knows of all sequences, of other rows if given."""
        own = rows or self.rows
        return sequences_of(self.network.steps(self.weights, own), own, self.lengths)

    def by_clip(self, said: torch.Tensor) -> NDArray[np.float32]:
        """Return the mean of the answers [S, C] to each clip's sequences, [M, C]; NaN where there is none."""
        answers = said.double().cpu().numpy()
        there = np.isfinite(answers[:, 0])
        total = np.zeros((len(self.labels), answers.shape[1]))
        np.add.at(total, self.place[there], answers[there])
        count = np.bincount(self.place[there], minlength=len(self.labels)).astype(np.float64)
        count[count == 0] = np.nan
        return (total / count[:, None]).astype(np.float32)


def probe(params: ProbeParams, table: Arrays, asked: Arrays, model: Path, **rows: Path) -> Arrays:
    """Ask a model about the clips that its fold tests.

    Args:
        params: what is asked.
        table: the fold's, see `aver.classifiers.data.Data`.
        asked: `owner` [S] the clip of each sequence, `known_s` [N] when each step is known
            (`aver.sequences.timeline.Timeline`), `looks_s` [K] seconds, ascending, and `chosen` [], the clip whose
            attention is wanted or −1.
        model: its file, as the classifiers stage writes it.
        rows: by role the files that it was trained on.

    Returns:
        `clips` [M] int64, in the order of `owner`; `said_<output>` [K, M, C] float32, probabilities at each look, NaN
        where there is no answer (yet), for `both` and each modality of which the network says something on its own;
        `noise_<modality>` [W, M] float32, the share of draws with a right answer when 1 … W windows are noise;
        `layers_<modality>` [L + 1] float64, mean entropy of the softmaxed embeddings, and `windows_<modality>` [],
        the number of windows that it is the mean of; `attention_<modality>` [L, T, T] float64, mean over heads, of
        the chosen clip's first sequence if this fold tests it.
    """
    device = torch.device(prepare(params.fit.device))
    data = Data(table, {role: np.load(path, mmap_mode="r") for role, path in rows.items()}, device, params.fit.scaling)
    network: Network = import_module(params.module).network(data.widths, params.fit)
    with np.load(model) as arrays, torch.inference_mode():
        own = {name: torch.from_numpy(arrays[name])[None].to(device) for name in arrays if name.startswith("model.")}
        weights = network.pack({name.removeprefix("model."): value for name, value in own.items()})
        noise = {modality: Noise(modality, params.noise_seed) for modality in params.noisy}
        tested, parts = data.of(TEST), []
        for chosen in _pieces(tested, asked["owner"]):
            _, first, place = np.unique(asked["owner"][chosen], return_index=True, return_inverse=True)
            lengths = torch.from_numpy(table["lengths"][chosen].astype(np.int64)).to(device)
            labels = table["labels"][chosen][first].astype(np.int64)
            one = Asked(network, weights, data.batch(chosen), lengths, place, labels, data.levels, noise)
            where = np.flatnonzero(asked["owner"][chosen] == asked["chosen"])
            parts.append(
                {
                    **over_time(one, asked["known_s"][table["steps"][chosen]], asked["looks_s"]),
                    **in_noise(one, params.repeats),
                    **inside(one, int(where[0]) if len(where) else -1),
                }
            )
    return {"clips": np.unique(asked["owner"][tested]).astype(np.int64), **_joined(parts)}


def _pieces(tested: NDArray[np.int64], owner: NDArray[np.int32]) -> list[NDArray[np.int64]]:
    """Return the sequences in pieces of about `PIECE`, those of a clip together; they are ordered by clip."""
    starts = np.flatnonzero(np.diff(owner[tested], prepend=-1))
    cuts = starts[np.flatnonzero(np.diff(starts // PIECE, prepend=0))]
    return np.split(tested, cuts)


def _joined(parts: list[Arrays]) -> Arrays:
    """Return the answers about all pieces: clips in a row, means over windows weighted by these."""
    found: Arrays = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        own = [part for part in parts if name in part]
        kind, _, role = name.partition("_")
        if kind == "layers":
            counts = [float(part[f"windows_{role}"]) for part in own]
            found[name] = np.average([part[name] for part in own], axis=0, weights=counts)
        elif kind == "windows":
            found[name] = np.int64(sum(int(part[name]) for part in own))
        elif kind == "attention":
            found[name] = own[0][name]
        else:
            found[name] = np.concatenate([part[name] for part in own], axis=1)
    return found


def over_time(one: Asked, known_s: NDArray[np.float64], looks_s: NDArray[np.float64]) -> Arrays:
    """Return `said_<output>`, what is said of each clip when only steps that are over are known; see `probe`.

    Args:
        one: the model.
        known_s: when each step of each sequence is over, [S, T], ascending up to its length.
        looks_s: [K].
    """
    sequences, lengths = one.sequences(), one.lengths.cpu().numpy()
    true = np.arange(known_s.shape[1]) < lengths[:, None]
    found: dict[str, list[NDArray[np.float32]]] = {}
    said: dict[str, torch.Tensor] = {}
    before = np.zeros_like(lengths)
    for look in looks_s:
        until = ((known_s <= look + SLACK_S) & true).sum(axis=1)
        if not said or (until > before).any():
            said = _said(one, sequences, until)
        for name, answers in said.items():
            found.setdefault(name, []).append(one.by_clip(answers))
        before = until
    return {f"said_{name}": np.stack(answers) for name, answers in found.items()}


def in_noise(one: Asked, repeats: int) -> Arrays:
    """Return `noise_<modality>`, how often each clip is answered rightly with noise in 1 … W windows; see `probe`.

    Within a draw, noise in one more window leaves the others as they are.  What a step gives on its own is computed
    once per draw, with noise in every step.
    """
    lengths, clean = one.lengths.cpu().numpy(), one.sequences()
    steps = clean.shape[2]
    everywhere = np.arange(len(one.rows.joined))
    found: Arrays = {}
    for modality, noise in one.noise.items():
        right = np.zeros((steps, len(one.labels)), np.float32)
        for _ in range(repeats):
            order = torch.from_numpy(noise.order(lengths, steps)).to(clean.given.device).view(1, -1, 1)
            noisy = one.sequences(noise.fill(one.rows, everywhere, one.levels)).given
            for count in range(steps):
                some = replace(clean, given=torch.where(order <= count, noisy, clean.given))
                logits = one.network.logits(one.weights, some)
                right[count] += one.by_clip(logits[0].softmax(1)).argmax(axis=1) == one.labels
        found[f"noise_{modality}"] = right / np.float32(repeats)
    return found


def inside(one: Asked, chosen: int) -> Arrays:
    """Return `layers_…`, `windows_…` and, of a chosen sequence, `attention_…`; see `probe`."""
    sequences = one.sequences()
    found: Arrays = {}
    for role, within in one.network.inside(one.weights, sequences).items():
        true = sequences.true(role)[0]
        entropies = [_entropy(embedded[0])[true].double().mean().item() for embedded in within.embedded]
        if true.any():
            found[f"layers_{role}"] = np.array(entropies, np.float64)
            found[f"windows_{role}"] = np.int64(true.sum().item())
        if within.attention and chosen >= 0:
            heads = torch.stack([share[0, chosen].double().mean(0) for share in within.attention])
            length = int(one.lengths[chosen])
            found[f"attention_{role}"] = heads[:, :length, :length].cpu().numpy()
    return found


def _said(one: Asked, sequences: Sequences, until: NDArray[np.int64]) -> dict[str, torch.Tensor]:
    """Return the probabilities [S, C] of each output when each sequence has come so far; NaN where there are none."""
    some = torch.from_numpy(until).to(one.lengths.device)
    cut = replace(sequences, lengths=some.clamp_min(1)[None])
    found = {BOTH: one.network.logits(one.weights, cut), **one.network.alone(one.weights, cut)}
    said = {}
    for name, logits in found.items():
        there = some > 0
        if name != BOTH:
            there = there & cut.true(name)[0].any(1)
        said[name] = torch.where(there[:, None], logits[0].float().softmax(1), torch.nan)
    return said


def _entropy(embedded: torch.Tensor) -> torch.Tensor:
    """Return the entropy of softmaxed embeddings [..., d] (eq. 6 of the paper), natural logarithm, [...]."""
    logs = embedded.float().log_softmax(-1)
    return -(logs.exp() * logs).sum(-1)
