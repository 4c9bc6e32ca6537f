"""The table of a batch: rows kept as they come, so that an interruption costs few of them, and one file in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corrovis.errors import BadInputError
from corrovis.files import make_folder

if TYPE_CHECKING:
    import pyarrow as pa

ENDINGS = (".parquet", ".csv")


@dataclass(frozen=True, slots=True)
class Target:
    """Where the table goes, and whether rows of an earlier run that was interrupted count."""

    path: Path
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Pictures:
    """Where the pictures are, how their rows call them, and their stamps, which tell whether one was changed."""

    paths: Sequence[Path]
    names: Sequence[str]
    stamps: Sequence[str]

    def named(self, rows: pa.Table) -> pa.Table:
        """Rows of a worker, which knows numbers alone, with the names of their files, and their stamps in a column more."""
        import pyarrow as pa

        numbers = rows["number"].to_pylist()
        names, stamps = (pa.array([texts[number] for number in numbers], pa.string()) for texts in (self.names, self.stamps))
        return rows.set_column(rows.schema.get_field_index("file"), "file", names).append_column("stamp", stamps)


def stamp_of(path: Path) -> str:
    """Size of a file and when it was written; nothing if it is not there."""
    try:
        about = path.stat()
    except OSError:
        return ""
    return f"{about.st_size} {about.st_mtime_ns}"


class KeptRows:
    """Rows in `PATH.part`, an Arrow stream that is flushed with each table: whatever ends the program, they can be read."""

    def __init__(self, target: Target, schema: pa.Schema, pictures: Pictures) -> None:
        """Made before the work begins, rather than refused after hours; `before` are those of an earlier run.

        The metadata of `schema` say of which folder, job and networks the rows are.

        Raises:
            BadInputError: the path is a folder, cannot be written or ends in neither of `ENDINGS`, or what is to be resumed is
                of another folder, job or network
        """
        import pyarrow as pa

        self.path = target.path
        check_target(self.path)
        self.part = self.path.with_name(f"{self.path.name}.part")
        self.before = rows_of(read_rows(self.part, schema) if target.resume else schema.empty_table(), pictures)
        self.count = 0
        anew = self.part.with_suffix(".anew")  # the rows kept so far stay until they stand here too
        try:
            with ExitStack() as undo:
                undo.callback(anew.unlink, missing_ok=True)
                self._file = undo.enter_context(anew.open("wb"))
                self._writer = pa.ipc.new_stream(self._file, schema)
                self.add(self.before)
                anew.replace(self.part)
                undo.pop_all()
        except OSError as error:
            raise unwritable(self.path, error) from error

    def add(self, rows: pa.Table) -> None:
        try:
            self._writer.write_table(rows)
            self._file.flush()
        except OSError as error:
            raise unwritable(self.path, error) from error
        self.count += len(rows)

    def finish(self, table: pa.Table) -> None:
        """Write the whole table, then let go of the kept rows."""
        new = self.path.with_name(f"{self.path.name}.new")
        try:
            write_table(table, new, self.path.suffix.lower())
            new.replace(self.path)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise unwritable(self.path, error) from error
        self.count = 0

    def close(self) -> None:
        """Without rows that are still of use nothing is left behind."""
        self._writer.close()
        self._file.close()
        if not self.count:
            self.part.unlink(missing_ok=True)


def check_target(path: Path) -> None:
    """Raises BadInputError for a folder, an ending that names no table, or a place that cannot be made."""
    if path.is_dir():
        raise BadInputError(f"{path} is a folder; name a file in it")
    if path.suffix.lower() not in ENDINGS:
        raise BadInputError(f"{path.name} ends neither in {' nor in '.join(ENDINGS)}; end it in one of these two")
    make_folder(path.parent)


def read_rows(part: Path, schema: pa.Schema) -> pa.Table:
    """What an interrupted run kept, as far as it was written; nothing if there is no such file."""
    import pyarrow as pa

    if not part.exists():
        return schema.empty_table()
    batches: list[Any] = []
    try:
        with pa.ipc.open_stream(part.read_bytes()) as stream:
            if not stream.schema.equals(schema, check_metadata=True):
                raise BadInputError(f"{part} is of another folder, job or network; delete it, or begin anew")
            for batch in stream:
                batches.append(batch)  # one by one, for those before a cut are wanted
    except (pa.ArrowInvalid, OSError):
        pass  # cut off where the program ended
    return pa.Table.from_batches(batches, schema)


def rows_of(before: pa.Table, pictures: Pictures) -> pa.Table:
    """Of the rows kept `before`, those of `pictures` that are as they were, each called as no other, numbered anew; what failed
    is tried again.
    """
    import pyarrow as pa

    count = Counter(pictures.names)
    known = enumerate(zip(pictures.names, pictures.stamps, strict=True))
    number = {key: n for n, key in known if count[key[0]] == 1}
    kept = [(row, number.get((row["file"], row["stamp"]))) for row in before.to_pylist() if row["error"] is None]
    rows = {n: {**row, "number": n} for row, n in kept if n is not None}
    return pa.Table.from_pylist(list(rows.values()), before.schema.remove_metadata())


def write_table(table: pa.Table, path: Path, ending: str) -> None:
    import pyarrow.csv
    import pyarrow.parquet

    with path.open("wb") as file:
        if ending == ".csv":
            pyarrow.csv.write_csv(table, file)
        else:
            pyarrow.parquet.write_table(table, file)


def unwritable(path: Path, error: OSError) -> BadInputError:
    return BadInputError(f"{path} cannot be written ({error.strerror or error}); choose another name or folder")
