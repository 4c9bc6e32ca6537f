"""What all tests share: a complete toy weights folder, a small car photo, and closed doors to the network."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from command_line import Answer, Run
from export import Release, export
from PIL import Image
from torch import nn

from corrovis import cli
from corrovis.commands.answers import settings
from corrovis.results import SEVERITIES, Photo
from corrovis.store import BUILDERS, Store

if TYPE_CHECKING:
    from endpoints import Doors

LOOPBACK = ("127.", "::1", "localhost")
STEEL_CLASSES = (
    *("crazing", "grooves_gouges", "inclusion", "patches", "pitted_surface"),
    *("rolled_in_scale", "rolling_dust", "scratches", "spots", "background"),
)
HALVES = {"mean": [0.5] * 3, "std": [0.5] * 3, "resample": "area"}


def everything_is_car(network: nn.Module) -> None:
    """An untrained mask network finds nothing; this one says car and paint wherever it looks, a little more here than there."""
    head = network.unet.segmentation_head[0]
    nn.init.normal_(head.weight, std=0.01)
    nn.init.constant_(head.bias, 4)


def something_is_corroded(network: nn.Module) -> None:
    """Calls about half of any picture corroded, here more surely than there."""
    head = network.unet.segmentation_head[0]
    nn.init.normal_(head.weight, std=0.5)
    nn.init.zeros_(head.bias)


def everything_is_measured(network: nn.Module) -> None:
    """A gauge of what is familiar, which an untrained network lacks."""
    for part in network.familiarity.buffers():
        nn.init.normal_(part)


# Every shipped network at toy size, through the real export and the real store: release, and what to do before it is saved.
TOYS: list[tuple[Release, Callable[[nn.Module], None] | None]] = [
    (
        Release(
            name="car-mask",
            arch="CarUNet",
            shapes=[[1, 3, 64, 64]],
            about="Toy",
            classes=("car", "paint"),
            input={"size": 96, **HALVES},
            limits="Toy",
            config={"decoder_channels": [16, 8, 8, 8, 8]},
        ),
        everything_is_car,
    ),
    (
        Release(
            name="car-rust",
            arch="RustTexture",
            shapes=[[1, 5, 32, 32], [1, 1, 32, 32]],
            about="Toy",
            classes=("red", "green", "blue"),
            input=HALVES,
            limits="Toy",
            config={"width": 8, "blocks": 1},
        ),
        None,
    ),
    (
        Release(
            name="car-grade",
            arch="SeverityNet",
            shapes=[[1, 3, 64, 64]],
            about="Toy",
            classes=SEVERITIES,
            input={"size": 64, **HALVES},
            limits="Toy",
            config={"hidden": 8},
        ),
        None,
    ),
    (
        Release(
            name="ni20cr",
            arch="CorrosionUNet",
            shapes=[[1, 3, 64, 64]],
            about="Toy",
            classes=("background", "corroded"),
            input={"size": 64, "overlap": 16, "levels": "normalised", **HALVES},
            limits="Toy",
            config={"classes": 2, "decoder_channels": [16, 8, 8, 8, 8]},
            metrics={"area_error": {"value": 0.02, "n": 1, "on": "toy"}},
        ),
        something_is_corroded,
    ),
    (
        Release(
            name="pits304",
            arch="PixelNet",
            shapes=[[1, 3, 64, 64]],
            about="Toy",
            classes=("background", "pit"),
            input={
                "size": 128,
                "overlap": 32,
                "levels": "flattened",
                "enlarge": 2,
                "enlarged_to": 512,
                "extent": 0.5,
                "sure": 0.3,
                "least_px": 5,
                **HALVES,
            },
            limits="Toy",
            config={"hidden": 8},
        ),
        None,
    ),
    (
        Release(
            name="material",
            arch="MaterialNet",
            shapes=[[1, 3, 64, 64]],
            about="Toy",
            classes=("steel", "nickel", "oxide"),
            input={"size": 64, "square": True, "levels": "normalised", "unfamiliar_above": 1.9, **HALVES},
            limits="Toy",
            config={"outputs": 3, "prototypes": 4},
        ),
        everything_is_measured,
    ),
    (
        Release(
            name="sem-gan",
            arch="SurfaceGAN",
            shapes=[[1, 20, 64, 64], [1, 2]],
            about="Toy",
            classes=("Ni-20Cr alloy", "304 stainless steel"),
            input={"size": 64, **HALVES},
            limits="Toy",
            config={"materials": 2, "width": 8},
        ),
        None,
    ),
    (
        Release(
            name="steel-pegan",
            arch="PEGenerator",
            shapes=[[1, 1, 32, 32], [1, 10]],
            about="Toy",
            classes=STEEL_CLASSES,
            input={"size": 64},
            limits="Toy",
            config={"width": 4, "blocks": 1},
        ),
        None,
    ),
    (
        Release(
            name="steel-inspector",
            arch="InspectorNet",
            shapes=[[1, 1, 32, 32]],
            about="Toy",
            classes=STEEL_CLASSES,
            input={"size": 64},
            limits="Toy",
            config={"backbone": "resnet18", "width": 0.125},
        ),
        None,
    ),
]


@pytest.fixture(scope="session")
def toy_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder with every network that the app needs, each with random numbers and few of them."""
    folder = tmp_path_factory.mktemp("weights")
    for release, prepare in TOYS:
        torch.manual_seed(0)
        network = BUILDERS[release.arch](**release.config)
        if prepare:
            prepare(network)
        export(network, release, folder)
    return folder


@pytest.fixture(scope="session")
def toy_store(toy_weights: Path) -> Store:
    return Store(toy_weights)


@pytest.fixture
def doors(toy_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doors:
    """The endpoints of a page with toy networks."""
    from endpoints import published  # brings gradio, which most tests do without

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    return published(toy_store)


@pytest.fixture
def toy_photo() -> Photo:
    """(72, 96, 3): a red box on two dark wheels before sky and street."""
    rgb = np.empty((72, 96, 3), np.uint8)
    rgb[:40], rgb[40:] = (150, 180, 215), (110, 110, 112)
    rgb[26:54, 14:84] = (178, 30, 34)
    y, x = np.mgrid[0:72, 0:96]
    for centre in (28, 70):
        rgb[(y - 54) ** 2 + (x - centre) ** 2 < 64] = (25, 25, 27)
    return Photo(rgb, "toy.png")


@pytest.fixture
def car(tmp_path: Path, toy_photo: Photo) -> Path:
    """The toy photo as a file."""
    path = tmp_path / "car.png"
    Image.fromarray(toy_photo.rgb).save(path)
    return path


@pytest.fixture(autouse=True)
def _closed_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do not call home: any connection but to this machine fails loudly.  Browsers are processes of their own."""
    if request.node.get_closest_marker("browser"):
        return
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(LOOPBACK):
            pytest.fail(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def corrovis(toy_weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call `corrovis` in this process with the toy weights."""
    monkeypatch.setenv("CORROVIS_WEIGHTS", str(toy_weights))

    def run(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["corrovis", *map(str, words)])
        settings.cache_clear()  # as for a process of its own
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return Answer(int(left.value.code or 0), said.out, said.err)

    return run
