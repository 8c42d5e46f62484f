"""The run folder as it is written: tables in Parquet parts, the manifest, the digest.

Every file is written aside and renamed, so that a kill loses at most what was in hand.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from emulator.errors import UserError
from scenarios.tables import SCHEMAS

MANIFEST: Final = "run.json"
REPORT: Final = "report.html"
MANIFEST_BYTES_MAX: Final = 16 * 2**20
"""A larger manifest is not one of ours."""
_ASIDE: Final = ".part"


class RunFolder:
    """Writes one run, which begins with `manifest`, into a folder.

    An earlier run in it is replaced, once the manifest has found room; any other folder that is not empty is refused.
    Whatever cannot be written raises UserError, and leaves what was written before.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        self.path = path
        self._parts = dict.fromkeys(SCHEMAS, 0)
        self._digests = {name: hashlib.sha256(_schema_text(schema).encode()) for name, schema in SCHEMAS.items()}
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()) and not _holds_run(path):
                remedy = "give an empty folder, or one of an earlier run"
                raise UserError(str(path), "the folder holds something that is no run", remedy)
            self.manifest(manifest)
            for name in SCHEMAS:
                shutil.rmtree(path / name, ignore_errors=True)
                (path / name).mkdir()
            (path / REPORT).unlink(missing_ok=True)
        except OSError as error:
            raise UserError(str(path), _told(error), "give a folder that can be written") from error

    def write(self, name: str, table: pa.Table) -> None:
        """Adds a part to a table; parts come in the order of the table's key."""
        if table.num_rows == 0:
            return
        self._digests[name].update(_rows_text(table))
        target = self.path / name / f"part-{self._parts[name]:05d}.parquet"
        aside = target.with_suffix(_ASIDE)
        self._parts[name] += 1
        try:
            pq.write_table(table, aside, compression="zstd")
            aside.replace(target)
        except OSError as error:
            raise UserError(str(target), _told(error), "make room, or give another folder with --out") from error

    def manifest(self, data: Mapping[str, Any]) -> None:
        """Replaces the manifest."""
        target = self.path / MANIFEST
        aside = target.with_suffix(_ASIDE)
        try:
            aside.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            os.replace(aside, target)
        except OSError as error:
            raise UserError(str(target), _told(error), "make room, or give another folder with --out") from error

    def tables(self) -> dict[str, pa.Table]:
        """All rows that were written."""
        return {name: self._read(name, schema) for name, schema in SCHEMAS.items()}

    def _read(self, name: str, schema: pa.Schema) -> pa.Table:
        parts = sorted((self.path / name).glob("part-*.parquet"))
        return (
            pa.concat_tables([pq.read_table(part, schema=schema) for part in parts]) if parts else schema.empty_table()
        )

    @property
    def digest(self) -> str:
        """SHA-256 over schema and rows of all tables, in the order of their keys."""
        whole = hashlib.sha256()
        for name in sorted(self._digests):
            whole.update(f"{name} {self._digests[name].hexdigest()}\n".encode())
        return f"sha256:{whole.hexdigest()}"


def _holds_run(path: Path) -> bool:
    """True where a run was written into a folder: its manifest says so, not only the name of a file."""
    file = path / MANIFEST
    if not file.is_file() or file.stat().st_size > MANIFEST_BYTES_MAX:
        return False
    try:
        manifest = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(manifest, dict) and {"format", "scenario", "digest"} <= manifest.keys()


def _schema_text(schema: pa.Schema) -> str:
    return "".join(f"{field.name} {field.type}\n" for field in schema)


def _rows_text(table: pa.Table) -> bytes:
    """The rows as text, a line each: the same for whatever parts they were written in."""
    columns: list[Any] = []  # pyarrow's stubs know no kernel over arrays and a scalar
    for column in table.columns:
        if pa.types.is_list(column.type):
            columns.append(pa.array([json.dumps(value, sort_keys=True) for value in column.to_pylist()], pa.string()))
        else:
            columns.append(pc.cast(column, pa.string()))
    lines: Any = pc.binary_join_element_wise(*columns, pa.scalar("\x1f"))
    ended: Any = pc.binary_join_element_wise(lines, pa.scalar(""), pa.scalar("\n"))
    # The texts of an array lie one after the other in its last buffer: no line is made into an object.
    chunks: list[Any] = ended.chunks if isinstance(ended, pa.ChunkedArray) else [ended]
    texts: list[Any] = [pa.concat_arrays([chunk]).buffers()[2] for chunk in chunks if len(chunk)]
    return b"".join(text.to_pybytes() for text in texts)


def _told(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
