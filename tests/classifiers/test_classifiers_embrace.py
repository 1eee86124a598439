"""EmbraceNet: shapes and counts as published, and small cases by hand."""

from __future__ import annotations

import pytest
import torch

from aver.classifiers.embrace import Embrace
from aver.classifiers.grouped import stack
from aver.classifiers.head import Head
from aver.classifiers.network import Rows

S, N, SIZE = 2, 5, 40
WIDTHS = {"visual": 6, "acoustic": 3}
#: An LSTM whose input weights hand the fused row on.
THROUGH = torch.eye(SIZE).expand(S, -1, -1)


@pytest.fixture
def made():
    torch.manual_seed(0)
    layer = Embrace(SIZE, 0, published=False)
    weights = stack([layer.module(WIDTHS) for _ in range(S)])
    rows = {role: torch.randn(N, width) for role, width in WIDTHS.items()}
    docked = {
        role: torch.relu(torch.einsum("nd,sod->sno", rows[role], weights[f"{role}.weight"]) + bias[:, None])
        for role, bias in ((role, weights[f"{role}.bias"]) for role in WIDTHS)
    }
    return layer, weights, rows, docked


def parts(rows, **there):
    return Rows(torch.cat([rows[role] for role in WIDTHS], dim=1), WIDTHS, there)


def generators(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.mark.parametrize("draw", [None, "train"])
@pytest.mark.parametrize(("gone", "left"), [("visual", "acoustic"), ("acoustic", "visual")])
def test_with_one_modality_absent_the_output_is_the_others_docked_row(made, gone, left, draw):
    layer, weights, rows, docked = made
    rows[gone] = torch.full_like(rows[gone], 1e6)
    given = parts(rows, **{gone: torch.zeros(N, dtype=torch.bool)})
    fused = layer.gates(weights, given, THROUGH, generators(0, 1) if draw else None)
    torch.testing.assert_close(fused, docked[left])


def test_absence_is_of_single_rows(made):
    layer, weights, rows, docked = made
    there = torch.ones(N, dtype=torch.bool)
    there[2] = False
    fused = layer.gates(weights, parts(rows, visual=there), THROUGH, None)
    torch.testing.assert_close(fused[:, 2], docked["acoustic"][:, 2])
    torch.testing.assert_close(fused[:, 1], (docked["visual"] + docked["acoustic"])[:, 1] / 2)


def test_while_training_each_element_comes_from_one_modality_and_each_row_has_its_own_draw(made):
    layer, weights, rows, docked = made
    fused = layer.gates(weights, parts(rows), THROUGH, generators(0, 1))
    seen, heard = fused == docked["visual"], fused == docked["acoustic"]
    assert (seen | heard).all()
    told_apart = docked["visual"] != docked["acoustic"]
    masks = torch.where(told_apart, seen, True)
    assert 0.3 < seen[told_apart].float().mean() < 0.7
    assert not torch.equal(masks[0, 0], masks[0, 1]), "one draw served two rows"


def test_at_test_time_the_expectation_is_what_many_draws_come_to(made):
    layer, weights, rows, docked = made
    exact = layer.gates(weights, parts(rows), THROUGH, None)
    torch.testing.assert_close(exact, (docked["visual"] + docked["acoustic"]) / 2)
    assert torch.equal(exact, layer.gates(weights, parts(rows), THROUGH, None))
    drawn = Embrace(SIZE, 3000, published=False)
    averaged = drawn.gates(weights, parts(rows), THROUGH, None)
    assert torch.equal(averaged, drawn.gates(weights, parts(rows), THROUGH, None)), "draws are seeded"
    assert (averaged - exact).abs().max() < 0.1
    assert not torch.equal(averaged, exact)


def test_the_published_variant_draws_once_for_a_batch(made):
    _, weights, rows, docked = made
    layer = Embrace(SIZE, 0, published=True)
    fused = layer.gates(weights, parts(rows), THROUGH, generators(0, 1))
    told_apart = docked["visual"] != docked["acoustic"]
    seen = fused == docked["visual"]
    for g in range(S):
        for element in range(SIZE):
            assert seen[g, :, element][told_apart[g, :, element]].unique().numel() <= 1


def test_gradients_reach_only_the_modality_that_was_drawn(made):
    layer, weights, rows, docked = made
    weights = {name: value.clone().requires_grad_() for name, value in weights.items()}
    fused = layer.gates(weights, parts(rows), THROUGH, generators(3, 4))
    element = int(torch.argmax(((fused[0, 0] == docked["visual"][0, 0]) & (docked["visual"][0, 0] > 0)).int()))
    assert docked["visual"][0, 0, element] > 0
    fused[0, 0, element].backward()
    assert weights["visual.weight"].grad[0, element].abs().sum() > 0
    assert weights["acoustic.weight"].grad is None or weights["acoustic.weight"].grad.abs().sum() == 0


def test_parameter_counts_are_those_of_the_published_shapes():
    """Salas-Cáceres et al. 2024, §5.1: embracement size 1024 over 2048-d faces and 512-d voices; then the LSTM."""
    network = Head(Embrace(1024, 0, published=False), {"visual": 2048, "acoustic": 512}, 16, 16, 0.2, 8, False)
    docking = 2048 * 1024 + 1024 + 512 * 1024 + 1024
    behind = 4 * 16 * (1024 + 16 + 2) + 16 * 16 + 16 + 16 * 8 + 8
    assert sum(value.numel() for value in network.start(0).parameters()) == docking + behind
