"""The functions behind all endpoints, and files as a program sends them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from corrovis.car.ageing import Ager
from corrovis.car.masking import CarMasker
from corrovis.sem.inspection import Inspector
from corrovis.sem.layers import LayerViewer
from corrovis.sem.material import MaterialClassifier
from corrovis.sem.segmentation import Segmenter
from corrovis.sem.synthesis import Synthesiser
from corrovis.steel.defects import DefectMaker
from corrovis.store import Store
from corrovis.tasks.steel import SteelTools
from corrovis.ui import car_api, electrochem_api, materials_api, sem_api, steel_api, synthesis_api
from corrovis.ui.materials_jobs import MaterialsLab
from corrovis.ui.services import Services

Doors = dict[str, Callable[..., Any]]


def published(store: Store) -> Doors:
    """The endpoints of a page with every tab, by name."""
    with gr.Blocks(analytics_enabled=False) as page:
        car_api.publish(Services(CarMasker(store), Ager(store), None), {})
        electrochem_api.publish()
        sem_api.publish(Inspector(Segmenter(store)))
        materials_api.publish(MaterialsLab(LayerViewer(store), MaterialClassifier(store)))
        steel_api.publish(SteelTools(DefectMaker(store), None))
        synthesis_api.publish(Synthesiser(store))
    return {str(event.api_name): event.fn for event in page.fns.values() if event.fn}


def sent(path: Path, name: str = "") -> dict[str, Any]:
    return {"path": str(path), "orig_name": name or path.name, "meta": {"_type": "gradio.FileData"}}
