"""Backends of users: how they are found, what is refused with which words, and that no secret is ever shown."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, Field, HttpUrl, SecretBytes, SecretStr, field_validator

from emulator.adapter import AdapterError
from emulator.errors import UserError
from emulator.ports import (
    Ack,
    Backend,
    Credential,
    Device,
    Package,
    Port,
    Refused,
    Reply,
    RunInfo,
    Telemetry,
    Unreachable,
)
from scenarios import backends
from scenarios.backends import MASK, Chosen, Finding, Options, check_backend, require_passed, resolve_backend
from scenarios.problems import Loc, ScenarioErrors

RUN = RunInfo(scenario="hello", seed=7, start="2026-03-02T08:00:00+01:00", devices=8)

MODULE = """
from emulator.ports import Ack, Backend, Credential, Telemetry


class Server(Backend, Telemetry):
    claims = {"telemetry": "1.0", "time": "simulated"}

    def enrol(self, device):
        return Credential("x")

    def send(self, packages):
        return [Ack() for _ in packages]


class Outer:
    Inner = Server


def factory():
    return Server()


instance = Server()
number = 3
"""


@pytest.fixture(autouse=True)
def modules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder with `trial_backend.py`; what is imported from it is forgotten afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "trial_backend.py").write_text(MODULE)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("trial_"):
            del sys.modules[name]


class Server(Backend, Telemetry):
    """A backend that does what one has to do."""

    claims: Mapping[str, Any] = {"telemetry": "1.0", "kics": "1.0", "time": "simulated"}

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.reply: Reply = Ack(20)
        self.held: list[tuple[int, int]] = []

    def open(self, run: RunInfo) -> None:
        self.calls.append("open")

    def enrol(self, device: Device) -> Credential:
        self.calls.append(f"enrol {device.name}")
        return Credential("x")

    def send(self, packages: Sequence[Package]) -> Sequence[Reply]:
        self.calls.append(f"send {[(package.server, package.count, len(package.events)) for package in packages]}")
        self.held.append((0, 1))
        return [self.reply]

    def reset(self) -> None:
        self.calls.append("reset")

    def close(self) -> None:
        self.calls.append("close")


def place(loc: Loc) -> str:
    return "trial.yaml:9:3: servers.telemetry" + "".join(f".{step}" for step in loc)


def resolve(
    spec: object,
    options: Mapping[str, object] | None = None,
    *,
    port: Port = Port.TELEMETRY,
    environ: Mapping[str, str] | None = None,
    **more: Any,  # pace and folder
) -> Chosen:
    more = {"pace": "virtual", "folder": Path("nowhere"), **more}
    chosen = resolve_backend(port, spec, options or {}, place=place, environ=environ or {}, **more)
    assert chosen is not None
    return chosen


def refusal(*arguments: Any, **more: Any) -> UserError:  # those of `resolve`
    with pytest.raises(UserError) as raised:
        resolve(*arguments, **more)
    assert raised.value.place.startswith("trial.yaml:9:3: servers.telemetry")
    assert raised.value.remedy
    return raised.value


# --- finding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("port", Port)
def test_the_fake_is_no_backend_of_a_user(port: Port) -> None:
    assert resolve_backend(port, "fake", {}, place=place, pace="virtual", folder=Path(), environ={}) is None


def test_the_fake_takes_no_options() -> None:
    assert "the fake of telemetry takes no options" in str(refusal("fake", {"url": "x"}))


@pytest.mark.parametrize(
    "spec", ["trial_backend:Server", "trial_backend:Outer.Inner", "trial_backend:factory", "trial_backend:instance"]
)
def test_a_backend_is_found_in_a_module_of_the_folder(spec: str, modules: Path) -> None:
    chosen = resolve(spec, folder=modules)
    assert (chosen.port, chosen.spec) == (Port.TELEMETRY, spec)
    assert type(chosen.make()).__name__ == "Server"
    assert chosen.claims == {"telemetry": "1.0", "time": "simulated"}
    assert (chosen.make() is chosen.make()) == (spec == "trial_backend:instance")


def test_a_backend_is_found_by_the_name_of_an_entry_point(monkeypatch: pytest.MonkeyPatch, modules: Path) -> None:
    point = EntryPoint("mycorp", "trial_backend:Server", backends.ENTRY_POINTS)
    monkeypatch.setattr(backends, "entry_points", lambda *, group: EntryPoints([point]).select(group=group))
    assert type(resolve("mycorp", folder=modules).make()).__name__ == "Server"
    assert "did you mean 'mycorp'?" in str(refusal("mycrop", folder=modules))


def test_a_backend_may_be_given_as_an_object() -> None:
    server = Server()
    assert resolve(server).make() is server
    assert isinstance(resolve(Server).make(), Server)
    assert resolve(Server).spec.endswith("test_backends:Server")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("trial_missing:Server", "there is no module 'trial_missing', neither in"),
        ("trial_missing.inner:Server", "there is no module 'trial_missing', neither in"),
        ("trial_backend.inner:Server", "there is no module 'trial_backend.inner'"),
        ("trial_backend:Sevrer", "trial_backend has no 'Sevrer'; did you mean 'Server'?"),
        ("trial_backend:Outer.Iner", "trial_backend has no 'Outer.Iner'; did you mean 'Inner'?"),
        ("trial_backend:number", "trial_backend:number lacks open(run), enrol(device) -> Credential"),
        ("trial_backend:", "'trial_backend:' names no backend"),
        (":Server", "':Server' names no backend"),
        ("../trial_backend:Server", "names no backend"),
        ("trial_backend", "there is no backend 'trial_backend' (no installed package offers one)"),
        ("https://trial.example.com", "backends over HTTP come with a later version"),
        ("https://me:hunter2@trial.example.com", f"'https://me:{MASK}@trial.example.com' is an address"),
    ],
)
def test_what_is_not_there_is_told_with_its_name(spec: str, words: str, modules: Path) -> None:
    assert words in str(refusal(spec, folder=modules))


def test_the_administration_port_takes_the_fake_only() -> None:
    assert "takes the backend `fake` only" in str(refusal(Server, port=Port.ADMINISTRATION))


@pytest.mark.parametrize(
    "source", ["raise OSError('no licence')", "import trial_dependency", "def :", "class Server:\n    x = 1 / 0"]
)
def test_a_module_that_fails_is_the_adapters_fault(source: str, modules: Path) -> None:
    (modules / "trial_broken.py").write_text(source)
    with pytest.raises(AdapterError, match="trial_broken") as raised:
        resolve("trial_broken:Server", folder=modules)
    assert raised.value.__cause__ is not None


def test_a_factory_that_fails_is_the_adapters_fault() -> None:
    def factory() -> Server:
        raise OSError("no licence")

    with pytest.raises(AdapterError, match="raised OSError: no licence"):
        resolve(factory)


def test_a_class_that_wants_arguments_is_told_how_options_come() -> None:
    class Wants(Server):
        def __init__(self, url: str) -> None:
            super().__init__()

    assert "its options are in its attribute `options`" in str(refusal(Wants))


# --- what a backend needs ---------------------------------------------------------------------------------------------


def test_methods_that_only_the_protocols_bring_are_missing() -> None:
    class Empty(Backend, Telemetry):
        claims: Mapping[str, Any] = Server.claims

    told = str(refusal(Empty))
    assert "lacks enrol(device) -> Credential, send(packages) -> replies" in told


@pytest.mark.parametrize("method", ["open", "enrol", "reset", "close", "send"])
def test_each_method_is_needed(method: str) -> None:
    parts: dict[str, Any] = {name: getattr(Server, name) for name in ("open", "enrol", "reset", "close", "send")}
    whole = SimpleNamespace(claims=Server.claims, **parts)
    resolve(whole)
    delattr(whole, method)
    assert f"lacks {method}(" in str(refusal(whole))


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        (None, "does not say what it claims"),
        ({"time": "simulated"}, "does not claim the port telemetry"),
        ({"telemetry": "1.0"}, "claims nothing as its time"),
        ({"telemetry": "1.0", "time": "lunar"}, "claims 'lunar' as its time"),
        ({"telemetry": ["1.0"], "time": "simulated"}, "the claim 'telemetry' of"),
        ({"telemetry": "1.0", "time": "wall"}, "keeps wall time, and the run does not"),
    ],
)
def test_claims_that_do_not_fit_are_refused(claims: Any, words: str) -> None:
    server = Server()
    server.claims = claims
    assert words in str(refusal(server))


def test_wall_time_fits_real_time_and_a_server_that_can_be_led() -> None:
    class Wall(Server):
        claims: Mapping[str, Any] = {"telemetry": "1.0", "time": "wall"}

    class Led(Wall):
        def advance(self, to_ms: int) -> None:
            """Takes any time."""

    assert resolve(Wall, pace="realtime").claims["time"] == "wall"
    assert resolve(Led, pace="virtual").claims["time"] == "wall"


# --- options ----------------------------------------------------------------------------------------------------------


class Deep(BaseModel):
    """Options inside options."""

    pin: SecretBytes = SecretBytes(b"")
    name: str = "x"


class Configured(Server):
    """A backend with options."""

    class Options(Options):
        """Those of the sketch, and some more."""

        url: HttpUrl
        token: SecretStr
        tenant: str = "trial"
        retries: int = Field(default=3, ge=0)
        deep: Deep = Deep()
        more: tuple[SecretStr, ...] = ()
        written: str = Field(default="", alias="as-written")

        @field_validator("token")
        @classmethod
        def starts_with_t(cls, token: SecretStr) -> SecretStr:
            """Tells the token in its message, as careless code does."""
            if not token.get_secret_value().startswith("t"):
                raise ValueError(f"{token.get_secret_value()} is no token")
            return token

    options: Options


GOOD: Mapping[str, object] = {"url": "https://me:hunter2@trial.example.com/", "token": "${env:TRIAL_TOKEN}"}
ENVIRON = {"TRIAL_TOKEN": "t-8f31c"}


def test_a_backend_finds_its_options_validated() -> None:
    made = resolve(Configured, {**GOOD, "retries": 5, "as-written": "yes"}, environ=ENVIRON).make()
    assert isinstance(made, Configured)
    options: Any = made.options
    assert (options.tenant, options.retries, options.written) == ("trial", 5, "yes")
    assert options.token.get_secret_value() == "t-8f31c"


def test_options_are_printed_without_secrets() -> None:
    given = {
        **GOOD,
        "token": "t-plain",
        "tenant": "${env:TENANT}",
        "deep": {"pin": "1234", "name": "${env:TENANT}"},
        "more": ["one-secret", "${env:OTHER}"],
    }
    chosen = resolve(Configured, given, environ={"TENANT": "blue", "OTHER": "other-secret"})
    assert chosen.options == {
        "url": f"https://me:{MASK}@trial.example.com/",
        "token": MASK,
        "tenant": "${env:TENANT}",
        "deep": {"pin": MASK, "name": "${env:TENANT}"},
        "more": [MASK, "${env:OTHER}"],
    }
    text = "t-plain 1234 one-secret other-secret hunter2 blue"
    assert chosen.masked(text) == " ".join([MASK] * 5 + ["blue"])
    assert not any(secret in repr(chosen) for secret in text.split()[:5])


def test_a_password_in_an_address_from_the_environment_is_a_secret() -> None:
    given = {"url": "${env:URL}", "token": "t"}
    chosen = resolve(Configured, given, environ={"URL": "https://me:hunter2@trial.example.com/"})
    assert chosen.options["url"] == "${env:URL}"
    assert chosen.masked("hunter2") == MASK


def test_a_secret_inside_another_leaves_nothing_of_it() -> None:
    chosen = resolve(Configured, {**GOOD, "token": "t-long", "more": ["t-long-and-longer"]})
    assert chosen.masked("t-long-and-longer") == MASK


def test_a_variable_that_is_not_set_is_told() -> None:
    error = refusal(Configured, GOOD)
    assert error.place.endswith(".options.token")
    assert error.cause == "the environment has no variable TRIAL_TOKEN"


@pytest.mark.parametrize(
    ("options", "where", "words"),
    [
        ({"token": "t"}, ".options.url", "the option 'url' is missing"),
        ({**GOOD, "retries": -1}, ".options.retries", "the option 'retries' is refused: Input should be greater than"),
        ({**GOOD, "tennant": "x"}, ".options.tennant", "did you mean 'tenant'?"),
        ({**GOOD, "written": "x"}, ".options.written", "has no option 'written'"),
        ({**GOOD, "deep": {"name": 3}}, ".options.deep.name", "the option 'deep.name' is refused"),
    ],
)
def test_wrong_options_are_told_with_their_place(options: Mapping[str, object], where: str, words: str) -> None:
    error = refusal(Configured, options, environ=ENVIRON)
    assert error.place.endswith(where)
    assert words in str(error)


def test_all_wrong_options_are_told_at_once() -> None:
    with pytest.raises(ScenarioErrors) as raised:
        resolve(Configured, {"retries": -1})
    assert len(raised.value.errors) == 3


@pytest.mark.parametrize("token", ["s-plain-secret", "${env:TRIAL_TOKEN}"])
def test_no_message_shows_a_secret(token: str) -> None:
    error = refusal(Configured, {**GOOD, "token": token}, environ={"TRIAL_TOKEN": "s-plain-secret"})
    assert f"{MASK} is no token" in str(error)
    assert "s-plain-secret" not in str(error)
    assert error.__cause__ is None


def test_a_backend_without_options_takes_none() -> None:
    assert resolve(Server).options == {}
    assert "takes no options" in str(refusal(Server, {"url": "x"}))


def test_a_plain_model_refuses_unknown_options_too_unless_it_allows_them() -> None:
    class Plain(Server):
        class Options(BaseModel):
            url: str = ""

        options: Any = None

    class Open(Plain):
        class Options(BaseModel, extra="allow"):
            """Anything."""

    assert "has no option 'ulr'" in str(refusal(Plain, {"ulr": "x"}))
    assert resolve(Open, {"ulr": "x"}).options == {"ulr": "x"}


def test_options_that_are_no_model_are_refused() -> None:
    class Wrong(Server):
        Options = dict

    assert "is no pydantic model" in str(refusal(Wrong))


def test_a_backend_without_room_for_its_options_is_refused() -> None:
    class Narrow:
        __slots__ = ()
        claims = Server.claims
        Options = Configured.Options
        open, enrol, reset, close, send = Server.open, Server.enrol, Server.reset, Server.close, Server.send

    with pytest.raises(UserError, match="has no room for its options"):
        resolve(Narrow, GOOD, environ=ENVIRON)


# --- the smoke check --------------------------------------------------------------------------------------------------


def checked(server: object) -> tuple[Chosen, list[Finding]]:
    chosen = resolve(server)
    return chosen, check_backend(chosen, RUN, server="kata.example.com:443")


def test_the_smoke_check_goes_through_the_life_of_a_backend() -> None:
    server = Server()
    chosen, findings = checked(server)
    assert server.calls == [
        "open",
        "enrol seatrial-probe",
        "send [('kata.example.com:443', 1, 1)]",
        "reset",
        "close",
    ]
    assert [finding.step for finding in findings] == ["open", "enrol", "send", "reset", "close"]
    require_passed(chosen, findings)


@pytest.mark.parametrize(
    ("reply", "about"),
    [
        (Refused(401, "no tenant"), "send: refused with status 401 (no tenant)"),
        (Unreachable("no route"), "send: not reachable (no route)"),
    ],
)
def test_a_backend_that_takes_nothing_does_not_pass(reply: Reply, about: str) -> None:
    server = Server()
    server.reply = reply
    chosen, findings = checked(server)
    assert server.calls[-2:] == ["reset", "close"]
    with pytest.raises(AdapterError, match="did not pass its smoke check") as raised:
        require_passed(chosen, findings)
    assert about in str(raised.value)


def test_a_backend_that_lets_no_device_in_does_not_pass() -> None:
    class Closed(Server):
        def enrol(self, device: Device) -> Any:  # a refusal beside the credential
            return Refused(403)

    chosen, findings = checked(Closed())
    assert [finding for finding in findings if not finding.passed] == [
        Finding("enrol", False, "refused with status 403")
    ]
    with pytest.raises(AdapterError, match="enrol: refused with status 403"):
        require_passed(chosen, findings)


class Observed(Server):
    """Lets checks look inside."""

    claims: Mapping[str, Any] = {**Server.claims, "observe.stored": True}

    def stored(self, device: str) -> Sequence[tuple[int, int]]:
        return self.held


def stored(server: object) -> Finding:
    return next(finding for finding in checked(server)[1] if finding.step == "stored")


def test_what_was_sent_is_read_back() -> None:
    assert stored(Observed()) == Finding("stored", True, "holds [(0, 1)] of the probe")


@pytest.mark.parametrize("held", [[], [(0, 1), (0, 1)], [(0, 2)]])
def test_a_server_that_holds_something_else_does_not_pass(held: list[tuple[int, int]]) -> None:
    class Wrong(Observed):
        def stored(self, device: str) -> Sequence[tuple[int, int]]:
            return held

    assert not stored(Wrong()).passed


def test_a_capability_that_is_not_claimed_is_told_and_not_judged() -> None:
    server = Observed()
    server.claims = Server.claims
    assert stored(server) == Finding(
        "stored", True, "holds [(0, 1)] of the probe, which is not claimed: observe.stored"
    )


def test_a_claimed_capability_that_is_not_there_does_not_pass() -> None:
    server = Server()
    server.claims = Observed.claims
    assert not stored(server).passed


@pytest.mark.parametrize("method", ["open", "enrol", "send", "reset", "close"])
def test_a_backend_that_raises_is_the_adapters_fault_and_is_closed(method: str) -> None:
    def broken(*arguments: object) -> None:
        raise OSError("gone")

    server = Server()
    setattr(server, method, broken)
    with pytest.raises(AdapterError, match=rf"Server\.{method} raised OSError: gone"):
        checked(server)
    assert method == "close" or server.calls[-1] == "close"


def test_the_first_fault_is_the_one_that_is_told() -> None:
    def broken(*arguments: object) -> None:
        raise OSError("gone")

    server = Server()
    server.close = server.send = broken  # type: ignore[method-assign,assignment]  # wrong on purpose
    with pytest.raises(AdapterError, match=r"Server\.send raised"):
        checked(server)
