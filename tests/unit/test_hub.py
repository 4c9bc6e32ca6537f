"""To the Hub and back: what is published, and the store's fetch over real HTTP against a small hub on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from push_to_hub import publish, tree_of

from corrovis.errors import WeightsError
from corrovis.manifest import WeightSpec, read_manifest

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def weights(toy_weights: Path, tmp_path: Path) -> Path:
    """A copy of the toy weights that a test may change."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for path in toy_weights.glob("*.*"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_tree_holds_weight_record_and_card(weights: Path) -> None:
    spec = read_manifest(weights)["car-mask"]
    tree = tree_of(spec, weights)
    assert set(tree) == {"README.md", "config.json", "car-mask.safetensors"}
    assert hashlib.sha256(tree["car-mask.safetensors"]).hexdigest() == spec.sha256
    assert json.loads(tree["config.json"])["arch"] == "CarUNet"
    assert tree["README.md"].startswith(b"---\nlicense: agpl-3.0\n")


def test_publishing_pins_the_record_to_the_commit(weights: Path) -> None:
    sent: dict[str, dict[str, bytes]] = {}

    def upload(repository: str, tree: dict[str, bytes]) -> str:
        sent[repository] = tree
        return COMMIT

    specs = read_manifest(weights)
    publish(specs["car-mask"], weights, "someone", upload)
    assert list(sent) == ["someone/corrovis-car-mask"]
    now = read_manifest(weights)
    assert (now["car-mask"].repo, now["car-mask"].revision) == ("someone/corrovis-car-mask", COMMIT)
    assert {name: spec for name, spec in now.items() if name != "car-mask"} == {
        name: spec for name, spec in specs.items() if name != "car-mask"
    }


def test_a_damaged_weight_is_not_published(weights: Path) -> None:
    (weights / "car-mask.safetensors").write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="sha256"):
        publish(read_manifest(weights)["car-mask"], weights, "someone", lambda *_: pytest.fail("uploaded"))


def test_dry_run_prints_the_tree_without_a_network(weights: Path) -> None:
    before = (weights / "manifest.json").read_bytes()
    command = [sys.executable, "train/push_to_hub.py", "--owner", "someone", "--dry-run", "--weights", str(weights)]
    nowhere = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=nowhere, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in read_manifest(weights):
        assert f"someone/corrovis-{name}/" in done.stdout
        assert f"{name}.safetensors" in done.stdout
    assert (weights / "manifest.json").read_bytes() == before


@dataclass
class Hub:
    """What the small hub serves, "repository/file" -> content, and what it was asked for."""

    files: dict[str, bytes]
    url: str = ""
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def hub(toy_weights: Path) -> Iterator[Hub]:
    """Answers the Hub's `/REPOSITORY/resolve/REVISION/FILE` with its headers."""
    content = (toy_weights / "car-mask.safetensors").read_bytes()
    served = Hub({"someone/right/car-mask.safetensors": content, "someone/wrong/car-mask.safetensors": content[:-1] + b"?"})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, with_body: bool) -> None:
            served.asked.append(f"{self.command} {self.path}")
            owner, repository, resolve, revision, file = (self.path.strip("/").split("/") + [""] * 5)[:5]
            body = served.files.get(f"{owner}/{repository}/{file}") if resolve == "resolve" and revision == COMMIT else None
            known = any(name.startswith(f"{owner}/{repository}/") for name in served.files)
            self.send_response(404 if body is None else 200)
            if body is None:
                self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
                self.send_header("X-Error-Message", "Entry not found" if known else "Repository not found")
            else:
                self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
                self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            if with_body and body:
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield served
    server.shutdown()
    server.server_close()


# Loads car-mask from each folder named on the command line and prints what came of it, one JSON object a line.
LOADER = """
import json, sys
from pathlib import Path
from corrovis.errors import WeightsError
from corrovis.store import Store
for folder in sys.argv[1:]:
    try:
        store = Store(Path(folder))
        loaded = type(store.network("car-mask")).__name__
        print(json.dumps({"network": loaded, "path": str(store.path(store.spec("car-mask")))}))
    except WeightsError as error:
        print(json.dumps({"error": str(error)}))
"""


def folder_without_file(place: Path, spec: WeightSpec) -> str:
    """A weights folder whose manifest has a record but that lacks the file."""
    from export import save_record

    place.mkdir(parents=True)
    save_record(spec, place)
    return str(place)


def load(folders: list[str], **environment: str) -> list[dict[str, str]]:
    """What a fresh process, whose Hub is the small one, makes of each folder."""
    known = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    command = [sys.executable, "-c", LOADER, *folders]
    done = subprocess.run(command, cwd=ROOT, env={**known, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def answers(hub: Hub, toy_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """All cases that share an environment, in one process: importing torch takes longer than they do."""
    place = tmp_path_factory.mktemp("folders")
    spec = read_manifest(toy_weights)["car-mask"]
    cases = {
        "right": replace(spec, repo="someone/right", revision=COMMIT),
        "again": replace(spec, repo="someone/right", revision=COMMIT),
        "wrong hash": replace(spec, repo="someone/wrong", revision=COMMIT),
        "no file": replace(spec, repo="someone/right", revision=COMMIT, file="absent.safetensors"),
        "no repository": replace(spec, repo="someone/nothing", revision=COMMIT),
        "no record of a repository": spec,
    }
    folders = [folder_without_file(place / name.replace(" ", "_"), record) for name, record in cases.items()]
    online = load(folders, HF_ENDPOINT=hub.url, HF_HOME=str(place / "cache"))
    answers = dict(zip(cases, online, strict=True))
    offline = load([folders[0], folders[4]], HF_ENDPOINT=hub.url, HF_HOME=str(place / "cache"), HF_HUB_OFFLINE="1")
    answers["offline, in the cache"], answers["offline"] = offline
    down = load([folders[4]], HF_ENDPOINT="http://127.0.0.1:9", HF_HOME=str(place / "other"))
    return {**answers, "server down": down[0]}


def test_right_file_is_fetched_checked_and_loaded_once(answers: dict[str, dict[str, str]], hub: Hub) -> None:
    assert answers["right"]["network"] == "CarUNet"
    assert answers["again"] == answers["right"]
    assert hub.asked.count(f"GET /someone/right/resolve/{COMMIT}/car-mask.safetensors") == 1


def test_offline_uses_the_cache(answers: dict[str, dict[str, str]]) -> None:
    assert answers["offline, in the cache"] == answers["right"]


@pytest.mark.parametrize(
    ("case", "parts"),
    [
        ("wrong hash", ["sha256", "the manifest says", "damaged or of another version"]),
        ("no file", ["absent.safetensors is not in weights/", "someone/right did not give it", "404"]),
        ("no repository", ["someone/nothing did not give it", "check the connection or copy the file"]),
        ("no record of a repository", ["names no Hub repository", "git checkout"]),
        ("offline", ["HF_HUB_OFFLINE forbids fetching it"]),
        ("server down", ["someone/nothing did not give it", "check the connection"]),
    ],
)
def test_what_cannot_be_had_is_said_clearly(case: str, parts: list[str], answers: dict[str, dict[str, str]]) -> None:
    message = answers[case]["error"]
    assert "\n" not in message
    for part in parts:
        assert part in message
