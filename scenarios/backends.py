"""Backends of users: found by what `--backend PORT=SPEC` says, given their options, and tried before a run."""

import importlib
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import reduce
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from pydantic import BaseModel, ConfigDict, SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from emulator.adapter import AdapterError, PerPackage, TelemetryBackend, package_size_bytes
from emulator.chance import name_hash
from emulator.errors import UserError
from emulator.ports import Ack, Backend, Device, Event, Package, Port, Refused, Reply, RunInfo, Telemetry, Unreachable
from scenarios.problems import Loc, ScenarioErrors, hint, shown

FAKE: Final = "fake"
"""The backend that ships with every port."""
ENTRY_POINTS: Final = "seatrial.backends"
"""The group of entry points under which packages offer backends."""
MASK: Final = "**********"
"""What stands for a secret wherever something is printed; pydantic writes the same."""
PROBE: Final = Device(
    name="seatrial-probe",
    key=name_hash("seatrial-probe"),
    host="seatrial-probe",
    os="windows",
    image="quiet",
    group="Managed devices",
)
"""The device of the smoke check."""

Place = Callable[[Loc], str]
"""Says what the user can open for a place below `servers.PORT`: `("backend",)`, `("options", "url")`, …"""
Pace = Literal["virtual", "realtime"]

_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.*")
_DOTTED: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_ENVIRONMENT: Final = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
_URL_PASSWORD: Final = re.compile(r"(?P<before>://[^/@:\s]*:)(?P<password>[^/@\s]+)@")
_FORMS: Final = "write `fake`, `module:attribute`, or the name of an entry point of the group `seatrial.backends`"
_SECRETS: Final = (SecretStr, SecretBytes)
_METHODS: Final[Mapping[str, str]] = {
    "open": "open(run)",
    "enrol": "enrol(device) -> Credential",
    "reset": "reset()",
    "close": "close()",
    "send": "send(packages) -> replies",
}


class Options(BaseModel):
    """Base of the options of a backend, declared as its inner class `Options`; unknown ones are refused.

    The backend finds them, validated, in its attribute `options` from before `open` on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A user's backend that stands in for one port.

    `make` gives an instance with its options set, a new one each time unless the user gave an instance. `options` are
    as they were written, with secrets masked and `${env:NAME}` left as it is.
    """

    port: Port
    spec: str
    make: Callable[[], TelemetryBackend] = field(repr=False)
    claims: Mapping[str, str | int | float | bool | None]
    options: Mapping[str, Any]  # plain YAML values
    masked: Callable[[str], str] = field(repr=False)
    """A text without the secrets among the options: for everything that is printed or kept."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one step of a smoke check came to."""

    step: str
    passed: bool
    about: str


def resolve_backend(
    port: Port,
    spec: object,
    options: Mapping[str, object],
    *,
    place: Place,
    pace: Pace,
    folder: Path,
    environ: Mapping[str, str] = os.environ,
) -> Chosen | None:
    """The backend that `spec` names, ready to be made; None for `fake`.

    `spec` is a text as users write it, or from Python the class, factory or instance itself. Modules are looked for in
    `folder` first, which stays on `sys.path`. Raises UserError for what is not there, does not fit the port, the pace
    or its options; AdapterError where the user's own code fails.
    """
    if spec == FAKE:
        if options:
            raise UserError(place(("options",)), f"the fake of {port} takes no options", "leave `options` out")
        return None
    at = place(("backend",))
    if port is Port.ADMINISTRATION:
        cause = f"the port {port} takes the backend `fake` only"
        raise UserError(at, cause, f"replace {Port.TELEMETRY} or {Port.KICS}")
    name = spec if isinstance(spec, str) else _name_of(spec)
    target = _load(spec, at, folder) if isinstance(spec, str) else spec
    build = _builder(target, name, at)
    backend = build()
    _require_methods(backend, name, port, at)
    claims = _claims(backend, name, port, pace, at)
    read = _read_options(backend, name, options, place, environ)
    _give(backend, read.values, name, at)

    def make() -> TelemetryBackend:
        made = build()
        _give(made, read.values, name, at)
        return cast("TelemetryBackend", made)

    return Chosen(port, name, make, claims, read.printed, read.masked)


