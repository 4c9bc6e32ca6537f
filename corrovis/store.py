"""WeightSpec in, network in evaluation mode out: from weights/ first, then from the Hub.  Lazy, no pickle."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from httpx2 import HTTPError
from huggingface_hub import hf_hub_download
from huggingface_hub.constants import is_offline_mode
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, XetDownloadError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from corrovis.errors import WeightFileError, WeightsError
from corrovis.manifest import MISFITS, WeightSpec, damage, read_records, remedy, verify
from corrovis.networks.car_unet import CarUNet
from corrovis.networks.condition_fpn import ConditionFPN
from corrovis.networks.corrosion_unet import CorrosionUNet
from corrovis.networks.familiarity import Familiarity
from corrovis.networks.inspector_net import InspectorNet
from corrovis.networks.material_cnn import MaterialCNN
from corrovis.networks.material_net import MaterialNet
from corrovis.networks.pegan import PEGenerator
from corrovis.networks.pixel_net import PixelNet
from corrovis.networks.rust_texture import RustTexture
from corrovis.networks.sem_gan import SurfaceGAN
from corrovis.networks.severity_classifier import SeverityClassifier
from corrovis.networks.severity_net import SeverityNet
from corrovis.networks.yolo_seg import YoloSeg

log = logging.getLogger(__name__)

HUB_ERRORS = (HTTPError, HFValidationError, LocalEntryNotFoundError, XetDownloadError)
"""What the Hub's client raises; its own errors are of `HTTPError`, and so are those of a connection that stalls or breaks off."""

NETWORKS: tuple[type[nn.Module], ...] = (
    *(CarUNet, RustTexture, SeverityNet),
    *(CorrosionUNet, ConditionFPN, PixelNet, YoloSeg, Familiarity, SeverityClassifier),
    *(MaterialCNN, MaterialNet, SurfaceGAN),
    *(InspectorNet, PEGenerator),
)
BUILDERS: dict[str, Callable[..., nn.Module]] = {network.__name__: network for network in NETWORKS}


class Store:
    """Every trained network of one weights folder, loaded when first asked for and then kept."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        self.folder = folder
        found = read_records(folder)
        self.specs, self.damaged = found.specs, found.damaged
        self._loaded: dict[str, nn.Module] = {}
        self._locks = {name: threading.Lock() for name in self.specs}  # one is fetched while others are used
        if threads:
            torch.set_num_threads(threads)

    def __contains__(self, name: str) -> bool:
        """Also of a damaged record, so that nothing goes on without a network that it should have had."""
        return name in self.specs or name in self.damaged

    def spec(self, name: str) -> WeightSpec:
        if name in self.damaged:
            raise WeightFileError(self.damaged[name])
        if name not in self.specs:
            raise WeightsError(f"no model is called {name}; `corrovis models` lists {', '.join(self.specs) or 'none'}")
        return self.specs[name]

    def network(self, name: str) -> nn.Module:
        """The network called `name`, in evaluation mode, float32, on the CPU, shared: nobody may change it."""
        spec = self.spec(name)
        with self._locks[name]:
            if name not in self._loaded:
                with torch.inference_mode(False):  # whoever asks first may be in it; weights made there know no gradients
                    self._loaded[name] = load_network(spec, self.path(spec))
            return self._loaded[name]

    def path(self, spec: WeightSpec) -> Path:
        """Where the weight lies on this machine, fetched from its pinned Hub revision when weights/ lacks it."""
        local = self.folder / spec.file
        if not local.is_file():
            return fetch(spec, f"{spec.file} is not in {self.folder.absolute()}", self.folder)
        if not spec.repo:
            verify(spec, local)
        elif wrong := damage(spec, local):
            log.warning("%s; taking that of %s instead", wrong, spec.repo)
            return fetch(spec, wrong, self.folder)
        return local


def own_weights(file: Path, threads: int = 0) -> tuple[Store, str]:
    """Store and name of the network in a lab's own `file`; its record lies beside it in manifest.json.

    Raises:
        WeightsError: no such file, or no record of it
    """
    if not file.is_file():
        raise WeightsError(f"{file} is no file; give the .safetensors that a training script wrote")
    store = Store(file.parent, threads)
    names = [name for name, spec in store.specs.items() if spec.file == file.name]
    if not names and store.damaged:
        raise WeightsError(next(iter(store.damaged.values())))
    if not names:
        raise WeightsError(f"{file.parent / 'manifest.json'} does not name {file.name}; keep both as they were written")
    return store, names[0]


def fetch(spec: WeightSpec, why: str, folder: Path) -> Path:
    """One weight from the Hub or its cache, checked; a wrong one in the cache is fetched anew, once.

    `why` says what is wrong with that of `folder`.  Raises WeightFileError that says it when there is none to be had.
    """
    if not spec.repo:
        raise WeightFileError(f"{why} and its record names no Hub repository; {remedy(folder, spec.file)}")
    log.info("fetching %s from %s@%s", spec.file, spec.repo, spec.revision)
    path = download(spec, why)
    wrong = damage(spec, path)
    if wrong:
        log.warning("%s; fetching it again", wrong)
        path = download(spec, wrong, force_download=True)
        wrong = damage(spec, path)
    if wrong:
        raise WeightFileError(f"{wrong}, and {spec.repo} gives no other; take the manifest.json that was published with it")
    return path


def download(spec: WeightSpec, why: str, force_download: bool = False) -> Path:
    """What the Hub's client finds, unchecked.  Raises WeightFileError."""
    try:
        return Path(hf_hub_download(spec.repo, spec.file, revision=spec.revision or None, force_download=force_download))
    except (*HUB_ERRORS, OSError) as error:
        if is_offline_mode():  # the hub's own error for this speaks of a lost connection
            raise WeightFileError(f"{why} and HF_HUB_OFFLINE forbids fetching it; unset it or copy the file there") from error
        raise WeightFileError(
            f"{why} and {spec.repo} did not give it ({first_line(error)}); check the connection or copy the file there"
        ) from error


def first_line(error: Exception) -> str:
    """The Hub's errors are long, and some are empty."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def load_network(spec: WeightSpec, path: Path) -> nn.Module:
    """Build the architecture that the record names and fill it with the file's tensors, cast to float32."""
    if spec.arch not in BUILDERS:
        raise WeightsError(f"{spec.name} is a {spec.arch}, which this version does not know; update Corrovis")
    config: dict[str, Any] = spec.config
    try:
        network = BUILDERS[spec.arch](**config)
    except MISFITS as error:
        raise WeightsError(
            f"the record of {spec.name} does not fit {spec.arch} ({error}); update Corrovis, or fetch manifest.json again"
        ) from error
    try:
        tensors = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in load_file(path).items()}
        network.load_state_dict(tensors)
    except (SafetensorError, RuntimeError) as error:
        raise WeightFileError(f"{path} does not fit {spec.arch} ({first_line(error)}); restore it and manifest.json") from error
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a fifth to a half faster on CPUs
    return network.eval().requires_grad_(False)
