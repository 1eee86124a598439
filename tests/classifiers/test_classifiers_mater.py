"""System B's network, against torch's own layers over the windows that are there, and what must not reach it."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
import pytest
import torch
from classifierwork import MATER, make
from torch import nn

from aver.cache.objects import pack
from aver.classifiers.attention import position
from aver.classifiers.data import Data
from aver.classifiers.mater import Mater, MaterParams
from aver.classifiers.network import PACKED, Rows, Sequences
from aver.classifiers.registry import get_strategy
from aver.classifiers.score import sequences_of
from aver.sequences.roles import TEST, TRAIN, VALIDATION

S, B, T, CLASSES = 3, 7, 5, 2
WIDTHS = {"visual": 8, "acoustic": 3}
ROLES = tuple(WIDTHS)
ABLATIONS = {"mater": {}, "no-attention": {"attention": False}, "no-position": {"position": False},
             "baseline": {"attention": False, "position": False}}  # fmt: skip
LENGTHS = torch.tensor([5, 5, 3, 1, 4, 2, 5])
STEPS = torch.arange(T) < LENGTHS[:, None]


def marks(**absent):
    """Return which windows hold a row: of each role all but those named, by sequence."""
    there = {}
    for role, places in absent.items():
        there[role] = torch.ones(B, T, dtype=torch.bool)
        for sequence, windows in places.items():
            there[role][sequence, windows] = False
    return there


#: Single windows without a face or without sound; sequence 4 has no face at all, sequence 5 no sound.
THERE = marks(visual={0: [1, 3], 2: [0], 4: [0, 1, 2, 3, 4]}, acoustic={1: [4], 0: [0], 5: [0, 1, 2, 3, 4]})


def network(**changes) -> Mater:
    return Mater(WIDTHS, replace(MATER, **changes))


@pytest.fixture
def rows():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    return {role: torch.randn(B, T, width) + 2 for role, width in WIDTHS.items()}


def models_of(net: Mater) -> list[nn.ModuleDict]:
    """Return start values as torch's modules, with biases and norms that a lost term would show in."""
    found = [net.start(seed) for seed in range(S)]
    torch.manual_seed(9)
    with torch.no_grad():
        for model in found:
            for parameter in model.parameters():
                parameter += 0.2 * torch.randn(parameter.shape)
    return found


def weights_of(net: Mater, models) -> dict[str, torch.Tensor]:
    named = [dict(model.named_parameters()) for model in models]
    return net.pack({name: torch.stack([own[name].detach() for own in named]) for name in net.shapes})


def read(net: Mater, weights, rows, there=THERE, lengths=LENGTHS) -> Sequences:
    joined = torch.cat([rows[role].flatten(0, 1) for role in ROLES], dim=1)
    given = Rows(joined, WIDTHS, {role: own.flatten() for role, own in there.items()})
    return sequences_of(net.steps(weights, given), given, lengths)


def said(net: Mater, models, rows, there=THERE):
    """Return logits, those of each modality alone, and what stands behind each layer at the true steps."""
    weights = weights_of(net, models)
    sequences = read(net, weights, rows, there)
    inside = net.inside(weights, sequences)
    within = [own[sequences.true(role)] for role in ROLES for own in inside[role].embedded]
    present = {role: own[:, sequences.true(role)[0].any(1)] for role, own in net.alone(weights, sequences).items()}
    return [net.logits(weights, sequences), *present.values(), *within]


