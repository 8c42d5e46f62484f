"""The run folder: opens what a run wrote, and survives what a killed run or a full disk left behind."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from reports import documents
from reports.manifest import Manifest, parse_manifest
from scenarios.errors import UserError
from scenarios.tables import SCHEMAS

MANIFEST_BYTES_MAX: Final = 16 * 2**20
PARTS_MAX: Final = 10_000
PART_FILE_BYTES_MAX: Final = 2**30
PART_ROWS_MAX: Final = 20_000_000
RUNS_TOLD_MAX: Final = 12
"""Runs of a folder that a message lists."""
PART_BYTES_MAX: Final = 2 * 2**30
"""Of the columns that are read, unpacked."""

_PART: Final = re.compile(r"part-(\d{5,9})\.parquet")


class RunFolder:
    """A run folder, opened for reading: its manifest, and its tables part by part.

    `path` is the folder as the user named it. A part that cannot be read is left out and told in `problems`; the
    rest of the run stays readable.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._root = path.resolve()
        self._problems: dict[str, None] = {}

    @classmethod
    def open(cls, path: Path | str) -> "RunFolder":
        """Opens the folder at `path`, whatever state its run is in.

        Raises `UserError` where there is no folder, or where its `run.json` is missing, too large or not ours.
        """
        folder = Path(path)
        file = folder / "run.json"
        remedy = "give the folder that `seatrial run --out` wrote"
        if not folder.is_dir():
            raise UserError(str(folder), "is not a folder" if folder.exists() else "does not exist", remedy)
        if not file.exists():
            runs = sorted(str(inner.parent) for inner in folder.glob("*/run.json"))
            if runs:
                raise UserError(str(folder), "holds several runs", f"give one of: {', '.join(runs[:RUNS_TOLD_MAX])}")
            raise UserError(str(folder), "holds no run.json, so it is not the folder of a run", remedy)
        if not file.is_file() or not file.resolve().is_relative_to(folder.resolve()):
            raise UserError(str(file), "is not a file of this folder", remedy)
        content = documents.read(file, bytes_max=MANIFEST_BYTES_MAX, remedy=remedy)
        return cls(folder, parse_manifest(content, place=str(file)))

    @property
    def report(self) -> Path:
        """Where the HTML report of this run is, or would be."""
        return self.path / "report.html"

    @property
    def problems(self) -> tuple[str, ...]:
        """What was found wrong with the tables that have been read so far, each once."""
        return tuple(self._problems)

    def note(self, problem: str) -> None:
        """Adds a problem that a reader of the tables found."""
        self._problems[problem] = None

    def parts(self, table: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """`columns` of `table`, a part at a time in the order of writing, typed as the contract says.

        Raises `KeyError` for a table or column that the contract does not know.
        """
        return self._parts(table, columns, None)

    def matching(self, table: str, columns: Sequence[str], condition: pc.Expression) -> pa.Table:
        """The rows of `table` that fulfil `condition`: what does not is skipped while reading, and never in memory."""
        schema = pa.schema([SCHEMAS[table].field(column) for column in columns])
        return pa.concat_tables([schema.empty_table(), *self._parts(table, columns, condition)])

    def _parts(self, table: str, columns: Sequence[str], condition: pc.Expression | None) -> Iterator[pa.Table]:
        schema = pa.schema([SCHEMAS[table].field(column) for column in columns])
        for part in self._files(table):
            try:
                yield _read(part, schema, condition)
            except (pa.ArrowException, OSError, ValueError) as error:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                self.note(f"{table}/{part.name} cannot be read and is left out: {reason[:200]}")

    def _files(self, table: str) -> list[Path]:
        folder = self._root / table
        if not folder.is_dir():
            self.note(f"the table {table} is missing")
            return []
        files = []
        for file in folder.iterdir():
            match = _PART.fullmatch(file.name)
            if match is None:
                continue
            if file.is_file() and file.resolve().is_relative_to(self._root):
                files.append((int(match[1]), file))
            else:
                self.note(f"{table}/{file.name} is not a file of this folder and is left out")
        if len(files) > PARTS_MAX:
            self.note(f"{table} has {len(files):,} parts; only the first {PARTS_MAX:,} are read")
        return [file for _, file in sorted(files)[:PARTS_MAX]]


def _read(file: Path, schema: pa.Schema, condition: pc.Expression | None) -> pa.Table:
    """Raises `ValueError` or `pa.ArrowException` where the part breaks the contract or a limit."""
    if file.stat().st_size > PART_FILE_BYTES_MAX:
        raise ValueError(f"larger than {PART_FILE_BYTES_MAX:,} bytes")
    with pq.ParquetFile(file) as part:
        missing = [name for name in schema.names if name not in part.schema_arrow.names]
        if missing:
            raise ValueError(f"lacks the column {missing[0]}")
        if part.metadata.num_rows > PART_ROWS_MAX:
            raise ValueError(f"more than {PART_ROWS_MAX:,} rows")
        if _unpacked_bytes(part.metadata, frozenset(schema.names)) > PART_BYTES_MAX:
            raise ValueError(f"more than {PART_BYTES_MAX:,} bytes when unpacked")
        table = part.read(columns=schema.names) if condition is None else None
    if table is None:
        table = ds.dataset(file, format="parquet").to_table(columns=schema.names, filter=condition)
    table = table.select(schema.names)
    table.validate(full=True)
    # The contract knows no empty cell; the cast refuses one.
    return table.cast(schema)


def _unpacked_bytes(metadata: pq.FileMetaData, columns: frozenset[str]) -> int:
    total = 0
    for group_index in range(metadata.num_row_groups):
        group = metadata.row_group(group_index)
        for column_index in range(group.num_columns):
            column = group.column(column_index)
            if column.path_in_schema.partition(".")[0] in columns:
                total += column.total_uncompressed_size
    return total
