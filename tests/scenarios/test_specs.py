"""Which backend answers which port, and what of a command line is masked whatever its backend says."""

import pytest

from emulator.ports import Port
from scenarios import specs
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
    ],
)
def test_values_below_the_options_of_a_server_are_masked(argument: str, masked: str) -> None:
    assert specs.without_options(["run", argument]) == ["run", masked]


def test_the_command_line_stands_over_the_scenario_and_the_fake_is_none() -> None:
    scenario = loaded(servers={"telemetry": {"backend": "a:B", "options": {"x": 1}}})
    own = specs.put_over(scenario, {})
    assert {port: (spec.spec, dict(spec.options)) for port, spec in own.items()} == {Port.TELEMETRY: ("a:B", {"x": 1})}
    assert specs.put_over(scenario, specs.given(["telemetry=c:D"]))[Port.TELEMETRY].spec == "c:D"
    assert specs.put_over(scenario, specs.given(["telemetry=fake"])) == {}
    given = specs.given_in_python({"telemetry": Keeper}, workers=1)
    assert specs.put_over(scenario, given)[Port.TELEMETRY] is given[Port.TELEMETRY]


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
