"""The tables of scores in README.md and docs/scores.md, from the reports: `python train/score_tables.py` writes them anew.

A table stands between two marks that name it, `<!-- cars: begin -->` and `<!-- cars: end -->`; the rest is written by hand.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from release_pegan import scores_of
from support import REPORTS

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/scores.md")
OURS, PAPER, UNRUSTED, REAL = "car-rust", "car-cyclegan", "unrusted", "real cars"
BY_AREA, SECOND_STAGE = "sem_severity", "sem_severity_compared: efficientnet_b0-warm"
YOLO = "ni20cr-yolo"
OWN = {  # report of each model that has one of its own
    "car-grade": "car_grade",
    "ni20cr": "sem_ni20cr",
    "pits304": "sem_pits_yolo",
    "pits304-pixels": "sem_pits_pixels",
    "steel-structures": "sem_structure",
    "material": "material",
    "sem-gan": "sem_gan",
    "steel-inspector": "steel_inspector",
}

UNTRAINED = "augmentation"
METHOD_NAMES = {
    "pegan": "PE-GAN",
    "stargan": "StarGAN",
    "cyclegan": "CycleGAN",
    "dcgan": "DCGAN",
    "lsgan": "LSGAN",
    "augmentation": "real patches, moved and lit otherwise",
    "steel-pegan": "PE-GAN, as shipped",
    "more_real": "more real patches",
}

NETWORK_NAMES = {
    "lite0": "EfficientNet-Lite0",
    "mobilenet-v2": "MobileNetV2",
    "resnet18": "ResNet18",
    "cnn": "the seed's CNN",
    "lbp-svm": "local binary patterns and an SVM",
}
INSPECTOR_NAMES = {"mobilenet": "MobileNetV2 to stride 16, mean and spread", "resnet18": "ResNet18, a quarter of the channels"}
FROM_SCRATCH = "from random"

Rows = tuple[tuple[str, str, str], ...]  # label, model, name of the score

CARS: Rows = (
    ("car mask, IoU", "car-mask", "iou"),
    ("mask of its paint, IoU", "car-mask", "paint_iou"),
    ("car mask in dark photos, IoU", "car-mask", "iou_dark"),
    ("... blurred", "car-mask", "iou_blurred"),
    ("... noisy", "car-mask", "iou_noisy"),
    ("... JPEG at quality 15", "car-mask", "iou_jpeg_15"),
    ("... close-ups", "car-mask", "iou_close_up"),
    ("severity of a photo, accuracy on four levels", "car-grade", "accuracy"),
    ("... mean recall of the four levels", "car-grade", "balanced_accuracy"),
    ("... rusty or clean", "car-grade", "rusty_or_clean_accuracy"),
    ("level asked against level judged, Spearman", OURS, "spearman"),
    ("pixels changed outside the mask (a CycleGAN's before they are pasted back)", OURS, "changed_outside_mask"),
    ("colour shift of the car where it has not rusted, Delta E 2000, at *moderate*", OURS, "delta_e_off_rust_moderate"),
    ("share of the paint rusted at *mild*", OURS, "rust_share_mild"),
    ("... at *moderate*", OURS, "rust_share_moderate"),
    ("... at *severe*", OURS, "rust_share_severe"),
    ("FD-Lite0 to real rusty cars at *mild*, patches", OURS, "fd_lite0_patches_mild"),
    ("... at *moderate*", OURS, "fd_lite0_patches_moderate"),
    ("... at *severe*", OURS, "fd_lite0_patches_severe"),
    ("KID to them at *mild*", OURS, "kid_lite0_patches_mild"),
    ("... at *moderate*", OURS, "kid_lite0_patches_moderate"),
    ("... at *severe*", OURS, "kid_lite0_patches_severe"),
    ("judged as *mild* when *mild* was asked", OURS, "graded_as_asked_mild"),
    ("... *moderate*", OURS, "graded_as_asked_moderate"),
    ("... *severe*", OURS, "graded_as_asked_severe"),
    ("mean level judged (0 to 3) when *mild* was asked", OURS, "graded_level_mild"),
    ("... *moderate*", OURS, "graded_level_moderate"),
    ("... *severe*", OURS, "graded_level_severe"),
    ("graded by `car-grade` as *mild* when *mild* was asked", OURS, "fold_graded_as_asked_mild"),
    ("... *moderate*", OURS, "fold_graded_as_asked_moderate"),
    ("... *severe*", OURS, "fold_graded_as_asked_severe"),
    ("mean level graded by it (0 to 3) when *mild* was asked", OURS, "fold_graded_level_mild"),
    ("... *moderate*", OURS, "fold_graded_level_moderate"),
    ("... *severe*", OURS, "fold_graded_level_severe"),
)
HEADLINES: Rows = (
    ("a car found in a photo, IoU", "car-mask", "iou"),
    ("rusty or clean, how often right (one photo in four is rusty)", "car-grade", "rusty_or_clean_accuracy"),
    ("how rusted the car in a photo is, mean recall of four levels", "car-grade", "balanced_accuracy"),
    ("level of the slider against level judged by a grader that it was not tuned on, Spearman", OURS, "spearman"),
    ("corroded area of Ni-20Cr, mean IoU, coupons left out in turn", "ni20cr", "miou"),
    ("pits of 304 stainless, boxes, mAP50", "pits304", "box_map50"),
    ("condition of steel structures on bridges never seen, weighted F1", "steel-structures", "weighted_f1"),
    ("material of a micrograph, accuracy on six materials", "material", "accuracy"),
    ("defect of a steel patch, accuracy on ten classes", "steel-inspector", "accuracy"),
    ("defects put on clean steel that it takes for the one asked for", "steel-pegan", "as_asked"),
    ("defects wiped off that it takes for clean", "steel-pegan", "erased"),
)
OTHERS: dict[str, Rows] = {
    "inspection": (
        ("corroded area of Ni-20Cr, mean IoU, coupons left out in turn", "ni20cr", "miou"),
        ("... ROC AUC", "ni20cr", "roc_auc"),
        ("... mean IoU of YOLOv8-seg, same coupons", YOLO, "miou"),
        ("... error of the corroded share", "ni20cr", "area_error"),
        ("severity of its windows by measured area, accuracy", BY_AREA, "accuracy"),
        ("... by the second stage, EfficientNet-B0", SECOND_STAGE, "accuracy"),
        ("pits of 304, boxes, mAP50", "pits304", "box_map50"),
        ("... error of the total count", "pits304", "count_error"),
        ("condition of steel structures, weighted F1", "steel-structures", "weighted_f1"),
        ("... weighted Jaccard", "steel-structures", "weighted_jaccard"),
        ("... recall of *severe*", "steel-structures", "recall_severe"),
    ),
    "materials lab": (
        ("material of a micrograph, accuracy on six materials", "material", "accuracy"),
        ("... mean recall of the six", "material", "balanced_accuracy"),
        ("... blurred", "material", "accuracy_blurred"),
        ("... JPEG at quality 25", "material", "accuracy_compressed"),
        ("... cut to 128 px", "material", "accuracy_tile"),
        ("pictures of other kinds that it calls unfamiliar", "material", "strangers_flagged"),
        ("synthetic surfaces, KID to held-out micrographs", "sem-gan", "kid_made"),
        ("... real ones against them", "sem-gan", "kid_real"),
        ("... noise against them", "sem-gan", "kid_noise"),
        ("LPIPS of pairs of synthetic patches", "sem-gan", "lpips_of_pairs_made"),
        ("... of pairs of real ones", "sem-gan", "lpips_of_pairs_real"),
        ("nearest training patch of a synthetic one, correlation", "sem-gan", "nearest_training_patch_made"),
        ("... of a held-out real one", "sem-gan", "nearest_training_patch_held_out"),
    ),
    "steel": (
        ("defect of a patch, accuracy on ten classes", "steel-inspector", "accuracy"),
        ("... in low contrast", "steel-inspector", "accuracy_low_contrast"),
        ("... half as bright", "steel-inspector", "accuracy_dark"),
        ("... JPEG at quality 25", "steel-inspector", "accuracy_jpeg_25"),
        ("... calibration error", "steel-inspector", "calibration_error"),
        ("defects put on clean patches that it takes for the one asked for", "steel-pegan", "as_asked"),
        ("... of spots, the class that it hears least", "steel-pegan", "as_asked_spots"),
        ("real defects wiped off that it takes for clean", "steel-pegan", "erased"),
        ("grey levels of 255 by which wiping moves a clean patch", "steel-pegan", "clean_moved_grey_levels"),
    ),
}


def metrics(reports: Path) -> dict[str, dict[str, Any]]:
    """Every score by model; `UNRUSTED` are the photos as they were, `REAL` what real cars of a level reach among themselves.

    Of the distances that is the KID alone: a Frechet distance grows where pictures are few, and half of the real cars are few.
    """
    report = json.loads((reports / "car.json").read_text())
    anchors = report["anchors"]
    halves = {name: score for name, score in anchors["real_halves"].items() if name.startswith("kid")}
    car = report["metrics"] | {UNRUSTED: anchors[UNRUSTED], REAL: halves | anchors["real_cars"]}
    there = {name: reports / f"{report}.json" for name, report in OWN.items() if (reports / f"{report}.json").exists()}
    steel = {"steel-pegan": scores_of(json.loads((reports / "steel.json").read_text()))}
    sem = json.loads((reports / "sem.json").read_text())["metrics"]
    severity = {name: sem[name] for name in (BY_AREA, SECOND_STAGE, YOLO)}
    return {**car, **steel, **severity, **{name: json.loads(path.read_text())["metrics"] for name, path in there.items()}}


def cars_table(scores: dict[str, dict[str, Any]], run: str) -> str:
    """Markdown: the cars, beside them the same photos unrusted, the paper's method in the `run` named, and real rusty cars."""
    lines = [f"| cars | value | 95 % interval | n | unrusted | CycleGAN, {run} run | real cars |", "|" + " --- |" * 7]
    for label, model, name in CARS:
        if name not in scores[model] and name.startswith("fold_"):
            continue  # the graders of the folds were not at hand
        found = [scores.get(rival, {}).get(name) if model == OURS else None for rival in (UNRUSTED, PAPER, REAL)]
        beside = " | ".join(f"{rival['value']:.3g}" if rival else "" for rival in found)
        lines.append(f"{_row(label, scores[model][name])} {beside} |")
    return "\n".join(lines) + "\n"


