import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from emulator.images import IMAGES
from emulator.ioc import FILE_SIZE_MAX_BYTES, evaluate, parse_file
from emulator.ports import Target
from scenarios import library
from scenarios.actions import Plant, Sweep
from scenarios.errors import UserError
from scenarios.expectations import SetEquals
from scenarios.loader import load
from scenarios.model import Scenario

NAMES = (
    "access-rights",
    "branch-offices",
    "central-node-outage",
    "central-node-tasks",
    "certificate-rotation",
    "enterprise-year",
    "exclusions",
    "execution-prevention",
    "failover",
    "failure-diagnosis",
    "false-positive-roll-back",
    "first-day",
    "indicator-sweep",
    "licence-renewal",
    "locked-down",
    "maintenance-windows",
    "managed-detection",
    "network-isolation",
    "outbreak",
    "policy-life-cycle",
    "policy-roll-out",
    "quarantine-fills-up",
    "sandbox-response",
    "throttling",
    "updates-and-proxy",
)
FILES = sorted(library.INDICATORS.iterdir())


@pytest.fixture(scope="module")
def scenarios() -> Mapping[str, Scenario]:
    return {name: load(name) for name in NAMES}


def test_the_library_is_what_it_says() -> None:
    assert library.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_loads_without_a_warning_and_judges_something(name: str, scenarios: Mapping[str, Scenario]) -> None:
    scenario = scenarios[name]
    assert scenario.name == name
    assert scenario.label == f"library:{name}"
    assert not scenario.warnings
    assert len(scenario.about) > 40
    assert scenario.tags
    assert len(scenario.expectations) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_is_introduced_by_a_comment(name: str) -> None:
    assert library.path_of(name).read_text().startswith("# ")


def test_most_scenarios_judge_clauses(scenarios: Mapping[str, Scenario]) -> None:
    clauses = {expectation.clause for scenario in scenarios.values() for expectation in scenario.expectations}
    assert {"KEA-TEL-008", "KEA-TEL-012", "KEA-CEN-009", "KEA-EDX-020", "KEA-IOC-001"} <= clauses


def test_the_first_day_has_five_kinds_of_devices_and_a_plant_that_reports_to_kics(
    scenarios: Mapping[str, Scenario],
) -> None:
    scenario = scenarios["first-day"]
    assert len(scenario.fleet) == 5_000
    assert scenario.duration_ms == 86_400_000
    assert {block.image for block in scenario.fleet.blocks} == set(IMAGES) - {"quiet", "linux-database"}
    assert scenario.integrated == {Target.CENTRAL_NODE}
    plant = next(policy for policy in scenario.policies if policy.name == "plant")
    assert plant.settings.values.kics_integration.enabled


def test_the_outage_lasts_as_long_as_its_parameter_says() -> None:
    for minutes in (28, 5):
        scenario = load("central-node-outage", sets={"outage": f"{minutes}min"})
        down = next(step for step in scenario.steps if step.name == "down")
        up = next(step for step in scenario.steps if step.name == "up")
        assert down.end_ms == up.at_ms == 3_600_000 + minutes * 60_000


def test_the_failover_has_three_nodes_and_a_spare(scenarios: Mapping[str, Scenario]) -> None:
    nodes = [server.nodes for server in scenarios["failover"].servers.values() if len(server.nodes) > 1]
    assert nodes == [("node-1", "node-2", "node-3", "spare")]


def test_the_branches_are_in_three_time_zones_and_one_of_them_behind_a_slow_link(
    scenarios: Mapping[str, Scenario],
) -> None:
    sites = scenarios["branch-offices"].sites
    assert [str(site.zone) for site in sites.values()] == ["Europe/Berlin", "Asia/Kolkata", "America/Denver"]
    assert [name for name, site in sites.items() if site.link_bps and site.link_bps < 1_000_000] == ["denver"]
    assert max(sites, key=lambda name: sites[name].latency_ms) == "denver"
    (cut,) = scenarios["branch-offices"].steps
    assert cut.devices is not None
    assert cut.devices.tolist() == list(range(60, 100))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("devices", [50, 1_234])
def test_a_scenario_is_scaled_to_any_number_of_devices(name: str, devices: int) -> None:
    assert len(load(name, devices=devices).fleet) == devices


def test_the_sweep_expects_exactly_what_is_planted(scenarios: Mapping[str, Scenario]) -> None:
    scenario = scenarios["indicator-sweep"]
    plant, sweep = scenario.steps
    assert isinstance(plant.action, Plant)
    assert isinstance(sweep.action, Sweep)
    assert plant.devices is not None
    assert sweep.devices is not None
    found = scenario.expectations[0]
    assert isinstance(found, SetEquals)
    assert len(plant.devices) == 12
    assert found.devices.tolist() == plant.devices.tolist()
    assert len(sweep.devices) == len(scenario.fleet) == 1_000
    assert plant.action.indicators == sweep.action.indicators == str(library.INDICATORS)


def test_the_sweep_takes_a_folder_from_where_the_user_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    steps = load("indicator-sweep", sets={"iocs": "mine"}).steps
    assert {getattr(step.action, "indicators", None) for step in steps} == {str(folder.resolve())}


def test_a_name_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError, match="there is no such scenario in the library; did you mean 'first-day'"):
        load("firstday")
    with pytest.raises(UserError, match="library:outage: there is no such scenario in the library"):
        load("library:outage")


@pytest.mark.parametrize(
    ("source", "expected"),
    [("first-day", True), ("library:x", True), ("x.yaml", False), ("x.yml", False), ("a/b", False), ("a\\b", False)],
)
def test_names_and_paths_are_told_apart(source: str, expected: bool) -> None:
    assert library.is_name(source) is expected


# --- indicators ------------------------------------------------------------------------------------------------------


def test_the_indicators_have_ids_of_their_own() -> None:
    ids = [parse_file(path).id for path in FILES]
    assert len(set(ids)) == len(FILES) >= 3


def test_both_versions_of_the_format_are_among_them() -> None:
    assert {parse_file(path).version for path in FILES} == {"1.0", "1.1"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_indicator_is_read_without_a_fault(path: Path) -> None:
    file = parse_file(path)
    assert file.supported
    assert not file.faults
    assert file.alternatives
    assert path.stat().st_size < FILE_SIZE_MAX_BYTES


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_no_image_matches_an_indicator(name: str) -> None:
    slots = {"host": "HOST-1", "site": "main", "user": "user1", "address": "10.16.1.1", "mac": "00-00-5E-00-53-01"}
    device = IMAGES[name].host.device(slots)
    assert [file.name for file in map(parse_file, FILES) if evaluate(file, device).matched] == []


@pytest.mark.parametrize("path", [*library.FOLDER.glob("*.yaml"), *FILES], ids=lambda path: path.name)
def test_only_names_that_are_reserved_for_examples_are_used(path: Path) -> None:
    text = path.read_text()
    hosts = re.findall(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|example)\b", text)
    assert all(host.endswith((".example", "example.com", "openioc.org", "mandiant.com")) for host in hosts)
