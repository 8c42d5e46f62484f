from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from emulator.events import TYPE_INDEX
from emulator.exclusions.answers import Answer
from emulator.exclusions.process import ProcessRule
from emulator.policy.settings import (
    AgentSettings,
    DataSubmission,
    ExcludedProcesses,
    KataIntegration,
    RequestThrottling,
)
from emulator.ports import Target
from emulator.simulation import Simulation
from emulator.telemetry import profiles as module
from emulator.telemetry.profiles import Profile, Profiles, compile_profile
from emulator.telemetry.throttle import UNLIMITED
from emulator.world import Injection, World
from fakes.central_node import CentralNode
from tests.emulator.agreement import fleet
from tests.emulator.agreement.fleet import BUSY, MODULE, QUIET
from tests.emulator.told import fakes
from tests.emulator.worlds import KATA_ON, KICS_ON, SETTINGS, some, world

NODE, KICS = Target.CENTRAL_NODE, Target.KICS


def test_the_defaults_in_the_units_of_a_step() -> None:
    profile = compile_profile(SETTINGS, 30_000)
    assert (profile.period, profile.package_events, profile.limit, profile.share) == (1, 1_024, 3_000, 450)
    assert profile.ttl_slots == 0
    route = profile.routes[NODE]
    assert (route.integrated, route.timeout_ms, route.interval) == (True, 10_000, 10)
    assert route.servers == ("kata-1.example.com:443", "kata-2.example.com:443")
    assert profile.routes[KICS].servers == ()
    assert not profile.routes[KICS].integrated


@pytest.mark.parametrize(
    ("period_s", "tick_ms", "ticks", "interval"), [(45, 15_000, 3, 20), (10, 10_000, 1, 30), (60, 30_000, 2, 10)]
)
def test_periods_and_intervals_are_counted_in_ticks(period_s: int, tick_ms: int, ticks: int, interval: int) -> None:
    profile = compile_profile(SETTINGS.having(DataSubmission(events_transmission_period_s=period_s)), tick_ms)
    assert profile.period == ticks
    assert profile.routes[NODE].interval == interval
    assert compile_profile(SETTINGS.having(KICS_ON), tick_ms).routes[KICS].interval == interval


@pytest.mark.parametrize(
    ("maximum", "percentage", "limit", "share"),
    [(3_000, 15, 3_000, 450), (7, 15, 7, 1), (1, 15, 1, 0), (1, 100, 1, 1), (UNLIMITED, 5, UNLIMITED, 107_374_182)],
)
def test_the_share_is_a_part_of_the_limit_rounded_down(maximum: int, percentage: int, limit: int, share: int) -> None:
    throttling = RequestThrottling(max_events_per_hour=maximum, percentage_of_event_limit_excess=percentage)
    profile = compile_profile(SETTINGS.having(throttling), 30_000)
    assert (profile.limit, profile.share) == (limit, share)


def test_without_throttling_there_is_no_limit() -> None:
    profile = compile_profile(SETTINGS.having(RequestThrottling(enabled=False, max_events_per_hour=5)), 30_000)
    assert (profile.limit, profile.share) == (UNLIMITED, UNLIMITED)


def test_the_ttl_is_counted_in_slots_and_is_none_where_it_is_off() -> None:
    on = replace(KATA_ON, use_ttl=True, ttl_period_min=1_440)
    assert compile_profile(AgentSettings(kata_integration=on), 5_000).ttl_slots == 2_880
    assert compile_profile(AgentSettings(kata_integration=replace(on, use_ttl=False)), 5_000).ttl_slots == 0


def test_a_list_of_servers_counts_only_while_the_integration_is_on() -> None:
    off = AgentSettings(kata_integration=replace(KATA_ON, enabled=False))
    assert compile_profile(off, 30_000).routes[NODE].servers == ()


def test_equal_settings_are_one_profile() -> None:
    profiles = Profiles(world(image=[BUSY]))
    first = profiles.index(SETTINGS)
    assert profiles.index(AgentSettings(kata_integration=KATA_ON)) == first
    assert profiles.index(SETTINGS.having(KICS_ON)) != first
    assert profiles[first].settings == SETTINGS


