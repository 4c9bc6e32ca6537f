"""Corrovis as a web page: settings -> store -> services -> page -> launch.  `python app.py` opens it on port 7860."""

from __future__ import annotations

import os

from corrovis.car.ageing import Ager
from corrovis.car.grading import Grader
from corrovis.car.masking import CarMasker
from corrovis.sem.inspection import Inspector
from corrovis.sem.layers import LayerViewer
from corrovis.sem.material import MaterialClassifier
from corrovis.sem.segmentation import Segmenter
from corrovis.sem.synthesis import MODEL as SURFACES
from corrovis.sem.synthesis import Synthesiser
from corrovis.settings import Settings
from corrovis.steel.defects import DefectMaker
from corrovis.steel.inspector import PatchInspector
from corrovis.store import Store
from corrovis.tasks.steel import SetTools
from corrovis.ui.materials_jobs import MaterialsLab
from corrovis.ui.page import QUEUE, build_page, launch_options, source_link
from corrovis.ui.services import Services
from corrovis.ui.uploads import keep_sweeping, kept_by, own_uploads


def main() -> None:
    own_uploads()
    settings = Settings.from_environment()
    store = Store(settings.weights, settings.threads)
    grader = Grader(store) if "car-grade" in store else None
    segmenter = Segmenter(store)
    inspector = Inspector(segmenter) if segmenter.models else None
    lab = MaterialsLab(LayerViewer(store), MaterialClassifier(store) if "material" in store else None)
    patches = PatchInspector(store) if "steel-inspector" in store else None
    steel = SetTools(DefectMaker(store), patches) if "steel-pegan" in store else None
    synthesiser = Synthesiser(store) if SURFACES in store else None
    services = Services(
        CarMasker(store),
        Ager(store),
        grader,
        inspector=inspector,
        materials=lab,
        synthesiser=synthesiser,
        patches=patches,
        steel=steel,
    )
    page = build_page(services, store.specs, source_link(os.environ))
    server = os.environ.get("GRADIO_SERVER_NAME", "0.0.0.0")  # the port is gradio's own to read, from GRADIO_SERVER_PORT
    keep_sweeping(kept_by(page))
    page.queue(max_size=QUEUE).launch(server_name=server, **launch_options())


if __name__ == "__main__":
    main()
