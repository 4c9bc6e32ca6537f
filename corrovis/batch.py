"""Folders of pictures on Ray Data: one job for every picture, one row for each in a single table.

    here      `run_batch` lists the pictures, checks the weights, begins with Ray, writes the rows in the files' order
    workers   one process for each core: a `Worker` opens the store once, reads picture after picture and answers with rows

Only paths go out and rows come back: neither pictures nor networks travel through Ray.  So each node of a cluster has to see
pictures, weights and this package under the same paths as the caller does: on a shared disk, or in one image.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corrovis.batch_table import KeptRows, Pictures, Target, stamp_of
from corrovis.cluster import ROOT, cluster, last_line
from corrovis.errors import BadInputError, CorrovisError, UnfinishedError
from corrovis.results import SEVERITIES
from corrovis.sem.results import FIELD_SEVERITIES

if TYPE_CHECKING:
    import pyarrow as pa

    from corrovis.store import Store

Record = dict[str, Any]
Answer = Callable[[Path], Record]
Progress = Callable[[int, int], None]

LARGEST_BLOCK = 16  # pictures that a worker takes at once
WORKER_BYTES = 1 << 30  # memory of a worker with its networks
LOST = "the worker broke down over it, perhaps for want of memory; give it to corrovis {job} alone to see why"


@dataclass(frozen=True, slots=True)
class Job:
    """What is done to every picture.

    `columns`, name to Arrow type, are those keys of a record that become columns; `shares` names the probabilities, which get a
    column each; `models` are the networks needed; `open` makes of a store what answers a picture with its record.
    """

    columns: dict[str, str]
    shares: Callable[[Store], Sequence[str]]
    models: Callable[[Store], Sequence[str]]
    open: Callable[[Store], Answer]

    def all_columns(self, store: Store) -> dict[str, str]:
        shares = {f"probability_{name}": "double" for name in self.shares(store)}
        return {"file": "string", "error": "string", **self.columns, **shares}


@dataclass(frozen=True, slots=True)
class Resources:
    """What a batch is done with.

    `open_store` opens the networks; `ray` is the address of a cluster, None for one of our own with `threads` workers (0: one a
    core).
    """

    open_store: Callable[[], Store]
    ray: str | None = None
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a folder: pictures, those that failed, what the first of these said, and the time it took."""

    rows: int
    failed: int
    first_error: str | None
    seconds: float


def _grader(store: Store) -> Answer:
    from corrovis.car.grading import Grader
    from corrovis.car.masking import CarMasker
    from corrovis.images import read_photo
    from corrovis.tasks.car import grade_photo

    grader, masker = Grader(store), CarMasker(store)

    return lambda path: grade_photo(grader, masker, read_photo(path))


def _inspector(store: Store) -> Answer:
    from corrovis.render.inspection_report import record
    from corrovis.sem.fields import read_field
    from corrovis.sem.inspection import Inspector
    from corrovis.sem.segmentation import Segmenter

    inspector = Inspector(Segmenter(store))

    def answer(path: Path) -> Record:
        found = record(inspector.inspect(read_field(path), explain=False))
        return {**found, "region_count": len(found["regions"])}

    return answer


def _inspection_models(store: Store) -> Sequence[str]:
    from corrovis.sem.segmentation import Segmenter

    return Segmenter(store).models


def _patch_inspector(store: Store) -> Answer:
    from corrovis.steel.inspector import PatchInspector
    from corrovis.tasks.steel import classify_file

    return functools.partial(classify_file, PatchInspector(store))


INSPECTED = {
    "model": "string",
    "severity": "string",
    "corroded_fraction": "double",
    "region_count": "int64",
    "pixel_size_um": "double",
    "warnings": "string",
}
GRADED = {"severity": "string", "warnings": "string"}
JOBS = {
    "inspect": Job(INSPECTED, lambda store: FIELD_SEVERITIES, _inspection_models, _inspector),
    "grade": Job(GRADED, lambda store: SEVERITIES, lambda store: ("car-grade", "car-mask"), _grader),
    "steel": Job(
        {"class": "string", "warnings": "string"},
        lambda store: store.spec("steel-inspector").classes,
        lambda store: ("steel-inspector",),
        _patch_inspector,
    ),
}


class Worker:
    """One of Ray's processes: opens the store once; its networks load with the first picture and stay."""

    def __init__(self, job: str, columns: dict[str, str], weights: Path) -> None:
        self.job, self.columns, self.weights = JOBS[job], columns, weights

    @functools.cached_property
    def answer(self) -> Answer:
        """Opened with the first picture, so that what is wrong with the weights stands in the rows."""
        from corrovis.store import Store

        return self.job.open(Store(self.weights, threads=1))

    def __call__(self, files: pa.Table) -> pa.Table:
        """Columns `number` and `path` (bytes, since names need not be UTF-8) in; `number` and the job's columns out."""
        import pyarrow as pa

        rows = [
            {"number": number, **self.row(Path(os.fsdecode(path)))}
            for number, path in zip(files["number"].to_pylist(), files["path"].to_pylist(), strict=True)
        ]
        return pa.Table.from_pylist(rows, schema_of({"number": "int64", **self.columns}))

    def row(self, path: Path) -> Record:
        """A bad picture costs only its own row."""
        try:
            record = self.answer(path)
        except (CorrovisError, OSError) as error:
            return {"error": _readable(str(error))}
        values = {f"probability_{name}": share for name, share in record["probabilities"].items()}
        values |= {"warnings": "; ".join(record["warnings"]), "file": None}
        return {name: value for name, value in {**record, **values}.items() if name in self.columns}


