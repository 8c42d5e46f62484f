"""Records: frozen dataclasses whose fields are declared settings, read from plain data and described from one place."""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, replace
from enum import StrEnum
from typing import Final, TypeVar, get_type_hints

from emulator.policy.errors import SettingError, located
from emulator.policy.kinds import Kind, nearest, one_of, shown

R = TypeVar("R", bound="Record")


class Basis(StrEnum):
    """Where the knowledge comes from that a setting exists."""

    DOCUMENTED = "documented"
    PUBLIC_HELP = "public help, in no clause of the catalogue"
    SIBLING = "documented for a sibling product"
    RECALLED = "recalled, not found in documentation"
    EMULATOR = "the emulator's stand-in"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is said of a field beside its type and default; it stands in the field's `Annotated`.

    `clause` states that the setting exists, `default_clause` its default (None: the default is the emulator's
    choice); the clause of the range belongs to the kind.
    """

    kind: Kind[object]
    about: str
    clause: str | None = None
    default_clause: str | None = None
    basis: Basis = Basis.DOCUMENTED


@dataclass(frozen=True, slots=True)
class Declared:
    """A field of a record: its name in Python, its key for users, and its declaration."""

    name: str
    key: str
    setting: Setting
    default: object
    required: bool


class Record:
    """Base of the declared dataclasses: none of them can be built with a value that its declaration refuses.

    Values are normalised on the way (a list becomes a tuple, a hash lower case). Raises SettingError.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        for field in declared(type(self)):
            value = getattr(self, field.name)
            if value is field.default:
                continue
            with located(field.key):
                object.__setattr__(self, field.name, field.setting.kind.read(value))


_DECLARED: Final[dict[type[Record], tuple[Declared, ...]]] = {}


def declared(record: type[Record]) -> tuple[Declared, ...]:
    """The declared fields of a record, in their order."""
    if record in _DECLARED:
        return _DECLARED[record]
    hints = get_type_hints(record, include_extras=True)
    found = []
    for field in fields(record):  # type: ignore[arg-type]  # every record is a dataclass, which its base cannot say
        setting: Setting = hints[field.name].__metadata__[0]
        required = field.default is MISSING
        default = None if required else field.default
        found.append(Declared(field.name, _key(field.name, setting.kind), setting, default, required))
    _DECLARED[record] = tuple(found)
    return _DECLARED[record]


def read_record(record: type[R], data: object, base: R | None = None) -> R:
    """A record from untrusted plain data; what is not given keeps its default, or what `base` has.

    Raises SettingError with the path inside `data`: an unknown key (with the nearest known one), a value that its
    kind refuses, a required setting that is missing.
    """
    if isinstance(data, record):
        return data
    if not isinstance(data, dict):
        raise SettingError((), f"{shown(data)} is not a mapping", "write a mapping of settings")
    known = {field.key: field for field in declared(record)}
    values: dict[str, object] = {}
    for key, value in data.items():
        if not isinstance(key, str):
            raise SettingError((), f"the key {shown(key)} is not a text", one_of(known))
        field = known.get(key)
        if field is None:
            raise SettingError((key,), f"unknown setting {shown(key)}", nearest(key, known))
        with located(key):
            values[field.name] = field.setting.kind.read(value)
    if base is not None:
        return replace(base, **values)  # type: ignore[type-var]  # as above
    for field in known.values():
        if field.required and field.name not in values:
            because = f" ({field.setting.clause})" if field.setting.clause else ""
            raise SettingError((), f"{field.key!r} is missing", f"write {field.key!r}, it has no default{because}")
    build: Callable[..., R] = record
    return build(**values)


def mapping(record: type[R]) -> Kind[R]:
    """The kind of a record, for lists of them."""

    def read(data: object) -> R:
        return read_record(record, data)

    return Kind("mapping", read, record=record)


def _key(name: str, kind: Kind[object]) -> str:
    bare = name.removesuffix(f"_{kind.unit.lower()}") if kind.name in ("duration", "size") else name
    return bare.replace("_", "-")
