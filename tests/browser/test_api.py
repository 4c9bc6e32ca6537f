"""The page's doors for programs, through the client that programs use."""

from __future__ import annotations

from pathlib import Path

import httpx2
import numpy as np
import pytest
from conftest import write
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from toy import street


def test_only_the_contract_is_published(client: Client) -> None:
    published = client.view_api(return_format="dict", print_info=False)
    assert set(published["named_endpoints"]) == {
        "/age_car",
        "/grade_car",
        "/fit_eis",
        "/fit_tafel",
        "/models",
        "/inspect",
        "/progression",
        "/classify_material",
        "/show_layers",
        "/synthesize_sem",
        "/classify_steel",
        "/add_defect",
        "/erase_defect",
        "/synthesize_steel",
    }
    assert published["unnamed_endpoints"] == {}


def test_age_car_answers_with_the_contracts_keys_and_files(client: Client, photo: Path) -> None:
    answer = client.predict(handle_file(photo), [0, 1.5], 0, api_name="/age_car")
    assert set(answer) == {"size", "levels", "car_mask", "seed", "model", "warnings", "seconds"}
    assert answer["size"] == [960, 640]
    assert [item["level"] for item in answer["levels"]] == [0, 1.5]
    assert answer["levels"][0]["rust_fraction"] < answer["levels"][1]["rust_fraction"]
    for item in (answer["levels"][1]["file"], answer["car_mask"]):
        path = item if isinstance(item, str) else item["path"]
        with Image.open(path) as picture:
            assert picture.size == (960, 640)


def test_grade_car_answers_with_the_contracts_keys(client: Client, photo: Path) -> None:
    answer = client.predict(handle_file(photo), api_name="/grade_car")
    assert answer["severity"] == "none"
    assert list(answer["probabilities"]) == ["none", "mild", "moderate", "severe"]
    assert [item["severity"] for item in answer["items"]] == ["none"]


def test_models_answers_with_the_manifest(client: Client) -> None:
    assert client.predict(api_name="/models") == {"models": []}


@pytest.mark.parametrize(("levels", "said"), [([4], "outside 0 to 3"), ([-1], "outside 0 to 3")])
def test_a_wrong_level_is_refused_in_words(client: Client, photo: Path, levels: list[float], said: str) -> None:
    with pytest.raises(AppError, match=said):
        client.predict(handle_file(photo), levels, 0, api_name="/age_car")


def test_no_picture_and_no_car_are_refused_in_words(client: Client, tmp_path: Path) -> None:
    text = tmp_path / "notes.png"
    text.write_text("this is no picture")
    with pytest.raises(AppError, match="is not a picture"):
        client.predict(handle_file(text), None, 0, api_name="/age_car")
    with pytest.raises(AppError, match="no car"):
        client.predict(handle_file(write(tmp_path / "wall.png", street(0))), None, 0, api_name="/age_car")


def test_a_path_on_the_server_is_no_upload(server: str, photo: Path) -> None:
    """Only what was uploaded may be read, whatever a request calls a file."""
    for record in ({"path": str(photo)}, str(photo), {"path": str(photo), "meta": {"_type": "gradio.FileData"}}):
        started = httpx2.post(f"{server}gradio_api/call/age_car", json={"data": [record, None, 0]}, timeout=60)
        if started.is_success:
            answer = httpx2.get(f"{server}gradio_api/call/age_car/{started.json()['event_id']}", timeout=60).text
            assert "event: error" in answer
            assert "rust_fraction" not in answer


def test_fit_tafel_answers_with_the_contracts_keys(client: Client, tmp_path: Path) -> None:
    eta = np.arange(-0.2, 0.2, 0.004)
    current = 1e-5 * (10 ** (eta / 0.08) - 10 ** (-eta / 0.12))
    path = tmp_path / "steel.csv"
    path.write_text("E (V),I (A)\n" + "\n".join(f"{e},{i}" for e, i in zip(eta, current, strict=True)))
    answer = client.predict(handle_file(path), 2.0, 27.92, 7.87, api_name="/fit_tafel")
    assert answer["i_corr_a_cm2"]["value"] == pytest.approx(5e-6, rel=0.05)
    assert answer["corrosion_rate_mm_y"]["value"] == pytest.approx(0.058, rel=0.05)
    assert {"window_v", "converged", "residual_decades", "plot", "warnings"} <= set(answer)


def test_fit_eis_answers_with_the_contracts_keys(client: Client, tmp_path: Path) -> None:
    f = np.logspace(5, -1, 40)
    z = 20 + 1 / (1 / 500 + 2j * np.pi * f * 1e-5)
    path = tmp_path / "cell.csv"
    path.write_text("f,Z',Z''\n" + "\n".join(f"{a},{b.real},{b.imag}" for a, b in zip(f, z, strict=True)))
    answer = client.predict(handle_file(path), "R0-p(R1,C1)", api_name="/fit_eis")
    assert answer["parameters"]["R1"]["value"] == pytest.approx(500, rel=1e-3)
    assert {"circuit", "chi_squared", "kramers_kronig", "plot", "warnings"} <= set(answer)
    with pytest.raises(AppError, match="circuit 'R0-X'"):
        client.predict(handle_file(path), "R0-X", api_name="/fit_eis")
