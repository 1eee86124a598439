"""The Transformer's encoder for several models at once, against torch's own layer, one model at a time."""

from __future__ import annotations

from math import cos, sin

import numpy as np
import pytest
import torch
from torch import nn

from aver.classifiers.attention import ATTENTION, Layer, position
from aver.classifiers.grouped import stack

S, B, T, WIDTH, HEADS, FORWARD = 3, 4, 7, 16, 4, 24


@pytest.fixture
def models():
    """Torch's layers; their start values leave biases at zero and norms at one, where a lost term would not show."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    found = [nn.TransformerEncoderLayer(WIDTH, HEADS, FORWARD, dropout=0.0, batch_first=True) for _ in range(S)]
    with torch.no_grad():
        for model in found:
            for parameter in model.parameters():
                parameter += 0.2 * torch.randn(parameter.shape)
    return found


@pytest.fixture
def x():
    torch.manual_seed(1)
    return torch.randn(S, B, T, WIDTH)


@pytest.fixture
def true():
    """At least one step of every sequence; gaps lie anywhere, and differ from model to model."""
    torch.manual_seed(2)
    found = torch.rand(S, B, T) < 0.6
    found[:, :, 3] = True
    assert not found.all(2).any()
    return found


def layer(**changes):
    return Layer(**({"heads": HEADS, "dropout": 0.0, "attention": True} | changes))


def generators(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def test_several_layers_compute_what_torchs_own_compute_one_by_one(models, x, true):
    found = layer().run(stack(models), x, true)
    for place, model in enumerate(models):
        expected = model(x[place], src_key_padding_mask=~true[place])
        torch.testing.assert_close(found[place], expected, rtol=1e-5, atol=1e-5)


def test_gradients_are_those_of_torchs_layers(models, x, true):
    weights = {name: value.requires_grad_() for name, value in stack(models).items()}
    own, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    weigh = torch.randn(B, T, WIDTH)
    (layer().run(weights, own, true) * weigh).sum().backward()
    for place, model in enumerate(models):
        (model(theirs[place], src_key_padding_mask=~true[place]) * weigh).sum().backward()
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(weights[name].grad[place], parameter.grad, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(own.grad, theirs.grad, rtol=1e-4, atol=1e-5)


def test_without_attention_the_feed_forward_part_is_all(models, x, true):
    weights = {name: own for name, own in stack(models).items() if not name.startswith(ATTENTION)}
    found = layer(attention=False).run(weights, x, true)
    for place, model in enumerate(models):
        expected = model.norm2(x[place] + model.linear2(torch.relu(model.linear1(x[place]))))
        torch.testing.assert_close(found[place], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("steps", "width"), [(8, 512), (1, 2), (40, 6)])
def test_position_is_that_of_the_paper(steps, width):
    """Ghaleb et al. 2022, eq. 1, element by element."""
    expected = np.empty((steps, width))
    for t in range(steps):
        for i in range(width // 2):
            expected[t, 2 * i] = sin(t / 10000 ** (2 * i / width))
            expected[t, 2 * i + 1] = cos(t / 10000 ** (2 * i / width))
    found = position(steps, width)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-7)


def test_attention_is_shared_out_among_the_true_steps_alone(models, x, true):
    told = []
    layer().run(stack(models), x, true, attended=told.append)
    (share,) = told
    assert share.shape == (S, B, HEADS, T, T)
    absent = ~true[:, :, None, None].expand_as(share)
    assert (share[absent] == 0).all()
    assert (share[~absent] > 0).all()
    torch.testing.assert_close(share.sum(4), torch.ones(S, B, HEADS, T))
    for place, model in enumerate(models):
        _, expected = model.self_attn(
            x[place], x[place], x[place], key_padding_mask=~true[place], average_attn_weights=False
        )
        torch.testing.assert_close(share[place], expected, rtol=1e-5, atol=1e-6)


def test_steps_that_are_not_true_reach_no_other_one(models, x, true):
    weights = stack(models)
    other = torch.where(true[..., None], x, 1e6 * torch.randn(x.shape))
    assert torch.equal(layer().run(weights, other, true)[true], layer().run(weights, x, true)[true])


def test_a_sequence_without_a_single_true_step_gives_numbers(models, x, true):
    true = true.clone()
    true[1, 2] = False
    true[0, 0] = False
    weights = {name: value.requires_grad_() for name, value in stack(models).items()}
    own, told = x.clone().requires_grad_(), []
    found = layer().run(weights, own, true, attended=told.append)
    found.square().sum().backward()
    assert found.isfinite().all()
    assert all(value.grad.isfinite().all() for value in (*weights.values(), own))
    assert (told[0][1, 2] == 0).all() and (told[0][0, 0] == 0).all()


def test_dropout_is_each_models_own_and_off_without_chance(models, x, true):
    weights, dropping = stack(models), layer(dropout=0.5)
    assert torch.equal(dropping.run(weights, x, true), layer().run(weights, x, true))
    assert torch.equal(layer().run(weights, x, true, generators(0, 1, 2)), layer().run(weights, x, true))
    found = dropping.run(weights, x, true, generators(0, 1, 2))
    assert torch.equal(found, dropping.run(weights, x, true, generators(0, 1, 2)))
    other = dropping.run(weights, x, true, generators(0, 7, 2))
    assert torch.equal(other[[0, 2]], found[[0, 2]])
    assert not torch.allclose(other[1], found[1])


def test_what_dropout_leaves_of_a_layer_is_its_norms(models, x, true):
    """Both sublayers are dropped whole, what they are added to is not."""
    found = layer(dropout=1 - 1e-7).run(stack(models), x, true, generators(0, 1, 2))
    for place, model in enumerate(models):
        torch.testing.assert_close(found[place], model.norm2(model.norm1(x[place])), rtol=1e-5, atol=1e-5)


def test_what_dropout_leaves_is_scaled_up(models, x, true):
    """Over many draws what is added to a step before the last norm has the mean that it has without chance."""
    weights = {name: value.clone() for name, value in stack(models).items()}
    weights["norm2.weight"].fill_(1.0)
    weights["norm2.bias"].fill_(0.0)
    weights["linear2.weight"] *= 0.01  # so little that the norm behind it is all but linear
    weights["linear2.bias"] *= 0.01
    plain = layer(attention=False).run(weights, x, true)
    dropping = layer(attention=False, dropout=0.4)
    many = torch.stack([dropping.run(weights, x, true, generators(k, k, k)) for k in range(400)])
    bare = layer(attention=False).run(weights | {"linear2.weight": weights["linear2.weight"] * 0,
                                                 "linear2.bias": weights["linear2.bias"] * 0}, x, true)  # fmt: skip
    added, expected = many.mean(0) - bare, plain - bare
    assert (added - expected).norm() < 0.15 * expected.norm()
