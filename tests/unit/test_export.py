"""The writer of weights/: what it writes loads, says what it is, and nothing is written when a check fails."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import export as exporter
import pytest
import torch
from export import Release, export, read_json, tensors_of
from safetensors.torch import load_file
from scripts import run
from support import save_checkpoint
from torch import nn

from corrovis import golden
from corrovis.errors import WeightsError
from corrovis.manifest import read_manifest, verify
from corrovis.networks.car_unet import CarUNet
from corrovis.store import BUILDERS, Store


class Line(nn.Module):
    """y = scale * (w x) + b, with a buffer; small enough to know every number."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.register_buffer("scale", torch.ones(2, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x) * self.scale.mean()


@pytest.fixture(autouse=True)
def _line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILDERS, "Line", Line)


RELEASE = Release(
    name="line",
    arch="Line",
    shapes=[[5, 4]],
    about="Draws a line",
    classes=("y",),
    input={"size": 4},
    limits="Straight ones only",
    trained={"seconds": 3},
    metrics={"accuracy": {"value": 0.91, "low": 0.88, "high": 0.94, "n": 120, "on": "held-out lines"}},
)


def line() -> Line:
    torch.manual_seed(1)
    return Line()


def test_what_is_written_loads_and_answers_the_same(tmp_path: Path) -> None:
    network = line()
    spec = export(network, RELEASE, tmp_path)
    assert read_manifest(tmp_path) == {"line": spec}
    verify(spec, tmp_path / spec.file)
    assert spec.bytes == (tmp_path / spec.file).stat().st_size
    x = torch.randn(3, 4)
    loaded = Store(tmp_path).network("line")
    assert torch.allclose(loaded(x), network(x), atol=0.01)
    assert not loaded.training
    golden.check(loaded, spec)


def test_weights_are_float16_but_biases_and_buffers_are_not(tmp_path: Path) -> None:
    spec = export(line(), RELEASE, tmp_path)
    kinds = {name: tensor.dtype for name, tensor in load_file(tmp_path / spec.file).items()}
    assert kinds == {"linear.weight": torch.float16, "linear.bias": torch.float32, "scale": torch.float32}
    assert spec.extra["stored"] == "float16"


def test_float32_where_float16_would_change_the_answer(tmp_path: Path) -> None:
    network = line()
    with torch.no_grad():
        network.linear.weight.mul_(1e6)  # beyond float16
    spec = export(network, RELEASE, tmp_path)
    assert spec.extra["stored"] == "float32"
    assert set(tensors_of(network, half=False)) == set(load_file(tmp_path / spec.file))
    golden.check(Store(tmp_path).network("line"), spec)


def test_golden_numbers_notice_another_network(tmp_path: Path) -> None:
    spec = export(line(), RELEASE, tmp_path)
    other = line()
    with torch.no_grad():
        other.linear.bias[0] += 0.1
    with pytest.raises(WeightsError, match=r"line computes .* where its record says .*requirements\.txt"):
        golden.check(other, spec)
    with torch.no_grad():
        other.linear.bias[0] = torch.nan
    with pytest.raises(WeightsError, match="nan"):
        golden.check(other, spec)


def test_network_of_several_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Sum(Line):
        def forward(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return super().forward(x), y

    monkeypatch.setitem(BUILDERS, "Sum", Sum)
    spec = export(Sum(), replace(RELEASE, arch="Sum", shapes=[[2, 4], [3, 5]]), tmp_path)
    assert spec.golden["shapes"] == [[2, 4], [3, 5]]
    golden.check(Store(tmp_path).network("line"), spec)


def test_folder_is_left_as_it_was_when_a_check_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(line(), RELEASE, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    broken = line()
    with torch.no_grad():
        broken.linear.weight[0, 0] = torch.nan
    with pytest.raises(WeightsError, match="not finite"):
        export(broken, RELEASE, tmp_path)
    monkeypatch.setattr(exporter, "MAX_TOTAL_BYTES", 100)
    with pytest.raises(WeightsError, match="the limit is 80"):
        export(line(), replace(RELEASE, name="second"), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_second_export_replaces_its_record_and_keeps_the_others(tmp_path: Path) -> None:
    export(line(), RELEASE, tmp_path)
    export(line(), replace(RELEASE, name="b"), tmp_path)
    export(line(), replace(RELEASE, about="Draws it better"), tmp_path)
    specs = read_manifest(tmp_path)
    assert list(specs) == ["b", "line"]
    assert specs["line"].extra["about"] == "Draws it better"


def test_card_shows_the_record_and_no_invented_number(tmp_path: Path) -> None:
    spec = export(line(), RELEASE, tmp_path)
    card = (tmp_path / "cards" / "line.md").read_text()
    assert "| accuracy | 0.91 | 0.88 to 0.94 | 120 | held-out lines |" in card
    assert spec.sha256 in card
    assert "Straight ones only" in card
    assert card.startswith("---\nlicense: agpl-3.0\n")
    export(line(), replace(RELEASE, metrics={}), tmp_path)
    assert "None yet." in (tmp_path / "cards" / "line.md").read_text()


def test_read_json_takes_text_files_and_parts_of_files(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(json.dumps({"metrics": {"car-mask": {"iou": {"value": 1}}}}))
    assert read_json('{"a": 1}') == {"a": 1}
    assert read_json(f"{file}#metrics.car-mask") == {"iou": {"value": 1}}
    assert read_json(str(file))["metrics"]


def test_command_line_exports_a_checkpoint(tmp_path: Path) -> None:
    @dataclass
    class Config:
        side: int = 64

    channels = [16, 8, 8, 8, 8]
    save_checkpoint(tmp_path / "last.pt", Config(), 7, network=CarUNet(tuple(channels)))
    command = [tmp_path / "last.pt", "--weights", tmp_path / "weights"]
    command += ["--name", "car-mask", "--arch", "CarUNet", "--shape", "1,3,64,64", "--about", "Toy", "--limits", "Toy"]
    command += ["--classes", "car", "paint"]
    command += ["--input", '{"size": 96}', "--config", json.dumps({"decoder_channels": channels})]
    run("export.py", *command)
    spec = read_manifest(tmp_path / "weights")["car-mask"]
    assert spec.trained["steps"] == 7
    assert spec.classes == ("car", "paint")
    assert Store(tmp_path / "weights").network("car-mask")
    assert asdict(spec)["golden"]["shape"] == [1, 3, 64, 64]
