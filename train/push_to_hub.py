"""Publish the networks of weights/ on the Hugging Face Hub, one repository each: the weight, its record and its model card.

    python train/push_to_hub.py --dry-run       # print what would be published; needs no network
    python train/push_to_hub.py --owner NAME    # publish, as whoever `hf auth login` says

Each repository is called `NAME/corrovis-MODEL`.  The commit that the Hub answers with is written to the manifest as the pinned
revision, so a clone that lacks the file fetches exactly this one.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from export import save_record
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id
from model_card import model_card

from corrovis.errors import BadInputError, CorrovisError
from corrovis.manifest import WeightSpec, read_manifest, verify
from corrovis.settings import WEIGHTS
from corrovis.store import HUB_ERRORS, first_line

Upload = Callable[[str, dict[str, bytes]], str]
"""(repository, path -> content) -> commit."""


def repository_of(spec: WeightSpec, owner: str) -> str:
    return f"{owner}/corrovis-{spec.name}"


def tree_of(spec: WeightSpec, folder: Path) -> dict[str, bytes]:
    """Path in the repository -> content.  Raises WeightsError when the weight is not the one that its record describes."""
    verify(spec, folder / spec.file)
    record = {key: value for key, value in asdict(spec).items() if key not in ("repo", "revision")}
    return {
        "README.md": model_card(spec).encode(),
        "config.json": (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode(),
        spec.file: (folder / spec.file).read_bytes(),
    }


def publish(spec: WeightSpec, folder: Path, owner: str, upload: Upload) -> WeightSpec:
    """Upload one network and pin its record in `folder` to the commit that it became."""
    repository = repository_of(spec, owner)
    revision = upload(repository, tree_of(spec, folder))
    pinned = replace(spec, repo=repository, revision=revision)
    save_record(pinned, folder)
    return pinned


def upload_to_hub(repository: str, tree: dict[str, bytes]) -> str:
    api = HfApi()
    api.create_repo(repository, exist_ok=True)
    operations: list[Any] = [CommitOperationAdd(path, content) for path, content in tree.items()]
    return str(api.create_commit(repository, operations, commit_message="Publish from Corrovis").oid)


def print_tree(spec: WeightSpec, folder: Path, owner: str) -> None:
    print(f"{repository_of(spec, owner)}/")
    for path, content in tree_of(spec, folder).items():
        print(f"    {path:<28} {len(content):>12,} bytes")


def check_owner(owner: str | None) -> None:
    """Raises BadInputError for no name, or one that no user or organisation of the Hub can have."""
    if owner is None:
        raise BadInputError("nobody is named to publish for; give --owner a user or organisation, or look first with --dry-run")
    try:
        validate_repo_id(f"{owner}/corrovis")
    except HFValidationError as error:
        raise BadInputError(
            f"{owner!r} is no name on the Hub; give --owner the user or organisation, letters, digits, - and . alone"
        ) from error


def publish_all(specs: list[WeightSpec], folder: Path, owner: str, upload: Upload) -> None:
    """Each in turn.  Raises CorrovisError that says which were pinned before one failed: those need not be sent again."""
    pinned: list[str] = []
    for spec in specs:
        try:
            done = publish(spec, folder, owner, upload)
        except (*HUB_ERRORS, OSError, CorrovisError) as error:
            left = " ".join(spec.name for spec in specs[len(pinned) :])
            sent = f"{', '.join(pinned)} were and are pinned; go on with --only {left}" if pinned else "nothing was pinned"
            raise CorrovisError(f"{spec.name} was not published ({first_line(error)}); {sent}") from error
        pinned.append(spec.name)
        print(f"{done.repo} at {done.revision}", flush=True)


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--owner", help="user or organisation on the Hub; a dry run needs none")
    parser.add_argument("--only", nargs="+", metavar="MODEL", help="these networks instead of all")
    parser.add_argument("--dry-run", action="store_true", help="print the tree of each repository and stop")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    return parser.parse_args()


def push(args: argparse.Namespace) -> None:
    owner = "OWNER" if args.owner is None and args.dry_run else args.owner
    check_owner(owner)
    specs = read_manifest(args.weights)
    for name in args.only or ():
        if name not in specs:
            raise BadInputError(f"no model is called {name}; there are {', '.join(specs)}")
    chosen = [specs[name] for name in args.only or specs]
    if args.dry_run:
        for spec in chosen:
            print_tree(spec, args.weights, owner)
    else:
        publish_all(chosen, args.weights, owner, upload_to_hub)


def main() -> None:
    try:
        push(asked())
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read this has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (CorrovisError, OSError) as error:
        print(f"push_to_hub: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
