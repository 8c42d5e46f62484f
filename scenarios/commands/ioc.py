"""`seatrial ioc`: reads OpenIOC files as Endpoint Agent would, and judges them against a device given as JSON."""

import json
import os
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from emulator.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from emulator.ioc import FieldValue, IndicatorFile, Instance, Snapshot

SNAPSHOT_SIZE_MAX_BYTES: Final = 64 * 1024 * 1024
"""A larger snapshot of a device is refused."""

REASONS_SHOWN_MAX: Final = 5
"""Different reasons for items that cannot match which the text form of `check` names; JSON has all of them."""

_SHAPE: Final = 'give an object such as {"FileItem": [{"FileName": "a.exe"}]}'

ioc_app = typer.Typer(
    no_args_is_help=True,
    help="Read OpenIOC files as Endpoint Agent would, and judge them.\n\nExample:  seatrial ioc check indicators",
)


class OutputFormat(StrEnum):
    """What is printed: a table for people, or one JSON document."""

    TEXT = "text"
    JSON = "json"


_Paths = Annotated[
    list[Path],
    typer.Argument(metavar="FILE|DIR...", help="OpenIOC files, or folders whose files are all read."),
]
_Format = Annotated[OutputFormat, typer.Option("--format", help="A table, or one JSON document.")]
_Device = Annotated[
    Path,
    typer.Option("--device", metavar="SNAPSHOT.json", help="The device: lists of item instances by item type."),
]


@ioc_app.command()
def check(paths: _Paths, output: _Format = OutputFormat.TEXT) -> None:
    """List the files: identifier, version, terms, whether Endpoint Agent supports them, and why not.

    Example:  seatrial ioc check indicators --format json
    """
    read = _read(paths)
    duplicates = _duplicates(read)
    if output is OutputFormat.JSON:
        files = [_checked(name, file) for name, file in read]
        typer.echo(json.dumps({"files": files, "duplicate_ids": duplicates}, indent=2))
        return
    table = _table("File, identifier", "Ver.", "Supported, or why not", "Terms")
    for name, file in read:
        identity = _printable(name) if file.id is None else f"{_printable(name)}\n{_printable(file.id)}"
        terms = "\n".join(_printable(term) for term in file.terms)
        table.add_row(identity, file.version or "-", _supported(file), terms)
    _print(table)
    for identifier, names in duplicates.items():
        typer.echo(f"identifier {_printable(identifier)} is not unique:")
        for name in names:
            typer.echo(f"  {_printable(name)}")
    typer.echo(f"{sum(file.supported for _, file in read)} of {len(read)} files supported")


@ioc_app.command()
def match(paths: _Paths, device: _Device, output: _Format = OutputFormat.TEXT) -> None:
    """Judge each file by itself against the device, and name the IndicatorItems that made it match.

    Example:  seatrial ioc match indicators --device snapshot.json
    """
    from emulator.ioc import ITEM_TYPES, Sweep

    read = _read(paths)
    snapshot = _snapshot(device)
    unread = sorted(set(snapshot.items) - set(ITEM_TYPES))
    if unread:
        typer.echo(f"{device}: Endpoint Agent reads no item type {', '.join(map(_printable, unread))}", err=True)
    verdicts = list(zip(read, Sweep(file for _, file in read).on_image(snapshot), strict=True))
    if output is OutputFormat.JSON:
        results = [
            {
                "file": name,
                "id": file.id,
                "version": file.version,
                "supported": file.supported,
                "matched": verdict.matched,
                "reason": file.reason,
                "matched_items": list(verdict.matched_items),
            }
            for (name, file), verdict in verdicts
        ]
        typer.echo(json.dumps({"results": results}, indent=2))
        return
    table = _table("File", "Matched", "By items, or why not judged")
    for (name, file), verdict in verdicts:
        details = verdict.matched_items if file.supported else (file.reason or "",)
        table.add_row(_printable(name), "yes" if verdict.matched else "no", "\n".join(map(_printable, details)))
    _print(table)
    typer.echo(f"{sum(verdict.matched for _, verdict in verdicts)} of {len(verdicts)} files match")


def _read(paths: list[Path]) -> list[tuple[str, "IndicatorFile"]]:
    """Each file with its name relative to the argument it came by."""
    from emulator.ioc import parse_file

    read = []
    for argument in paths:
        for name, path in _files(argument):
            try:
                read.append((name, parse_file(path)))
            except OSError as error:
                raise _unreadable(path, error) from error
    return read


def _files(argument: Path) -> list[tuple[str, Path]]:
    """The argument itself, or all regular files below it in the order of their paths."""
    try:
        if argument.is_file():
            return [(argument.name, argument)]
        if not argument.is_dir():
            cause = "neither a file nor a folder" if argument.exists() else "there is no such file or folder"
            raise UserError(_printable(str(argument)), cause, "give OpenIOC files, or folders that hold them")
        below = [
            Path(folder, name)
            for folder, _, names in os.walk(argument, onerror=_raise)
            for name in names
            if Path(folder, name).is_file()
        ]
    except OSError as error:
        raise _unreadable(argument, error) from error
    return sorted((path.relative_to(argument).as_posix(), path) for path in below)


