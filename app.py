"""Corrovis as a web page: settings -> store -> services -> page -> launch.  `python app.py` opens it on port 7860."""

from __future__ import annotations

import os
import sys

from corrovis.car import grading
from corrovis.car.ageing import Ager
from corrovis.car.masking import CarMasker
from corrovis.errors import CorrovisError
from corrovis.sem import material, synthesis
from corrovis.sem.inspection import Inspector
from corrovis.sem.layers import LayerViewer
from corrovis.sem.segmentation import Segmenter
from corrovis.settings import Settings, free_port
from corrovis.steel import defects, inspector
from corrovis.store import Store
from corrovis.tasks.steel import steel_tools
from corrovis.ui.materials_jobs import MaterialsLab
from corrovis.ui.page import QUEUE, build_page, launch_options, source_link
from corrovis.ui.services import Services
from corrovis.ui.uploads import keep_sweeping, kept_by, own_uploads


def main() -> None:
    own_uploads()
    settings = Settings.from_environment()
    port = free_port(None, settings.address)
    store = Store(settings.weights, settings.threads)
    for wrong in store.damaged.values():  # what needs none of these networks is offered all the same
        sys.stderr.write(f"corrovis: {wrong}\n")
    segmenter, usable = Segmenter(store), store.specs
    classifier = material.MaterialClassifier(store) if material.MODEL in usable else None
    services = Services(
        CarMasker(store),
        Ager(store),
        grading.Grader(store) if grading.MODEL in usable else None,
        inspector=Inspector(segmenter) if segmenter.models else None,
        materials=MaterialsLab(LayerViewer(store), classifier),
        synthesiser=synthesis.Synthesiser(store) if synthesis.MODEL in usable else None,
        patches=inspector.PatchInspector(store) if inspector.MODEL in usable else None,
        steel=steel_tools(store) if defects.MODEL in usable and inspector.MODEL not in store.damaged else None,
    )
    page = build_page(services, usable, source_link(os.environ))
    keep_sweeping(kept_by(page))
    page.queue(max_size=QUEUE).launch(server_name=settings.address, server_port=port, **launch_options())


if __name__ == "__main__":
    try:
        main()
    except CorrovisError as error:
        sys.stderr.write(f"corrovis: {error}\n")
        sys.exit(2)
