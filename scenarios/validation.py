"""Validation: plain data against the models of the format, and every mistake told with its place, cause and remedy."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from scenarios.errors import UserError
from scenarios.fields import CUSTOM, Model
from scenarios.problems import ERRORS_MAX, Loc, LocatedError, Notice, ScenarioErrors, hint, shown
from scenarios.source import Document, Plain

T = TypeVar("T")
M = TypeVar("M", bound=Model)

_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "string_type": ("a text", "write a text, in quotes where it looks like a number"),
    "int_type": ("a whole number", "write a whole number"),
    "bool_type": ("true or false", "write true or false"),
    "dict_type": ("a mapping", "write `key: value` entries"),
    "model_type": ("a mapping", "write `key: value` entries"),
    "tuple_type": ("a list", "write a list, `[first, second]` or one `- entry` a line"),
    "float_type": ("a number", "write a number"),
}


@dataclass(slots=True)
class Checker:
    """Collects what is wrong with one document, so that all of it is told in one go.

    `found` counts the mistakes, with those that are not told since they follow from one that is.
    """

    document: Document
    errors: list[tuple[tuple[int, ...], UserError]] = field(default_factory=list)
    notices: list[tuple[tuple[int, ...], Notice]] = field(default_factory=list)
    found: int = 0

    def error(self, loc: Loc, cause: str, remedy: str, *, key: bool = False) -> None:
        """Adds a mistake; with `key`, its place is the key and not the value."""
        self.found += 1
        if loc in self.document.broken:
            return  # told already, and the value that stands here is not the one that was meant
        place = self.document.place(loc, key=key)
        self.errors.append((self.document.order(loc), UserError(place, cause, remedy)))

    def located(self, loc: Loc, error: LocatedError, *, key: bool = False) -> None:
        """Adds a mistake that was found inside the data at `loc`."""
        self.error((*loc, *error.loc), error.cause, error.remedy, key=key)

    def argument(self, argument: str, error: LocatedError) -> None:
        """Adds a mistake in an argument of the command line."""
        self.errors.append(((-1, 0, 0), UserError(argument, error.cause, error.remedy)))

    def notice(self, loc: Loc, cause: str, remedy: str) -> None:
        """Adds a warning."""
        self.notices.append((self.document.order(loc), Notice(self.document.place(loc), cause, remedy)))

    def model(self, model: type[M], data: Plain, loc: Loc) -> M | None:
        """`data` as a model, None where something is wrong with it."""
        try:
            return model.model_validate(data)
        except ValidationError as error:
            self._translate(error, model, loc)
            return None

    def value(self, annotation: Any, data: Plain, loc: Loc) -> Any:  # a type, and a value of it
        """`data` as a value of a field's annotation, None where something is wrong with it."""
        try:
            return TypeAdapter(annotation).validate_python(data)
        except ValidationError as error:
            self._translate(error, annotation, loc)
            return None

    def attempt(self, read: Callable[[], T], loc: Loc) -> T | None:
        """What `read` returns, None where it raises a LocatedError, which is added."""
        try:
            return read()
        except LocatedError as error:
            self.located(loc, error)
            return None

    def finish(self) -> None:
        """Raises ScenarioErrors where a mistake was found, in the order of the file."""
        found = [*self.document.errors, *_sorted(self.errors)]
        if found:
            raise ScenarioErrors(found[:ERRORS_MAX])

    def warnings(self) -> tuple[Notice, ...]:
        """The warnings, in the order of the file."""
        return tuple(_sorted(self.notices))

    def _translate(self, error: ValidationError, annotation: Any, loc: Loc) -> None:
        for details in error.errors(include_url=False):
            inner = tuple(details["loc"])
            cause, remedy = _told(details, annotation, inner)
            own = details["ctx"]["loc"] if details["type"] == CUSTOM else ()
            key = details["type"] == "extra_forbidden" or inner[-1:] == ("[key]",)
            inner = inner[:-1] if inner[-1:] == ("[key]",) else inner
            if details["type"] == "missing":
                inner = inner[:-1]
            self.error((*loc, *inner, *own), cause, remedy, key=key)


def _sorted(found: Iterable[tuple[tuple[int, ...], T]]) -> list[T]:
    return list(dict.fromkeys(item for _, item in sorted(found, key=lambda entry: entry[0])))


def _told(details: ErrorDetails, annotation: Any, loc: Loc) -> tuple[str, str]:
    """Cause and remedy of one of pydantic's errors."""
    kind, context, given = details["type"], details.get("ctx", {}), details["input"]
    last = shown(loc[-1]) if loc else "it"
    if kind == CUSTOM:
        return context["cause"], context["remedy"]
    if kind in _KINDS:
        wanted, remedy = _KINDS[kind]
        return f"{shown(given)} is not {wanted}", remedy
    if kind == "extra_forbidden":
        return f"unknown key {last}", hint(str(loc[-1]), keys(_inside(annotation, loc[:-1])))
    if kind == "missing":
        return f"the key {last} is missing", f"add `{loc[-1]}: …`"
    if kind in ("greater_than_equal", "less_than_equal", "greater_than", "less_than"):
        bound = next(iter(context.values()))
        word = {"greater_than_equal": "at least", "less_than_equal": "at most"}.get(kind, kind.replace("_", " "))
        if kind == "greater_than_equal" and isinstance(given, int) and given < 0:
            return f"{given} is negative", f"write {word} {bound}"
        return f"{shown(given)} is out of range", f"write {word} {bound}"
    if kind == "literal_error":
        expected = [part.strip("' ") for part in context["expected"].replace(" or ", ", ").split(",")]
        return f"{shown(given)} is not known here", hint(given if isinstance(given, str) else "", expected)
    if kind in ("too_long", "string_too_long"):
        return "there is too much of it", f"write at most {context['max_length']}"
    if kind in ("too_short", "string_too_short"):
        return "it is empty", "write something, or leave the key out"
    return f"{shown(given)} is not right: {details['msg']}", "correct it"


def keys(model: Any) -> tuple[str, ...]:
    """The keys that a model takes, as they are written."""
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        return ()
    return tuple(info.alias or name for name, info in model.model_fields.items())


def _inside(annotation: Any, loc: Loc) -> Any:  # types as objects
    """The type of what lies at `loc` inside a value of `annotation`."""
    for step in loc:
        annotation = _stripped(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            fields = {info.alias or name: info for name, info in annotation.model_fields.items()}
            annotation = fields[step].annotation if step in fields else None
        else:
            arguments = get_args(annotation)
            annotation = arguments[-1 if get_origin(annotation) is dict else 0] if arguments else None
    return _stripped(annotation)


def _stripped(annotation: Any) -> Any:  # types as objects
    """Without `Annotated` and without an optional None."""
    while True:
        arguments = get_args(annotation)
        if hasattr(annotation, "__metadata__"):
            annotation = arguments[0]
        elif type(None) in arguments:
            annotation = next(argument for argument in arguments if argument is not type(None))
        else:
            return annotation
