"""The rules of network isolation without a device."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.clock import HOUR_MS
from emulator.events import Direction, Peer
from emulator.exclusions.network import NetworkRule, matches
from emulator.policy.errors import SettingError
from emulator.policy.sections.response import ISOLATION_MAX_MIN
from emulator.policy.settings import (
    DEFAULTS,
    AgentSettings,
    ExclusionProfile,
    NetworkIsolation,
    NetworkIsolationOnDemand,
    parse_group,
)
from emulator.response.isolation import (
    FALL_BACK_MS,
    PROFILES,
    EndedBy,
    Isolate,
    IsolationKind,
    check_for_central_node,
    lasts,
    spared,
)
from tests.emulator.plain.support import event_class

MINUTE_MS = 60_000
ONE, TWO, THREE = (NetworkRule(name, remote_addresses=(f"192.0.2.{number}",)) for number, name in enumerate("abc", 1))
OF_SETTINGS = (IsolationKind.AUTOMATIC, IsolationKind.ON_DEMAND)

groups = st.fixed_dictionaries(
    {
        "release_automatically": st.booleans(),
        "release_after_min": st.integers(1, ISOLATION_MAX_MIN),
        "profiles": st.lists(st.sampled_from(ExclusionProfile), unique=True).map(tuple),
        "exclusions": st.lists(st.sampled_from((ONE, TWO, THREE)), unique=True).map(tuple),
    }
)


def settings(automatic: dict[str, object], on_demand: dict[str, object]) -> AgentSettings:
    given: AgentSettings = DEFAULTS.having(
        replace(NetworkIsolation(), **automatic),  # type: ignore[arg-type]  # as drawn
        replace(NetworkIsolationOnDemand(), **on_demand),  # type: ignore[arg-type]
    )
    return given


def test_isolation_ends_after_half_an_hour_where_nothing_else_is_set() -> None:
    for kind in OF_SETTINGS:
        assert lasts(Isolate(kind), DEFAULTS) == (30 * MINUTE_MS, EndedBy.TIMER)


@given(automatic=groups, on_demand=groups)
def test_each_kind_ends_by_its_own_timer_and_without_one_after_five_hours(
    automatic: dict[str, object], on_demand: dict[str, object]
) -> None:
    for kind, own in zip(OF_SETTINGS, (automatic, on_demand), strict=True):
        length_ms, by = lasts(Isolate(kind), settings(automatic, on_demand))
        if own["release_automatically"]:
            assert (length_ms, by) == (own["release_after_min"] * MINUTE_MS, EndedBy.TIMER)  # type: ignore[operator]
        else:
            assert (length_ms, by) == (FALL_BACK_MS, EndedBy.FALL_BACK)
    assert FALL_BACK_MS == 5 * HOUR_MS


@given(hours=st.integers(1, 9_999), automatic=groups, on_demand=groups)
def test_the_central_node_says_for_how_long_whatever_the_settings(
    hours: int, automatic: dict[str, object], on_demand: dict[str, object]
) -> None:
    order = Isolate(IsolationKind.CENTRAL_NODE, hours * HOUR_MS)
    assert lasts(order, settings(automatic, on_demand)) == (hours * HOUR_MS, EndedBy.TIMER)


@given(automatic=groups, on_demand=groups, theirs=st.lists(st.sampled_from((ONE, TWO)), unique=True).map(tuple))
def test_each_kind_spares_its_own_exclusions_and_profiles_on_windows(
    automatic: dict[str, object], on_demand: dict[str, object], theirs: tuple[NetworkRule, ...]
) -> None:
    held = settings(automatic, on_demand)
    for kind, own in zip(OF_SETTINGS, (automatic, on_demand), strict=True):
        profiles = [rule for profile in own["profiles"] for rule in PROFILES[profile]]  # type: ignore[attr-defined]
        assert spared(Isolate(kind), held, "windows") == (*profiles, *own["exclusions"])  # type: ignore[misc]
        assert spared(Isolate(kind), held, "linux") == own["exclusions"]
    assert spared(Isolate(IsolationKind.CENTRAL_NODE, HOUR_MS, theirs), held, "windows") == theirs


@pytest.mark.parametrize(
    ("profile", "peer", "passes"),
    [
        ("client", Peer(Direction.OUTBOUND, 17, local_port=0, remote_port=53, remote_address="10.0.0.10"), True),
        ("client", Peer(Direction.OUTBOUND, 6, local_port=0, remote_port=53, remote_address="10.0.0.10"), True),
        ("client", Peer(Direction.OUTBOUND, 17, local_port=68, remote_port=67, remote_address="10.0.0.1"), True),
        ("client", Peer(Direction.INBOUND, 17, local_port=53, remote_port=0, remote_address="10.0.1.20"), False),
        ("server", Peer(Direction.INBOUND, 17, local_port=53, remote_port=0, remote_address="10.0.1.20"), True),
        ("server", Peer(Direction.INBOUND, 17, local_port=67, remote_port=68, remote_address="10.0.1.20"), True),
        ("server", Peer(Direction.OUTBOUND, 17, local_port=0, remote_port=53, remote_address="10.0.0.10"), False),
        ("client", Peer(Direction.OUTBOUND, 6, local_port=0, remote_port=443, remote_address="10.0.0.10"), False),
    ],
)
def test_a_profile_lets_through_what_its_role_needs(profile: str, peer: Peer, passes: bool) -> None:
    rules = PROFILES[ExclusionProfile(f"dns-dhcp-{profile}")]
    event = event_class("network-activity", peer=peer)
    assert any(matches(rule, event, "windows") for rule in rules) is passes


@pytest.mark.parametrize(
    "rule",
    [
        NetworkRule("both", Direction.OUTBOUND, remote_ports=("443",), remote_addresses=("192.0.2.1",)),  # type: ignore[arg-type]  # read
        NetworkRule("in", Direction.INBOUND, local_ports=("1-2",)),  # type: ignore[arg-type]
        NetworkRule("any", protocol=6),
    ],
)
def test_the_central_node_takes_what_its_interface_has(rule: NetworkRule) -> None:
    check_for_central_node(rule)


def test_and_refuses_ports_without_a_direction() -> None:
    with pytest.raises(SettingError, match="direction outbound only"):
        check_for_central_node(NetworkRule("x", remote_ports=("443",)))  # type: ignore[arg-type]  # read


def test_settings_take_a_time_with_a_unit() -> None:
    read = parse_group("network-isolation-on-demand", {"release-after": "2h", "profiles": []})
    assert read == NetworkIsolationOnDemand(release_after_min=120, profiles=())