def check_backend(
    chosen: Chosen, run: RunInfo, *, server: str, tell: Callable[[Finding], object] = lambda _: None
) -> list[Finding]:
    """Tries a backend before a run: opens it, enrols a probe, sends one package of one event, empties and closes it.

    The package goes to the address `server`. Where checks may look inside, it also reads back what was stored. `tell`
    hears of each step when it is done. Raises AdapterError where the backend raises or answers with what is no answer.
    """
    adapter = PerPackage(chosen.make(), identify=lambda _: PROBE)
    try:
        findings = []
        for finding in _try(adapter, chosen, run, server):
            tell(finding)
            findings.append(finding)
    except BaseException:
        # What happened first is what the user has to know.
        with suppress(AdapterError):
            adapter.close()
        raise
    adapter.close()
    closed = Finding("close", True, "closed")
    tell(closed)
    return [*findings, closed]


def require_passed(chosen: Chosen, findings: Sequence[Finding]) -> None:
    """Raises AdapterError where a step of the smoke check failed: nothing is known of the server under test then."""
    failed = [f"{finding.step}: {finding.about}" for finding in findings if not finding.passed]
    if failed:
        raise AdapterError(chosen.masked(f"{chosen.spec} did not pass its smoke check: {'; '.join(failed)}"))


def _try(adapter: PerPackage, chosen: Chosen, run: RunInfo, server: str) -> Iterator[Finding]:
    adapter.open(run)
    yield Finding("open", True, "opened")
    refusal = adapter.enrol(0)
    yield Finding("enrol", refusal is None, "has a credential" if refusal is None else _told(refusal))
    if refusal is None:
        reply = adapter.send([_probe_package(server)])[0]
        yield Finding("send", isinstance(reply, Ack), _told(reply))
        yield from _look_inside(adapter, chosen, stored=isinstance(reply, Ack))
    adapter.reset()
    yield Finding("reset", True, "emptied")


def _look_inside(adapter: PerPackage, chosen: Chosen, *, stored: bool) -> Iterator[Finding]:
    claimed = bool(chosen.claims.get("observe.stored"))
    if adapter.observes_stored:
        held = adapter.stored(0)
        about = f"holds {held} of the probe" + ("" if claimed else ", which is not claimed: observe.stored")
        yield Finding("stored", not claimed or list(held) == ([(0, 1)] if stored else []), about)
    elif claimed:
        yield Finding("stored", False, "observe.stored is claimed, and there is no method `stored`")


def _probe_package(server: str) -> Package:
    event = Event(
        ordinal=0,
        at_ms=0,
        type="system-event",
        code=None,
        process_path="",
        command_line="",
        sha256="",
        subject="smoke check",
    )
    return Package(
        device=PROBE.name,
        server=server,
        first=0,
        count=1,
        at_ms=0,
        size_bytes=package_size_bytes([event]),
        expand=lambda: [event],
    )


def _told(reply: Reply) -> str:
    match reply:
        case Ack(latency_ms):
            return f"acknowledged after {latency_ms} ms"
        case Refused(status, reason):
            return f"refused with status {status}" + (f" ({reason})" if reason else "")
        case Unreachable(reason):
            return "not reachable" + (f" ({reason})" if reason else "")
        case _:
            return "no answer in time"


# --- finding the backend ----------------------------------------------------------------------------------------------


def _load(spec: str, at: str, folder: Path) -> object:
    if _ADDRESS.fullmatch(spec):
        cause = f"{shown(_without_passwords(spec))} is an address, and backends over HTTP come with a later version"
        raise UserError(at, cause, "write a backend in Python and name it as `module:attribute`")
    module, colon, attribute = spec.partition(":")
    if not colon:
        offered = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
        if spec not in offered:
            known = hint(spec, sorted(offered)) if offered else "no installed package offers one"
            raise UserError(at, f"there is no backend {shown(spec)} ({known})", _FORMS)
        module, attribute = offered[spec].module, offered[spec].attr
    if not (_DOTTED.fullmatch(module) and _DOTTED.fullmatch(attribute)):
        raise UserError(at, f"{shown(spec)} names no backend", _FORMS)
    target: object = _import(module, at, folder)
    for step in attribute.split("."):
        if not hasattr(target, step):
            names = [name for name in vars(target) if not name.startswith("_")] if hasattr(target, "__dict__") else []
            raise UserError(at, f"{module} has no {shown(attribute)}", hint(step, names))
        target = getattr(target, step)
    return target


