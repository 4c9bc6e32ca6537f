"""Layer views: the maps are what the convolutions answer, the strongest come first, and colours can be read in grey."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock, patch

import gradio as gr
import numpy as np
import pytest
import torch
from command_line import Run
from micrographs import grains, with_bar
from PIL import Image, ImageDraw
from skimage.color import rgb2lab
from torch import Tensor, nn

from corrovis.errors import BadInputError, WeightsError
from corrovis.images import save_png
from corrovis.networks.yolo_seg import YoloSeg
from corrovis.render.colour_maps import FILTERS, TITLES, filter_of, table
from corrovis.render.layer_sheets import Look, grid, layer_sheet, levels, overview
from corrovis.sem.layers import LayerViewer, convolutions, middle_square, picture_channels
from corrovis.sem.preparing import as_seen
from corrovis.sem.results import Field
from corrovis.settings import WEIGHTS
from corrovis.store import Store
from corrovis.ui.materials import MaterialSection
from corrovis.ui.materials_jobs import LayersVisit, MaterialsLab, view_value
from corrovis.ui.wording.materials import NETWORKS


class Scaled(nn.Module):
    """Defined in the other order than passed; scales its input by 1, -3 and 2, whose ReLUs in place are then weighed."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Conv2d(3, 2, 1, bias=False)
        self.first = nn.Conv2d(1, 3, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        with torch.no_grad():
            self.first.weight[:, 0, 0, 0] = torch.tensor([1.0, -3, 2])
            self.last.weight[:, :, 0, 0] = torch.tensor([[5.0, 1, 1], [0, 0, 0]])

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.last(self.relu(self.first(x)))
        return maps


def test_maps_are_what_the_convolutions_answer() -> None:
    x = torch.rand(2, 1, 4, 4) + 0.1
    first, last = convolutions(Scaled().requires_grad_(False), x)
    assert (first.name, last.name) == ("first", "last")
    assert first.mean == pytest.approx(0 * x[:, 0].numpy(), abs=1e-6)  # (1 - 3 + 2) / 3
    # Influence is weight times activation: 5 x 1, 1 x 2, and nothing of what the ReLU took away.
    assert first.channels == (0, 2, 1)
    assert first.strongest[:, 0] == pytest.approx(x[:, 0].numpy())
    assert first.strongest[:, 2] == pytest.approx(-3 * x[:, 0].numpy())  # as it was before the ReLU in place
    assert last.count == 2


class ScoresAlone(nn.Module):
    """What YOLOv8-seg says of classes, (n, classes, anchors), without boxes and coefficients."""

    def __init__(self, network: YoloSeg) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)[0][:, 4:-32]


def test_boxes_are_looked_at_for_their_scores() -> None:
    torch.manual_seed(0)
    network, x = YoloSeg(classes=2).eval().requires_grad_(False), torch.rand(1, 3, 64, 64)
    found = {layer.name: layer for layer in convolutions(network, x, 4)}
    wanted = {layer.name.removeprefix("network."): layer for layer in convolutions(ScoresAlone(network), x, 4)}
    assert {name: layer.channels for name, layer in found.items()} == {name: layer.channels for name, layer in wanted.items()}
    boxes = [layer for name, layer in found.items() if ".cv2." in name and name.startswith("net.model.22.")]
    assert boxes
    assert all(layer.channels == (0, 1, 2, 3) for layer in boxes), "layers of the boxes do not bear on the scores"


def test_boxes_can_be_looked_at_after_an_inspection() -> None:
    network, x = YoloSeg().eval().requires_grad_(False), torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        network(x)
    assert convolutions(network, x, 4)


@pytest.mark.parametrize("levels", ["normalised", "flattened", "as they are"])
def test_layers_see_the_grey_levels_that_an_inspection_sees(levels: str, toy_store: Store) -> None:
    """Against the inspection's own preparation of a field of the side that the view shows."""
    spec = replace(toy_store.spec("pits304"), input={"size": 128, "levels": levels})
    slope = (grains(128, 128) * np.linspace(0.4, 1, 128)).astype(np.uint8)
    field = Field(np.repeat(slope[..., None], 3, axis=2), "drawn", (0, 128))
    assert np.array_equal(middle_square(field, spec), as_seen(field.specimen, spec))


def test_looking_changes_no_answer(toy_store: Store) -> None:
    network = toy_store.network("material")
    x = torch.rand(1, 3, 64, 64)
    before = network(x)[0]
    assert len(convolutions(network, x)) == sum(isinstance(module, nn.Conv2d) for module in network.modules())
    assert (network(x)[0] == before).all()


