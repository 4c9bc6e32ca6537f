"""What all commands share: where they print, what they are given, what they say when nothing worked."""

from __future__ import annotations

import contextlib
import functools
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from corrovis.settings import Settings
from corrovis.tasks.many import none_worked

if TYPE_CHECKING:
    from corrovis.store import Store

out, err = Console(), Console(stderr=True)

Row = Callable[[dict[str, Any]], list[str]]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else there.")]


@contextlib.contextmanager
def working(what: str, as_json: bool) -> Iterator[Callable[[str], None]]:
    """A spinner on standard error; what it yields says what is being done now."""
    with guarded(as_json), err.status(f"{what} ...") as status:
        yield lambda now: status.update(Text(f"{now} ..."))  # a file's name may have brackets in it


@contextlib.contextmanager
def guarded(as_json: bool) -> Iterator[None]:
    """With --json nothing that a library prints can reach standard output."""
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        yield


@functools.cache
def settings() -> Settings:
    return Settings.from_environment()


def open_store() -> Store:
    from corrovis.store import Store

    return Store(settings().weights, settings().threads)


def own_or_shipped(weights: Path | None, name: str) -> tuple[Store, str]:
    """Store and name of the network in a lab's own file, or the shipped store and `name`."""
    from corrovis.store import own_weights

    return own_weights(weights, settings().threads) if weights else (open_store(), name)


def tell(line: str) -> None:
    """A line on standard error that is not broken, however narrow the window: logs are searched line by line."""
    err.print(line, soft_wrap=True, markup=False, highlight=False)


def say(warnings: Iterable[str], of: str = "") -> None:
    """Notes for people, a line each; `of` names the file that they are about."""
    for warning in warnings:
        tell(f"note: {of}: {warning}" if of else f"note: {warning}")


def print_json(answer: dict[str, Any]) -> None:
    print(json.dumps(answer, default=str, allow_nan=False), flush=True)


def print_line(text: str) -> None:
    """A line on standard output as it is: a file's name may have brackets in it, or be longer than the window is wide."""
    out.print(text, soft_wrap=True, markup=False, highlight=False)


def print_table(columns: list[str], rows: list[list[str]]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    out.print(table)


def print_items(items: list[dict[str, Any]], as_json: bool, table: tuple[list[str], Row], done: str) -> None:
    """An answer for each of many files: `table` holds its columns and what makes a row of an item that has no error.

    Raises:
        BadInputError: not one file could be `done`; a bad file among good ones costs only its own item
    """
    good, bad = ([item for item in items if ("error" in item) is failed] for failed in (False, True))
    if as_json:  # the items have their warnings
        print_json({"items": items})
    else:
        for item in items:
            say(item.get("warnings", []), item["file"])
        for item in bad if good else ():  # beside the table, whose columns would break them
            tell(f"not {done}: {item['file']}: {item['error']}")
        columns, row = table
        if good:
            print_table(columns, [row(item) for item in good])
    if not good:
        raise none_worked(len(bad), bad[0]["error"], "files", done)
