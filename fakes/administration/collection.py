"""The IOC collection of a task as a ZIP file: exported, and taken again (KEA-IOC-036 to KEA-IOC-039)."""

import io
import zipfile
from typing import Final

from emulator.errors import UserError
from emulator.ioc.document import IndicatorFile, parse
from emulator.ioc.limits import FILE_SIZE_MAX_BYTES
from emulator.tasks.task import TaskError

FILES_MAX: Final = 10_000
"""Files of one collection that is imported."""
COLLECTION_MAX_BYTES: Final = 256 * 1024 * 1024
"""All of them together, unpacked."""
_MADE: Final = (1980, 1, 1, 0, 0, 0)
"""The date of every entry: the earliest that the format knows, so that the same files give the same bytes."""


def export_collection(files: tuple[IndicatorFile, ...]) -> bytes:
    """The files of a collection, byte for byte, in their order; a second file of one name gets a number before it.

    Raises TaskError for a file that is larger than a task can use: it is kept without its content.
    """
    packed = io.BytesIO()
    names: set[str] = set()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, file in enumerate(files, start=1):
            if file.oversized:
                raise TaskError(f"the file {file.name!r} is too large to be exported", "take it out of the collection")
            name = f"{number}-{file.name}" if file.name in names else file.name
            names.add(name)
            entry = zipfile.ZipInfo(name, _MADE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.content)
    return packed.getvalue()


def import_collection(data: bytes, *, source: str) -> tuple[IndicatorFile, ...]:
    """The files of an exported collection. No more of it is unpacked than the limits allow.

    Raises UserError with `source` where it is no such file, or passes a limit.
    """
    files = []
    unpacked = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > FILES_MAX:
                raise UserError(source, f"it has {len(entries)} files", f"{FILES_MAX} are the limit (FILES_MAX)")
            for entry in entries:
                if entry.is_dir() or "/" in entry.filename or "\\" in entry.filename:
                    raise UserError(source, f"{entry.filename!r} is in a folder", "pack the files without folders")
                with archive.open(entry) as packed:
                    content = packed.read(FILE_SIZE_MAX_BYTES + 1)
                unpacked += len(content)
                if unpacked > COLLECTION_MAX_BYTES:
                    remedy = f"{COLLECTION_MAX_BYTES} bytes are the limit (COLLECTION_MAX_BYTES)"
                    raise UserError(source, "its files are too large together", remedy)
                files.append(parse(content, entry.filename))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise UserError(source, "it is no ZIP file that can be read", "export a collection again") from error
    return tuple(files)
