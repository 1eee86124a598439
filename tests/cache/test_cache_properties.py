"""What a key is made of, tried with many values: each part changes it, and nothing else changes key or bytes."""

from __future__ import annotations

import importlib
import os
import random
import socket
import sys
from dataclasses import dataclass, make_dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from cachework import HEAVY, SUM, Params, clips, double, tasks, total, tree
from hypothesis import assume, given
from hypothesis import strategies as st

from aver.cache import step as step_module
from aver.cache.cache import Cache, Inline, Source, Step, Stored
from aver.cache.code import code_modules
from aver.cache.collect import evict, inventory
from aver.cache.objects import FORMAT, digest_of, pack, unpack
from aver.cache.sealed import canonical, seal, unseal
from aver.cache.step import UNKEYED, key_of
from aver.parallel import Task, run_tasks
from aver.params.blocks import Parallel

NAMES = st.text(st.characters(categories=["Ll", "Lu", "Nd"]), min_size=1, max_size=8)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
VALUES = st.one_of(
    st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8), st.none(),
    st.tuples(st.integers(), st.text(max_size=3)),
)  # fmt: skip
DOCUMENTS = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))


@st.composite
def parts(draw):
    """The parts of a key, as a step gives them."""
    code = draw(st.dictionaries(NAMES.map(lambda name: f"aver.{name}"), DIGESTS, min_size=1, max_size=4))
    return {
        "format": draw(st.integers(1, 9)),
        "step": draw(NAMES),
        "code": code,
        "function": draw(NAMES),
        "params": draw(st.dictionaries(NAMES, DOCUMENTS, max_size=4)),
        "runtime": draw(st.dictionaries(NAMES, NAMES, max_size=4)),
        "inputs": draw(st.dictionaries(NAMES, DIGESTS, max_size=4)),
    }


