"""What the README tells people to type exists, and its front matter fits the requirements."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
import typer.main
from PIL import Image

from corrovis.cli import app
from corrovis.images import MAX_PIXELS
from corrovis.results import Photo

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
DOCUMENTS = ["README.md", "CONTRIBUTING.md"]


def code(document: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), flags=re.DOTALL)


def shell_lines() -> list[str]:
    lines = [line for document in DOCUMENTS for block in code(document, "sh") for line in block.splitlines()]
    return [line.split("#")[0].strip() for line in lines if line.strip()]


def front_matter() -> dict[str, str]:
    block = README.split("---\n")[1]
    return {key: value.strip().strip('"') for key, value in (line.split(":", 1) for line in block.splitlines())}


def test_front_matter_makes_it_a_space() -> None:
    front = front_matter()
    requirements = (ROOT / "requirements.txt").read_text()
    assert front["sdk"] == "gradio"
    assert f"gradio=={front['sdk_version']}\n" in requirements
    assert (ROOT / front["app_file"]).exists()
    assert front["license"] == "agpl-3.0"
    assert front["python_version"] == "3.11"


def test_make_targets_exist() -> None:
    text = "\n".join((ROOT / document).read_text() for document in DOCUMENTS)
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"`make (\w+)", text)) | {line.split()[1] for line in shell_lines() if line.startswith("make ")}
    assert {"setup", "run", "test", "check", "bench", "help"} <= targets
    assert {target for target in targets if not re.search(rf"^{target}:", makefile, flags=re.MULTILINE)} == set()


@pytest.mark.parametrize("line", [line for line in shell_lines() if line.startswith("corrovis ")])
def test_commands_are_understood_as_written(line: str) -> None:
    """Parsed by the real command, though not run."""
    _, name, *words = shlex.split(line)
    command = typer.main.get_command(app).commands[name]
    command.make_context(name, words)


@pytest.mark.parametrize("document", [*DOCUMENTS, "docs/overview.md"])
def test_links_and_files_exist(document: str) -> None:
    text = (ROOT / document).read_text()
    linked = [ROOT / document / ".." / link for link in re.findall(r"\]\((?!http)([^)#]+)", text)]
    named = [ROOT / path for path in re.findall(r"`((?:corrovis|train|tests|docs)/[\w/.]+\.\w+)`", text)]
    assert [path for path in linked + named if not path.resolve().exists()] == []


@pytest.mark.parametrize("block", code("README.md", "python"))
def test_python_is_python_and_imports_what_exists(block: str) -> None:
    imports = [node for node in ast.parse(block).body if isinstance(node, ast.ImportFrom | ast.Import)]
    exec(compile(ast.Module(imports, []), "README.md", "exec"), {})


def test_the_loop_over_photos_of_cars_runs(
    toy_weights: Path, toy_photo: Photo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos").mkdir()
    for path in ("car.jpg", "photos/one.jpg", "photos/two.jpg"):
        Image.fromarray(toy_photo.rgb).save(tmp_path / path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CORROVIS_WEIGHTS", str(toy_weights))
    exec(next(block for block in code("README.md", "python") if "Ager" in block), {})
    made = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("level_*.png"))
    assert made == [f"aged/{name}/level_{level}.png" for name in ("one", "two") for level in (1, 2, 3)]
    assert (tmp_path / "moderate.png").exists()


def test_environment_variables_are_read_somewhere() -> None:
    ours = set(re.findall(r"`(CORROVIS_\w+)`", README))
    sources = "\n".join(path.read_text() for path in [ROOT / "app.py", *(ROOT / "corrovis").rglob("*.py")])
    assert {name for name in ours if name not in sources} == set()
    assert f"{MAX_PIXELS // 1_000_000} megapixels" in README
