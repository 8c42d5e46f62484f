"""Which backend answers which port: what a scenario, a suite, the command line and Python say, one over the other."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from emulator.errors import UserError
from emulator.policy.settings import SECRET_KEYS
from emulator.ports import Port
from scenarios.backends import FAKE, MASK
from scenarios.model import Scenario
from scenarios.problems import hint
from scenarios.shard import BackendSpec
from scenarios.suite import Setting

_OPTION: Final = re.compile(r"(?P<name>\s*servers\.[^.=]+\.options\s*(?:\.[^=]*)?)=(?P<value>.*)", re.DOTALL)
_SECRETS: Final = "|".join(SECRET_KEYS)
_SECRET: Final = re.compile(rf"(?P<name>(?:[^=]*\.)?\s*(?:{_SECRETS})\s*)=(?P<value>.*)", re.DOTALL)
_AMONG: Final = re.compile(rf"(?P<name>[^=]*)=(?P<value>.*\b(?:{_SECRETS})[\"']?\s*:.*)", re.DOTALL)
_ANY: Final = re.compile(r"(?P<name>[^=]*)=(?P<value>.*)", re.DOTALL)
_REFERENCE: Final = re.compile(r"\s*\$\{env:[A-Za-z_][A-Za-z0-9_]*\}\s*")


Backends = Mapping[Port, BackendSpec]
"""Users' backends by the port that they answer."""


def without_options(arguments: Sequence[str], hidden: Collection[str]) -> list[str]:
    """Arguments of a command with masks for what `--set` puts below `servers.PORT.options`, and for secrets.

    `hidden` are the parameters of the scenario that go where secrets are.

    Which options are secret only their backend knows, and there is none where a run breaks early. `${env:NAME}` stays:
    it tells nothing. Of settings and parameters the secret ones are known by their keys, alone or in a mapping.
    """
    return [_masked(argument, hidden) for argument in arguments]


def _masked(argument: str, hidden: Collection[str]) -> str:
    before = "--set=" if argument.startswith("--set=") else ""
    given = argument.removeprefix(before)
    found = _OPTION.fullmatch(given) or _SECRET.fullmatch(given) or _AMONG.fullmatch(given)
    if found is None and given.partition("=")[0].strip() in hidden:
        found = _ANY.fullmatch(given)
    if found is None or _REFERENCE.fullmatch(found["value"]):
        return argument
    return f"{before}{found['name']}={MASK}"


def given(pairs: Sequence[str]) -> dict[Port, BackendSpec]:
    """The backends of `--backend PORT=SPEC`. Raises UserError."""
    specs = {}
    for pair in pairs:
        port, equals, spec = pair.partition("=")
        if not equals or port not in list(Port):
            remedy = "write --backend PORT=SPEC" if not equals else hint(port, list(Port))
            raise UserError(f"--backend {pair}", "it names no port", remedy)
        specs[Port(port)] = BackendSpec(spec, {}, f"--backend {pair}", Path())
    return specs


def given_in_python(backends: Mapping[str, object], *, workers: int) -> dict[Port, BackendSpec]:
    """The backends that a call of `seatrial.run` gives: classes, factories, instances and texts. Raises UserError.

    What is no text stays in this process, so it does not go with several workers.
    """
    specs = {}
    for port, spec in backends.items():
        if port not in list(Port):
            raise UserError(f"backend={{{port!r}: …}}", "it names no port", hint(str(port), list(Port)))
        if workers > 1 and not isinstance(spec, str):
            cause = f"{workers} workers are processes of their own, and an object stays in this one"
            raise UserError(f"backend={{{port!r}: …}}", cause, 'write "module:attribute", or leave `workers` out')
        specs[Port(port)] = BackendSpec(spec, {}, f"backend={{{str(port)!r}: …}}", Path())
    return specs


def of_suite(settings: Mapping[Port, Setting]) -> dict[Port, BackendSpec]:
    """The backends that a suite has for a run."""
    return {port: BackendSpec(str(each.value), {}, each.place, Path()) for port, each in settings.items()}


def put_over(scenario: Scenario, specs: Backends) -> dict[Port, BackendSpec]:
    """The users' backends of a run: those of the scenario, and over them `specs`; a port of the fake has none.

    The options that the scenario has for a port hold for whatever answers it, but not for the fake, which takes none.
    Raises UserError where a scenario has some for a port that it leaves to the fake, and `specs` do as well.
    """
    chosen: dict[Port, BackendSpec] = {}
    for port, server in scenario.servers.items():
        spec = specs.get(port) or BackendSpec(server.backend, {}, server.place, Path())
        if not _is_fake(spec):
            chosen[port] = replace(spec, options=server.options, options_at=server.options_at)
        elif port not in specs and server.options:
            remedy = "name a `backend` that takes them, or leave them out"
            raise UserError(server.options_at[""], f"the fake of {port} takes no options", remedy)
    return chosen


def name_of(spec: object) -> str | None:
    """How a command line would name a backend: `module:attribute`, None for what only this process has."""
    if isinstance(spec, str):
        return spec
    module, name = getattr(spec, "__module__", None), getattr(spec, "__qualname__", None)
    return f"{module}:{name}" if module and name and "<" not in name else None


def _is_fake(spec: BackendSpec) -> bool:
    return isinstance(spec.spec, str) and spec.spec == FAKE