def _import(module: str, at: str, folder: Path) -> object:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(error.name + ".")):
            cause = f"there is no module {shown(error.name)}, neither in {folder} nor installed"
            raise UserError(at, cause, "start in the folder that holds it, or install it") from error
        raise AdapterError(f"the module {module} cannot be imported: {error}") from error
    except Exception as error:
        raise AdapterError(f"importing {module} raised {type(error).__name__}: {error}") from error


def _name_of(target: object) -> str:
    named = target if hasattr(target, "__qualname__") else type(target)
    return f"{named.__module__}:{getattr(named, '__qualname__', '')}"


def _builder(target: object, name: str, at: str) -> Callable[[], object]:
    """What makes an instance: the class or the factory, without arguments, or the instance itself."""
    if not callable(target) or (hasattr(target, "send") and not inspect.isclass(target)):
        return lambda: target
    try:
        inspect.signature(target).bind()
    except TypeError as error:
        remedy = "let it take none; its options are in its attribute `options` when `open` is called"
        raise UserError(at, f"{name} wants arguments: {error}", remedy) from error
    build = target

    def made() -> object:
        try:
            return build()
        except Exception as error:
            raise AdapterError(f"{name}() raised {type(error).__name__}: {error}") from error

    return made


def _require_methods(backend: object, name: str, port: Port, at: str) -> None:
    # Protocols as base classes bring empty methods; only those of them that may do nothing count.
    empty = (Backend.enrol, Telemetry.send)
    missing = [
        signature
        for method, signature in _METHODS.items()
        if not callable(getattr(backend, method, None)) or getattr(type(backend), method, None) in empty
    ]
    if missing:
        raise UserError(at, f"{name} lacks {', '.join(missing)}", f"define what a backend of {port} needs")


def _claims(
    backend: object, name: str, port: Port, pace: Pace, at: str
) -> Mapping[str, str | int | float | bool | None]:
    claims = getattr(backend, "claims", None)
    example = f'claims = {{"{port}": "1.0", "time": "simulated"}}'
    if not isinstance(claims, Mapping):
        raise UserError(at, f"{name} does not say what it claims", f"write {example}")
    for key, value in claims.items():
        if not isinstance(key, str) or not isinstance(value, str | int | float | bool | None):
            raise UserError(at, f"the claim {shown(key)} of {name} is {shown(value)}", "claim texts, numbers and flags")
    if port not in claims:
        raise UserError(at, f"{name} does not claim the port {port}", f"write {example}")
    time = claims.get("time")
    if time not in ("simulated", "wall"):
        cause = f"{name} claims {shown(time)} as its time"
        raise UserError(at, cause, "write `simulated` if it believes `at_ms`, `wall` if it looks at a clock")
    if time == "wall" and pace == "virtual" and not callable(getattr(backend, "advance", None)):
        cause = f"{name} keeps wall time, and the run does not"
        raise UserError(at, cause, "run it with `--pace realtime`, or give it a method advance(to_ms)")
    return dict(claims)


# --- its options ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Read:
    """Options as read: validated (None where there are none to have), as printed, and what masks the secrets."""

    values: BaseModel | None
    printed: Mapping[str, Any]  # plain YAML values
    masked: Callable[[str], str]


def _read_options(
    backend: object, name: str, options: Mapping[str, object], place: Place, environ: Mapping[str, str]
) -> _Read:
    model = getattr(backend, "Options", None)
    if model is None:
        if options:
            raise UserError(place(("options",)), f"{name} takes no options", "leave them out, or declare `Options`")
        return _Read(None, {}, _masking([]))
    if not (inspect.isclass(model) and issubclass(model, BaseModel)):
        raise UserError(place(("backend",)), f"{name}.Options is no pydantic model", "derive it from `Options`")
    read: list[str] = []
    filled = {key: _filled(value, ("options", key), place, environ, read) for key, value in options.items()}
    fields = {_key(field_name, info): info for field_name, info in model.model_fields.items()}
    for key in filled:
        if key not in fields and model.model_config.get("extra") != "allow":
            raise UserError(place(("options", key)), f"{name} has no option {shown(key)}", hint(key, fields))
    secret = [key for key, info in fields.items() if _is_secret(info.annotation)]
    hidden = _masking([*read, *(str(filled[key]) for key in secret if key in filled)])
    try:
        values = model.model_validate(filled)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        raise ScenarioErrors(_refused(problem, name, place, hidden) for problem in problems) from None
    except Exception as error:
        raise AdapterError(hidden(f"{name}.Options raised {type(error).__name__}: {error}")) from None
    secrets: list[str] = []
    printed = {key: _printed(raw, _parts(values).get(key), secrets) for key, raw in options.items()}
    return _Read(values, printed, _masking(secrets))