def _raise(error: OSError) -> NoReturn:
    raise error


def _unreadable(path: Path, error: OSError) -> UserError:
    cause = f"it cannot be read ({error.strerror or type(error).__name__})"
    return UserError(_printable(str(path)), cause, "give a path that you may read")


def _checked(name: str, file: "IndicatorFile") -> dict[str, object]:
    return {
        "file": name,
        "id": file.id,
        "version": file.version,
        "supported": file.supported,
        "oversized": file.oversized,
        "reason": file.reason,
        "terms": list(file.terms),
        "items": file.item_count,
        "unsupported": [
            {"element": fault.element, "id": fault.id, "term": fault.term, "reason": fault.reason}
            for fault in file.faults
        ],
    }


def _supported(file: "IndicatorFile") -> str:
    """The cell that tells a person whether a file is supported and what in it is not."""
    if not file.supported:
        return _printable(f"no: {file.reason}")
    reasons = Counter(fault.reason for fault in file.faults).most_common()
    lines = ["yes", *(f"- {count} without effect: {reason}" for reason, count in reasons[:REASONS_SHOWN_MAX])]
    if len(reasons) > REASONS_SHOWN_MAX:
        lines.append(f"- {len(reasons) - REASONS_SHOWN_MAX} more reasons: --format json")
    return "\n".join(map(_printable, lines))


def _duplicates(read: list[tuple[str, "IndicatorFile"]]) -> dict[str, list[str]]:
    """Identifiers of more than one file, with the files: within a task they should be unique (KEA-IOF-011)."""
    names: dict[str, list[str]] = {}
    for name, file in read:
        if file.id is not None:
            names.setdefault(file.id, []).append(name)
    return {identifier: names[identifier] for identifier in sorted(names) if len(names[identifier]) > 1}


def _snapshot(path: Path) -> "Snapshot":
    """The device of a JSON file; every mistake in it is a UserError with its place."""
    from emulator.ioc import Snapshot

    place = _printable(str(path))
    try:
        with path.open("rb") as file:
            data = file.read(SNAPSHOT_SIZE_MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(data) > SNAPSHOT_SIZE_MAX_BYTES:
        raise UserError(place, f"it is larger than {SNAPSHOT_SIZE_MAX_BYTES} bytes", "give a smaller snapshot")
    try:
        document = json.loads(data.decode("utf-8-sig"), parse_constant=_constant, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        where = f"{place}:{error.lineno}:{error.colno}"
        raise UserError(where, f"invalid JSON: {error.msg}", "give a JSON document") from error
    except UnicodeDecodeError as error:
        raise UserError(place, f"byte {error.start} is not UTF-8", "save it as UTF-8") from error
    except RecursionError as error:
        raise UserError(place, "it is nested too deeply", _SHAPE) from error
    except ValueError as error:
        raise UserError(place, _printable(str(error)), "give a JSON document without that") from error
    if not isinstance(document, dict):
        raise UserError(place, f"it holds {_kind(document)}", _SHAPE)
    lists: dict[str, list[Instance]] = {}
    for item_type, instances in document.items():
        where = f"{place}: {_printable(item_type)}"
        if not isinstance(instances, list):
            raise UserError(where, f"it is {_kind(instances)}", "give a list of objects, one for each instance")
        lists[item_type] = [_instance(f"{where}[{position}]", instance) for position, instance in enumerate(instances)]
    return Snapshot.of(lists)


def _instance(place: str, instance: object) -> "Instance":
    if not isinstance(instance, dict):
        raise UserError(place, f"it is {_kind(instance)}", "give an object of values by field")
    return {field: _value(f"{place}/{_printable(field)}", value) for field, value in instance.items()}


def _value(place: str, value: object) -> "FieldValue":
    remedy = "give a string, a number, true, false, null, or a list of these"
    if not isinstance(value, list):
        if value is None or isinstance(value, (str, int, float)):
            return value
        raise UserError(place, f"it is {_kind(value)}", remedy)
    scalars: list[str | int | float | None] = []
    for position, one in enumerate(value):
        if one is not None and not isinstance(one, (str, int, float)):
            raise UserError(f"{place}[{position}]", f"it is {_kind(one)}", remedy)
        scalars.append(one)
    return scalars


def _kind(value: object) -> str:
    if value is None:
        return "null"
    kinds = {bool: "a boolean", dict: "an object", list: "a list", str: "a string"}
    return kinds.get(type(value), "a number")


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = Counter(name for name, _ in pairs)
        raise ValueError(f"the name {names.most_common(1)[0][0]!r} stands twice in one object")
    return members


def _printable(text: str) -> str:
    """Foreign text without what could steer a terminal or fail to be encoded."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _table(*headings: str) -> "Table":
    from rich.table import Table

    table = Table(show_lines=True)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _print(table: "Table") -> None:
    from rich.console import Console

    # The cells are foreign text: no markup, no emoji codes.
    Console(markup=False, emoji=False, highlight=False).print(table)
