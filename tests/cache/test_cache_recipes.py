"""How an object is made: kept beside it, carried by outs, followed on another host."""

from __future__ import annotations

import importlib
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest
from cachework import HEAVY, LIGHT, SUM, Params, clips, files, flip, python, source, told, tree

from aver.cache.cache import Cache, Inline, Source, Step, Stored
from aver.cache.carried import FILE, read_recipes, write_recipes
from aver.cache.objects import FORMAT
from aver.cache.recipe import located, obstacle, read_recipe, recipe_of
from aver.cache.sealed import seal, unseal
from aver.errors import CacheError
from aver.outcome import Starved
from aver.params import blocks

if TYPE_CHECKING:
    from aver.params.blocks import Parallel


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def corpus(tmp_path) -> Path:
    clips(tmp_path / "corpus" / "S01", 2)
    return tmp_path / "corpus"


def carried(cache, corpus) -> list:
    """What a stage's out would carry: two objects, one made from the other, and one that cannot be carried."""
    clip = {"clip": source(corpus / "S01" / "clip-000")}
    first = cache.run(HEAVY, clip).digest
    rows = {"rows": Stored(first)}
    second = cache.run(SUM, rows).digest
    inline = {"rows": Inline({"rows": np.arange(3)})}
    third = cache.run(SUM, inline).digest
    return [(first, recipe_of(HEAVY, clip, corpus)), (second, recipe_of(SUM, rows, corpus)),
            (third, recipe_of(SUM, inline, corpus))]  # fmt: skip


def test_a_recipe_names_code_params_and_inputs(cache, corpus):
    clip = {"clip": source(corpus / "S01" / "clip-000")}
    digest = cache.run(HEAVY, clip).digest
    recipe = unseal(files(cache, "recipes")[0].read_bytes())
    assert files(cache, "recipes")[0].stem == digest
    assert recipe == recipe_of(HEAVY, clip)
    assert (recipe["format"], recipe["step"], recipe["module"], recipe["function"], recipe["params"]) == (
        FORMAT, "double", "cachework", "double", {"factor": 2, "rows": 1, "pause_s": 0.0},
    )  # fmt: skip
    assert recipe["inputs"]["clip"]["path"] == str((corpus / "S01" / "clip-000").resolve())


def test_every_step_without_inline_arrays_leaves_a_recipe(cache, corpus):
    clip = {"clip": source(corpus / "S01" / "clip-000")}
    cache.run(LIGHT, clip)
    assert len(files(cache, "recipes")) == 1
    assert recipe_of(SUM, {"rows": Inline({"rows": np.arange(3)})}) is None


def test_what_a_carried_recipe_says_does_not_depend_on_the_host(tmp_path):
    said = []
    for host in ("one", "two/three"):
        (path,) = clips(tmp_path / host / "S01", 1)
        said.append(recipe_of(HEAVY, {"clip": source(path)}, tmp_path / host))
    assert said[0] == said[1]
    assert said[0]["inputs"]["clip"]["path"] == "S01/clip-000"
    there = located(said[0], tmp_path / "two/three")["inputs"]["clip"]["path"]
    assert there == str(tmp_path / "two/three/S01/clip-000")


def test_a_written_list_of_recipes_is_read_back_and_stable_to_the_byte(cache, corpus, tmp_path):
    recipes = carried(cache, corpus)
    for name, given in (("one", recipes), ("two", [*reversed(recipes), recipes[0]]), ("none", [])):
        (tmp_path / name).mkdir()
        write_recipes(tmp_path / name, given)
    assert (tmp_path / "one" / FILE).read_bytes() == (tmp_path / "two" / FILE).read_bytes()
    assert read_recipes(tmp_path / "one") == sorted((d, json.loads(json.dumps(r))) for d, r in recipes if r)
    assert read_recipes(tmp_path / "none") == []
    assert pq.read_metadata(tmp_path / "none" / FILE).num_rows == 0


def test_an_empty_cache_makes_what_an_out_names(cache, corpus, tmp_path):
    recipes = carried(cache, corpus)
    write_recipes(tmp_path, recipes)
    moved = tmp_path / "moved"
    shutil.move(corpus, moved)
    other = Cache(tmp_path / "other")
    other.learn(read_recipes(tmp_path), moved)
    assert files(other, "objects") == []
    expected = cache.load(recipes[1][0])["total"]
    assert other.load(recipes[1][0])["total"] == expected  # the sum, and what it begins with
    assert len(files(other, "objects")) == 2


def test_what_is_here_already_is_not_learnt(cache, corpus):
    recipes = [(digest, recipe) for digest, recipe in carried(cache, corpus) if recipe]
    before = tree(cache.root)
    cache.learn(recipes, corpus.parent / "nowhere")
    assert tree(cache.root) == before
    shutil.rmtree(cache.root / "objects")
    shutil.rmtree(cache.root / "entries")
    recipes_before = tree(cache.root)
    cache.learn(recipes, corpus.parent / "nowhere")  # the recipes here can be followed: they stay
    assert tree(cache.root) == recipes_before


@pytest.mark.parametrize("harm", [flip, lambda path: path.unlink()], ids=["damaged", "gone"])
def test_a_damaged_recipe_is_learnt_anew(cache, corpus, harm):
    recipes = [(digest, recipe) for digest, recipe in carried(cache, corpus) if recipe]
    shutil.rmtree(cache.root / "objects")
    before = {path: read_recipe(path) for path in files(cache, "recipes")}
    for path in before:
        harm(path)
    cache.learn(recipes, corpus)
    # What an out carries does not tell which code made it.
    assert {path: read_recipe(path) for path in files(cache, "recipes")} == {
        path: {key: value for key, value in recipe.items() if key != "code"} for path, recipe in before.items()
    }


