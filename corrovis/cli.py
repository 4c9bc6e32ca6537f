"""The command line.  Nothing heavy is imported before a command needs it; `corrovis --help` answers at once.

With `--json` one JSON object stands on standard output and nothing else; everything meant for people goes to standard error.
Exit codes: 0 done, 2 bad input, with one line that says what, why and what to do, 130 interrupted
(a batch that kept rows: 2, with a line that says so).
"""

from __future__ import annotations

import contextlib
import os
import runpy
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from corrovis import __version__
from corrovis.commands import batch, car, curves, inspection, materials, steel
from corrovis.commands.answers import Json, open_store, print_json, print_table, settings, working
from corrovis.errors import CorrovisError
from corrovis.settings import free_port

if TYPE_CHECKING:
    from corrovis.store import Store

BAD_INPUT, INTERRUPTED = 2, 130


class Command(TyperCommand):
    """A command whose numbers are written as people write them: to typer `4_0` is 40."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, list(args))
        typed, _, _ = self.make_parser(ctx).parse_args(list(args))
        params: list[Any] = list(self.params)
        for param in params:
            values, texts = (as_list(given.get(param.name)) for given in (ctx.params, typed))
            wrong = [text for text in texts if "_" in str(text)]
            if wrong and any(isinstance(value, float | int) for value in values):
                raise typer.BadParameter(f"{wrong[0]!r} is no number", ctx, param)
        return rest


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


app = typer.Typer(add_completion=False, no_args_is_help=True, help="Shows and measures corrosion in pictures.")
synthesize = typer.Typer(no_args_is_help=True, help="Make sets of synthetic pictures to train with.")
defect = typer.Typer(no_args_is_help=True, help="Put a defect on a picture of steel, or wipe it off.")
app.add_typer(synthesize, name="synthesize")
app.add_typer(defect, name="defect")
COMMANDS: tuple[Callable[..., None], ...] = (
    car.age,
    car.grade,
    inspection.inspect,
    inspection.progression,
    materials.material,
    materials.layers,
    curves.tafel,
    curves.eis,
    steel.steel,
    batch.batch,
)
for command in COMMANDS:
    app.command(cls=Command)(command)
synthesize.command("sem", cls=Command)(materials.synthesize_sem)
synthesize.command("steel", cls=Command)(steel.synthesize_steel)
defect.command("add", cls=Command)(steel.defect_add)
defect.command("erase", cls=Command)(steel.defect_erase)


@app.command()
def models(
    verify: Annotated[bool, typer.Option("--verify", help="Check every file's hash and the network's golden numbers.")] = False,
    as_json: Json = False,
) -> None:
    """The trained networks: what they are, how they were made, how good they are."""
    from corrovis.manifest import read_records

    found = read_records(settings().weights)
    records: list[dict[str, Any]] = [asdict(spec) for spec in found.specs.values()]
    if verify:
        with working("verifying", as_json):
            store = open_store()
            for record in records:
                record |= _verify_one(store, record["name"])
    records += [{"name": name, "verified": False, "error": wrong} for name, wrong in found.damaged.items()]
    if as_json:
        print_json({"models": records})
    else:
        print_table(["model", "network", "size", "sha256", "verified"], [_row(record) for record in records])
    broken = [record for record in records if "error" in record]
    if len(broken) == 1:
        raise CorrovisError(broken[0]["error"])
    if broken:
        each = "; ".join(f"({number}) {record['error']}" for number, record in enumerate(broken, 1))
        raise CorrovisError(f"{len(broken)} of {len(records)} networks are not as they should be: {each}")


def _verify_one(store: Store, name: str) -> dict[str, Any]:
    from corrovis import golden

    try:
        golden.check(store.network(name), store.spec(name))
    except (CorrovisError, OSError) as error:
        return {"verified": False, "error": str(error)}
    return {"verified": True}


def _row(record: dict[str, Any]) -> list[str]:
    verdict = {True: "yes", False: "NO", None: "not asked"}[record.get("verified")]
    if "arch" not in record:  # a damaged record has its name alone
        return [record["name"], "-", "-", "-", verdict]
    return [record["name"], record["arch"], f"{record['bytes'] / 1e6:.1f} MB", record["sha256"][:12], verdict]


@app.command(cls=Command)
def serve(
    port: Annotated[
        int | None, typer.Option(min=1, help="Port of the page.  \\[default: GRADIO_SERVER_PORT, or the first free from 7860]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Open the web page and its HTTP API; stop it with Ctrl-C."""
    page = Path(__file__).resolve().parent.parent / "app.py"
    if not page.exists():
        raise CorrovisError(f"{page} is missing, so there is no page to serve; run corrovis from a clone of its repository")
    port = free_port(port, settings().address)
    os.environ["GRADIO_SERVER_PORT"] = str(port)
    if as_json:
        print_json({"page": str(page), "port": port})
    with contextlib.redirect_stdout(sys.stderr):  # what gradio says of itself is meant for people
        runpy.run_path(str(page), run_name="__main__")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"corrovis {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """Shows and measures corrosion in pictures."""


def main() -> None:
    """Entry point: every error that we raise on purpose becomes one line and exit code 2."""
    try:
        code = app(prog_name="corrovis", standalone_mode=False)
    except CorrovisError as error:
        _leave(str(error))
    except OSError as error:  # a full disk, a folder that may not be written to
        _leave(
            f"{error.filename or 'a file'} could not be read or written ({error.strerror}); make room, or choose another place"
        )
    except KeyboardInterrupt:
        code = INTERRUPTED
    except TyperException as error:  # a wrong option, or no command at all, for which help has been shown
        at = getattr(error, "ctx", None)
        where = at.command_path if at else "corrovis"
        _leave(f"{error.format_message().rstrip('.')}; see {where} --help" if error.format_message() else "")
    if code == INTERRUPTED:  # typer's own answer to Ctrl-C as well
        print("corrovis: it was interrupted; run it again", file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 0)


def _leave(message: str) -> NoReturn:
    if message:
        print(f"corrovis: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(BAD_INPUT)


if __name__ == "__main__":
    main()