def test_two_looks_at_once_do_not_mix(toy_store: Store) -> None:
    """The network is shared: while one looks, others look and classify, each in a thread of its own."""
    network = toy_store.network("material")
    pictures = [torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(seed)) for seed in range(2)]
    alone = [convolutions(network, x) for x in pictures]

    def classified(times: int) -> None:
        with torch.inference_mode():
            for _ in range(times):
                network(pictures[0])

    with ThreadPoolExecutor(3) as pool:
        busy = pool.submit(classified, 30)
        together = [pool.submit(convolutions, network, pictures[n % 2]) for n in range(8)]
        for n, found in enumerate(together):
            for layer, known in zip(found.result(), alone[n % 2], strict=True):
                assert layer.name == known.name
                assert np.allclose(layer.mean, known.mean, atol=1e-4)
        busy.result()


def test_a_network_without_convolutions_is_refused() -> None:
    with pytest.raises(WeightsError, match="has no convolution"):
        convolutions(nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), torch.zeros(1, 1, 4, 4))


def test_networks_that_take_no_picture_cannot_be_looked_into(toy_store: Store) -> None:
    viewer = LayerViewer(toy_store)
    assert viewer.first == "material"
    assert "car-rust" not in viewer.models
    field = Field(np.repeat(grains(60, 80)[..., None], 3, axis=2), "drawn", (0, 60))
    with pytest.raises(BadInputError, match="car-rust; there are material"):
        viewer.view([field], "car-rust")
    for model in viewer.models:
        assert viewer.view([field], model, 4).layers


def test_every_shipped_network_of_one_picture_can_be_looked_into() -> None:
    """By the inputs of its golden test; but for the one whose filters are given, not learned.  Each has a title on the page."""
    store = Store(WEIGHTS)
    shapes = {name: spec.golden.get("shape", ()) for name, spec in store.specs.items()}
    pictures = {name for name, shape in shapes.items() if len(shape) == 4 and shape[1] in (1, 3)}
    assert set(LayerViewer(store).models) == pictures - {"pits304-pixels"} == set(NETWORKS)
    assert all(picture_channels(store.network(name)) == shapes[name][1] for name in LayerViewer(store).models)


def test_two_pictures_share_scale_and_channels(toy_store: Store) -> None:
    fields = [Field(np.repeat(grains(60, 80, seed)[..., None], 3, axis=2), str(seed), (0, 60)) for seed in range(2)]
    view = LayerViewer(toy_store).view(fields, "material", 4)
    assert view.layers[0].strongest.shape[:2] == (2, 4)
    with patch.object(ImageDraw.ImageDraw, "text", autospec=True) as written:
        sheet = layer_sheet(view, view.layers[0], Look("aqua", "top"))
    assert sheet.width > 2 * sheet.height * 0.8
    texts = [call.args[2] for call in written.call_args_list]
    assert texts[1].endswith("top 4 of 32 for 0"), "the first picture's order"
    assert [text for text in texts[2:] if text not in view.names] == [str(k) for k in view.layers[0].channels] * 2
    maps = np.stack([np.zeros((2, 2)), np.full((2, 2), 4.0)]).astype(np.float32)
    assert levels(maps).tolist() == [[[0, 0], [0, 0]], [[255, 255], [255, 255]]]


def test_an_overview_says_what_it_shows(toy_store: Store) -> None:
    """Means, also where single layers show their strongest channels."""
    fields = [Field(np.repeat(grains(60, 80, seed)[..., None], 3, axis=2), f"{seed}.png", (0, 60)) for seed in range(2)]
    view = LayerViewer(toy_store).view(fields, "material", 4)
    with patch.object(ImageDraw.ImageDraw, "text", autospec=True) as written:
        overview(view, Look("red-lava", "top"))
    texts = [call.args[2] for call in written.call_args_list]
    assert texts[:2] == ["network material, filter Red Lava, mean of each layer's channels", "from the top: 0.png, 1.png"]
    assert texts[2:4] == ["input", view.layers[0].name]


def test_what_is_saved_is_what_is_shown(toy_store: Store, tmp_path: Path) -> None:
    """And the page gets the notes of reading."""
    Image.fromarray(with_bar(grains(), "bottom", 0)).save(tmp_path / "a.png")
    lab, asked = MaterialsLab(LayerViewer(toy_store)), {"kind": "png", "layer": 0, "colours": "bone", "show": "mean"}
    visit, tab = LayersVisit(((tmp_path / "a.png", "a.png"),), lab.viewer.first), cast(Any, SimpleNamespace(lab=lab))
    value = json.loads(view_value(lab, visit))
    assert any("data bar cropped" in note for note in value["notes"])
    assert MaterialSection.keep(tab, visit, Mock(**asked, key=value["key"])).endswith(".png")
    with pytest.raises(gr.Error, match="Another picture or network was chosen meanwhile"):
        MaterialSection.keep(tab, replace(visit, model="other"), Mock(**asked, key=value["key"]))


def test_a_map_without_contrast_is_black() -> None:
    assert not levels(np.full((1, 3, 3), 7, np.float32)).any()


