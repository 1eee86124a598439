"""The runs of a fold that are being trained: one per seed, their weights stacked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from aver.classifiers.data import Data
from aver.classifiers.grouped import Weights
from aver.classifiers.network import Network, Rows
from aver.classifiers.noise import Noise
from aver.sequences.roles import TRAIN

if TYPE_CHECKING:
    from aver.classifiers.fit import FitParams

#: Of the order of sequences, which the seeds of a fold share: a seed decides a model's start and its chance.
ORDER = 0


class Run:
    """What one run has of its own: chance, optimizer, schedule, best state, learning curve.

    Args:
        place: among all runs of the program.
        params: of the run.
        device: where it is trained.
    """

    def __init__(self, place: int, params: FitParams, device: torch.device) -> None:
        self.place, self.params = place, params
        self.chance = torch.Generator(device).manual_seed(params.seed)
        self.parameters: dict[str, torch.nn.Parameter] = {}
        self.optimizer: torch.optim.Adam
        self.schedule: torch.optim.lr_scheduler.ReduceLROnPlateau
        self.best, self.best_epoch = np.inf, 0
        self.best_state: dict[str, torch.Tensor] = {}
        self.history: list[tuple[float, float, float, float]] = []

    def begin(self) -> None:
        """Make the optimizer of the parameters, and the schedule of its learning rate."""
        self.optimizer = torch.optim.Adam(
            self.parameters.values(), lr=self.params.learning_rate, weight_decay=self.params.weight_decay, fused=True
        )
        self.schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimizer,
            factor=0.1,
            patience=self.params.learning_rate_patience,
            min_lr=self.params.learning_rate_min,
        )


class Fold:
    """The runs of a fold that have not ended, and their stacked weights.

    Args:
        data: what they read.
        network: whose weights they train.
        runs: one per seed.
        device: where they are trained.
    """

    def __init__(self, data: Data, network: Network, runs: Sequence[Run], device: torch.device) -> None:
        self.data, self.network, self.runs = data, network, list(runs)
        self.order = np.random.default_rng(ORDER)
        self.noise = Noise(runs[0].params.noisy)
        self.class_weights = self._class_weights(runs[0].params).to(device)
        self.weights: Weights = {}
        start = network.pack(network.stacked([run.params.seed for run in runs]))
        self._hold({name: own.to(device) for name, own in start.items()})
        for run in self.runs:
            run.begin()

    def drop(self, run: Run) -> None:
        """Take a run that has ended out of the program."""
        kept = [place for place, other in enumerate(self.runs) if other is not run]
        self.runs.remove(run)
        self._hold({name: value.detach()[kept] for name, value in self.weights.items()})

    def alone(self, run: Run) -> Fold:
        """Return a fold that holds the best state of one run, to be scored."""
        fold = object.__new__(Fold)
        fold.data, fold.network, fold.runs = self.data, self.network, [run]
        fold.weights = {name: value[None].to(self.data.device) for name, value in run.best_state.items()}
        return fold

    def batch(self, chosen: NDArray[np.int64], *, learning: bool) -> Rows:
        """Return the rows of some sequences; where they train with noise, with noise in some of their windows."""
        rows = self.data.batch(chosen)
        if not learning or not self.noise.modality:
            return rows
        return self.noise.some(rows, self.data.table["lengths"][chosen], self.data.levels)

    def state(self, place: int) -> dict[str, torch.Tensor]:
        """Return a copy of one run's weights on the CPU, packed as they are."""
        return {name: value[place].detach().cpu().clone() for name, value in self.weights.items()}

    def forget_gradients(self) -> None:
        """Let go of the gradients of the step before."""
        for value in self.weights.values():
            value.grad = None

    def step(self) -> None:
        """Let every run's optimizer go one step, in its slices of the stacked weights."""
        for place, run in enumerate(self.runs):
            for name, parameter in run.parameters.items():
                gradient = self.weights[name].grad
                parameter.grad = None if gradient is None else gradient[place]
            run.optimizer.step()

    def _hold(self, weights: Weights) -> None:
        self.weights = {name: value.contiguous().requires_grad_() for name, value in weights.items()}
        for place, run in enumerate(self.runs):
            for name, value in self.weights.items():
                own = value.detach()[place]
                if name in run.parameters:
                    run.parameters[name].data = own
                else:
                    run.parameters[name] = torch.nn.Parameter(own)

    def _class_weights(self, params: FitParams) -> torch.Tensor:
        if not params.class_weights:
            return torch.ones(params.classes)
        counts = np.bincount(self.data.table["labels"][self.data.of(TRAIN)], minlength=params.classes)
        return torch.tensor(counts.sum() / (params.classes * np.maximum(counts, 1)), dtype=torch.float32)