def plain_table(scores: dict[str, dict[str, Any]], head: str, rows: Rows) -> str:
    """Markdown: a score in each row, with its interval and the number of pictures that it is from."""
    lines = [f"| {head} | value | 95 % interval | n |", "|" + " --- |" * 4]
    lines += [_row(label, scores[model][name]) for label, model, name in rows]
    return "\n".join(lines) + "\n"


def _row(label: str, score: dict[str, Any]) -> str:
    return f"| {label} | {score['value']:.3g} | {score['low']:.3g} to {score['high']:.3g} | {score['n']} |"


def rivals_table(report: dict[str, Any]) -> str:
    """PE-GAN and what else can make patches: `evaluate.py steel`, a row a method, the best distance first.

    What an earlier run said is marked; as asked is left out where that run's inspector was another one.
    """
    budgets, methods = report["made"]["budgets"], report["methods"]
    classes = [name for name in methods[UNTRAINED] if name not in ("mean", "all", "erasing")]
    trained = [name for name in methods if name != UNTRAINED]
    best = Counter(min(trained, key=lambda name: methods[name][defect]["fd_lite0"]["value"]) for defect in classes)
    heads = ("patches of steel made by", "core minutes", "mean FD-Lite0", "first in", "KID", "precision", "recall", "as asked")
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    for name in sorted(methods, key=lambda name: methods[name]["mean"]["fd_lite0"]["value"]):
        mean = {key: score["value"] for key, score in methods[name]["mean"].items()}
        minutes = f"{budgets[name]['seconds'] / 60:.0f}" if name in budgets else ""
        first = f"{best[name]} of {len(classes)}" if name in trained else ""
        shown = " | ".join(f"{mean[key]:.3g}" if key in mean else "" for key in ("kid", "precision", "recall", "as_asked"))
        label = METHOD_NAMES.get(name, name) + (", earlier run" if name in report["skipped"] else "")
        lines.append(f"| {label} | {minutes} | {mean['fd_lite0']:.3g} | {first} | {shown} |")
    return "\n".join(lines) + "\n"


