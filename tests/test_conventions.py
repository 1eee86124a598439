"""The rules of the house that a reviewer would otherwise have to remember."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from aver.cache.code import code_modules
from aver.classifiers.registry import get_strategy
from aver.corpora.registry import get_adapter
from aver.errors import REASONS
from aver.faces.registry import get_detector
from aver.features.registry import get_encoder
from aver.params import blocks, names
from aver.params.file import load
from aver.reducers.registry import get_reducer
from aver.weights.layouts import LAYOUTS

ROOT = Path(__file__).parents[1]
DVC = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
STAGES = {name: stage.get("do", stage) for name, stage in DVC["stages"].items()}
SCRIPTS = sorted((ROOT / "stages").glob("*.py"))
SOURCES = sorted((ROOT / "src" / "aver").rglob("*.py"))

#: Upstream to downstream (DESIGN: layers); a module may import its own layer's packages only where listed below.
LAYERS = [
    {"errors", "outcome", "clock", "params", "device", "tensorflow_import"},
    {"cache", "store", "parallel", "ledger", "progress", "runs"},
    {"corpora", "media", "faces", "windows", "weights", "features", "synthetic"},
    {"folds", "sequences", "reducers", "classifiers", "evaluation", "report"},
    {"cli", "__main__"},
]
#: The order of the flow within the two lower layers: a package may import those before it.
FLOW = ["media", "synthetic", "corpora", "faces", "windows", "weights", "features",
        "folds", "sequences", "reducers", "classifiers", "evaluation", "report"]  # fmt: skip

#: Modules that compute what the clip cache stores.  Their digest is part of every key, so they stay leaves.
COMPUTE = [
    "aver.media.probe", "aver.media.sound", "aver.faces.haar", "aver.faces.mtcnn",
    *(f"aver.features.{name.replace('-', '_')}" for name in names.ENCODERS), "aver.features.pool_frames",
    *(f"aver.classifiers.{name}" for name in names.NETWORKS), *(f"aver.reducers.{name}" for name in names.REDUCERS),
    "aver.classifiers.probe", "aver.synthetic.render",
]  # fmt: skip
NOT_FOR_LEAVES = {"errors", "cache", "store", "parallel", "ledger", "progress", "runs", "params", "cli"}


def package_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imported(path: Path) -> set[str]:
    """Return the `aver` modules a script needs, however deep."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aver"):
            found.update(code_modules(node.module or ""))
    return found


def covered(module: str, deps: list[str]) -> bool:
    path = "src/" + module.replace(".", "/")
    package = (ROOT / path).is_dir()
    # `import aver.x.y` also runs `aver/__init__.py` and `aver/x/__init__.py`, which hold a docstring and no code.
    return package or any(f"{path}.py" == dep or f"{path}.py".startswith(f"{dep}/") for dep in deps)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_stage_declares_every_module_it_imports(script: Path) -> None:
    deps = STAGES[script.stem]["deps"]
    assert f"stages/{script.name}" in deps
    missing = sorted(module for module in imported(script) if not covered(module, deps))
    assert not missing, f"add to deps of stage {script.stem} in dvc.yaml"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_stage_script_is_short_and_named_like_its_stage(script: Path) -> None:
    assert script.stem in STAGES
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 40
    assert (ROOT / "src" / "aver" / script.stem).is_dir()


def test_every_stage_has_a_script_and_runs_its_own_commits_code() -> None:
    assert {script.stem for script in SCRIPTS} == set(STAGES)
    for name, stage in STAGES.items():
        assert stage["cmd"].startswith(f"PYTHONPATH=src python stages/{name}.py ")


def test_every_stage_comes_after_the_check_of_params() -> None:
    """Stages without a stage before them depend on its out; the others come after those."""
    for name, stage in STAGES.items():
        if name != "params":
            assert any(dep.startswith(("data/", "${item.root}")) for dep in stage["deps"])
    for name in ("synthetic", "weights", "corpora"):
        assert "data/params" in STAGES[name]["deps"]


def test_no_out_persists() -> None:
    """`persist: true` switches DVC's run cache off."""
    assert "persist" not in (ROOT / "dvc.yaml").read_text(encoding="utf-8")