def test_grids_place_maps_row_by_row() -> None:
    maps = np.stack([np.full((2, 2), value, np.uint8) for value in (0, 85, 170, 255)])
    found = np.asarray(grid(maps, 106, table("bone")))
    corners = [found[10, 10], found[10, 90], found[90, 10], found[90, 90]]
    assert [corner.tolist() for corner in corners] == [table("bone")[value].tolist() for value in (0, 85, 170, 255)]


@pytest.mark.parametrize("name", FILTERS)
def test_filters_can_be_read_in_grey(name: str) -> None:
    colours = table(filter_of(name))
    lightness = rgb2lab(colours[None] / 255)[0, :, 0]
    assert (np.diff(lightness) > -0.4).all()  # rounding to 8 bits costs a little
    assert lightness[0] < 12
    assert lightness[-1] > 90


def test_filters_are_the_seeds_six() -> None:
    assert [filter_of(name) for name in ("Blue_RGB", "Aqua", "Moonlight", "Bronze", "Red Lava", "Bone")] == list(FILTERS)
    assert [filter_of(title) for title in TITLES.values()] == list(FILTERS)
    with pytest.raises(BadInputError, match="there are blue-rgb, aqua"):
        filter_of("viridis")


def test_layers_writes_what_its_json_says(corrovis: Run, tmp_path: Path) -> None:
    for seed in range(2):
        save_png(np.repeat(grains(seed=seed)[..., None], 3, axis=2), tmp_path / f"{seed}.png", None)
    options = ("--beside", tmp_path / "1.png", "--filter", "Red Lava", "--show", "top", "--top", 4, "--model", "material")
    answer = corrovis("layers", tmp_path / "0.png", *options, "--out", tmp_path / "o", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["filter"] == "red-lava"
    layers = answer.json["layers"]
    assert len({layer["file"] for layer in layers}) == len(layers) > 40
    assert all(Image.open(layer["file"]).format == "PNG" for layer in layers)
    assert all(len(layer["shown"]) == min(4, layer["channels"]) for layer in layers)
    pdf = Path(answer.json["pdf"]).read_bytes()
    assert pdf.startswith(b"%PDF")
    first = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", pdf)
    assert first
    assert [float(points) for points in first.groups()] == pytest.approx(
        [s * 72 / 150 for s in Image.open(answer.json["overview"]).size], abs=1
    )


def test_layers_of_two_networks_in_one_folder_are_told(corrovis: Run, tmp_path: Path) -> None:
    """Of a drawn scale bar nothing is said: no map depends on the scale, and there is no option for it."""
    Image.fromarray(with_bar(grains(), "bottom", 0)).save(tmp_path / "a.png")
    words = ("layers", tmp_path / "a.png", "--out", tmp_path / "o", "--model")
    first = corrovis(*words, "material")
    assert "earlier run" not in first.err
    assert "scale bar" not in first.err
    assert "data bar cropped" in first.err
    assert str(tmp_path / "o" / "01_") not in first.out, "names are short, so that no window breaks them"
    assert {path.name for path in (tmp_path / "o").glob("0*.png")} < set(first.out.split())
    assert corrovis(*words, "material", "--json").json["warnings"] == [w for w in first.err.split("note: ")[1].splitlines() if w]
    (left,) = [line for line in corrovis(*words, "steel-inspector").err.splitlines() if "earlier run" in line]
    assert left.startswith(f"note: {tmp_path / 'o'} holds 01_")
    assert left.endswith(" more of an earlier run as well")


def test_layers_of_a_labs_own_network(corrovis: Run, tmp_path: Path) -> None:
    save_png(np.repeat(grains()[..., None], 3, axis=2), tmp_path / "a.png", None)
    own = WEIGHTS / "steel-inspector.safetensors"  # any file beside its record will do
    answer = corrovis("layers", tmp_path / "a.png", "--weights", own, "--out", tmp_path / "o", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["model"] == "steel-inspector"
    answer = corrovis("layers", tmp_path / "a.png", "--weights", own, "--model", "material", "--out", tmp_path / "other")
    assert answer.code == 2
    assert f"{own} is the network steel-inspector, not material; leave one of --weights and --model out" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--filter", "viridis"], "no colour filter is called viridis"),
        (["--show", "all"], "shown as mean or top"),
        (["--model", "mars"], "is called mars"),
        (["--beside", "gone.png"], "gone.png cannot be read"),
        (["--weights", "gone.safetensors"], "gone.safetensors is no file"),
    ],
)
def test_bad_wishes_are_one_line(
    words: list[str],
    said: str,
    corrovis: Run,
    tmp_path: Path,
) -> None:
    save_png(np.repeat(grains()[..., None], 3, axis=2), tmp_path / "a.png", None)
    answer = corrovis("layers", tmp_path / "a.png", *words, "--out", tmp_path / "o")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert said in answer.err
