"""The scores that people read are those of the reports, and the records' scores too."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import score_tables
from inspection_scores import gathered, without_report

from corrovis.manifest import read_manifest

ROOT = Path(__file__).resolve().parents[2]


def test_pages_repeat_the_reports() -> None:
    tables = score_tables.tables(ROOT / "train/reports")
    pages = {page: (ROOT / page).read_text() for page in score_tables.PAGES}
    assert {name for name in tables for text in pages.values() if f"<!-- {name}: begin -->" in text} == set(tables)
    assert {page: score_tables.with_tables(text, tables) for page, text in pages.items()} == pages


def test_the_report_of_inspection_repeats_the_others() -> None:
    """`python train/inspection_scores.py` gathers them anew."""
    reports = ROOT / "train/reports"
    assert gathered(reports, without_report(reports)) == json.loads((reports / "sem.json").read_text())


def test_goals_missed_say_what_was_tried_and_what_limits_them() -> None:
    goals = json.loads((ROOT / "train/reports/sem.json").read_text())["goals"]
    assert len(goals) == 9
    assert [goal["goal"] for goal in goals if not goal["reached"] and not (goal["tried"] and goal["limits"])] == []
    assert [goal["tried"] for goal in goals if re.search(r"\(0\.\d", goal["tried"])] == [], "a score that nothing computed"


def test_what_limits_a_goal_is_said_with_the_scores_of_the_report() -> None:
    scores = json.loads((ROOT / "train/reports/sem_saliency.json").read_text())["metrics"]
    (goal,) = [g for g in json.loads((ROOT / "train/reports/sem.json").read_text())["goals"] if g["model"] == "sem_saliency"]
    own, ships = scores["mask_iou"]["value"], scores["layer_cam_iou"]["value"]
    assert goal["limits"].endswith(f"its own mask has {own:.2f}, LayerCAM, which ships, {ships:.2f}")


def test_the_defect_that_is_heard_least_has_a_row() -> None:
    methods = json.loads((ROOT / "train/reports/steel.json").read_text())["methods"]["steel-pegan"]
    heard = {name: row["as_asked"]["value"] for name, row in methods.items() if name not in ("mean", "all", "erasing")}
    assert f"as_asked_{min(heard, key=lambda name: heard[name])}" in {name for _, _, name in score_tables.OTHERS["steel"]}


def test_records_repeat_the_reports() -> None:
    reported = score_tables.metrics(ROOT / "train/reports")
    for name, spec in read_manifest(ROOT / "weights").items():
        if name in reported:
            assert spec.metrics == reported[name]


def test_a_goal_is_a_row_with_what_limits_it() -> None:
    goal = {"goal": "IoU, at least 0.9", "value": 0.80512, "low": 0.7, "high": 0.9, "reached": False, "limits": "nine fields"}
    assert score_tables.goals_table([goal]).splitlines()[2] == "| IoU, at least 0.9 | 0.805 | 0.7 to 0.9 | no | nine fields |"


def test_the_lift_has_a_column_for_each_ratio() -> None:
    steps = [{"ratio": ratio, "value": 0.8 + ratio / 10, "low": 0.7, "high": 1.0} for ratio in (0.0, 0.5)]
    heads, _, row = score_tables.lift_table({"CNN": steps}).splitlines()
    assert heads.endswith("| 0 | 0.5 |")
    assert row == "| CNN | 0.800 (0.700 to 1.000) | 0.850 (0.700 to 1.000) |"


def test_ways_to_tell_materials_stand_best_first() -> None:
    def method(value: float, frozen: bool) -> dict[str, Any]:
        score = {"value": value, "low": value - 0.1, "high": value, "n": 9}
        plan = {"frozen": frozen, "views": 8, "steps": 300}
        return {"metrics": {"accuracy": score, "balanced_accuracy": score}, "made": {"plan": plan}}

    methods = {"cnn, trained whole, from random": method(0.8, False), "lite0, frozen, from tf_lite0": method(0.9, True)}
    best, other = score_tables.learners_table(methods).splitlines()[2:]
    score = "0.900 (0.800 to 0.900)"
    assert best == f"| EfficientNet-Lite0 from ImageNet, frozen | {score} | {score} | 8 |  |"
    assert other.startswith("| the seed's CNN | 0.800")
    assert other.endswith("|  | 300 |"), "what learned less has less behind its name"


def test_what_another_run_said_is_marked_and_what_another_inspector_said_left_out() -> None:
    said = {name: {"value": 0.5} for name in ("fd_lite0", "kid", "precision", "recall")}
    own = {**said, "as_asked": {"value": 0.9}}
    methods = {"augmentation": {"dots": own, "mean": own}, "dcgan": {"dots": said, "mean": said}}
    report = {"made": {"budgets": {}}, "methods": methods, "skipped": {"dcgan": "an earlier run"}}
    ours, theirs = score_tables.rivals_table(report).splitlines()[2:]
    assert ours.endswith("| 0.5 | 0.5 | 0.5 | 0.9 |")
    assert theirs == "| DCGAN, earlier run |  | 0.5 | 1 of 1 | 0.5 | 0.5 | 0.5 |  |"


def test_an_arm_of_one_seed_has_no_row() -> None:
    arm = {"accuracy": {"value": 0.8, "spread": 0.0, "seeds": [0.8, 0.8]}, "gain": {"value": 0.0, "low": 0.0, "high": 0.0}}
    once = {**arm, "accuracy": {**arm["accuracy"], "seeds": [0.8]}}
    report = {"made": {"steps": 4, "real_a_class": 9}, "inspectors": {"mobilenet": {"real alone": arm, "pegan x 3": once}}}
    assert len(score_tables.gains_table(report).splitlines()) == 2 + 1
