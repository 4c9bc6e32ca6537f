"""Publish the networks of weights/ on the Hugging Face Hub, one repository each: the weight, its record and its model card.

    python train/push_to_hub.py --owner NAME --dry-run    # print what would be published; needs no network
    python train/push_to_hub.py --owner NAME              # publish, as whoever `hf auth login` says

Each repository is called `NAME/corrovis-MODEL`.  The commit that the Hub answers with is written to the manifest as the pinned
revision, so a clone that lacks the file fetches exactly this one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from export import save_record
from huggingface_hub import CommitOperationAdd, HfApi
from model_card import model_card

from corrovis.manifest import WeightSpec, read_manifest, verify
from corrovis.settings import WEIGHTS

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--owner", required=True, help="user or organisation on the Hub")
    parser.add_argument("--only", nargs="+", metavar="MODEL", help="these networks instead of all")
    parser.add_argument("--dry-run", action="store_true", help="print the tree of each repository and stop")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    specs = read_manifest(args.weights)
    for name in args.only or specs:
        if name not in specs:
            parser.error(f"no model is called {name}; there are {', '.join(specs)}")
        if args.dry_run:
            print_tree(specs[name], args.weights, args.owner)
        else:
            pinned = publish(specs[name], args.weights, args.owner, upload_to_hub)
            print(f"{pinned.repo} at {pinned.revision}")


if __name__ == "__main__":
    main()
