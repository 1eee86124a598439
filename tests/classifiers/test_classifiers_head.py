"""Several models at once against torch's own layers, one model at a time."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from aver.classifiers.grouped import lstm, product, stack
from aver.classifiers.head import Head
from aver.classifiers.network import Rows, Sequences
from aver.classifiers.side_by_side import SideBySide

S, B, T = 3, 4, 7
WIDTHS = {"visual": 6, "acoustic": 3}


def head(**changes):
    given = {"fusion": SideBySide(("visual", "acoustic")), "widths": WIDTHS, "lstm_units": 5, "dense_units": 4,
             "dropout": 0.3, "classes": 6, "published": False} | changes  # fmt: skip
    return Head(**given)


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return torch.randn(B * T, sum(WIDTHS.values())), torch.randint(1, T + 1, (B,))


def logits(network, weights, rows, lengths, draw=None):
    """Return [S, B, C] of models that read the same rows."""
    packed = network.pack(weights)
    given = network.steps(packed, Rows(rows, WIDTHS), draw)
    return network.logits(packed, Sequences(given, lengths.expand(len(given), -1)), draw)


def plain(model: nn.ModuleDict, rows: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return logits [B, C] of one model by torch's own layers."""
    states, _ = model["lstm"](rows.view(B, T, -1))
    last = states[torch.arange(len(lengths)), lengths - 1]
    return model["out"](torch.relu(model["dense"](last)))


@pytest.mark.parametrize("published", [False, True])
def test_several_models_compute_what_torchs_layers_compute_one_by_one(batch, published):
    network = head(published=published)
    models = [network.start(seed) for seed in range(S)]
    found = logits(network, stack(models), *batch)
    for place, model in enumerate(models):
        torch.testing.assert_close(found[place], plain(model, *batch), rtol=1e-5, atol=1e-6)


def test_gradients_are_those_of_torchs_layers(batch):
    network = head()
    models = [network.start(seed) for seed in range(S)]
    weights = {name: value.requires_grad_() for name, value in stack(models).items()}
    logits(network, weights, *batch).square().sum().backward()
    for place, model in enumerate(models):
        plain(model, *batch).square().sum().backward()
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(weights[name].grad[place], parameter.grad, rtol=1e-4, atol=1e-6)


def test_the_head_reads_the_last_true_step(batch):
    rows, lengths = batch
    network = head()
    weights = network.stacked(range(S))
    before = logits(network, weights, rows, lengths)
    behind = (torch.arange(T)[None] >= lengths[:, None]).reshape(B * T)
    changed = torch.where(behind[:, None], torch.full_like(rows, 99.0), rows)
    torch.testing.assert_close(logits(network, weights, changed, lengths), before)
    assert not torch.allclose(logits(network, weights, rows, (lengths - 1).clamp_min(1)), before)


def test_a_role_is_found_among_the_joined_rows(batch):
    rows = Rows(batch[0], WIDTHS)
    assert torch.equal(rows.of("visual"), batch[0][:, :6])
    assert torch.equal(rows.of("acoustic"), batch[0][:, 6:])


@pytest.mark.parametrize(
    ("count", "width", "out"),
    [(7, 3, 32), (192, 2560, 64), (60, 512, 1024), (512, 130, 64), (60, 5, 8), (7, 3, 4), (60, 3, 1), (60, 20, 24)],
)
def test_a_models_product_has_the_same_bits_whatever_stands_beside_it(count, width, out):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows, weight, above = torch.randn(count, width), torch.randn(5, out, width), torch.randn(5, count, out)
    for kept in ([0], [1, 3], [0, 1, 2, 3, 4]):
        own = weight[kept].requires_grad_()
        given = product(rows, own)
        given.backward(above[kept])
        for place, k in enumerate(kept):
            alone = weight[k : k + 1].detach().clone().requires_grad_()
            result = product(rows, alone)
            result.backward(above[k : k + 1])
            assert torch.equal(result[0], given[place])
            assert torch.equal(alone.grad[0], own.grad[place])


def test_one_step_of_the_lstm_by_hand():
    """One unit; i = f = o = σ(0) = ½ and g = tanh(1): c = ½·tanh(1), h = ½·tanh(c); then the same again from there."""
    gates = torch.tensor([0.0, 0.0, 1.0, 0.0]).expand(1, 1, 2, 4)
    weight = torch.zeros(1, 4, 1)
    c1 = 0.5 * torch.tanh(torch.tensor(1.0))
    h1 = 0.5 * torch.tanh(c1)
    c2 = 0.5 * c1 + 0.5 * torch.tanh(torch.tensor(1.0))
    assert lstm(gates, weight, torch.tensor([[1]])).item() == pytest.approx(h1.item())
    assert lstm(gates, weight, torch.tensor([[2]])).item() == pytest.approx(0.5 * torch.tanh(c2).item())


def test_dropout_scales_what_stays_and_is_each_models_own(batch):
    network = head(dropout=0.5)
    weights = network.stacked([0, 0, 0])
    found = logits(network, weights, *batch, [torch.Generator().manual_seed(seed) for seed in (1, 1, 2)])
    torch.testing.assert_close(found[0], found[1])
    assert not torch.allclose(found[0], found[2])
    many = torch.stack([
        logits(network, weights, *batch, [torch.Generator().manual_seed(k)] * 3) for k in range(600)
    ]).mean(0)  # fmt: skip
    torch.testing.assert_close(many, logits(network, weights, *batch), rtol=0.2, atol=0.05)


@pytest.mark.parametrize(
    ("roles", "parameters"),
    [
        # Salas-Cáceres et al. 2024: 16 LSTM units over 2560 (concat) and 2048 (visual) values; 16 dense, 8 emotions.
        (("visual", "acoustic"), 4 * 16 * (2560 + 16 + 2) + 16 * 16 + 16 + 16 * 8 + 8),
        (("visual",), 4 * 16 * (2048 + 16 + 2) + 16 * 16 + 16 + 16 * 8 + 8),
    ],
)
def test_parameter_counts_are_those_of_the_published_shapes(roles, parameters):
    network = Head(SideBySide(roles), {"visual": 2048, "acoustic": 512}, 16, 16, 0.2, 8, False)
    assert sum(value.numel() for value in network.start(0).parameters()) == parameters


def test_the_published_start_is_torchs_own():
    torch.manual_seed(5)
    nn.Identity()
    reference = nn.LSTM(9, 5, batch_first=True)
    torch.testing.assert_close(head(published=True).start(5).get_parameter("lstm.weight_ih_l0"), reference.weight_ih_l0)
    corrected = head().start(5).get_parameter("lstm.weight_ih_l0")
    assert corrected.abs().max().item() <= (6 / (9 + 20)) ** 0.5 + 1e-6, "Glorot's bound"
