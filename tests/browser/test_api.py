"""The page's doors for programs, through the client that programs use."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from conftest import write
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from toy import street


@pytest.fixture(scope="module")
def client(server: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(server, verbose=False, download_files=tmp_path_factory.mktemp("answers"))


def test_only_the_contract_is_published(client: Client) -> None:
    published = client.view_api(return_format="dict", print_info=False)
    assert set(published["named_endpoints"]) == {"/age_car", "/grade_car", "/models", "/inspect", "/progression"}
    assert published["unnamed_endpoints"] == {}


def test_age_car_answers_with_the_contracts_keys_and_files(client: Client, photo: Path) -> None:
    answer = client.predict(handle_file(photo), [0, 1.5], 0, api_name="/age_car")
    assert set(answer) == {"size", "levels", "car_mask", "seconds"}
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
        started = httpx.post(f"{server}gradio_api/call/age_car", json={"data": [record, None, 0]}, timeout=60)
        if started.is_success:
            answer = httpx.get(f"{server}gradio_api/call/age_car/{started.json()['event_id']}", timeout=60).text
            assert "event: error" in answer
            assert "rust_fraction" not in answer
