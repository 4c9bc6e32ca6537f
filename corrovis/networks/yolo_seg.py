"""YOLOv8-seg, the seed's tool of stage one: boxes, scores and masks of instances.  The one file that imports ultralytics.

Left alone, that package phones home, installs packages, fetches weights, sets OpenCV to one thread and replaces `torch.save` and
`PIL.Image.open`, which then wants to install a plugin for every damaged picture; `ultralytics` stops all of it.  Its head keeps
its anchors from call to call, so two threads in one network would get each other's answers: one lock.

| here | source |
| --- | --- |
| network and loss | YOLOv8-seg (Jocher et al. 2023); `v8SegmentationLoss`: box, class, DFL, mask terms |
| masks | YOLACT, Bolya et al. 2019, eq. 1: prototypes weighted by each box's coefficients |
"""

from __future__ import annotations

import importlib
import os
import tempfile
import threading
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from corrovis.errors import WeightsError

COEFFICIENTS = 32
PROTOTYPE_STRIDE = 4
_one_at_a_time = threading.Lock()
_settings_folder: list[tempfile.TemporaryDirectory[str]] = []


def ultralytics(module: str) -> Any:
    """A module of ultralytics, kept off the network and with its traces undone."""
    with _one_at_a_time:
        if not _settings_folder:
            _settings_folder.append(tempfile.TemporaryDirectory(prefix="corrovis-"))
        quiet = {"YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "False", "ULTRALYTICS_SAFE_LOAD": "1", "YOLO_VERBOSE": "False"}
        os.environ.update(quiet, YOLO_CONFIG_DIR=_settings_folder[0].name)
        threads, printing, save, read = cv2.getNumThreads(), np.get_printoptions(), torch.save, Image.open
        try:
            importlib.import_module("ultralytics").settings.update(sync=False)
            return importlib.import_module(f"ultralytics.{module}")
        except ImportError as error:
            raise WeightsError(f"YOLOv8-seg needs the package ultralytics ({error}); pip install -r requirements.txt") from error
        finally:
            cv2.setNumThreads(threads)
            np.set_printoptions(**printing)
            torch.set_printoptions(profile="default")  # type: ignore[no-untyped-call]
            torch.save, Image.open = save, read


class YoloSeg(nn.Module):
    """YOLOv8-seg of one size ("n", "s", ...).

    Shape:
        input: (n, 3, H, W) in [-1, 1] as for our other networks, H and W divisible by 32
        output, in evaluation: (n, 4 + classes + 32, anchors): box as middle and size in pixels, scores in [0, 1], coefficients;
            and the prototypes (n, 32, H / 4, W / 4)
    """

    def __init__(self, classes: int = 1, size: str = "n") -> None:
        super().__init__()
        self.classes = classes
        self.net = ultralytics("nn.tasks").SegmentationModel(f"yolov8{size}-seg.yaml", ch=3, nc=classes, verbose=False)
        self.net.args = ultralytics("cfg").get_cfg()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        with _one_at_a_time:
            self.net.model[-1].shape = None  # anchors made in inference mode would fail where gradients are asked for
            (detections, prototypes), _ = self.net((x + 1) / 2)
        return detections, prototypes

    def training_loss(self, x: Tensor, boxes: list[Tensor], numbers: Tensor) -> Tensor:
        """The method's own loss, for one class.

        Shape:
            boxes: for each picture (k, 4) as middle and size in [0, 1] of the picture
            numbers: (n, H / 4, W / 4), the 1 .. k that a pixel belongs to, in the order of `boxes`; 0 none
        """
        rows = torch.cat(boxes)
        index = torch.cat([torch.full((len(some),), float(i)) for i, some in enumerate(boxes)])
        batch = {"img": (x + 1) / 2, "cls": torch.zeros(len(rows), 1), "bboxes": rows, "batch_idx": index}
        loss, _ = self.net.loss({name: t.to(x.device) for name, t in {**batch, "masks": numbers.float()}.items()})
        total: Tensor = loss.sum() / len(x)
        return total

    def load_coco(self, tensors: dict[str, Tensor]) -> int:
        """Take over every tensor that fits from a network with other classes; how many did."""
        own = self.net.state_dict()
        fitting = {name: t.float() for name, t in tensors.items() if name in own and own[name].shape == t.shape}
        self.net.load_state_dict(fitting, strict=False)
        return len(fitting)


class YoloEncoder(nn.Module):
    """Backbone and neck of YOLOv8n, as the encoder of a U-Net: what has found many cars knows where one ends.

    Shape:
        input: (n, 3, H, W) in [-1, 1], H and W divisible by 32
        output: the input, the backbone's features at 1/2 and 1/4, the neck's at 1/8, 1/16 and 1/32, `out_channels` of each
    """

    out_channels = (3, 16, 32, 64, 128, 256)
    output_stride = 32
    tapped = (0, 2, 15, 18, 21)  # of the layers that yolov8-seg.yaml lists

    def __init__(self) -> None:
        super().__init__()
        whole = ultralytics("nn.tasks").SegmentationModel("yolov8n-seg.yaml", ch=3, nc=1, verbose=False)
        self.model = whole.model[:-1]  # all but the head, which would hold state between calls
        self.sources: list[int | list[int]] = [layer.f for layer in self.model]

    def forward(self, x: Tensor) -> list[Tensor]:
        done: list[Tensor] = []
        for layer, source in zip(self.model, self.sources, strict=True):
            last = done[-1] if done else (x + 1) / 2
            given = last if isinstance(source, int) else [last if i == -1 else done[i] for i in source]
            done.append(layer(given))
        return [x, *(done[i] for i in self.tapped)]

    def load_coco(self, tensors: dict[str, Tensor]) -> None:
        """Take the same layers over from a whole YOLOv8n-seg."""
        self.load_state_dict({name: t.float() for name, t in tensors.items() if int(name.split(".")[1]) < len(self.model)})