def test_only_classes_that_a_rule_touches_are_thinned() -> None:
    profiles = Profiles(world(image=[BUSY]))
    rules = (
        ProcessRule("app", path=fleet.APP.path, event_types=("module-load",)),
        ProcessRule("a user's", path=r"C:\Users\a.*\**", event_types=("file-change",)),
    )
    index = profiles.index(SETTINGS.having(KICS_ON, ExcludedProcesses(rules=rules)))
    classes = fleet.IMAGES[BUSY].classes
    central = {classes[place].name: (answer, by) for place, answer, by in profiles.thinned(index, BUSY, NODE)}
    assert central == {"app/module-load": (Answer.YES, False), "own/file-change": (Answer.DEPENDS, False)}
    kics = {classes[place].name: (answer, by) for place, answer, by in profiles.thinned(index, BUSY, KICS)}
    assert kics == {
        **central,
        "smb/network-activity": (Answer.NO, True),
        "agent/network-activity": (Answer.NO, True),
        "smb/basic-communications": (Answer.NO, True),
    }
    assert [item.name for item in profiles.classes(BUSY)[: len(classes)]] == [item.name for item in classes]
    assert profiles.classes(BUSY)[len(classes) + MODULE].type == TYPE_INDEX["module-load"]


# --- profiles at work -------------------------------------------------------------------------------------------------


def lived(given_world: World) -> tuple[Simulation, CentralNode]:
    servers = fakes(given_world, ())
    simulation = Simulation(given_world, servers)
    simulation.run()
    node = servers[NODE]
    assert isinstance(node, CentralNode)
    return simulation, node


def packages_of(events: int) -> int:
    """How many packages a burst leaves in."""
    hold = SETTINGS.having(RequestThrottling(enabled=False))
    burst = Injection(some(0), MODULE, 5 * 60_000, events)
    simulation, node = lived(world(image=[QUIET], hold=[hold], minutes=10, injections=[burst]))
    counted = sum(
        traffic.requests
        for _, ledger in simulation.take_ledgers()
        for key, traffic in ledger.traffic.items()
        if key[2] == "send"
    )
    assert node.ledger("node-1").events == events
    assert node.ledger("node-1").packages == counted
    return counted


def full_packages() -> bool:
    return [packages_of(events) for events in (1_023, 1_024, 1_025, 2_048, 70_000)] == [1, 1, 2, 2, 69]


def own_hour() -> bool:
    """Whether a device that may send ten an hour has ten before and ten after the beginning of its own hour."""
    hold = SETTINGS.having(RequestThrottling(max_events_per_hour=10, percentage_of_event_limit_excess=100))
    bare = world(image=[QUIET], hold=[hold], minutes=180, seed=2)
    key = int(bare.key[0])
    begin = 120 - bare.hour_offset(key)
    assert 10 < begin < 110
    ticks = (begin - 2, begin - 1, begin, begin + 1, begin + 119, begin + 120)
    injections = [Injection(some(0), MODULE, bare.phase(key) + tick * 30_000 - 5_000, 10) for tick in ticks]
    simulation, _ = lived(replace(bare, injections=tuple(injections)))
    # Its hours have the ticks [0, begin), [begin, begin + 120) and those from begin + 120 on.
    return bool(simulation.figures().terms[NODE]["throttled"].tolist() == [30])


def test_a_package_holds_its_maximum() -> None:
    assert full_packages()


def test_an_hour_begins_at_the_offset_of_the_device() -> None:
    assert own_hour()


def one_event_less(patch: pytest.MonkeyPatch) -> None:
    def wrong(settings: AgentSettings, tick_ms: int, discovered_proxy: str) -> Profile:
        profile = compile_profile(settings, tick_ms, discovered_proxy)
        return replace(profile, package_events=profile.package_events - 1)

    patch.setattr(module, "compile_profile", wrong)


def hour_from_the_start(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(World, "hour_offsets", lambda self, key: np.zeros(len(key), np.int64))


@pytest.mark.parametrize(("plant", "holds"), [(one_event_less, full_packages), (hour_from_the_start, own_hour)])
def test_a_wrong_profile_is_seen(
    plant: Callable[[pytest.MonkeyPatch], None], holds: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    assert not holds()


def test_the_response_time_out_is_that_of_the_settings() -> None:
    integration = KataIntegration(enabled=True, response_timeout_s=40, sync_interval_min=60)
    route = compile_profile(AgentSettings(kata_integration=integration), 10_000).routes[NODE]
    assert (route.timeout_ms, route.interval) == (40_000, 360)
