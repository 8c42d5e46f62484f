"""Which backend answers which port, and what of a command line is masked whatever its backend says."""

from typing import Any

import pytest

from emulator.ports import Port
from scenarios import specs
from scenarios.backends import Options as BackendOptions
from scenarios.errors import UserError
from scenarios.shard import BackendSpec
from tests.scenarios.made import loaded
from tests.scenarios.servers import Keeper


@pytest.mark.parametrize(
    ("argument", "masked"),
    [
        ("servers.telemetry.options.token=abc=d", "servers.telemetry.options.token=**********"),
        ("--set=servers.telemetry.options.a.b=abc", "--set=servers.telemetry.options.a.b=**********"),
        (" servers.telemetry.options =abc", " servers.telemetry.options =**********"),
        ("servers.telemetry.options.token=a\nb", "servers.telemetry.options.token=**********"),
        ("servers.telemetry.options.token=x${env:A}", "servers.telemetry.options.token=**********"),
        ("servers.telemetry.options.token=${env:A}", "servers.telemetry.options.token=${env:A}"),
        ("servers.telemetry.nodes=a", "servers.telemetry.nodes=a"),
        ("outage=2min", "outage=2min"),
        ("trials/servers.yaml", "trials/servers.yaml"),
        (
            "policies.0.settings.password-protection.password=tide",
            "policies.0.settings.password-protection.password=**********",
        ),
        ("--set=password=tide", "--set=password=**********"),
        ("--set=password=${env:WORD}", "--set=password=${env:WORD}"),
        (
            "policies.0.settings.password-protection={password: tide, confirmation: tide}",
            "policies.0.settings.password-protection=**********",
        ),
        (
            "policies.0.settings.password-protection.enabled=true",
            "policies.0.settings.password-protection.enabled=true",
        ),
        ("reason=wrong-password", "reason=wrong-password"),
    ],
)
def test_values_below_the_options_of_a_server_and_secrets_are_masked(argument: str, masked: str) -> None:
    assert specs.without_options(["run", argument], ()) == ["run", masked]


@pytest.mark.parametrize(
    ("argument", "masked"),
    [
        ("key=abc=d", "key=**********"),
        ("--set=key=a\nb", "--set=key=**********"),
        (" key =abc", " key =**********"),
        ("key=${env:KEY}", "key=${env:KEY}"),
        ("keys=abc", "keys=abc"),
        ("key", "key"),
    ],
)
def test_a_parameter_that_goes_where_secrets_are_is_masked(argument: str, masked: str) -> None:
    assert specs.without_options(["run", argument], {"key"}) == ["run", masked]
    assert specs.without_options(["run", argument], ()) == ["run", argument]


def test_the_command_line_stands_over_the_scenario_and_the_fake_is_none() -> None:
    scenario = loaded(servers={"telemetry": {"backend": "a:B"}})
    assert {port: spec.spec for port, spec in specs.put_over(scenario, {}).items()} == {Port.TELEMETRY: "a:B"}
    assert specs.put_over(scenario, specs.given(["telemetry=c:D"]))[Port.TELEMETRY].spec == "c:D"
    assert specs.put_over(scenario, specs.given(["telemetry=fake"])) == {}
    given = specs.given_in_python({"telemetry": Keeper}, workers=1)
    assert specs.put_over(scenario, given)[Port.TELEMETRY].spec is Keeper


class Wants(Keeper):
    """A server with options."""

    class Options(BackendOptions):
        """Where it is."""

        url: str


OPTIONS = {"options": {"url": "https://x.example"}}


@pytest.mark.parametrize("backend", ["a:B", "fake"])
def test_the_options_of_the_scenario_hold_for_whatever_answers_its_port(backend: str) -> None:
    scenario = loaded(servers={"telemetry": {"backend": backend, **OPTIONS}})
    for given in (specs.given(["telemetry=c:D"]), specs.given_in_python({"telemetry": Wants}, workers=1)):
        spec = specs.put_over(scenario, {**given, **specs.given(["kics=e:F"])})
        assert dict(spec[Port.TELEMETRY].options) == OPTIONS["options"]
        assert spec[Port.KICS].options == {}
    chosen = spec[Port.TELEMETRY].resolve(Port.TELEMETRY)
    assert chosen.make().options.url == "https://x.example"  # type: ignore[attr-defined]  # a user's class
    assert specs.put_over(scenario, specs.given(["telemetry=fake"])) == {}


@pytest.mark.parametrize(
    ("server", "options", "place", "cause"),
    [
        (Keeper, {"url": "x"}, "options:", "Keeper takes no options"),
        (Wants, {"url": "x", "ulr": "y"}, "options.ulr:", "has no option 'ulr'"),
        (Wants, {"url": 5}, "options.url:", "the option 'url' is refused"),
        (Wants, {}, "servers.telemetry.options:", "the option 'url' is missing"),
    ],
)
def test_options_that_do_not_fit_another_backend_are_refused_where_they_stand(
    server: type[Keeper], options: dict[str, Any], place: str, cause: str
) -> None:
    scenario = loaded(servers={"telemetry": {"backend": "a:B", "options": options}})
    spec = specs.put_over(scenario, specs.given_in_python({"telemetry": server}, workers=1))[Port.TELEMETRY]
    with pytest.raises(UserError) as caught:
        spec.resolve(Port.TELEMETRY)
    assert caught.value.place.startswith("trial.yaml:")
    assert f"{caught.value.place}:".endswith(place)
    assert cause in caught.value.cause


def test_options_that_only_the_fake_would_get_are_a_mistake() -> None:
    with pytest.raises(UserError, match=r"^trial\.yaml:.*the fake of telemetry takes no options; name a `backend`"):
        specs.put_over(loaded(servers={"telemetry": OPTIONS}), {})


@pytest.mark.parametrize("pair", ["telemetry", "telemtry=a:b", "=a:b"])
def test_a_pair_names_a_port(pair: str) -> None:
    with pytest.raises(UserError, match="it names no port"):
        specs.given([pair])


def test_a_backend_is_named_where_another_process_could_find_it() -> None:
    assert specs.name_of("a:B") == "a:B"
    assert specs.name_of(Keeper) == "tests.scenarios.servers:Keeper"
    assert specs.name_of(Keeper()) is None
    assert specs.name_of(lambda: Keeper()) is None
    assert isinstance(specs.given(["kics=a:b"])[Port.KICS], BackendSpec)