def schema_of(columns: dict[str, str]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([(name, pa.type_for_alias(kind)) for name, kind in columns.items()])


def job_of(name: str) -> Job:
    if name not in JOBS:
        raise BadInputError(f"no job is called {name}; take {', '.join(JOBS)}")
    return JOBS[name]


def run_batch(folder: Path, name: str, target: Target, resources: Resources, progress: Progress = lambda done, of: None) -> Batch:
    """Do the job called `name` to every picture below `folder` and write the rows to `target`, whole or not at all.

    `progress` hears how many of how many are done.

    Raises:
        BadInputError: no such job, no pictures, no Ray at that address, or the table cannot be written
        WeightsError: a network that the job needs is missing or damaged
        CorrovisError: the workers do not work, or it was interrupted; the rows that had come are kept
        KeyboardInterrupt: it was interrupted before a row had come
    """
    from corrovis.images import pictures_in

    began = time.perf_counter()
    job, files = job_of(name), pictures_in(folder, deep=True)
    store = resources.open_store()
    specs = [store.spec(model) for model in job.models(store)]
    for spec in specs:  # once, here, rather than in each worker: hashes are checked, what is missing is fetched
        store.path(spec)
    names = [_readable(path.relative_to(folder).as_posix()) for path in files]
    worker = (name, job.all_columns(store), store.folder.absolute())
    listed = Pictures([path.absolute() for path in files], names, [stamp_of(path) for path in files])
    made_of = {"job": name, "folder": _readable(str(folder.resolve())), "networks": " ".join(spec.sha256 for spec in specs)}
    schema = schema_of({"number": "int64", **worker[1], "stamp": "string"}).with_metadata(made_of)
    kept = KeptRows(target, schema, listed)
    try:
        with cluster(resources.ray, resources.threads):
            answers = _answers(worker, listed, kept, progress)
        table = in_order(answers, names, name)
        kept.finish(table)
    except (CorrovisError, KeyboardInterrupt) as error:
        if not kept.count:
            raise
        why = str(error) if isinstance(error, CorrovisError) else "it was interrupted"
        raise UnfinishedError(
            f"{why}; {kept.count} of {len(files)} rows are kept in {kept.part}; resume it for the rest"
        ) from error
    finally:
        kept.close()
    errors = table["error"].drop_null().to_pylist()
    return Batch(len(files), len(errors), errors[0] if errors else None, round(time.perf_counter() - began, 3))


def _answers(worker: tuple[str, dict[str, str], Path], files: Pictures, kept: KeptRows, progress: Progress) -> pa.Table:
    """Rows as they come.  Pictures whose block a worker broke down over are tried once more, each for itself.

    Raises:
        CorrovisError: no worker could start
    """
    import pyarrow as pa
    import ray
    from ray.exceptions import RayError

    have: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    workers = max(1, min(int(have.get("CPU", 1)), int(have.get("memory", 0)) // WORKER_BYTES, len(files.paths)))
    done = kept.before
    for most in (max(1, min(LARGEST_BLOCK, len(files.paths) // (4 * workers))), 1):
        left = sorted(set(range(len(files.paths))) - set(done["number"].to_pylist()))
        if not left:
            break
        items = [{"number": number, "path": os.fsencode(files.paths[number])} for number in left]
        asked = ray.data.from_items(items, override_num_blocks=ceil(len(items) / most))
        tables, count = [done], len(done)
        try:
            for table in mapped(asked, worker, min(workers, len(left))).iter_batches(batch_size=None, batch_format="pyarrow"):
                tables.append(files.named(table))
                kept.add(tables[-1])
                count += len(table)
                progress(count, len(files.paths))
        except RayError as error:
            raise CorrovisError(
                f"Ray's workers do not work ({last_line(error)}); each node has to see {ROOT} and the packages that it needs"
            ) from error
        done = pa.concat_tables(tables)
    return done


def mapped(asked: Any, worker: tuple[str, dict[str, str], Path], workers: int) -> Any:
    """The data set of answers; a block that fails is left out, and a worker that died is not begun anew over and over."""
    import ray

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1
    pool = ray.data.ActorPoolStrategy(size=workers)
    how = {"batch_size": None, "batch_format": "pyarrow", "num_cpus": 1, "max_restarts": 0}
    return asked.map_batches(Worker, fn_constructor_args=worker, compute=pool, **how)


def in_order(answers: pa.Table, names: Sequence[str], job: str) -> pa.Table:
    """The answers, which come numbered and in any order, as one row for each of `names`; a row that is missing gets an error."""
    import pyarrow as pa

    lost = sorted(set(range(len(names))) - set(answers["number"].to_pylist()))
    rows = pa.Table.from_pylist([{"number": number, "error": LOST.format(job=job)} for number in lost], answers.schema)
    table = pa.concat_tables([answers, rows]).sort_by("number").drop_columns(["number", "stamp"])
    return table.set_column(0, "file", pa.array(names, pa.string()))


def _readable(text: str) -> str:
    """Names of files need not be UTF-8, texts of a parquet file have to be."""
    return text.encode("utf-8", "replace").decode()