def _masking(secrets: Iterable[str]) -> Callable[[str], str]:
    # The longest first: one secret may lie inside another.
    ordered = sorted({secret for secret in secrets if secret}, key=lambda secret: (-len(secret), secret))
    return lambda text: reduce(lambda masked, secret: masked.replace(secret, MASK), ordered, text)


def _give(backend: object, options: BaseModel | None, name: str, at: str) -> None:
    if options is None:
        return
    try:
        setattr(backend, "options", options)  # noqa: B010 - a user's class, which declares it or not
    except AttributeError as error:
        raise UserError(at, f"{name} has no room for its options", "let it have an attribute `options`") from error


def _key(name: str, info: FieldInfo) -> str:
    return info.validation_alias if isinstance(info.validation_alias, str) else name


def _is_secret(annotation: object) -> bool:
    return annotation in _SECRETS or any(_is_secret(part) for part in get_args(annotation))


def _filled(value: object, loc: Loc, place: Place, environ: Mapping[str, str], read: list[str]) -> object:
    """`value` with `${env:NAME}` filled in, everywhere inside; what was read is added to `read`."""
    if isinstance(value, dict):
        return {key: _filled(inner, (*loc, key), place, environ, read) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, (*loc, index), place, environ, read) for index, inner in enumerate(value)]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        if match[1] not in environ:
            cause = f"the environment has no variable {match[1]}"
            raise UserError(place(loc), cause, f"set it, as in `{match[1]}=… seatrial run …`")
        read.append(environ[match[1]])
        return environ[match[1]]

    return _ENVIRONMENT.sub(fill, value)


def _printed(raw: object, value: object, secrets: list[str]) -> object:
    """`raw` as it may be printed; secrets that `value`, which was made of it, holds are added to `secrets`."""
    if isinstance(value, _SECRETS):
        plain = value.get_secret_value()
        secrets.append(plain if isinstance(plain, str) else plain.decode(errors="replace"))
        return raw if isinstance(raw, str) and _ENVIRONMENT.fullmatch(raw) else MASK
    if isinstance(raw, dict):
        made = _parts(value)
        return {key: _printed(part, made.get(key), secrets) for key, part in raw.items()}
    if isinstance(raw, list):
        entries = value if isinstance(value, Sequence) and len(value) == len(raw) else [None] * len(raw)
        return [_printed(part, entry, secrets) for part, entry in zip(raw, entries, strict=True)]
    if isinstance(raw, str):
        secrets += (found["password"] for found in _URL_PASSWORD.finditer(f"{raw} {value}"))
        return _without_passwords(raw)
    return raw


def _without_passwords(text: str) -> str:
    return _URL_PASSWORD.sub(rf"\g<before>{MASK}@", text)


def _parts(value: object) -> Mapping[str, object]:
    """The values of a model by the keys that users write, or a mapping as it is."""
    if isinstance(value, BaseModel):
        extra = value.model_extra or {}
        return {**extra, **{_key(name, info): getattr(value, name) for name, info in type(value).model_fields.items()}}
    return value if isinstance(value, Mapping) else {}


def _refused(problem: ErrorDetails, name: str, place: Place, hidden: Callable[[str], str]) -> UserError:
    loc = problem["loc"]
    at = place(("options", *loc))
    option = ".".join(map(str, loc))
    if problem["type"] == "missing":
        return UserError(at, f"the option {option!r} is missing", f"give it, {name}.Options has no default for it")
    message = hidden(problem["msg"])
    cause = f"the option {option!r} is refused: {message}" if loc else f"the options are refused: {message}"
    return UserError(at, cause, f"write what {name}.Options declares")
