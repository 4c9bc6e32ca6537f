"""A folder of pictures at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corrovis.commands.answers import Json, open_store, print_json, print_line, settings, working
from corrovis.errors import UnfinishedError, advising
from corrovis.tasks.many import none_worked


def batch(
    folder: Annotated[Path, typer.Argument(help="Folder of pictures; those in folders below it count too.")],
    job: Annotated[str, typer.Option(help="inspect, grade or steel.")],
    file: Annotated[Path, typer.Option("--out", help="Table to write, .parquet or .csv: a row for each picture.")],
    ray: Annotated[
        str | None, typer.Option(help="HOST:PORT of a Ray cluster that sees the same paths.  \\[default: this machine's cores]")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a run with the same --out was interrupted; its rows are in OUT.part.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Inspect, grade or classify every picture in a folder, on all cores or on a Ray cluster, into one table."""
    with working("starting", as_json) as now:
        from corrovis.batch import Resources, run_batch
        from corrovis.batch_table import Target
        from corrovis.cluster import heed_sigterm

        heed_sigterm()
        target, resources = Target(file, resume), Resources(open_store, ray, settings().threads)
        with advising(UnfinishedError, "--resume"):
            done = run_batch(folder, job, target, resources, lambda done, of: now(f"{job}: {done} of {of}"))
    if as_json:
        print_json({"rows": done.rows, "failed": done.failed, "seconds": done.seconds})
    else:
        rows = "1 row" if done.rows == 1 else f"{done.rows} rows"
        print_line(f"{file}: {rows}, {done.failed} failed, {done.seconds:.0f} s")
    if done.failed == done.rows:
        raise none_worked(done.rows, done.first_error or "", "pictures", "used")
