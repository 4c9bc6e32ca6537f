"""To the Hub and back: what is published, and the store's fetch over real HTTP against a small hub on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import push_to_hub
import pytest
from push_to_hub import publish, publish_all, tree_of

from corrovis.errors import CorrovisError, WeightsError
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
    with pytest.raises(WeightsError, match=r"has 7 of [\d,]+ bytes: it was cut off; delete it"):
        publish(read_manifest(weights)["car-mask"], weights, "someone", lambda *_: pytest.fail("uploaded"))


Push = Callable[..., tuple[int, str, str]]


@pytest.fixture
def push(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Push:
    """The script with its options, in this process, which may not upload: exit code, output, errors."""
    monkeypatch.setattr(push_to_hub, "upload_to_hub", lambda *_: pytest.fail("uploaded"))

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["push_to_hub.py", *map(str, words)])
        try:
            push_to_hub.main()
        except SystemExit as left:
            return int(left.code or 0), *capsys.readouterr()
        return 0, *capsys.readouterr()

    return run


def test_dry_run_prints_the_tree_and_pins_nothing(weights: Path, push: Push) -> None:
    before = (weights / "manifest.json").read_bytes()
    code, out, errors = push("--dry-run", "--weights", weights)
    assert code == 0, errors
    for name in read_manifest(weights):
        assert f"OWNER/corrovis-{name}/" in out
        assert f"{name}.safetensors" in out
    assert (weights / "manifest.json").read_bytes() == before


def test_a_push_that_fails_midway_says_what_was_pinned(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    specs = list(read_manifest(weights).values())[:3]

    def upload(repository: str, tree: dict[str, bytes]) -> str:
        if repository.endswith(specs[1].name):
            raise OSError("the line is dead\nand a page more")
        return COMMIT

    with pytest.raises(CorrovisError) as raised:
        publish_all(specs, weights, "someone", upload)
    first, second, third = (spec.name for spec in specs)
    assert str(raised.value) == (
        f"{second} was not published (the line is dead); {first} were and are pinned; go on with --only {second} {third}"
    )
    assert capsys.readouterr().out == f"someone/corrovis-{first} at {COMMIT}\n"
    assert [bool(spec.revision) for spec in read_manifest(weights).values()][:3] == [True, False, False]


PUSHED: dict[str, tuple[list[str], int, str]] = {
    "nobody": (["--only", "car-mask"], 2, "nobody is named to publish for; give --owner"),
    "a name with a blank": (["--owner", "some one", "--dry-run"], 2, "'some one' is no name on the Hub"),
    "a name with a repository": (["--owner", "some/one", "--dry-run"], 2, "'some/one' is no name on the Hub"),
    "damaged": (["--owner", "someone", "--dry-run", "--only", "car-rust"], 2, "it was cut off"),
    "unheard of": (["--owner", "someone", "--only", "car-wash"], 2, "no model is called car-wash"),
}


@pytest.mark.parametrize("case", PUSHED)
def test_what_cannot_be_pushed_is_said_in_a_line(case: str, weights: Path, push: Push) -> None:
    (weights / "car-rust.safetensors").write_bytes(b"damaged")
    words, code, said = PUSHED[case]
    left, _, errors = push("--weights", weights, *words)
    assert (left, errors.count("\n")) == (code, 1), errors
    assert said in errors


def test_without_a_line_a_push_says_so_in_one(weights: Path) -> None:
    """In a process of its own: the Hub's client reads its environment once."""
    command = [sys.executable, "train/push_to_hub.py", "--weights", str(weights), "--owner", "someone", "--only", "car-mask"]
    nowhere = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=nowhere, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "car-mask was not published (Cannot reach" in done.stderr


def test_a_dry_run_may_be_read_in_part(weights: Path) -> None:
    """As by `| head`: whoever reads closes the pipe before all is printed."""
    command = [sys.executable, "train/push_to_hub.py", "--owner", "someone", "--dry-run", "--weights", str(weights)]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@dataclass
class Hub:
    """What the small hub serves, "repository/file" -> content, and what it was asked for."""

    files: dict[str, bytes]
    url: str = ""
    asked: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@pytest.fixture(scope="module")
