"""How fast the car page is, beside one pass of the paper's generator on the same machine in the same minute.

    python benchmarks/car.py [PHOTO]

prints a table and writes benchmarks/car.json.  Without PHOTO the first of examples/ is taken.  The photo is brought to 1 MP.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import torch
from playwright.sync_api import sync_playwright

from corrovis.car.ageing import Ager, compose
from corrovis.car.masking import CarMasker
from corrovis.images import read_photo
from corrovis.networks.resnet_generator import ResnetGenerator
from corrovis.resizing import resized, scaled
from corrovis.results import Photo
from corrovis.settings import Settings
from corrovis.store import Store
from corrovis.ui.car import STAGE_SCRIPTS
from corrovis.ui.parts import script_of
from corrovis.ui.payload import encode
from corrovis.ui.wording import car as wording

HERE = Path(__file__).parent
UI = HERE.parent / "corrovis" / "ui"
ROUNDS = 7


def median_seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    work()  # the first run also loads weights
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def megapixel(path: Path) -> Photo:
    rgb = read_photo(path).rgb
    scale = (1e6 / (rgb.shape[0] * rgb.shape[1])) ** 0.5
    return Photo(resized(rgb, scaled(rgb.shape, scale), cv2.INTER_CUBIC), path.name)


def server_side(photo: Photo, store: Store) -> tuple[dict[str, float], str]:
    """Seconds of each step from the photo to the stage's value, of all of them, and of the paper's pass."""
    masker, ager = CarMasker(store), Ager(store)
    mask = masker.mask(photo)
    aged = ager.age(photo, mask)
    generator = ResnetGenerator().eval()
    noise = torch.rand(1, 3, 256, 256)

    def paper() -> None:
        with torch.inference_mode():
            generator(noise)

    # Interleaved, so that a busy moment hits both alike.
    halves = [
        (median_seconds(lambda: encode(ager.age(photo, masker.mask(photo)), "bench"), 3), median_seconds(paper, 3))
        for _ in range(3)
    ]
    seconds = {
        "mask": median_seconds(lambda: masker.mask(photo)),
        "age": median_seconds(lambda: ager.age(photo, mask)),
        "encode": median_seconds(lambda: encode(aged, "bench")),
        "compose_one_level": median_seconds(lambda: compose(aged, 2.0)),
        "photo_to_stage": statistics.median(half[0] for half in halves),
        "resnet9_256_pass": statistics.median(half[1] for half in halves),
    }
    return seconds, encode(aged, "bench")


def browser_side(value: str) -> dict[str, float]:
    """Milliseconds from the value's arrival to the first picture, and of 301 steps of the slider, in Chromium."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    script = script_of("corrosion_stage", STAGE_SCRIPTS)
    page_script = """async ([script, template, words, value]) => {
        const compiled = template.replace(/{{#each[^]*?{{\\/each}}/g, "").replace(/{{[^}]*}}/g, "");
        document.body.innerHTML = `<div class="workspace"><div>${compiled}</div></div>`;
        const props = { value: "", words }, watchers = [];
        const run = new Function("element", "trigger", "props", "watch", script);
        run(document.body.firstChild.firstChild, () => {}, props, (_, call) => watchers.push(call));
        const stage = document.querySelector(".corrosion-stage"), slider = stage.querySelector(".level");
        window.dispatchEvent(new CustomEvent("corrovis:photo", { detail: { path: JSON.parse(value).key } }));
        const began = performance.now();
        props.value = value;
        watchers[0]();
        while (!stage.dataset.drawn) await new Promise(requestAnimationFrame);
        const arrived = performance.now() - began, times = [];
        for (let level = 0; level <= 3.001; level += 0.01) {
            slider.value = level;
            slider.dispatchEvent(new Event("input"));
            await new Promise(requestAnimationFrame);
            await new Promise((done) => setTimeout(done));
            times.push(Number(stage.dataset.frameMs));
        }
        return [arrived, times];
    }"""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(reduced_motion="reduce")
        template = (UI / "corrosion_stage.html").read_text()
        arrived, times = page.evaluate(page_script, [script, template, wording.STAGE, value])
        browser.close()
    return {
        "value_to_picture_ms": round(arrived, 1),
        "frame_median_ms": round(statistics.median(times), 2),
        "frame_p95_ms": round(sorted(times)[int(0.95 * len(times))], 2),
        "frame_slowest_ms": max(times),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    examples = sorted(path for path in (HERE.parent / "examples").glob("*") if path.suffix in (".jpg", ".png"))
    parser.add_argument("photo", type=Path, nargs="?", default=examples[0] if examples else None)
    photo = megapixel(parser.parse_args().photo)
    settings = Settings.from_environment()
    seconds, value = server_side(photo, Store(settings.weights, settings.threads))
    result = {
        "machine": f"{os.cpu_count()} CPUs, {platform.machine()}, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}",
        "photo_hw": list(photo.size_hw),
        "seconds": {name: round(number, 3) for name, number in seconds.items()},
        "ratio_to_paper": round(seconds["photo_to_stage"] / seconds["resnet9_256_pass"], 3),
        "browser": browser_side(value),
        "value_megabytes": round(len(value) / 1e6, 2),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    (HERE / "car.json").write_text(json.dumps(result, indent=2) + "\n")
    print_table(result)


def print_table(result: dict[str, object], indent: str = "") -> None:
    for name, number in result.items():
        if isinstance(number, dict):
            print(f"{indent}{name}")
            print_table(number, indent + "  ")
        else:
            print(f"{indent}{name:<{28 - len(indent)}}{number}")


if __name__ == "__main__":
    main()
