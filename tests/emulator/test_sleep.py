"""Sleep: devices with nothing to do are not stepped, and miss nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from emulator.clock import SLOT_MS
from emulator.policy.settings import DataSubmission
from emulator.ports import Answers, Outcome, Synchronisations, Target
from emulator.simulation import Bucket, Simulation
from emulator.telemetry.block import Block
from emulator.telemetry.conditions import Conditions
from emulator.telemetry.inbox import Inbox
from emulator.world import Condition, Injection, Spell, World
from fakes.faults import Fault, FaultKind
from tests.emulator.agreement.fleet import APP_START, DETECTION, MODULE, QUIET
from tests.emulator.agreement.scenes import KATA, Scene
from tests.emulator.agreement.strategies import scenes
from tests.emulator.governing import SettingsChange
from tests.emulator.told import fakes, live
from tests.emulator.worlds import DAY_MS, HOUR_MS, KICS_ON, MINUTE_MS, SETTINGS, some, world

NODE = Target.CENTRAL_NODE
SCENES = settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)


def quiet(scene: Scene) -> Scene:
    """The same on devices on which nothing happens of itself, over within four hours."""
    image = np.full(len(scene.world), QUIET, np.int64)
    duration_ms = min(scene.world.duration_ms, 4 * HOUR_MS)
    return replace(scene, world=replace(scene.world, image=image, duration_ms=duration_ms))


@dataclass(frozen=True)
class Office:
    """An Administration Server that nobody reaches at times."""

    down: tuple[tuple[int, int], ...] = ()

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        return None if any(begin < to_ms and from_ms < end for begin, end in self.down) else 30_000

    def synchronise(self, batch: Synchronisations) -> Answers:
        gone = np.zeros(len(batch), np.bool_)
        for begin, end in self.down:
            gone |= (begin <= batch.at_ms) & (batch.at_ms < end)
        outcome = np.where(gone, Outcome.UNREACHABLE, Outcome.OK).astype(np.uint8)
        return Answers(outcome, batch.revision, np.zeros(len(batch), np.int16), np.where(gone, 1_000, 30_000))


@dataclass
class Steps:
    """Counts the steps of blocks."""

    count: int = 0

    def watch(self, patch: pytest.MonkeyPatch) -> "Steps":
        step = Block.step

        def counted(block: Block, *rest: Any) -> None:
            self.count += 1
            step(block, *rest)

        patch.setattr(Block, "step", counted)
        return self


def restless(patch: pytest.MonkeyPatch) -> None:
    """From now on every tick is stepped."""
    patch.setattr(Block, "lively", property(lambda block: True))


def calm_night() -> tuple[World, Sequence[Fault], Office]:
    """Twelve hours of quiet devices in which something of each kind happens, far apart."""
    later = SETTINGS.having(KICS_ON, DataSubmission(events_transmission_period_s=60))
    given_world = world(
        image=[QUIET] * 6,
        group=[0, 0, 0, 1, 1, 1],
        hold=[SETTINGS, SETTINGS.having(KICS_ON)],
        minutes=12 * 60,
        changes=[
            SettingsChange(2 * HOUR_MS + 7, 0, later),
            SettingsChange(6 * HOUR_MS + 1, 0, SETTINGS),
            SettingsChange(6 * HOUR_MS + 5 * MINUTE_MS, 1, SETTINGS),
        ],
        spells=[
            Spell(Condition.OFF_LINE, some(0, 4), 3 * HOUR_MS + 10_001, 3 * HOUR_MS + 10_002 + 7 * MINUTE_MS),
            Spell(Condition.CRASHED, some(1, 4), 4 * HOUR_MS, 4 * HOUR_MS + MINUTE_MS),
            Spell(Condition.STOPPED, some(2), 4 * HOUR_MS + 30 * MINUTE_MS, 5 * HOUR_MS),
            Spell(Condition.ISOLATED, some(3), 8 * HOUR_MS, 8 * HOUR_MS + 1),
        ],
        injections=[
            Injection(some(0, 1, 2, 3, 4, 5), MODULE, HOUR_MS + 999, 300),
            Injection(some(5), DETECTION, 9 * HOUR_MS + 1, 70_000),
            Injection(some(0), APP_START, 11 * HOUR_MS + 59 * MINUTE_MS, 1),
        ],
    )
    one, two, _ = KATA.values()
    planned = (
        Fault(
            "blip", one, FaultKind.REFUSED_CONNECTION, 5 * HOUR_MS + 17 * MINUTE_MS + 3, 5 * HOUR_MS + 23 * MINUTE_MS
        ),
        Fault("instant", "kics-1", FaultKind.OUTAGE, 7 * HOUR_MS + 12_345, 7 * HOUR_MS + 6 * MINUTE_MS),
        Fault("unused", two, FaultKind.OUTAGE, 10 * HOUR_MS, 10 * HOUR_MS + MINUTE_MS),
    )
    return given_world, planned, Office(((6 * HOUR_MS - MINUTE_MS, 6 * HOUR_MS + 4 * MINUTE_MS),))


def test_a_night_slept_through_is_a_night_lain_awake(monkeypatch: pytest.MonkeyPatch) -> None:
    given_world, planned, office = calm_night()
    steps = Steps().watch(monkeypatch)
    asleep = live(given_world, planned, administration=office)
    slept = steps.count
    restless(monkeypatch)
    awake = live(given_world, planned, administration=office)
    assert asleep.differences(awake) == []
    assert steps.count - slept == given_world.ticks
    assert slept < given_world.ticks // 6


def test_nothing_that_happens_in_a_sleep_is_missed() -> None:
    given_world, planned, office = calm_night()
    told = live(given_world, planned, administration=office)
    assert told.total(NODE, "generated") == 6 * 300 + 70_000 + 1
    assert sum(fact.kind == "policy-applied" for fact in told.facts) == 9
    nowhere = {fact.device for fact in told.facts if fact.kind == "no-server"}
    assert {0, 4} <= nowhere
    moved = [fact for fact in told.facts if fact.kind == "fail-over" and fact.at_ms >= 5 * HOUR_MS]
    assert {fact.device for fact in moved} == set(range(6))
    assert set(told.contacts[NODE, list(KATA)[1]]) == set(range(6))


@SCENES
@given(scenes().map(quiet))
def test_any_quiet_scene_may_be_slept_through(scene: Scene) -> None:
    asleep = live(scene.world, scene.faults)
    with pytest.MonkeyPatch.context() as patch:
        restless(patch)
        assert asleep.differences(live(scene.world, scene.faults)) == []


def sleeps_through_spells(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Conditions, "next_edge_ms", lambda self, after_ms: None)


def sleeps_through_faults(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Bucket, "_undisturbed", lambda self, here, end: True)


def rests_without_counting(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Block, "rest", lambda self, first, end: None)


def does_not_wait_for_news(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Inbox, "waiting", lambda self, until_ms: np.zeros(len(self.due), np.bool_))


@pytest.mark.parametrize(
    "plant",
    [sleeps_through_spells, sleeps_through_faults, rests_without_counting, does_not_wait_for_news],
    ids=lambda plant: plant.__name__,
)
def test_who_sleeps_too_long_is_seen(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    given_world, planned, office = calm_night()
    plant(monkeypatch)
    asleep = live(given_world, planned, administration=office)
    restless(monkeypatch)
    assert asleep.differences(live(given_world, planned, administration=office)) != []


def test_a_device_on_which_nothing_happens_does_not_wake_in_21_days(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps().watch(monkeypatch)
    given_world = world(image=[QUIET], duration_ms=21 * DAY_MS)
    simulation = Simulation(given_world, fakes(given_world, ()))
    simulation.run()
    assert steps.count == 0
    happened = next(simulation.environment._eid)
    assert happened < 21 * 24 + 10
    asked = simulation.take_ledgers()
    assert sum(
        traffic.requests for _, ledger in asked for key, traffic in ledger.traffic.items() if key[2] == "synchronise"
    ) == (21 * 24 * 12 + 21 * 24 * 4)


def test_a_device_wakes_for_what_a_scenario_brings_and_sleeps_again(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps().watch(monkeypatch)
    given_world = world(
        image=[QUIET],
        duration_ms=21 * DAY_MS,
        injections=[Injection(some(0), MODULE, day * DAY_MS + 5, 3) for day in range(1, 21)],
    )
    told = live(given_world)
    assert told.total(NODE, "acknowledged") == 60
    assert steps.count == 20


def test_a_device_whose_windows_are_long_or_whose_integration_ended_sleeps_too(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps().watch(monkeypatch)
    slow = SETTINGS.having(KICS_ON, DataSubmission(events_transmission_period_s=600))
    given_world = world(image=[QUIET], hold=[slow], minutes=24 * 60, changes=[SettingsChange(HOUR_MS, 0, SETTINGS)])
    live(given_world)
    assert 0 < steps.count < 40


def test_what_is_added_while_it_runs_wakes_who_sleeps() -> None:
    given_world = world(image=[QUIET] * 3, group=[0, 1, 1], hold=[SETTINGS, SETTINGS], minutes=6 * 60)
    simulation = Simulation(given_world, fakes(given_world, ()))
    simulation.advance(HOUR_MS)
    simulation.inject(Injection(some(0, 1), MODULE, 2 * HOUR_MS, 4))
    simulation.begin_spell(Spell(Condition.STOPPED, some(1), 2 * HOUR_MS - MINUTE_MS, 3 * HOUR_MS))
    change = SettingsChange(2 * HOUR_MS, 1, SETTINGS.having(KICS_ON), "later")
    simulation.tell(change.news(given_world.group))
    figures = simulation.run().terms[NODE]
    assert figures["acknowledged"].tolist() == [4, 0, 0]
    assert figures["not_collected"].tolist() == [0, 4, 0]
    applied = {fact.device: fact.at_ms for fact in simulation.journal.drain() if fact.kind == "policy-applied"}
    assert 2 * HOUR_MS <= applied[2] < 2 * HOUR_MS + 15 * MINUTE_MS + SLOT_MS
    assert 2 * HOUR_MS <= applied[1] < 2 * HOUR_MS + 15 * MINUTE_MS + SLOT_MS