def test_the_grid_is_spelt_once_in_meaning() -> None:
    grid = [name for name in STAGES["classifiers"]["matrix"]["strategy"] if name != "${fusion}"]
    compared = re.search(r"--strategies ([a-z0-9 -]+?) --", STAGES["evaluation"]["cmd"])
    assert compared
    assert grid == compared[1].split()
    assert set(grid) <= set(names.STRATEGIES)


def test_every_name_has_its_file_and_every_file_its_name() -> None:
    for name in names.ADAPTERS:
        assert get_adapter(name).LAYOUT
    for name in names.ENCODERS:
        assert get_encoder(name).name == name
    assert set(LAYOUTS) == set(names.WEIGHTS)
    for name in names.STRATEGIES:
        assert get_strategy(name).name == name.removesuffix(names.PAPER)
    for name in names.REDUCERS:
        assert get_reducer(name).name == name
    for name in names.DETECTORS:
        assert get_detector(name).name == name


@pytest.mark.parametrize("module", COMPUTE)
def test_compute_modules_are_leaves(module: str) -> None:
    """An error text or a registry line must not change the key of a stored result."""
    for needed in code_modules(module):
        assert package_of(needed) not in NOT_FOR_LEAVES, f"{module} needs {needed}"
        assert not needed.endswith((".index", ".registry", ".extract", ".build"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src" / "aver").as_posix())
def test_imports_point_upstream(path: Path) -> None:
    own = path.relative_to(ROOT / "src" / "aver").with_suffix("").parts[0]
    if own == "__init__":
        return
    rank = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    assert own in rank, f"say in which layer {own} lies"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner) for node in ast.walk(tree) if isinstance(node, ast.If)
        and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING" for inner in ast.walk(node)
    }  # fmt: skip
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or id(node) in typing_only:
            continue
        other = package_of(node.module or "")
        if not (node.module or "").startswith("aver.") or other == own:
            continue
        assert rank[other] <= rank[own], f"{own} may not import {other}"
        if other in FLOW and own in FLOW:
            assert FLOW.index(other) < FLOW.index(own), f"{own} comes before {other} in the flow"


def test_the_survey_looks_at_every_stage_that_asks_the_clip_cache() -> None:
    """Else `aver plan` would be silent about it and `aver gc --workspace` would let its results go."""
    asking = {
        "aver." + ".".join(path.relative_to(ROOT / "src" / "aver").with_suffix("").parts)
        for path in SOURCES
        if re.search(r"^from aver\.parallel import .*\brun_tasks\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    parts = sorted((ROOT / "src/aver/cli/survey").glob("*.py"))
    survey = "".join(path.read_text(encoding="utf-8") for path in parts)
    looked_at = set(re.findall(r"from (aver\.[\w.]+) import", survey))
    assert asking
    assert asking <= looked_at


def test_reasons_are_a_closed_list() -> None:
    used = set()
    for path in SOURCES:
        used.update(re.findall(r'Unusable\(\s*"(\w+)"', path.read_text(encoding="utf-8")))
        used.update(re.findall(r'Failure\(.*?"corpora", "(\w+)"', path.read_text(encoding="utf-8")))
    assert used
    assert used <= set(REASONS)


def test_no_key_that_dvc_leaves_out_of_its_run_cache() -> None:
    def keys(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {key for child in value.values() for key in keys(child)}
        return {key for child in value for key in keys(child)} if isinstance(value, list) else set()

    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    found = keys(params) | {field for block in vars(blocks).values() if isinstance(block, type)
                            for field in getattr(block, "__annotations__", {})}  # fmt: skip
    assert not found & {"size", "nfiles"}


def test_importing_aver_is_light() -> None:
    heavy = ("torch", "cv2", "tensorflow", "h5py", "pyarrow")
    code = f"import sys, aver, aver.params.file; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT / "src")
    assert done.stdout.strip() == "[]"


def test_the_blocks_that_params_offers_as_comments_are_valid(tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    uncommented = re.sub(r"(?m)^  # ", "  ", text)
    (tmp_path / "params.yaml").write_text(uncommented, encoding="utf-8")
    params = load(tmp_path / "params.yaml")
    assert set(params.corpora) > {"synthetic", "ravdess", "mine"}
    assert set(params.benchmarks) == {"synthetic", "ravdess", "cremad", "joint", "cross"}