def hub(toy_weights: Path) -> Iterator[Hub]:
    """Answers the Hub's `/REPOSITORY/resolve/REVISION/FILE` with its headers."""
    content = (toy_weights / "car-mask.safetensors").read_bytes()
    repositories = ("right", "wrong", "spoilt", "stalls", "cuts")
    served = Hub({f"someone/{name}/car-mask.safetensors": content for name in repositories})
    served.files["someone/wrong/car-mask.safetensors"] = content[:-1] + b"?"

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
            if with_body and body and repository in ("stalls", "cuts"):
                self.break_off(body, repository == "stalls")
            elif with_body and body:
                self.wfile.write(body)

        def break_off(self, body: bytes, stall: bool) -> None:
            """A little of it, then nothing more, with the line open or closed; to whoever asks for the rest nothing at all."""
            if "Range" not in self.headers:
                self.wfile.write(body[:1000])
                self.wfile.flush()
            if stall:
                served.over.wait(30)
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield served
    served.over.set()
    server.shutdown()
    server.server_close()


# Loads car-mask from each folder named on the command line and prints what came of it, one JSON object a line.
LOADER = """
import json, sys, time
time.sleep = lambda seconds: None  # between two attempts of the hub's client
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


BAD_LINES = ("stalls", "cuts")


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
        "spoilt": replace(spec, repo="someone/spoilt", revision=COMMIT),
        "cut off in weights": replace(spec, repo="someone/right", revision=COMMIT),
    }
    folders = [folder_without_file(place / name.replace(" ", "_"), record) for name, record in cases.items()]
    (Path(folders[-1]) / spec.file).write_bytes((toy_weights / spec.file).read_bytes()[:1000])
    online = load(folders, HF_ENDPOINT=hub.url, HF_HOME=str(place / "cache"))
    answers = dict(zip(cases, online, strict=True))
    offline = load([folders[0], folders[4]], HF_ENDPOINT=hub.url, HF_HOME=str(place / "cache"), HF_HUB_OFFLINE="1")
    answers["offline, in the cache"], answers["offline"] = offline
    down = load([folders[4]], HF_ENDPOINT="http://127.0.0.1:9", HF_HOME=str(place / "other"))
    spoilt = Path(answers["spoilt"]["path"])
    spoilt.write_bytes(spoilt.read_bytes()[:-1] + b"?")
    bad_lines = [folder_without_file(place / name, replace(spec, repo=f"someone/{name}", revision=COMMIT)) for name in BAD_LINES]
    slow = {"HF_HUB_DOWNLOAD_TIMEOUT": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    rest = load([folders[list(cases).index("spoilt")], *bad_lines], HF_ENDPOINT=hub.url, HF_HOME=str(place / "cache"), **slow)
    return {**answers, "server down": down[0], **dict(zip(("spoilt, again", *BAD_LINES), rest, strict=True))}


def test_right_file_is_fetched_checked_and_loaded_once(answers: dict[str, dict[str, str]], hub: Hub) -> None:
    assert answers["right"]["network"] == "CarUNet"
    assert answers["again"] == answers["right"]
    assert hub.asked.count(f"GET /someone/right/resolve/{COMMIT}/car-mask.safetensors") == 1


def test_offline_uses_the_cache(answers: dict[str, dict[str, str]]) -> None:
    assert answers["offline, in the cache"] == answers["right"]


def test_a_file_that_went_bad_is_fetched_anew(answers: dict[str, dict[str, str]], hub: Hub) -> None:
    """In the Hub's cache, where it used to stay for ever, and in weights/, of which the Hub has a copy."""
    assert answers["spoilt, again"] == answers["spoilt"]
    assert hub.asked.count(f"GET /someone/spoilt/resolve/{COMMIT}/car-mask.safetensors") == 2
    assert answers["cut off in weights"] == answers["right"]


@pytest.mark.parametrize(
    ("case", "parts"),
    [
        ("wrong hash", ["sha256", "the manifest says", "damaged or of another version, and someone/wrong gives no other"]),
        ("stalls", ["and someone/stalls did not give it", "timed out", "check the connection or copy"]),
        ("cuts", ["car-mask.safetensors is not in /", "/cuts and someone/cuts did not give it", "or copy the file there"]),
        ("no file", ["absent.safetensors is not in /", "someone/right did not give it", "404"]),
        ("no repository", ["someone/nothing did not give it", "check the connection or copy the file"]),
        ("no record of a repository", ["names no Hub repository; copy the file there"]),
        ("offline", ["HF_HUB_OFFLINE forbids fetching it"]),
        ("server down", ["someone/nothing did not give it", "check the connection"]),
    ],
)
def test_what_cannot_be_had_is_said_clearly(case: str, parts: list[str], answers: dict[str, dict[str, str]]) -> None:
    message = answers[case]["error"]
    assert "\n" not in message
    for part in parts:
        assert part in message