def plain(net: Mater, model: nn.ModuleDict, role: str, rows: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Return the logits [C] of one modality of one sequence by torch's own layers, over the true windows alone."""
    x = rows[true] - rows[true].mean(1, keepdim=True)
    x = x / x.norm(dim=1, keepdim=True)
    if not net.params.published:
        x = x * rows.shape[1] ** 0.5
    if "project" in model[role]:
        x = model[role]["project"](x)
    if net.params.position:
        x = x + position(T, MATER.width)[true]
    for layer in model[role]["layers"]:
        layer.eval()
        forward = layer.norm2(x + layer.linear2(torch.relu(layer.linear1(x))))
        x = layer(x[None])[0] if net.params.attention else forward
    return model[role]["out"](x.mean(0))


@pytest.mark.parametrize("published", [False, True], ids=["corrected", "paper"])
@pytest.mark.parametrize("ablation", ABLATIONS)
def test_every_model_says_the_mean_of_what_torchs_layers_say_of_the_modalities_that_are_there(
    rows, ablation, published
):
    net = network(published=published, **ABLATIONS[ablation])
    models = models_of(net)
    weights = weights_of(net, models)
    sequences = read(net, weights, rows)
    found, alone = net.logits(weights, sequences), net.alone(weights, sequences)
    assert found.shape == (S, B, CLASSES)
    for g, model in enumerate(models):
        for b in range(B):
            each = []
            for role in ROLES:
                true = STEPS[b] & THERE[role][b]
                if true.any():
                    each.append(plain(net, model, role, rows[role][b], true))
                    torch.testing.assert_close(alone[role][g, b], each[-1], rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(found[g, b], torch.stack(each).mean(0), rtol=1e-4, atol=1e-5)
            assert len(each) == (1 if b in (4, 5) else 2)


@pytest.mark.parametrize("ablation", ABLATIONS)
@pytest.mark.parametrize("stuff", ["far", "flat"])
def test_padding_and_windows_without_a_row_reach_nothing(rows, ablation, stuff):
    """Bit for bit, whatever stands there: what a row that does not exist holds is left to chance."""
    net = network(**ABLATIONS[ablation])
    models = models_of(net)
    before = said(net, models, rows)
    torch.manual_seed(4)
    for role, own in rows.items():
        other = 1e6 * torch.randn(own.shape) if stuff == "far" else torch.full_like(own, 1e6)
        rows[role] = torch.where((STEPS & THERE[role])[..., None], own, other)
    after = said(net, models, rows)
    assert len(before) == len(after) == 3 + 2 * (1 + MATER.layers)
    for one, other in zip(before, after, strict=True):
        assert torch.equal(one, other)


def test_true_windows_do_reach_the_answers(rows):
    """The test above speaks of what is masked: of the other windows each one counts."""
    net = network()
    models = models_of(net)
    before = said(net, models, rows)[0]
    for role in ROLES:
        for window in range(T):
            other = {name: own.clone() for name, own in rows.items()}
            other[role][:, window] += torch.randn(WIDTHS[role])
            reached = (said(net, models, other)[0] != before).any(2).all(0)
            assert torch.equal(reached, (STEPS & THERE[role])[:, window])


@pytest.mark.parametrize(("ablation", "blind"), [("mater", False), ("no-attention", False), ("no-position", True),
                                                 ("baseline", True)])  # fmt: skip
def test_only_position_tells_the_order_of_windows(rows, ablation, blind):
    """Attention without position has the same answer for any order: each step's follows the step, and their mean."""
    net = network(**ABLATIONS[ablation])
    models = models_of(net)
    full = {role: own[:2] for role, own in rows.items()}
    lengths, order = torch.tensor([T, T]), torch.tensor([3, 0, 4, 1, 2])
    weights = weights_of(net, models)
    turned = {role: own[:, order] for role, own in full.items()}
    one, other = (net.logits(weights, read(net, weights, own, {}, lengths)) for own in (full, turned))
    assert torch.allclose(one, other, rtol=1e-4, atol=1e-5) is blind


@pytest.mark.parametrize(("ablation", "meets"), [("mater", True), ("no-position", True), ("no-attention", False),
                                                 ("baseline", False)])  # fmt: skip
def test_only_attention_lets_windows_meet(rows, ablation, meets):
    net = network(**ABLATIONS[ablation])
    models = models_of(net)
    weights = weights_of(net, models)
    one = net.inside(weights, read(net, weights, rows, {}))
    rows["visual"][:, 0] += torch.randn(WIDTHS["visual"])
    other = net.inside(weights, read(net, weights, rows, {}))
    behind = STEPS.clone()
    behind[:, 0] = False
    last, changed = (own["visual"].embedded[-1][:, behind] for own in (one, other))
    assert torch.equal(last, changed) is not meets
    assert torch.equal(one["acoustic"].embedded[-1], other["acoustic"].embedded[-1]), "modalities never meet"


@pytest.mark.parametrize(("published", "length"), [(False, 8**0.5), (True, 1.0)])
def test_rows_get_zero_mean_and_one_length(rows, published, length):
    """Salience must not depend on how loud a row is.  Without projection they are read as they are."""
    net = network(published=published)
    assert "visual.project.weight" not in net.shapes and "acoustic.project.weight" in net.shapes
    weights = net.pack(net.stacked(range(S)))
    given = net.steps(weights, Rows(torch.cat([rows[role].flatten(0, 1) for role in ROLES], dim=1), WIDTHS))
    seen, heard = given.split(MATER.width, dim=2)
    torch.testing.assert_close(seen.mean(2), torch.zeros(S, B * T), atol=1e-5, rtol=0)
    torch.testing.assert_close(seen.norm(dim=2), torch.full((S, B * T), length))
    loud = {role: 7 * own + 100 for role, own in rows.items()}
    other = net.steps(weights, Rows(torch.cat([loud[role].flatten(0, 1) for role in ROLES], dim=1), WIDTHS))
    torch.testing.assert_close(other, given, atol=2e-4, rtol=1e-4)
    # What is projected is the row of that length; torch's own layer does the same.
    own = rows["acoustic"].flatten(0, 1)
    own = own - own.mean(1, keepdim=True)
    own = own / own.norm(dim=1, keepdim=True) * (1 if published else 3**0.5)
    expected = torch.stack([net.start(seed)["acoustic"]["project"](own) for seed in range(S)])
    torch.testing.assert_close(heard, expected)


def test_a_row_without_any_difference_is_a_number(rows):
    rows["visual"][:, 0] = 5.0
    net = network()
    assert all(own.isfinite().all() for own in said(net, models_of(net), rows))


def test_a_modality_that_no_sequence_has_leaves_the_other_one(rows):
    net = network()
    models = models_of(net)
    there = {"acoustic": torch.zeros(B, T, dtype=torch.bool)}
    weights = weights_of(net, models)
    sequences = read(net, weights, rows, there)
    assert torch.equal(net.logits(weights, sequences), net.alone(weights, sequences)["visual"])


def test_gradients_are_numbers_and_reach_a_modality_only_from_where_it_is(rows):
    net = network()
    weights = {name: value.requires_grad_() for name, value in weights_of(net, models_of(net)).items()}
    net.logits(weights, read(net, weights, rows))[:, 4].sum().backward()  # no face there
    own = net.unpack({PACKED: weights[PACKED].grad})
    assert all(value.isfinite().all() for value in own.values())
    assert all((value == 0).all() for name, value in own.items() if name.startswith("visual."))
    assert all((value != 0).any() for name, value in own.items() if name == "acoustic.out.weight")


# ---------------------------------------------------------------- sizes and variants


def torchs(layer: nn.Module, layers: int) -> int:
    return layers * sum(value.numel() for value in layer.parameters())


def test_parameter_counts_are_those_of_the_published_shapes():
    """Ghaleb et al. 2022, §3.2: 6 layers of width 512 with 8 heads; 2048 inside as in Vaswani et al. 2017, 8 labels."""
    params = replace(MATER, width=512, layers=6, heads=8, feed_forward=2048, classes=8)
    layer = nn.TransformerEncoderLayer(512, 8, 2048)
    net = Mater({"visual": 512, "acoustic": 512}, params)
    count = sum(prod(shape) for shape in net.shapes.values())
    assert count == 2 * (torchs(layer, 6) + 512 * 8 + 8) == 2 * (6 * 3_152_384 + 4_104)
    # Rows of another width are projected to it.
    wide = Mater({"visual": 512, "acoustic": 128}, params)
    assert sum(prod(shape) for shape in wide.shapes.values()) == count + 128 * 512 + 512
    # Without attention its projections and its norm are gone.
    less = Mater({"visual": 512, "acoustic": 512}, replace(params, attention=False))
    attention = 4 * (512 * 512 + 512) + 2 * 512
    assert sum(prod(shape) for shape in less.shapes.values()) == count - 12 * attention


@pytest.mark.parametrize(
    ("name", "attention", "position"),
    [("mater", True, True), ("mater-no-attention", False, True), ("mater-no-position", True, False),
     ("mater-baseline", False, False)],
)  # fmt: skip
@pytest.mark.parametrize("end", ["", "-paper"])
def test_each_ablation_is_the_network_without_its_part(name, attention, position, end):
    strategy = get_strategy(name + end)
    assert strategy.name == name
    own = MaterParams(**{**vars(MATER), **strategy.fixed})
    assert (own.attention, own.position) == (attention, position)
    net = strategy.network(WIDTHS, own)
    assert any("self_attn" in weight for weight in net.shapes) is attention
    assert any("norm1" in weight for weight in net.shapes) is attention
    assert net.shapes == network(attention=attention).shapes
    weights = net.pack(net.stacked([0, 0]))
    given = Rows(torch.ones(B * T, sum(WIDTHS.values())), WIDTHS)
    inside = net.inside(weights, sequences_of(net.steps(weights, given), given, LENGTHS))
    for within in inside.values():
        assert len(within.attention) == (MATER.layers if attention else 0)
        assert torch.equal(within.embedded[0][0, 0, 0], within.embedded[0][0, 0, 1]) is not position


def test_ablations_start_from_the_same_values():
    whole, less = (network(**ABLATIONS[name]).stacked([3]) for name in ("mater", "baseline"))
    assert set(less) < set(whole)
    assert all(torch.equal(own, whole[name]) for name, own in less.items())


@pytest.mark.parametrize("ablation", [{}, {"attention": False}])
def test_the_shapes_are_those_of_torchs_own_modules(ablation):
    """They are written out: torch's `meta` device would import its compiler."""
    net = network(**ablation)
    assert {name: tuple(value.shape[1:]) for name, value in net.stacked([0, 1]).items()} == net.shapes


def test_weights_come_back_as_they_were_packed():
    net = network()
    weights = net.stacked([1, 2])
    packed = net.pack(weights)
    assert list(packed) == [PACKED]
    found = net.unpack(packed)
    assert set(found) == set(weights)
    assert all(torch.equal(own, found[name]) for name, own in weights.items())
    assert not torch.equal(packed[PACKED][0], packed[PACKED][1])


# ---------------------------------------------------------------- training


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    return make(tmp_path_factory.mktemp("rows"))


@pytest.fixture(scope="module")
def partial(problem):
    """The same with clips that have no sound, and windows in which no face was found."""
    steps, table = problem.table["steps"], {name: own.copy() for name, own in problem.table.items()}
    table["link_visual"][::7] = -1
    table["link_visual"][steps[6]] = -1
    table["link_acoustic"][np.unique(steps[::5])] = -1
    table["link_visual"][np.unique(steps[::5])] = np.unique(steps[::5])  # they still have a face
    return replace(problem, table=table)


def train(problem, **changes):
    strategy = get_strategy("mater")
    return strategy.train(replace(MATER, **changes), problem.table, **problem.inputs(strategy))


@pytest.mark.parametrize("published", [False, True], ids=["corrected", "paper"])
def test_nothing_is_dropped_where_nothing_is_learned(partial, published):
    """What is said of the tested clips is what the kept weights say of them, without chance."""
    params = replace(MATER, dropout=0.5, published=published, epochs=3)
    assert not Mater(WIDTHS, params).always_chance
    result = train(partial, dropout=0.5, published=published, epochs=3)
    files = partial.inputs(get_strategy("mater"))
    data = Data(partial.table, {role: np.load(path) for role, path in files.items()}, torch.device("cpu"), "each")
    net = Mater(data.widths, params)
    model = {name.removeprefix("model."): own for name, own in result.items() if name.startswith("model.")}
    weights = net.pack({name: torch.from_numpy(own)[None] for name, own in model.items()})
    tested = data.of(TEST)
    rows = data.batch(tested)
    assert all(not own.all() for own in rows.there.values()) and set(rows.there) == set(ROLES)
    sequences = sequences_of(net.steps(weights, rows), rows, data.lengths[torch.from_numpy(tested)])
    expected = net.logits(weights, sequences)[0].softmax(1).numpy()
    np.testing.assert_allclose(result["probabilities"], expected, atol=1e-6)
    dropped = net.logits(weights, sequences, [torch.Generator().manual_seed(0)])[0].softmax(1).numpy()
    assert np.abs(dropped - expected).max() > 0.01
    # While it learns, chance is on: without dropout the same start leads elsewhere.
    assert train(partial, dropout=0.0, published=published, epochs=3)["history"][0, 0] != result["history"][0, 0]


def test_windows_that_hold_no_row_reach_no_byte_of_the_model(partial, tmp_path):
    """A row of a mark that is −1 is any row of the file: here the first one, and then quite another one."""
    files = {}
    for role in ROLES:
        rows = np.load(partial.files[role])
        far = 7e5 * np.arange(1, rows.shape[1] + 1, dtype=np.float32)
        np.save(tmp_path / f"{role}.npy", np.vstack([far, rows]))
        files[role] = tmp_path / f"{role}.npy"
    table = dict(partial.table)
    for role in ROLES:
        link = table[f"link_{role}"]
        table[f"link_{role}"] = np.where(link < 0, -1, link + 1).astype(np.int32)
    strategy = get_strategy("mater")
    params = replace(MATER, epochs=3)
    other = strategy.train(params, table, **files)
    assert pack(other) == pack(train(partial, epochs=3))


def test_a_run_has_the_same_bytes_alone_and_among_others_with_noise_and_without(partial):
    strategy = get_strategy("mater")
    base, files = replace(MATER, epochs=4), partial.inputs(strategy)
    less = partial.table["roles"].copy()
    less[::9] = 9
    given = [(partial.table, 0, ""), (partial.table, 1, ""), ({**partial.table, "roles": less}, 0, ""),
             (partial.table, 0, "visual"), (partial.table, 0, "both")]  # fmt: skip
    params = [replace(base, seed=seed, noisy=noisy) for _, seed, noisy in given]
    together = dict(strategy.train_together(params, [{"table": table, **files} for table, _, _ in given]))
    alone = [strategy.train(own, table, **files) for own, (table, _, _) in zip(params, given, strict=True)]
    for place, result in enumerate(alone):
        assert pack(together[place]) == pack(result)
    assert len({pack(result) for result in alone}) == len(given)


def test_a_last_batch_of_one_sequence_has_the_same_bytes_alone_and_among_others(problem):
    """Products of wide layers with the few rows of a single sequence depend on how many models share them."""
    roles = np.full(len(problem.table["roles"]), 9, np.int32)
    roles[:17], roles[17], roles[18] = TRAIN, VALIDATION, TEST  # batches of 16 and 1, and sides of one
    table, strategy = {**problem.table, "roles": roles}, get_strategy("mater")
    files = problem.inputs(strategy)
    params = [replace(MATER, seed=seed, epochs=1, width=512, layers=1, feed_forward=16) for seed in range(3)]
    together = dict(strategy.train_together(params, [{"table": table, **files}] * 3))
    for place, own in enumerate(params):
        assert pack(together[place]) == pack(strategy.train(own, table, **files))
