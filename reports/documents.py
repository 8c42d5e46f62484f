"""JSON documents that reports read: of bounded size, checked by their model, told with the place of the first fault."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from scenarios.errors import UserError

Document = TypeVar("Document", bound=BaseModel)


def read(file: Path, *, bytes_max: int, remedy: str) -> bytes:
    """The content of `file`. Raises `UserError` where it cannot be read or has more than `bytes_max`."""
    try:
        with file.open("rb") as stream:
            content = stream.read(bytes_max + 1)
    except OSError as error:
        raise UserError(str(file), f"cannot be read ({error.strerror})", remedy) from error
    if len(content) > bytes_max:
        raise UserError(str(file), f"is larger than {bytes_max:,} bytes", remedy)
    return content


def parse(model: type[Document], content: bytes, *, place: str, remedy: str) -> Document:
    """The document in `content`, which the user knows as `place`. Raises `UserError` with the first thing wrong."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        cause = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{place}: {where}" if where else place, cause, remedy) from error