def shuffled(value, source: random.Random):
    """The same value with the keys of every dict in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(inner, source)) for key, inner in value.items()]
        source.shuffle(items)
        return dict(items)
    return [shuffled(inner, source) for inner in value] if isinstance(value, list | tuple) else value


@given(parts(), st.randoms(use_true_random=False))
def test_the_order_of_keys_changes_nothing(given_parts, source):
    assert key_of(shuffled(given_parts, source)) == key_of(given_parts)


@given(parts(), parts(), st.data())
def test_any_one_part_changes_the_key(one, two, data):
    name = data.draw(st.sampled_from(sorted(one)))
    assume(canonical(one[name]) != canonical(two[name]))
    assert key_of({**one, name: two[name]}) != key_of(one)


@given(parts(), st.data(), DOCUMENTS, NAMES)
def test_any_one_value_inside_a_part_changes_the_key(whole, data, other, more):
    name = data.draw(st.sampled_from(["code", "params", "runtime", "inputs"]))
    inside = dict(whole[name])
    inner = data.draw(st.sampled_from([*sorted(inside), more]))
    assume(inner not in inside or canonical(inside[inner]) != canonical(other))
    assert key_of({**whole, name: {**inside, inner: other}}) != key_of(whole)
    if inner in inside:
        del inside[inner]
        assert key_of({**whole, name: inside}) != key_of(whole)


@given(st.lists(parts(), min_size=2, max_size=6))
def test_different_parts_have_different_keys(several):
    texts = {canonical(one) for one in several}
    assert len({key_of(one) for one in several}) == len(texts)


@given(DOCUMENTS)
def test_a_sealed_document_is_read_back(body):
    assert canonical(unseal(seal(body))) == canonical(body)


@given(DOCUMENTS, st.integers(0), st.integers(1, 255))
def test_any_changed_byte_of_a_sealed_document_shows(body, place, change):
    content = bytearray(seal(body))
    content[place % len(content)] ^= change
    with pytest.raises(ValueError, match=r"not a sealed document|checksum does not fit"):
        unseal(bytes(content))


@given(DOCUMENTS, st.integers(0))
def test_a_shortened_document_shows(body, length):
    content = seal(body)
    with pytest.raises(ValueError, match="not a sealed document"):
        unseal(content[: length % len(content)])


ARRAYS = st.dictionaries(
    NAMES,
    st.one_of(
        st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5).map(lambda v: np.array(v, np.int64)),
        st.lists(st.floats(width=32), max_size=5).map(lambda v: np.array(v, np.float32)),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5).map(np.array),
        st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda shape: np.ones(shape, np.uint8)),
    ),
    max_size=4,
)


@given(ARRAYS, st.randoms(use_true_random=False))
def test_objects_are_read_back_and_their_bytes_depend_on_the_arrays_only(arrays, source):
    content = pack(arrays)
    assert pack({name: np.array(value) for name, value in shuffled(arrays, source).items()}) == content
    found = unpack(content)
    assert set(found) == set(arrays)
    for name, value in arrays.items():
        np.testing.assert_array_equal(found[name], value, strict=True)


# ---------------------------------------------------------------- steps


def step_of(values: dict, **others) -> Step:
    """A step with params of these names and values."""
    kind = make_dataclass("Made", [(name, object) for name in values], frozen=True)
    return Step(**{"name": "double", "function": double, "params": kind(**values), **others})


FIELDS = st.dictionaries(st.from_regex(r"p_[a-z]{1,6}", fullmatch=True), VALUES, min_size=1, max_size=5)


@given(FIELDS, st.data())
def test_each_param_changes_the_key(values, data):
    name = data.draw(st.sampled_from(sorted(values)))
    other = data.draw(VALUES)
    assume(canonical(other) != canonical(values[name]))
    assert key_of(step_of({**values, name: other}).parts({})) != key_of(step_of(values).parts({}))


@given(FIELDS, st.sampled_from(sorted(UNKEYED)), VALUES, VALUES)
def test_params_that_decide_how_and_not_what_change_nothing(values, name, one, two):
    keys = {key_of(step_of({**values, name: value, "inner": {name: value}}).parts({})) for value in (one, two)}
    assert len(keys) == 1


@given(FIELDS, st.randoms(use_true_random=False), st.dictionaries(NAMES, NAMES, max_size=3))
def test_housekeeping_and_order_change_nothing(values, source, runtime):
    key = key_of(step_of(values, runtime=runtime).parts({}))
    again = step_of(shuffled(values, source), runtime=shuffled(runtime, source), evictable=True, note=lambda a: {})
    assert key_of(again.parts({})) == key
    assert key_of(step_of(values, runtime={**runtime, "one more": "1"}).parts({})) != key


@given(st.dictionaries(NAMES, DIGESTS, min_size=1, max_size=4), st.data(), st.randoms(use_true_random=False))
def test_each_input_changes_the_key_and_its_place_and_kind_do_not(digests, data, source):
    here = {name: Source(digest, Path("/here") / name) for name, digest in digests.items()}
    key = key_of(HEAVY.parts(here))
    kinds = [lambda d: Source(d, Path("/there/x"), checked=True), Stored]
    there = {name: source.choice(kinds)(digest) for name, digest in shuffled(digests, source).items()}
    assert key_of(HEAVY.parts(there)) == key
    name, other = data.draw(st.sampled_from(sorted(digests))), data.draw(DIGESTS)
    assume(other != digests[name])
    assert key_of(HEAVY.parts({**here, name: Stored(other)})) != key


@given(ARRAYS, ARRAYS, st.randoms(use_true_random=False))
def test_inline_arrays_are_named_by_their_content(one, two, source):
    key = key_of(SUM.parts({"rows": Inline(one)}))
    assert key_of(SUM.parts({"rows": Inline(shuffled(one, source))})) == key
    assume(pack(one) != pack(two))
    assert key_of(SUM.parts({"rows": Inline(two)})) != key


def test_the_digest_of_each_module_that_computes_changes_the_key(monkeypatch):
    """Module by module of the real encoders and of everything they import."""
    for module in ("aver.faces.haar", "aver.features.vggface", "aver.classifiers.concat"):
        digests = step_module.code_digests(module)
        assert set(digests) == set(code_modules(module))
        base = {"format": 2, "step": "x", "code": digests, "function": "f", "params": {}, "runtime": {}, "inputs": {}}
        keys = {key_of({**base, "code": {**digests, name: "0" * 64}}) for name in digests}
        keys |= {key_of({**base, "code": {k: v for k, v in digests.items() if k != name}}) for name in digests}
        assert len({*keys, key_of(base)}) == 2 * len(digests) + 1


@pytest.mark.parametrize("change", ["format", "step", "function", "code"])
def test_what_a_step_is_made_of_stands_in_its_key(change, monkeypatch):
    before = key_of(Step("double", double, Params()).parts({}))
    if change == "format":
        monkeypatch.setattr(step_module, "FORMAT", FORMAT + 1)
    if change == "code":
        monkeypatch.setattr(step_module, "code_digests", lambda module: {module: "0" * 64})
    other = Step("other" if change == "step" else "double", total if change == "function" else double, Params())
    assert key_of(other.parts({})) != before


# ---------------------------------------------------------------- whole runs


@dataclass(frozen=True)
class Limited:
    factor: int
    timeout_s: float = 1.0
    device: str = "cpu"


def limited(params, clip):
    return {"rows": np.frombuffer(clip.read_bytes(), np.uint8) * np.uint8(params.factor)}


@pytest.fixture
def reference(tmp_path) -> dict[str, bytes]:
    """What an ordinary run leaves: twelve clips, two steps, one of them on the results of the other."""
    return everything(tmp_path, tmp_path / "reference", clips(tmp_path / "clips", 12))


def everything(tmp_path, root, paths, parallel=None, seed=None) -> dict[str, bytes]:
    cache, parallel = Cache(root), parallel or Parallel(1, "sequential")
    first = tasks(paths)
    step = Step("limited", limited, Limited(3))
    first += [Task(task.name, step, task.inputs) for task in first]
    if seed is not None:
        random.Random(seed).shuffle(first)
    done = run_tasks(first, "test", parallel, cache).outcomes
    named = [(task, outcome) for task, outcome in zip(first, done, strict=True) if task.step is HEAVY]
    second = [Task(task.name, SUM, {"rows": Stored(outcome.digest)}) for task, outcome in named]
    run_tasks(second, "test", parallel, cache)
    return tree(root)


@pytest.mark.parametrize("parallel", [Parallel(1, "sequential"), Parallel(2, "loky")], ids=["one", "two"])
@pytest.mark.parametrize("seed", [1, 2])
def test_workers_and_order_change_no_byte_of_the_cache(tmp_path, reference, parallel, seed):
    again = everything(tmp_path, tmp_path / "again", clips(tmp_path / "clips", 12), parallel, seed)
    assert again.keys() == reference.keys()
    assert again == reference


def test_neighbours_change_no_byte(tmp_path, reference):
    for path in clips(tmp_path / "clips", 12):
        assert everything(tmp_path, tmp_path / "alone", [path]).items() <= reference.items()
    assert tree(tmp_path / "alone") == reference


def test_place_time_host_and_settings_change_no_result(tmp_path, reference, monkeypatch):
    """Another folder, other times of modification, another working directory and host name, other settings."""
    moved = clips(tmp_path / "elsewhere", 12)
    for path in moved:
        os.utime(path, (1, 1))
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
    monkeypatch.setenv("AVER_LOG", "DEBUG")
    monkeypatch.setenv("PYTHONHASHSEED", "77")
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    found = everything(tmp_path, tmp_path / "again", moved)
    assert {k: v for k, v in found.items() if not k.startswith("recipes")} == {
        k: v for k, v in reference.items() if not k.startswith("recipes")
    }
    # Recipes name the place of the files; nothing else differs.
    text = {k: v.decode().replace("elsewhere", "clips") for k, v in found.items() if k.startswith("recipes")}
    bodies = {k: v[: v.index('"checksum"')] for k, v in text.items()}
    same = {k: v.decode() for k, v in reference.items() if k.startswith("recipes")}
    assert bodies == {k: v[: v.index('"checksum"')] for k, v in same.items()}


def test_limits_and_devices_are_found_again(tmp_path):
    cache, paths = Cache(tmp_path / "cache"), clips(tmp_path / "clips", 3)
    given_tasks = [Task(t.name, Step("limited", limited, Limited(3)), t.inputs) for t in tasks(paths)]
    run_tasks(given_tasks, "test", Parallel(1, "sequential"), cache)
    other = [replace(t, step=Step("limited", limited, Limited(3, 9.0, "cuda"))) for t in given_tasks]
    assert run_tasks(other, "test", Parallel(1, "sequential"), cache).cached == 3
    more = [replace(t, step=Step("limited", limited, Limited(4))) for t in given_tasks]
    assert run_tasks(more, "test", Parallel(1, "sequential"), cache).cached == 0


def test_evicting_and_making_again_changes_no_byte(tmp_path, reference):
    root = tmp_path / "reference"
    evict(root, inventory(root))
    assert len(tree(root)) < len(reference)
    everything(tmp_path, root, clips(tmp_path / "clips", 12))
    for name in reference:
        if name.startswith("objects"):
            Cache(root).load(Path(name).stem)
    assert tree(root) == reference


WORK = '''"""{doc}"""


def work(params, clip):
    """{doc}"""
    return {{"rows": list(clip.read_bytes())}}{comment}
'''


def test_comments_and_docstrings_change_no_key_and_code_does(tmp_path, monkeypatch):
    """The real way: a new process reads changed sources, here by forgetting what was read."""
    from aver.cache import code

    monkeypatch.syspath_prepend(tmp_path)
    (path,) = clips(tmp_path / "clips", 1)
    keys = []
    for doc, comment, body in (("one", "", ""), ("another", "  # why", ""), ("one", "", "\nMORE = 1\n")):
        (tmp_path / "fresh_work.py").write_text(WORK.format(doc=doc, comment=comment) + body)
        for cached in (code.code_modules, code._tree, code._normalised):
            cached.cache_clear()
        importlib.invalidate_caches()
        sys.modules.pop("fresh_work", None)
        module = importlib.import_module("fresh_work")
        keys.append(key_of(Step("work", module.work, Params()).parts(tasks([path])[0].inputs)))
    sys.modules.pop("fresh_work", None)
    assert keys[0] == keys[1] != keys[2]


def test_a_key_is_the_sha256_of_its_canonical_text():
    assert key_of({"b": 1, "a": [1.5, None]}) == digest_of(b'{"a":[1.5,null],"b":1}')