def test_a_recipe_whose_file_is_gone_is_learnt_anew(cache, corpus):
    recipes = [(digest, recipe) for digest, recipe in carried(cache, corpus) if recipe]
    shutil.rmtree(cache.root / "objects")
    moved = corpus.with_name("moved")
    shutil.move(corpus, moved)
    assert "is not there" in obstacle(read_recipe(cache.root / "recipes" / recipes[0][0][:2] / f"{recipes[0][0]}.json"))
    cache.learn(recipes, moved)
    assert cache.load(recipes[0][0])["rows"].size


def test_a_recipe_of_another_format_is_not_learnt(cache, corpus):
    cache.learn([("ab" * 32, {"format": FORMAT + 1})], corpus)
    assert not cache.root.exists()


def lost(cache, corpus, **changes) -> str:
    """Store an object, change its recipe, evict the object; return its digest."""
    digest = cache.run(HEAVY, {"clip": source(corpus / "S01" / "clip-000")}).digest
    (path,) = files(cache, "recipes")
    path.write_bytes(seal(unseal(path.read_bytes()) | changes))
    shutil.rmtree(cache.root / "objects")
    return digest


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"module": "nowhere_at_all"}, "names nowhere_at_all:double, which is no part of AVER"),
        ({"function": "gone"}, "no attribute 'gone'"),
        ({"function": "note"}, "unexpected keyword argument 'clip'"),
        ({"params_class": "cachework:Gone"}, "no attribute 'Gone'"),
        ({"params": {"factor": "many"}}, "factor"),
        ({"inputs": {}}, "missing 1 required positional argument"),
        ({"params": {"factor": 3}}, "gave other bytes"),
        ({"format": FORMAT + 1}, "no recipe for it here"),
    ],
    ids=["module", "function", "signature", "class", "params", "inputs", "value", "format"],
)
def test_a_recipe_that_cannot_be_followed_says_why_and_what_to_do(cache, corpus, changes, words):
    with pytest.raises(CacheError, match=words) as told_so:
        cache.load(lost(cache, corpus, **changes))
    assert "dvc repro" in str(told_so.value)
    assert not (cache.root / "objects").exists()


@pytest.mark.parametrize("error", [Starved("ffmpeg was killed"), OSError(5, "Input/output error"), TypeError("no")])
def test_whatever_fails_on_the_way_is_told_in_words(cache, corpus, error, monkeypatch):
    digest = lost(cache, corpus)

    def fail(params, clip):
        raise error

    fail.__module__ = "cachework"
    monkeypatch.setattr(importlib.import_module("cachework"), "double", fail)
    with pytest.raises(CacheError, match="cannot be made again") as told_so:
        cache.load(digest)
    assert str(error) in str(told_so.value)


def test_a_file_that_is_not_the_one_it_was_is_refused_before_anything_is_computed(cache, corpus):
    digest = lost(cache, corpus)
    (corpus / "S01" / "clip-000").write_bytes(b"another")
    with pytest.raises(CacheError, match="is not the file it was"):
        cache.load(digest)


def test_unchecked_inputs_may_be_folders(cache, tmp_path):
    (tmp_path / "weights").mkdir()
    step = Step("names", names, Params(), evictable=True)
    given = {"folder": Source("ab" * 32, tmp_path / "weights")}
    digest = cache.run(step, given).digest
    shutil.rmtree(cache.root / "objects")
    assert cache.load(digest)["names"].tolist() == []


@dataclass(frozen=True)
class Nested:
    spread: Parallel  # known to type checkers only, as compute modules do it
    inner: Params


def nested(params):
    return {"rows": np.arange(params.spread.jobs * params.inner.factor)}


def test_params_inside_params_come_back_whatever_their_module_imports(cache):
    step = Step("nested", nested, Nested(blocks.Parallel(2, "loky"), Params(3)), evictable=True)
    digest = cache.run(step, {}).digest
    shutil.rmtree(cache.root / "objects")
    assert cache.load(digest)["rows"].tolist() == list(range(6))


def names(params, folder):
    return {"names": np.array(sorted(path.name for path in folder.iterdir()), "U8")}


def test_a_recipe_is_followed_in_another_process(cache, corpus):
    digest = cache.run(replace(HEAVY, params=Params(factor=5)), {"clip": source(corpus / "S01" / "clip-001")}).digest
    before = tree(cache.root)
    shutil.rmtree(cache.root / "objects")
    code = "from aver.cache.cache import Cache; print(Cache(Path(sys.argv[1])).load(sys.argv[2])['rows'].sum())"
    assert int(told(python(code, cache.root, digest))) == 5 * sum(b"content 1")
    assert tree(cache.root) == before


@pytest.mark.parametrize("name", ["subprocess:getoutput", "builtins:eval", "aver.cache.recipe:Path", "os:system"])
def test_a_recipe_from_outside_runs_nothing_but_aver(cache, corpus, name):
    digest = lost(cache, corpus)
    path = cache.root / "recipes" / digest[:2] / f"{digest}.json"
    module, _, function = name.partition(":")
    path.write_bytes(seal(read_recipe(path) | {"module": module, "function": function}))
    with pytest.raises(CacheError, match=r"no part of AVER|not defined there"):
        cache.load(digest)


def test_an_object_whose_code_changed_is_not_let_go(cache, corpus):
    digest = lost(cache, corpus)
    path = cache.root / "recipes" / digest[:2] / f"{digest}.json"
    recipe = read_recipe(path)
    assert obstacle(recipe) == ""
    assert "the code of cachework changed" in obstacle(recipe | {"code": {"cachework": "0" * 64}})
