"""A real Chromium before a real server, both started once; every page must end without a console error."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from command_line import free_port
from gradio_client import Client
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect, sync_playwright
from toy import street

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = (
    os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")  # drawn by the processor, slowly
PATIENCE_MS = 120_000  # a busy build machine is slow, not wrong

expect.set_options(timeout=PATIENCE_MS)

OpenPage = Callable[..., Page]
Launch = Callable[..., Browser]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def serve(command: list[str], port: int, **environment: str) -> subprocess.Popen[bytes]:
    """Start a server and wait until it answers; its port is free a moment before."""
    quiet = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "GRADIO_SERVER_NAME": "127.0.0.1"}
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **quiet, "PYTHONPATH": path, **environment})
    end = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
            return process
        except OSError:
            time.sleep(0.2)
    process.kill()
    pytest.fail(f"{command} did not answer on port {port}")


@pytest.fixture(scope="session")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """While this file is there, the server inspects as many pictures as it has bytes."""
    return tmp_path_factory.mktemp("gate") / "closed"


@pytest.fixture(scope="session")
def server(gate: Path) -> Iterator[str]:
    """Address of the page with the toy steps."""
    port = free_port()
    process = serve([sys.executable, str(Path(__file__).with_name("toy.py")), str(port), str(gate)], port)
    yield f"http://127.0.0.1:{port}/"
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()


@pytest.fixture(scope="session")
def client(server: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(server, verbose=False, download_files=tmp_path_factory.mktemp("answers"))


@pytest.fixture(scope="session")
def launch() -> Iterator[Launch]:
    """A Chromium with more flags, started when it is first asked for."""
    if not CHROMIUM:
        pytest.skip("no Chromium: install one or name it in CHROMIUM")
    browsers: dict[tuple[str, ...], Browser] = {}
    with sync_playwright() as playwright:

        def launched(*flags: str) -> Browser:
            if flags not in browsers:
                browsers[flags] = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
            return browsers[flags]

        yield launched
        for browser in browsers.values():
            browser.close()


@pytest.fixture(scope="session")
def browser(launch: Launch) -> Browser:
    return launch("--disable-gpu")


@pytest.fixture
def open_page(browser: Browser, launch: Launch, server: str) -> Iterator[OpenPage]:
    """Opens a page in a context of its own: `open_page()`, or with Playwright's context options, at another `address`, or in a
    browser launched with more `flags`."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(address: str = server, flags: tuple[str, ...] = (), **options: Any) -> Page:
        context = (launch(*flags) if flags else browser).new_context(
            **{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options}
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        expect(stage_of(page)).to_be_attached()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page()


@pytest.fixture
def ready(page: Page, photo: Path) -> Page:
    """A page whose stage shows `photo`, at level 1 since motion is reduced."""
    upload(page, photo)
    return page


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("photos") / "street.png", street())


def write(path: Path, rgb: np.ndarray) -> Path:
    cv2.imwrite(str(path), rgb[..., ::-1])
    return path


@contextmanager
def held(page: Page) -> Iterator[None]:
    """What the page asks of the server within goes on its way afterwards."""
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/queue/join*", hold)
    yield
    for route in waiting:
        route.continue_()
    page.unroute("**/queue/join*")


def stage_of(page: Page) -> Locator:
    return page.locator(".corrosion-stage")


def open_tabs(page: Page, *names: str) -> None:
    """Each within the one before, and drawn: a field that is filled while Gradio draws it goes back to its first value."""
    for name in names:
        page.get_by_role("tab", name=name).click()
        page.evaluate("() => new Promise((drawn) => setTimeout(drawn, 300))")


def slider_of(page: Page) -> Locator:
    return page.get_by_role("slider", name="Corrosion level")


def choose(page: Page, path: Path) -> None:
    page.locator(".photo input[type=file]").first.set_input_files(path)


def upload(page: Page, path: Path) -> None:
    """Choose a file and wait for the stage."""
    choose(page, path)
    expect(stage_of(page)).to_have_attribute("data-state", "ready")


def set_level(page: Page, level: float) -> None:
    """Drag the slider there and wait for the frame."""
    slider_of(page).evaluate("(slider, level) => { slider.value = level; slider.dispatchEvent(new Event('input')); }", level)
    expect(stage_of(page)).to_have_attribute("data-drawn", f"{level:.2f}")


def canvas_pixels(page: Page, name: str = "aged") -> np.ndarray:
    """(H, W, 3) uint8 that the canvas holds, read losslessly."""
    uri = page.locator(f"canvas.{name}").evaluate("(canvas) => canvas.toDataURL('image/png')")
    data = np.frombuffer(base64.b64decode(uri.split(",")[1]), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
