"""The index of a folder that holds several runs: their names, where they are, and how to compare them."""

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from reports import documents, output
from reports.summary import Summary
from reports.tolerances import Entry
from scenarios.errors import UserError

INDEX: Final = "index.json"
FORMAT: Final = 1
INDEX_BYTES_MAX: Final = 4 * 2**20
RUNS_MAX: Final = 10_000
"""Runs of one index."""


class IndexedRun(BaseModel):
    """A run: its name within the command, and its folder below the index, with slashes.

    `verdict` and `digest` are those of the run, so that whoever looks for one has not to open every folder.
    """

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    name: str
    folder: str
    verdict: str = ""
    digest: str | None = None

    @field_validator("folder")
    @classmethod
    def _is_below(cls, folder: str) -> str:
        path = PurePosixPath(folder)
        if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in folder or "\0" in folder:
            raise ValueError(f"{folder!r} is not a folder below the index")
        return folder


class Index(BaseModel):
    """`index.json`. `compare` are the tolerances of the suite that ran; the runs have different names."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    format: int
    runs: Annotated[tuple[IndexedRun, ...], Field(max_length=RUNS_MAX)]
    compare: tuple[Entry, ...] = ()

    @field_validator("format")
    @classmethod
    def _is_known(cls, number: int) -> int:
        if number != FORMAT:
            raise ValueError(f"format {number} is unknown, this release reads format {FORMAT}")
        return number

    @field_validator("runs")
    @classmethod
    def _differ(cls, runs: tuple[IndexedRun, ...]) -> tuple[IndexedRun, ...]:
        if len({run.name for run in runs}) != len(runs):
            raise ValueError("two runs have the same name")
        return runs


def write_index(folder: Path, runs: Sequence[Summary], compare: Sequence[Entry] = ()) -> None:
    """Writes the index of the `runs` below `folder`, in their order.

    Raises `UserError` where it cannot be written, `ValueError` where a run is not below `folder`.
    """
    document = {
        "format": FORMAT,
        "runs": [
            {
                "name": run.manifest.scenario.name,
                "folder": run.out.relative_to(folder).as_posix(),
                "verdict": run.verdict,
                "digest": run.manifest.digest,
            }
            for run in runs
        ],
        "compare": [entry.plain() for entry in compare],
    }
    output.write(folder / INDEX, (json.dumps(document, indent=1) + "\n").encode())


def read_index(folder: Path) -> Index:
    """The index of `folder`. Raises `UserError` where it cannot be read, or is not ours."""
    file = folder / INDEX
    remedy = "give a folder that `seatrial run --out` wrote"
    content = documents.read(file, bytes_max=INDEX_BYTES_MAX, remedy=remedy)
    index = documents.parse(Index, content, place=str(file), remedy=remedy)
    for run in index.runs:
        if not (folder / run.folder).resolve().is_relative_to(folder.resolve()):
            raise UserError(str(file), f"the run {run.name!r} lies outside of this folder", remedy)
    return index