def gains_table(report: dict[str, Any]) -> str:
    """What made patches add to inspectors: `inspector_gain.py`, a row for what joins the real ones with more than one seed."""
    inspectors = report["inspectors"]
    made = report["made"]
    learns = f"an inspector learns, in {made['steps']} steps, from {made['real_a_class']} real patches a class"
    names = [INSPECTOR_NAMES.get(name, name) for name in inspectors]
    lines = [f"| {learns} and | " + " | ".join(f"{name}, accuracy | gain" for name in names) + " |"]
    lines.append("|" + " --- |" * (1 + 2 * len(inspectors)))
    for arm in (arm for arm, row in next(iter(inspectors.values())).items() if len(row["accuracy"]["seeds"]) > 1):
        method, _, ratio = arm.partition(" x ")
        cells = [f"{METHOD_NAMES.get(method, method)}, {ratio} to one" if ratio else "no other"]
        for arms in inspectors.values():
            accuracy, gain = arms[arm]["accuracy"], arms[arm]["gain"]
            cells += [
                f"{accuracy['value']:.3f} +/- {accuracy['spread']:.3f}, {len(accuracy['seeds'])} seeds",
                f"{gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})",
            ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def goals_table(goals: list[dict[str, Any]]) -> str:
    """What inspection was to reach: `evaluate.py sem`, a row a goal.  What was tried stands in the report."""
    lines = ["| goal of the inspection | value | 95 % interval | reached | what limits it |", "|" + " --- |" * 5]
    for goal in goals:
        interval = f"{goal['low']:.3g} to {goal['high']:.3g}"
        reached = "yes" if goal["reached"] else "no"
        lines.append(f"| {goal['goal']} | {goal['value']:.3g} | {interval} | {reached} | {goal['limits']} |")
    return "\n".join(lines) + "\n"


def lift_table(lift: dict[str, list[dict[str, Any]]]) -> str:
    """What synthetic surfaces add to classifiers of material: `evaluate.py semgan`, a column a ratio of made to real."""
    ratios = [f"{step['ratio']:g}" for step in next(iter(lift.values()))]
    heads = ["mean recall of the six; synthetic patches to a real one:", *ratios]
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    for name, steps in lift.items():
        cells = [f"{step['value']:.3f} ({step['low']:.3f} to {step['high']:.3f})" for step in steps]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def annotation_table(report: dict[str, Any]) -> str:
    """What drawing masks by hand and augmentation add on Ni-20Cr: `annotation_gain.py`, a row for what a network learned from."""
    learns = f"a network of Ni-20Cr learns, in {report['made']['steps']} steps, from"
    lines = [f"| {learns} | mean IoU | error of area |", "|" + " --- |" * 3]
    for arm, scores in report["arms"].items():
        pair = (scores[name] for name in ("miou", "area_error"))
        lines.append(f"| {arm} | " + " | ".join(f"{s['value']:.3f} ({s['low']:.3f} to {s['high']:.3f})" for s in pair) + " |")
    return "\n".join(lines) + "\n"


def learners_table(methods: dict[str, dict[str, Any]]) -> str:
    """Ways to tell materials apart, on the same folds: `material.py`, a row a network, the best first, with what it was given.

    A linear head learns from so many views of a field; a network trained whole, for so many steps.
    """
    lines = [
        "| materials are told, on the same four folds, by | accuracy | mean recall | views a field | steps |",
        "|" + " --- |" * 5,
    ]
    for name, method in sorted(methods.items(), key=lambda pair: -pair[1]["metrics"]["accuracy"]["value"]):
        network, how, init = name.split(", ")
        pair = (method["metrics"][key] for key in ("accuracy", "balanced_accuracy"))
        cells = " | ".join(f"{s['value']:.3f} ({s['low']:.3f} to {s['high']:.3f})" for s in pair)
        start = "" if init == FROM_SCRATCH else " from ImageNet, frozen" if how == "frozen" else " from ImageNet"
        plan = method["made"]["plan"]
        begins_with_head = plan["frozen"] or (network == "lite0" and init != FROM_SCRATCH)
        given = f"{plan['views'] if begins_with_head else ''} | {'' if plan['frozen'] else plan['steps']}"
        lines.append(f"| {NETWORK_NAMES[network]}{start} | {cells} | {given} |")
    return "\n".join(lines) + "\n"


def curves_table(tallies: list[dict[str, Any]]) -> str:
    """How often fits miss: `benchmarks/electrochem.py --report`, a row a package and what it was given."""
    lines = ["| curves fitted from no start values | misses | of | without an answer | seconds each |", "|" + " --- |" * 5]
    for one in tallies:
        cells = (one["name"], one["misses"], one["cases"], one["without_answer"], one["seconds_each"])
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def tables(reports: Path) -> dict[str, str]:
    """Every mark's tables."""
    scores = metrics(reports)
    car, sem, annotation, gan, material, steel, gains, curves = (
        json.loads((reports / f"{name}.json").read_text())
        for name in ("car", "sem", "sem_annotation", "sem_gan", "material", "steel", "inspector_gain", "electrochem")
    )
    inspection, lab, plates = (plain_table(scores, head, rows) for head, rows in OTHERS.items())
    return {
        "headlines": plain_table(scores, "on cars and specimens that the scored network had not seen", HEADLINES),
        "cars": cars_table(scores, "earlier" if "earlier_run" in car["notes"][PAPER] else "same"),
        "inspection": "\n".join((inspection, goals_table(sem["goals"]), annotation_table(annotation))),
        "materials": "\n".join((lab, learners_table(material["methods"]), lift_table(gan["lift"]))),
        "electrochem": curves_table(curves["tallies"]),
        "steel": "\n".join((plates, rivals_table(steel), gains_table(gains))),
    }


def with_tables(page: str, tables: dict[str, str]) -> str:
    """The page with each table between its marks; a page need not hold all of them."""
    for name, table in tables.items():
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
        if begin in page:
            before, _, rest = page.partition(begin)
            page = before + begin + table + end + rest.partition(end)[2]
    return page


def main() -> None:
    found = tables(REPORTS)
    for page in PAGES:
        path = ROOT / page
        path.write_text(with_tables(path.read_text(), found))


if __name__ == "__main__":
    main()
