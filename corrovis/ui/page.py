"""The page: a tab for every domain that works, and a footer that says what this is and where its source lies."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from corrovis.images import MAX_BYTES
from corrovis.manifest import WeightSpec
from corrovis.ui import (
    car,
    car_api,
    electrochem,
    electrochem_api,
    inspect,
    link_preview,
    materials,
    materials_api,
    progression,
    sem_api,
    steel,
    steel_api,
    synthesis_api,
)
from corrovis.ui.doors import REFUSALS, Page
from corrovis.ui.services import Services
from corrovis.ui.uploads import KEEP_S, SWEEP_S, keep_examples
from corrovis.ui.wording import page as wording

HERE = Path(__file__).parent
EXAMPLES = HERE.parent.parent / "examples"
QUEUE = 32  # visitors who may wait

SHADES = "#fdf5ef #fae6d7 #f4cbad #ecab7d #e1884c #d36c29 #c2571a #a0450f #7d3710 #5e2b10 #3a1a09"
STEPS = (50, *range(100, 1000, 100), 950)  # of a colour of gradio's, from light to dark
RUST = gr.themes.Color(name="rust", **{f"c{step}": shade for step, shade in zip(STEPS, SHADES.split(), strict=True)})
READ = {"": "*primary_700", "_dark": "*primary_400"}  # what is written in rust, on light and on dark


def build_page(services: Services, specs: dict[str, WeightSpec], source: str) -> gr.Blocks:
    """The whole application; `source` is where a visitor gets the program's source, as its licence asks."""
    page: gr.Blocks
    with Page(title=wording.TITLE, analytics_enabled=False, delete_cache=(SWEEP_S, KEEP_S), fill_width=True) as page:
        gr.HTML(f"<strong>{wording.TITLE}</strong><span>{wording.TAGLINE}</span>", elem_classes="brand", apply_default_css=False)
        with gr.Tabs(elem_classes="domains", overflow_behavior="wrap"):
            with gr.Tab(wording.CAR_TAB):
                car.CarTab(services, example_photos(EXAMPLES))
            if services.inspector:
                with gr.Tab(wording.INSPECT_TAB):
                    inspect.InspectTab(services.inspector, EXAMPLES / "micrographs")
                with gr.Tab(wording.PROGRESSION_TAB):
                    progression.ProgressionTab(services.inspector, EXAMPLES / "micrographs")
            if services.materials:
                with gr.Tab(wording.MATERIALS_TAB):
                    materials.MaterialsTab(services.materials, services.synthesiser, example_photos(EXAMPLES / "micrographs")[:3])
            with gr.Tab(wording.ELECTROCHEM_TAB):
                electrochem.ElectrochemTab(EXAMPLES / "curves")
            if services.steel:
                with gr.Tab(wording.STEEL_TAB):
                    steel.SteelTab(services.steel, example_photos(EXAMPLES / "steel"))
        gr.HTML(footer(source), elem_classes="foot", apply_default_css=False)
        car_api.publish(services, specs)
        electrochem_api.publish()
        if services.inspector:
            sem_api.publish(services.inspector)
        if services.patches:
            steel_api.publish_inspector(services.patches)
        if services.steel:
            steel_api.publish(services.steel)
        if services.materials:
            materials_api.publish(services.materials)
        if services.synthesiser:
            synthesis_api.publish(services.synthesiser)
    keep_examples(page)
    return page


def launch_options() -> dict[str, Any]:
    """What `launch` is told beside the address: looks, limits, and that nobody is watched."""
    return {
        "theme": look(),
        "css": (HERE / "page.css").read_text(encoding="utf-8"),
        "favicon_path": str(HERE / "mark.svg"),
        "footer_links": [],
        "max_file_size": MAX_BYTES,
        "state_session_capacity": 4 * QUEUE,
        "enable_monitoring": False,
        "run_history": False,
        "ssr_mode": False,
        "pwa": False,
        "i18n": gr.I18n(en=wording.OF_GRADIO),
        "app_kwargs": {"exception_handlers": REFUSALS, **link_preview.options()},
    }


def look() -> gr.themes.Base:
    """Colours, in which whatever is written can be read (WCAG AA), and no font that another host would be asked for.

    page.css has the fonts of the system, and the colours of what lies behind everything.
    """
    links = {f"link_text_color{when}{on}": shade for when in ("", "_active", "_hover", "_visited") for on, shade in READ.items()}
    theme = gr.themes.Base(
        primary_hue=RUST, secondary_hue=RUST, neutral_hue="stone", font="sans-serif", font_mono="monospace", radius_size="lg"
    )
    return theme.set(
        **links,
        color_accent="*primary_700",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_800",
        input_background_fill_dark="*neutral_800",
    )


def example_photos(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix in (".jpg", ".png"))


def footer(source: str) -> str:
    link = (
        f'<a href="{escape(source)}" target="_blank" rel="noopener">{wording.SOURCE_NAME}</a>'
        if source
        else wording.SOURCE_UNKNOWN
    )
    api = f'<a href="?view=api">{wording.API_NAME}</a>'
    return f"<footer><p>{wording.FOOTER}</p><p>{api} · {link} · {wording.LICENCE}</p></footer>"


def source_link(environment: Mapping[str, str]) -> str:
    """Where the source of the running version lies: `CORROVIS_SOURCE`, or the Space that it runs in; empty if neither says."""
    space = environment.get("SPACE_ID")
    return environment.get("CORROVIS_SOURCE") or (f"https://huggingface.co/spaces/{space}/tree/main" if space else "")
