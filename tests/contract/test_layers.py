"""Imports point upwards only, no domain imports another, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "corrovis").rglob("*.py"))

DOMAINS = ("corrovis.car", "corrovis.electrochem", "corrovis.sem", "corrovis.steel")
# From top to bottom: a module imports from its own layer and from those before it.
LAYERS = [
    ("corrovis", "corrovis.errors", "corrovis.settings"),
    ("corrovis.results", "corrovis.curves"),
    (
        "corrovis.files",
        "corrovis.workbooks",
        "corrovis.easing",
        "corrovis.resizing",
        "corrovis.contrast",
        "corrovis.data_bar",
        "corrovis.depths",
        "corrovis.images",
        "corrovis.tensors",
        "corrovis.tiles",
    ),
    ("corrovis.manifest",),
    ("corrovis.networks",),
    ("corrovis.golden",),
    ("corrovis.store",),
    DOMAINS,
    ("corrovis.render",),
    ("corrovis.tasks",),
    ("corrovis.cluster", "corrovis.batch_table"),
    ("corrovis.batch",),
    ("corrovis.commands",),
    ("corrovis.ui",),
    ("corrovis.cli",),
]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def layer_of(module: str) -> int:
    """Index of the longest name in LAYERS that `module` is or lies in."""
    found = [
        (len(name), i) for i, names in enumerate(LAYERS) for name in names if module == name or module.startswith(f"{name}.")
    ]
    return max(found)[1]


def imports_of(path: Path) -> set[str]:
    """Every module imported anywhere in a file, inside functions too; `from a import b` counts as a.b as well."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            modules.add(str(node.module))
            if node.module == "corrovis" or str(node.module).count(".") == 1:
                modules |= {f"{node.module}.{alias.name}" for alias in node.names if is_module(f"{node.module}.{alias.name}")}
    return modules


def is_module(name: str) -> bool:
    path = ROOT / Path(*name.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_point_upwards(path: Path) -> None:
    own = layer_of(name_of(path))
    for module in imports_of(path):
        if module.split(".")[0] == "corrovis" and module != "corrovis":
            assert layer_of(module) <= own, f"{name_of(path)} imports {module}, which lies below it"
            if layer_of(module) == own == LAYERS.index(DOMAINS):
                assert module.startswith(".".join(name_of(path).split(".")[:2])), f"{name_of(path)} imports {module}"


def test_every_module_is_in_a_layer_of_its_own() -> None:
    """A new top-level module has to be given its place, rather than fall into the first layer by its prefix."""
    known = {name for names in LAYERS for name in names}
    assert {".".join(name_of(path).split(".")[:2]) for path in SOURCES} == known


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_corrovis_does_not_import_training(path: Path) -> None:
    training = {script.stem for script in (ROOT / "train").glob("*.py")} | {"train"}
    assert not {module.split(".")[0] for module in imports_of(path)} & training


def test_what_is_imported_is_pinned() -> None:
    """Also what another package brings: it may bring another version, or nothing, one day."""
    lines = re.findall(r"^([\w.-]+)(?:\[\w+\])?==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    pinned = {same_name(line) for line in lines}
    brought_by = {top: {same_name(name) for name in names} for top, names in packages_distributions().items()}
    scripts = [ROOT / "app.py", *(ROOT / "train").glob("*.py")]
    own = {"corrovis", *(path.stem for path in scripts)}
    tops = {module.split(".")[0] for path in [*SOURCES, *scripts] for module in imports_of(path)}
    loose = {top for top in tops - own - sys.stdlib_module_names if not brought_by.get(top, set()) & pinned}
    assert loose == set()


def same_name(package: str) -> str:
    """As package registries compare names."""
    return re.sub(r"[-_.]+", "-", package).lower()


def test_one_file_imports_ultralytics_and_none_in_passing() -> None:
    """It is imported by name, so that its traps are disarmed first; no import statement may reach it around that."""
    assert not any("ultralytics" in imports_of(path) for path in [*SOURCES, *(ROOT / "train").glob("*.py")])
    assert [name_of(path) for path in SOURCES if '"ultralytics' in path.read_text()] == ["corrovis.networks.yolo_seg"]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_the_command_line_prints(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    prints = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
    assert not prints or name_of(path) in ("corrovis.cli", "corrovis.commands.answers")


@pytest.mark.parametrize(
    "code",
    [
        "import corrovis",
        "import corrovis.cli",
        "import corrovis.manifest",
        "import sys; sys.argv[1:] = ['--help']; from corrovis.cli import main; main()",
    ],
)
def test_nothing_heavy_at_import(code: str) -> None:
    then = "import atexit, sys; atexit.register(lambda: print('LOADED', *sys.modules, file=sys.stderr))"
    done = subprocess.run([sys.executable, "-c", f"{then}\n{code}"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.split("LOADED")[-1].split())
    assert "corrovis" in loaded
    assert not loaded & {
        "torch",
        "numpy",
        "cv2",
        "PIL",
        "gradio",
        "timm",
        "scipy",
        "matplotlib",
        "lmfit",
        "pyimpspec",
        "ray",
        "pyarrow",
    }
