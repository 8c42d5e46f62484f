"""The simulation: who wakes when, that no layout of rows changes anything, and that the books are looked after."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.clock import SLOT_MS, Rank
from emulator.errors import BooksError
from emulator.policy.settings import DataSubmission
from emulator.ports import I64, Target, TelemetryColumns
from emulator.simulation import Simulation, interval_of
from emulator.telemetry.block import Block
from emulator.telemetry.ledger import BALANCED
from emulator.telemetry.session import Session
from emulator.telemetry.stream import Stream
from emulator.world import RETENTION_MS, Condition, Injection, Spell, World
from fakes.central_node import CentralNode
from fakes.faults import Fault, FaultKind, FaultSchedule
from tests.emulator.agreement import fleet
from tests.emulator.agreement.fleet import BUSY, CALM, MODULE, QUIET
from tests.emulator.agreement.scenes import KATA, Scene
from tests.emulator.agreement.strategies import scenes
from tests.emulator.rich import crowd, crowd_faults, faults, long, long_faults, rich
from tests.emulator.told import Told, fakes, live
from tests.emulator.worlds import DAY_MS, HOUR_MS, KICS_ON, MINUTE_MS, SETTINGS, some, world

NODE = Target.CENTRAL_NODE
RETENTION = RETENTION_MS // SLOT_MS
"""The retention in ticks of a slot."""
SCENES = settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)


class Scattered(Simulation):
    """Lays its rows out in small blocks, in no order, and its blocks in any bucket."""

    def _layout(self, buckets: int) -> Iterator[tuple[int, list[Block]]]:
        devices = self.devices.tolist()
        Random(7).shuffle(devices)
        blocks = [Block(self.context, np.sort(np.array(devices[at : at + 5]))) for at in range(0, len(devices), 5)]
        places = reversed(range(buckets))
        return ((place * self.world.tick_ms // buckets, blocks[place::buckets]) for place in places)


@cache
def right() -> Told:
    return live(rich(), faults())


@cache
def right_crowd() -> Told:
    return live(crowd(), crowd_faults())


@cache
def right_long() -> Told:
    return live(long(), long_faults())


def short(scene: Scene) -> Scene:
    """The same, over within an hour."""
    return replace(scene, world=replace(scene.world, duration_ms=min(scene.world.duration_ms, HOUR_MS)))


# --- no layout changes anything ---------------------------------------------------------------------------------------


def test_everything_happens_in_the_rich_world() -> None:
    told = right()
    for term in BALANCED:
        if term not in ("expired", "unanswered", "queued"):
            targets = (Target.KICS,) if term == "optimised" else (NODE,)
            assert all(told.total(target, term) for target in targets), term
    assert told.total(NODE, "suppressed")
    assert {fact.kind for fact in told.facts} == {"connect", "timeout", "fail-over", "no-server", "policy-applied"}
    assert {server for _, server in told.contacts} >= set(KATA)
    assert right_long().total(NODE, "acknowledged") > 5_000


@pytest.mark.parametrize("buckets", [5, 30])
def test_buckets_change_nothing(buckets: int) -> None:
    assert right_crowd().differences(live(crowd(), crowd_faults(), buckets=buckets)) == []
    assert right_long().differences(live(long(), long_faults(), buckets=buckets)) == []


@pytest.mark.parametrize("parts", [2, 3])
def test_shards_add_up_to_the_whole(parts: int) -> None:
    assert right_crowd().differences(live(crowd(), crowd_faults(), parts=parts)) == []
    assert right_long().differences(live(long(), long_faults(), parts=parts)) == []


@pytest.mark.parametrize("buckets", [1, 5])
def test_the_order_in_which_rows_are_laid_out_changes_nothing(buckets: int) -> None:
    assert right_crowd().differences(live(crowd(), crowd_faults(), kind=Scattered, buckets=buckets)) == []
    assert right_long().differences(live(long(), long_faults(), kind=Scattered, buckets=buckets)) == []


@pytest.mark.parametrize(("kind", "buckets", "parts"), [(Simulation, 5, 1), (Scattered, 2, 3)])
def test_no_layout_changes_the_rich_world(kind: type[Simulation], buckets: int, parts: int) -> None:
    assert right().differences(live(rich(), faults(), kind=kind, buckets=buckets, parts=parts)) == []


@SCENES
@given(scenes(), st.sampled_from((1, 5, 30)), st.sampled_from((1, 2, 3)), st.sampled_from((Simulation, Scattered)))
def test_no_layout_changes_any_scene(scene: Scene, buckets: int, parts: int, kind: type[Simulation]) -> None:
    scene = short(scene)
    plain = live(scene.world, scene.faults)
    assert plain.differences(live(scene.world, scene.faults, kind=kind, buckets=buckets, parts=parts)) == []


def joined(given: World, before: int, after: int) -> World:
    """The same devices with others before and behind them in the fleet."""
    more = world(image=[BUSY, CALM] * 20, seed=99)
    first, last = slice(0, before), slice(before, before + after)

    def around(name: str) -> Any:
        return np.concatenate([getattr(more, name)[first], getattr(given, name), getattr(more, name)[last]])

    def moved(item: Any) -> Any:
        return replace(item, devices=item.devices + before)

    return replace(
        given,
        key=around("key"),
        image=around("image"),
        group=around("group"),
        site=around("site"),
        identity=lambda device: given.identity(device - before),
        news=tuple(map(moved, given.news)),
        spells=tuple(map(moved, given.spells)),
        injections=tuple(map(moved, given.injections)),
    )


def test_devices_elsewhere_change_nobody() -> None:
    own = range(len(rich()))
    among = live(joined(rich(), before=7, after=3), faults())
    assert right().of(own).differences(among.of([device + 7 for device in own])) == []


def test_the_last_tick_belongs_to_every_bucket() -> None:
    given_world = world(
        image=[QUIET] * 30,
        duration_ms=HOUR_MS + 1,
        injections=[Injection(np.arange(30, dtype=np.int64), MODULE, HOUR_MS - 5_000, 3)],
    )
    told = live(given_world)
    assert told.total(NODE, "generated") == 90
    for buckets in (5, 30):
        assert told.differences(live(given_world, buckets=buckets)) == []


def test_what_is_told_depends_on_the_seed() -> None:
    assert right_long().differences(live(replace(long(), key=rich().key[: len(long())]), long_faults())) != []


# --- what the tests of layouts see ------------------------------------------------------------------------------------


def judges_faults_at_the_start_of_the_bucket(patch: pytest.MonkeyPatch) -> None:
    judge = FaultSchedule.judge

    def wrong(self: FaultSchedule, server: str, requests: Any, latency_us: int) -> Any:
        early = np.full_like(requests.at_ms, requests.at_ms[:1].sum() if len(requests.at_ms) else 0)
        return judge(self, server, replace(requests, at_ms=early), latency_us)

    patch.setattr(FaultSchedule, "judge", wrong)


def draws_by_row(patch: pytest.MonkeyPatch) -> None:
    fill = Block._draw

    def wrong(self: Block, number: int, slot: int) -> None:
        key, self.key = self.key, self.key[0] + np.arange(len(self), dtype=np.uint64)
        fill(self, number, slot)
        self.key = key

    patch.setattr(Block, "_draw", wrong)


def one_hour_for_all(patch: pytest.MonkeyPatch) -> None:
    throttle = Stream._throttle

    def wrong(self: Stream, *rest: Any) -> None:
        own, self.hour_offset = self.hour_offset, np.full_like(self.hour_offset, self.hour_offset[0])
        throttle(self, *rest)
        self.hour_offset = own

    patch.setattr(Stream, "_throttle", wrong)


def forgets_a_column_when_rows_move(patch: pytest.MonkeyPatch) -> None:
    permute = Session.permute

    def wrong(self: Session, order: I64) -> None:
        server = self.server
        permute(self, order)
        self.server = server

    patch.setattr(Session, "permute", wrong)


@pytest.mark.parametrize(
    "plant",
    [judges_faults_at_the_start_of_the_bucket, draws_by_row, one_hour_for_all, forgets_a_column_when_rows_move],
    ids=lambda plant: plant.__name__,
)
def test_what_depends_on_the_layout_is_seen(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    assert live(crowd(), crowd_faults()).differences(live(crowd(), crowd_faults(), kind=Scattered)) != []


# --- the books --------------------------------------------------------------------------------------------------------


def test_the_books_of_every_device_balance() -> None:
    for told in (right(), right_long()):
        for target in (NODE, Target.KICS):
            if (target, "generated") not in told.figures:
                continue
            terms = zip(*(told.figures[target, term] for term in BALANCED), strict=True)
            assert [sum(own) for own in terms] == told.figures[target, "generated"]


@pytest.mark.parametrize("minutes", [10, 31, 42, 90])
def test_what_waits_by_cell_and_type_is_what_the_queues_of_its_devices_hold(minutes: int) -> None:
    given_world = replace(rich(), duration_ms=minutes * MINUTE_MS // 3)
    simulation = Simulation(given_world, fakes(given_world, faults()))
    simulation.run()
    ledger = simulation.take_ledgers()[-1][1]
    for block in simulation.blocks:
        for target, stream in block.streams.items():
            queued, unanswered = (ledger.stocks[target][place] for place in range(2))
            rows = np.arange(len(block))
            waiting = stream.backlog.taken(rows, np.full(len(block), 2**62), len(block))
            if stream.pending is not None:
                waiting += stream.pending.T
            for cell in range(len(queued)):
                assert (queued + unanswered)[cell].tolist() == waiting[block.cell == cell].sum(axis=0).tolist()
            assert queued.sum() == block.total(target, "queued").sum()
            assert unanswered.sum() == block.total(target, "unanswered").sum()


def stopped() -> Simulation:
    """A simulation that stopped in the middle of an outage, with all columns in use."""
    given_world = world(
        image=[BUSY, CALM] * 3,
        hold=[SETTINGS.having(KICS_ON, DataSubmission(events_transmission_period_s=60))],
        minutes=41,
        duration_ms=41 * MINUTE_MS + 30_000,
    )
    outage = Fault("outage", "node-1", FaultKind.OUTAGE, 20 * MINUTE_MS)
    simulation = Simulation(given_world, fakes(given_world, (outage, replace(outage, server="node-2"))))
    simulation.advance(given_world.duration_ms)
    return simulation


def stream_of(simulation: Simulation, target: Target = NODE) -> Stream:
    return next(simulation.blocks).streams[target]


def tamper_generated(simulation: Simulation) -> None:
    next(simulation.blocks).generated[2] += 1


def tamper_made(simulation: Simulation) -> None:
    stream_of(simulation).made[2] += 1


def tamper_acked(simulation: Simulation) -> None:
    stream_of(simulation).acked[2] -= 1


def tamper_throttled(simulation: Simulation) -> None:
    stream_of(simulation).books._add("throttled", np.array([3]), np.array([1]))


def tamper_kics(simulation: Simulation) -> None:
    stream_of(simulation, Target.KICS).books._add("excluded", np.array([0]), np.array([-1]))


def tamper_counts(simulation: Simulation) -> None:
    stream_of(simulation).backlog.counts[0, 7] += 1


def tamper_start(simulation: Simulation) -> None:
    stream_of(simulation).backlog.start[0] += 10**9


def tamper_row(simulation: Simulation) -> None:
    row = stream_of(simulation).backlog.row
    row[:1] = -1


def tamper_pending(simulation: Simulation) -> None:
    pending = stream_of(simulation).pending
    assert pending is not None
    pending[7, 1] += 1


def test_a_simulation_that_nobody_touched_balances() -> None:
    simulation = stopped()
    simulation.finish()
    assert simulation.figures().terms[NODE]["queued"].all()


@pytest.mark.parametrize(
    "tamper",
    [
        tamper_generated,
        tamper_made,
        tamper_acked,
        tamper_throttled,
        tamper_kics,
        tamper_counts,
        tamper_start,
        tamper_row,
        tamper_pending,
    ],
    ids=lambda tamper: tamper.__name__,
)
def test_a_column_that_is_wrong_is_seen(tamper: Callable[[Simulation], None]) -> None:
    simulation = stopped()
    tamper(simulation)
    with pytest.raises(BooksError, match="is out of balance by"):
        simulation.finish()


def test_events_that_are_lost_on_the_way_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Stream._throttle

    def forgetful(self: Stream, throttle: Any, tick: Any, window: Any, block: Any) -> None:
        book(self, throttle, tick, window, block)
        window[0] = 0

    monkeypatch.setattr(Stream, "_throttle", forgetful)
    with pytest.raises(BooksError):
        live(world(image=[BUSY], minutes=60))


# --- retention --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """What is left after an outage of 22 days."""

    terms: dict[str, int]
    stored: list[tuple[int, int]]
    gone_at: dict[int, int]
    """Expired events by the tick at which they expired."""


def keep_for(injected: dict[int, int], days: int = 22) -> Kept:
    """One cold device with an outage; of the ticks in which nothing can become of its queue, only some are stepped."""
    given_world = world(
        image=[QUIET],
        duration_ms=(days + 1) * DAY_MS,
        cold=True,
        injections=[Injection(some(0), MODULE, tick * SLOT_MS - 10_000, count) for tick, count in injected.items()],
    )
    schedule = FaultSchedule()
    for server in KATA.values():
        schedule.add(Fault("outage", server, FaultKind.REFUSED_CONNECTION, HOUR_MS, HOUR_MS + days * DAY_MS))
    node = CentralNode(KATA, keys=given_world.key, faults=schedule)
    servers: dict[Target, TelemetryColumns] = {NODE: node}
    simulation = Simulation(given_world, servers)
    block, gone_at, gone = next(simulation.blocks), dict[int, int](), 0
    often = [*range(0, 1_200, 10), *range(RETENTION // 120 * 120, RETENTION + 1_200, 10)]
    for tick in sorted({*range(0, given_world.ticks, 120), *often, *injected}):
        simulation.context.ledger = simulation.ledger_of(tick)
        block.step(tick, simulation.injected(tick))
        expired = int(block.total(NODE, "expired")[0])
        if expired != gone:
            gone_at[tick], gone = expired - gone, expired
    simulation.check_books()
    terms = {term: int(column[0]) for term, column in simulation.figures().terms[NODE].items()}
    return Kept(terms, [(int(first), int(upto)) for first, upto in node.stored(0)], gone_at)


def test_what_waited_longer_than_21_days_expires_and_ordinals_go_on() -> None:
    early, middle, late = 200, 1_000, 20 * 2_880
    kept = keep_for({50: 5, early: 300, early + 1: 20, middle: 7, late: 50})
    assert kept.terms["generated"] == 382
    assert kept.terms["expired"] == 327
    assert kept.terms["acknowledged"] == 55
    assert kept.terms["queued"] == kept.terms["unanswered"] == 0
    assert kept.stored == [(0, 5), (332, 382)]
    # The first tick that is stepped in which the last window of a segment is older than the retention; two were merged.
    assert kept.gone_at == {(early + 1 + RETENTION) // 10 * 10 + 10: 320, middle + RETENTION + 10: 7}


def test_what_waited_21_days_to_the_tick_does_not_expire() -> None:
    late = 4 * 120 + 20 * 2_880
    assert keep_for({200: 5, late: 1}, days=20).terms["expired"] == 0


# --- intervals and order ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "interval_ms"), [(1, 30_000), (2, 30_000), (3, 300_000), (7, 300_000), (15, HOUR_MS), (21, HOUR_MS)]
)
def test_long_runs_are_recorded_coarsely(days: int, interval_ms: int) -> None:
    assert interval_of(days * DAY_MS) == interval_ms


def test_coarse_intervals_are_sums_of_fine_ones() -> None:
    given_world, planned = long(), long_faults()

    def flows(interval_ms: int) -> dict[int, list[Any]]:
        simulation = Simulation(given_world, fakes(given_world, planned), interval_ms=interval_ms)
        simulation.run()
        found: dict[int, list[Any]] = {}
        for start_ms, ledger in simulation.take_ledgers():
            found.setdefault(start_ms // HOUR_MS, []).append(ledger.flows[NODE])
        return found

    fine, coarse = flows(30_000), flows(HOUR_MS)
    assert {len(ledgers) for ledgers in coarse.values()} == {1}
    assert {hour: sum(ledgers).tolist() for hour, ledgers in fine.items()} == {
        hour: ledgers[0].tolist() for hour, ledgers in coarse.items()
    }


def test_ledgers_are_taken_once_and_only_when_they_are_closed() -> None:
    given_world = world(image=[BUSY], minutes=10)
    simulation = Simulation(given_world, fakes(given_world, ()))
    simulation.advance(5 * MINUTE_MS)
    assert [start_ms for start_ms, _ in simulation.take_ledgers()] == list(range(0, 5 * MINUTE_MS, 30_000))
    assert simulation.take_ledgers() == []
    simulation.run()
    assert [start_ms for start_ms, _ in simulation.take_ledgers()] == list(range(5 * MINUTE_MS, 10 * MINUTE_MS, 30_000))


def test_at_one_moment_ranks_decide() -> None:
    given_world = world(image=[QUIET], minutes=10)
    simulation = Simulation(given_world, fakes(given_world, ()))
    order: list[str] = []
    for rank in reversed(Rank):
        simulation.schedule(MINUTE_MS, rank, lambda rank=rank: order.append(rank.name))  # type: ignore[misc]  # a default
    simulation.advance(MINUTE_MS)
    assert order == []
    simulation.advance(MINUTE_MS + 1)
    assert order == [rank.name for rank in Rank]


def test_conditions_are_those_of_the_moment() -> None:
    spells = [
        Spell(Condition.OFF_LINE, some(0, 1), MINUTE_MS, 3 * MINUTE_MS),
        Spell(Condition.CRASHED, some(1), 2 * MINUTE_MS, 3 * MINUTE_MS),
        Spell(Condition.STOPPED, some(2), 4 * MINUTE_MS, 5 * MINUTE_MS),
    ]
    given_world = world(image=[QUIET] * 3, minutes=10, spells=spells)
    simulation = Simulation(given_world, fakes(given_world, ()))

    def now(condition: Condition) -> list[bool]:
        mask: list[bool] = simulation.conditions_now(condition).tolist()
        return mask

    simulation.advance(2 * MINUTE_MS + 30_000)
    assert now(Condition.OFF_LINE) == [True, True, False]
    assert now(Condition.CRASHED) == [False, True, False]
    simulation.advance(4 * MINUTE_MS + 30_000)
    assert now(Condition.OFF_LINE) == now(Condition.CRASHED) == [False] * 3
    assert now(Condition.STOPPED) == [False, False, True]


def test_figures_come_in_the_order_of_the_devices_asked_for() -> None:
    given_world = world(image=[BUSY, QUIET, CALM, QUIET], minutes=20)
    whole = Simulation(given_world, fakes(given_world, ())).run().terms[NODE]["generated"]
    some_of_them = Simulation(given_world, fakes(given_world, ()), devices=some(3, 0, 2))
    assert some_of_them.run().terms[NODE]["generated"].tolist() == whole[[0, 2, 3]].tolist()
    assert fleet.IMAGES[QUIET].classes == ()
