"""Sites: the clock on the wall of a site, and what its network adds to answers."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.clock import HOUR_MS, SLOT_MS, Calendar
from emulator.events import EVENT_TYPES, PACKAGE_HEADER_BYTES
from emulator.ports import Answers, Outcome, Port, Target
from emulator.simulation import Simulation
from emulator.sites import NEAR, Site, transfer_us
from emulator.telemetry.ledger import LATENCY_BOUNDS_US, Traffic
from emulator.world import Injection
from tests.emulator.agreement import fleet
from tests.emulator.agreement.fleet import BUSY, DETECTION, QUIET
from tests.emulator.told import fakes, live
from tests.emulator.worlds import some, world

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
NODE = Target.CENTRAL_NODE


def answers(*outcomes: Outcome, latency_us: int = 5_000) -> Answers:
    count = len(outcomes)
    held, status = np.zeros(count, np.int64), np.zeros(count, np.int16)
    return Answers(np.array(outcomes, np.uint8), held, status, np.full(count, latency_us, np.int64))


# --- the clock --------------------------------------------------------------------------------------------------------


def test_a_clock_in_another_zone_is_turned_on_summer_time() -> None:
    calendar = Calendar(datetime(2026, 3, 29, 0, 30, tzinfo=UTC))  # a Sunday, half an hour before the change
    hours = [calendar.hour_of_week(at_ms, BERLIN) - 6 * 24 for at_ms in (0, HOUR_MS // 2 - 1, HOUR_MS // 2)]
    assert hours == [1, 1, 3]
    assert calendar.hour_number(HOUR_MS // 2, BERLIN) - calendar.hour_number(0, BERLIN) == 2
    assert calendar.hour_of_week(0) - 6 * 24 == 0


def test_the_hours_of_a_zone_may_begin_at_half_past() -> None:
    given_world = replace(world(image=[QUIET]), calendar=Calendar(datetime(2026, 3, 2, 3, 0, tzinfo=UTC)))
    assert [given_world.hour_of_slot(slot, KOLKATA)[0] for slot in (0, 59, 60)] == [8, 8, 9]
    assert [given_world.hour_of_slot(slot)[0] for slot in (0, 59, 60, 120)] == [3, 3, 3, 4]


def test_a_device_lives_by_the_clock_of_its_site() -> None:
    """As in a run that starts when its clock shows what that of the site shows here."""
    away = live(world(image=[BUSY] * 4, sites=[Site(7), Site(7, KOLKATA)], site=[1] * 4, minutes=90))
    there = Calendar(datetime(2026, 3, 2, 9, tzinfo=ZoneInfo("Etc/GMT-1")).astimezone(KOLKATA))
    same = live(replace(world(image=[BUSY] * 4, sites=[Site(7)], minutes=90), calendar=there))
    assert same.differences(away) == []
    here = live(world(image=[BUSY] * 4, sites=[Site(7)], minutes=90))
    assert here.differences(away) != []


# --- the network ------------------------------------------------------------------------------------------------------


def test_what_is_near_is_answered_as_the_server_answers() -> None:
    given_answers = answers(Outcome.OK)
    assert NEAR.delayed(given_answers, np.array([1])) is given_answers


def test_answers_come_later_and_failures_at_the_latest_with_the_time_out() -> None:
    site, wait_ms = Site(1, latency_ms=300, link_bps=8_000), np.array([700, 700, 700, 700, 3])
    given_answers = answers(Outcome.OK, Outcome.REFUSED, Outcome.TIMED_OUT, Outcome.UNREACHABLE, Outcome.UNREACHABLE)
    given_answers.latency_us[2] = 700_000
    delayed = site.delayed(given_answers, wait_ms, np.array([1, 1_000, 1_000, 1_000, 1_000]))
    assert delayed.latency_us.tolist() == [306_000, 1_305_000, 1_000_000, 305_000, 303_000]
    assert delayed.outcome.tolist() == given_answers.outcome.tolist()
    assert given_answers.latency_us.tolist() == [5_000, 5_000, 700_000, 5_000, 5_000]


@given(st.integers(0, 2**36), st.integers(1, 2**40))
def test_bytes_take_their_bits_over_the_rate(size_bytes: int, link_bps: int) -> None:
    expected = size_bytes * 8 * 1_000_000 // link_bps
    assert transfer_us(size_bytes, link_bps) == expected
    assert transfer_us(np.array([size_bytes]), link_bps).tolist() == [expected]


@pytest.mark.parametrize("latency_ms", [0, 9_979, 9_980])
def test_the_administration_server_is_out_of_reach_from_the_time_out_on(latency_ms: int) -> None:
    """It answers after 20 ms, and Network Agent waits for 10 s."""
    given_world = world(image=[QUIET], sites=[Site(1, latency_ms=latency_ms)], minutes=30)
    simulation = Simulation(given_world, fakes(given_world, ()))
    simulation.run()
    traffic = [
        ledger.of("administration", Port.ADMINISTRATION, "synchronise") for _, ledger in simulation.take_ledgers()
    ]
    assert sum(one.requests for one in traffic) == 2
    assert sum(one.timed_out for one in traffic) == (2 if latency_ms == 9_980 else 0)


@pytest.mark.parametrize("image", [BUSY, QUIET])
def test_every_answer_is_told_as_late_as_it_came(image: int) -> None:
    """Whether devices are asked one by one, in columns, or sleep meanwhile."""
    site = Site(1, latency_ms=480)
    given_world = world(image=[image] * 3, sites=[site], minutes=40)
    simulation = Simulation(given_world, fakes(given_world, ()))
    simulation.run()
    seen: set[int] = set()
    for _, ledger in simulation.take_ledgers():
        for traffic in ledger.traffic.values():
            seen |= traffic.latency.keys()
    assert seen == {int(np.searchsorted(LATENCY_BOUNDS_US, 500_000))}


def test_an_answer_that_takes_longer_than_an_hour_is_in_the_last_bucket() -> None:
    traffic = Traffic()
    traffic.answered(np.array([int(LATENCY_BOUNDS_US[-1]), 10**12], np.int64))
    assert traffic.latency == {len(LATENCY_BOUNDS_US) - 1: 2}


def test_what_a_device_sends_takes_its_time_on_its_own_link() -> None:
    burst = [Injection(some(0, 1), DETECTION, 3 * SLOT_MS, 2_000)]
    sites = [Site(1), Site(2, link_bps=9_600)]
    given_world = world(image=[QUIET] * 2, sites=sites, site=[0, 1], minutes=4, injections=burst)
    told = live(given_world)
    assert told.figures[NODE, "generated"] == told.figures[NODE, "acknowledged"] == [2_000, 2_000]
    (_, fast), (_, slow) = (told.contacts[NODE, "kata-1.example.com:443"][device] for device in (0, 1))
    size = EVENT_TYPES[fleet.ADDED[DETECTION].type].size_bytes * 2_000 + 2 * PACKAGE_HEADER_BYTES
    assert fast < given_world.duration_ms < slow
    assert 0 <= slow - size * 8_000 // 9_600 - 3 * SLOT_MS <= 2 * SLOT_MS
