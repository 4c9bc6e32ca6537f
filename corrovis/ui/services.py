"""What the page calls: the steps of every tab, made once."""

from __future__ import annotations

from dataclasses import dataclass

from corrovis.car.ageing import Ager
from corrovis.car.grading import Grader
from corrovis.car.masking import CarMasker
from corrovis.sem.inspection import Inspector
from corrovis.sem.synthesis import Synthesiser
from corrovis.steel.inspector import PatchInspector
from corrovis.tasks.steel import SteelTools
from corrovis.ui.materials_jobs import MaterialsLab


@dataclass(frozen=True, slots=True)
class Services:
    """The steps that the page calls; made in `app.py`.  No grader, no severity bars; none of the others, not its tab."""

    masker: CarMasker
    ager: Ager
    grader: Grader | None
    inspector: Inspector | None = None
    patches: PatchInspector | None = None
    steel: SteelTools | None = None
    materials: MaterialsLab | None = None
    synthesiser: Synthesiser | None = None
