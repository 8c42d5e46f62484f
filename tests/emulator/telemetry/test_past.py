"""The past of a device, drawn again, against the events that the plain agent collects one by one."""

from collections import defaultdict
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.plain import PlainSimulation
from emulator.plain.observation import Stage
from emulator.policy.settings import ExcludedProcesses, parse_group
from emulator.ports import Target
from emulator.simulation import Simulation
from emulator.telemetry.past import Past, items_of
from emulator.world import Condition, Injection, Spell, World
from tests.emulator.agreement import fleet
from tests.emulator.told import fakes
from tests.emulator.worlds import HOUR_MS, MINUTE_MS, SETTINGS, some, world

COLLECTED = (Stage.COLLECTED, Stage.REPEATED, Stage.OPTIMISED)
"""Stages of an event that Endpoint Agent has collected, whatever becomes of it on the way to a server."""
CUTS = (Condition.ISOLATED, Condition.STOPPED, Condition.OFF, Condition.UNLICENSED, Condition.OFF_LINE)


def collected(made: World) -> dict[tuple[int, int], list[int]]:
    """The moments of collected events by device and class, as the plain agent has them."""
    found: dict[tuple[int, int], list[int]] = defaultdict(list)

    plain = PlainSimulation(made, fakes(made, ()))
    for device in range(len(made)):
        for one in plain.trace(device):
            if one.target is Target.CENTRAL_NODE and one.stage in COLLECTED:
                found[one.device, one.event.index].append(one.event.at_ms)
    return found


def past_of(made: World) -> Past:
    simulation = Simulation(made, fakes(made, ()))
    simulation.run()
    return Past(simulation.context)


SPELLS = st.lists(
    st.tuples(st.sampled_from(CUTS), st.integers(0, 1), st.integers(0, 170), st.integers(1, 90)), max_size=4
)
ADDED = st.lists(st.tuples(st.integers(0, len(fleet.ADDED) - 1), st.integers(0, 1), st.integers(0, 170)), max_size=4)


@settings(max_examples=12, deadline=None)
@given(spells=SPELLS, added=ADDED, first=st.integers(0, 120), length=st.integers(1, 170))
def test_the_past_has_exactly_the_first_events_that_were_collected(
    spells: list[tuple[Condition, int, int, int]], added: list[tuple[int, int, int]], first: int, length: int
) -> None:
    made = world(
        image=[fleet.CALM, fleet.BUSY],
        minutes=180,
        spells=[
            Spell(condition, some(device), at * MINUTE_MS, (at + last) * MINUTE_MS)
            for condition, device, at, last in spells
        ],
        injections=[Injection(some(device), index, at * MINUTE_MS + 17, 2) for index, device, at in added],
    )
    from_ms, until_ms = first * MINUTE_MS, min(180, first + length) * MINUTE_MS - 2 * MINUTE_MS
    past, events = past_of(made), collected(made)
    for device in range(2):
        for index in range(len(past.classes(device))):
            moments = [at_ms for at_ms in events.get((device, index), ()) if from_ms <= at_ms < until_ms]
            assert past.first(device, index, from_ms, until_ms, SETTINGS) == min(moments, default=None)


def test_what_is_excluded_is_not_in_the_past() -> None:
    made = world(image=[fleet.BUSY], minutes=120)
    past = past_of(made)
    index = next(
        index
        for index in range(len(past.classes(0)))
        if past.first(0, index, 0, HOUR_MS, SETTINGS) is not None and past.classes(0)[index].process.path
    )
    rule = {"name": "own", "path": past.classes(0)[index].process.path}
    excluded = parse_group("excluded-processes", {"rules": [rule]})
    assert isinstance(excluded, ExcludedProcesses)
    assert past.first(0, index, 0, HOUR_MS, SETTINGS.having(replace(excluded, use_exclusions=True))) is None


def test_an_event_tells_of_its_process_and_of_what_it_is_about() -> None:
    made = world(image=[fleet.BUSY])
    for event_class in past_of(made).classes(0):
        items = list(items_of(event_class, {"user": "anna", "host": "PC", "site": "hq"}))
        kinds = [kind for kind, _ in items]
        assert kinds[:2] == ["ProcessItem", "FileItem"]
        assert ("PortItem" in kinds) is (event_class.peer is not None)
        assert not any("{user}" in str(value) for _, instance in items for value in instance.values())
