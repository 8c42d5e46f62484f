"""Defects of data submission, request throttling and the TTL of process starts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.planting import Plant, defect
from emulator.events import HIGH_TYPES
from emulator.policy import policies
from emulator.policy.policies import PolicySettings
from emulator.policy.settings import AgentSettings, DataSubmission, KataIntegration, RequestThrottling, Switch
from emulator.telemetry.dispatch import Dispatch
from emulator.telemetry.profiles import Profile
from emulator.telemetry.throttle import UNLIMITED, Throttle
from emulator.telemetry.ttl import Ttl

True_ = Callable[..., Any]


def submission(given: AgentSettings, **values: int) -> AgentSettings:
    """The settings with other values for data submission."""
    return given.having(replace(given.data_submission, **values))


def throttling(given: AgentSettings, **values: Any) -> AgentSettings:
    """The settings with other values for request throttling."""
    return given.having(replace(given.request_throttling, **values))


def kata(given: AgentSettings, **values: Any) -> AgentSettings:
    """The settings with other values for the connection to the Central Node."""
    return given.having(replace(given.kata_integration, **values))


@defect("KEA-TEL-001", "the period is a minute by default")
def period_of_a_minute(plant: Plant) -> None:
    """Where the default is set."""
    plant.settings(
        lambda given: (
            submission(given, events_transmission_period_s=60) if given.data_submission == DataSubmission() else given
        )
    )


@defect("KEA-TEL-002", "the period stays at 30 s, whatever is set")
def period_stays(plant: Plant) -> None:
    """For every setting."""
    plant.settings(lambda given: submission(given, events_transmission_period_s=30))


@defect("KEA-TEL-003", "a package holds 1000 events by default")
def package_of_1000(plant: Plant) -> None:
    """Where the default is set."""
    plant.settings(
        lambda given: (
            submission(given, max_events_per_package=1_000)
            if given.data_submission.max_events_per_package == DataSubmission().max_events_per_package
            else given
        )
    )


@defect("KEA-TEL-004", "a package may hold one event more than the maximum")
def package_with_one_more(plant: Plant) -> None:
    """For every maximum."""
    plant.profile(lambda given: replace(given, package_events=given.package_events + 1))


@defect("KEA-TEL-005", "what exceeds one package is taken from the burst")
def burst_is_cut(plant: Plant) -> None:
    """A window is cut to one package before it is queued."""

    def make(true: True_) -> True_:
        def wrong(self: Throttle, window: Any, limit: Any, share: Any) -> Any:
            dropped = true(self, window, limit, share)
            surplus = np.maximum(window.sum(axis=0) - 1_024, 0)
            taken = np.minimum(surplus, window[0])
            window[0] -= taken
            return dropped + taken

        return wrong

    plant.around(Throttle, "restrict", make)


@defect("KEA-TEL-006", "a switch moves that of the group beside it")
def switches_hang_together(plant: Plant) -> None:
    """Data submission follows request throttling."""

    def wrong(self: PolicySettings, key: str) -> Switch:
        asked = "request-throttling" if key == "data-submission" else key
        return Switch.UNDER_POLICY if asked in self.under_policy else Switch.UNAFFECTED

    plant.replace(PolicySettings, "switch", wrong)


@defect("KEA-TEL-007", "nothing is ever throttled")
def throttling_does_nothing(plant: Plant) -> None:
    """For every setting."""
    plant.profile(lambda given: replace(given, limit=UNLIMITED, share=UNLIMITED))


@defect("KEA-TEL-008", "events of higher importance are cut as well")
def high_importance_is_cut(plant: Plant) -> None:
    """Beyond the hourly maximum of one window."""

    def make(true: True_) -> True_:
        def wrong(self: Throttle, window: Any, limit: Any, share: Any) -> Any:
            before = self.passed.copy()
            dropped = true(self, window, limit, share)
            room = np.maximum(np.minimum(limit, UNLIMITED) - before, 0)
            taken = np.maximum(window[0] - room, 0).astype(window.dtype)
            window[0] -= taken
            return dropped + taken

        return wrong

    plant.around(Throttle, "restrict", make)


@defect("KEA-TEL-009", "all types have the same importance")
def importance_is_not_judged(plant: Plant) -> None:
    """Low events are let through where any of higher importance is beside them."""

    def make(true: True_) -> True_:
        def wrong(self: Throttle, window: Any, limit: Any, share: Any) -> Any:
            if window[:HIGH_TYPES].sum():
                return np.zeros(window.shape[1], np.int32)
            return true(self, window, limit, share)

        return wrong

    plant.around(Throttle, "restrict", make)


@defect("KEA-TEL-010", "throttling is off by default")
def throttling_off_by_default(plant: Plant) -> None:
    """Where the default is set."""
    plant.settings(
        lambda given: throttling(given, enabled=False) if given.request_throttling == RequestThrottling() else given
    )


@defect("KEA-TEL-011", "the hourly maximum is 300 by default")
def default_maximum_of_300(plant: Plant) -> None:
    """Where the default is set."""
    default = RequestThrottling().max_events_per_hour
    plant.settings(
        lambda given: (
            throttling(given, max_events_per_hour=300)
            if given.request_throttling.max_events_per_hour == default
            else given
        )
    )


@defect("KEA-TEL-012", "the maximum counts for a window, not for an hour")
def maximum_of_a_window(plant: Plant) -> None:
    """The counters begin anew with each window."""

    def make(true: True_) -> True_:
        def wrong(self: Throttle, window: Any, limit: Any, share: Any) -> Any:
            self.passed[:] = 0
            self.low[:] = 0
            return true(self, window, np.maximum(limit, 20_000), np.maximum(share, 20_000))

        return wrong

    plant.around(Throttle, "restrict", make)


@defect("KEA-TEL-013", "every tenth low-importance event is withheld at any flow")
def a_tenth_is_withheld(plant: Plant) -> None:
    """Of the type that changes of files have."""

    def make(true: True_) -> True_:
        def wrong(self: Throttle, window: Any, limit: Any, share: Any) -> Any:
            dropped = true(self, window, limit, share)
            taken = (window[HIGH_TYPES + 2] + 9) // 10
            window[HIGH_TYPES + 2] -= taken
            return dropped + taken

        return wrong

    plant.around(Throttle, "restrict", make)


@defect("KEA-TEL-014", "the share of one type is never looked at")
def share_is_ignored(plant: Plant) -> None:
    """For every percentage."""
    plant.profile(lambda given: replace(given, share=UNLIMITED))


@defect("KEA-TEL-015", "a type above its share restricts all low types")
def share_hits_all_types(plant: Plant) -> None:
    """Once one type is cut, the others are cut too."""

    def make(true: True_) -> True_:
        def wrong(self: Throttle, window: Any, limit: Any, share: Any) -> Any:
            dropped = true(self, window, limit, share)
            full = (self.low >= share).any(axis=0)
            taken = window[HIGH_TYPES:] * full
            window[HIGH_TYPES:] -= taken
            return dropped + taken.sum(axis=0, dtype=np.int32)

        return wrong

    plant.around(Throttle, "restrict", make)


@defect("KEA-TEL-016", "a percentage of 4 is accepted")
def percentage_of_4(plant: Plant) -> None:
    """It is stored as it was given."""

    def make(true: True_) -> True_:
        def wrong(key: str, data: Any, base: Any = None) -> Any:
            field = "percentage-of-event-limit-excess"
            if key == "request-throttling" and isinstance(data, dict) and data.get(field) == 4:
                read = true(key, {**data, field: 5}, base)
                object.__setattr__(read, "percentage_of_event_limit_excess", 4)
                return read
            return true(key, data, base)

        return wrong

    plant.around(policies, "parse_group", make)


@defect("KEA-TEL-017", "the percentage is 50 by default")
def default_percentage_of_50(plant: Plant) -> None:
    """Where the default is set."""
    default = RequestThrottling().percentage_of_event_limit_excess
    plant.settings(
        lambda given: (
            throttling(given, percentage_of_event_limit_excess=50)
            if given.request_throttling.percentage_of_event_limit_excess == default
            else given
        )
    )


@defect("KEA-TEL-018", "throttling works though it is off")
def throttling_cannot_be_turned_off(plant: Plant) -> None:
    """With the limits that are set."""
    plant.settings(lambda given: throttling(given, enabled=True))


@defect("KEA-TEL-019", "the switch of throttling is unaffected by default")
def switch_of_throttling(plant: Plant) -> None:
    """In a fresh policy."""

    def wrong(self: PolicySettings, key: str) -> Switch:
        there = key in self.under_policy and key != "request-throttling"
        return Switch.UNDER_POLICY if there else Switch.UNAFFECTED

    plant.replace(PolicySettings, "switch", wrong)


@defect("KEA-TEL-027", "the hourly maximum stays at 3000, whatever is set")
def maximum_stays(plant: Plant) -> None:
    """For every setting."""
    plant.settings(lambda given: throttling(given, max_events_per_hour=3_000))


@defect("KEA-TEL-028", "the percentage stays at 15, whatever is set")
def percentage_stays(plant: Plant) -> None:
    """For every setting."""
    plant.settings(lambda given: throttling(given, percentage_of_event_limit_excess=15))


# --- TTL of process starts --------------------------------------------------------------------------------------------


@defect("KEA-TEL-020", "the TTL is on by default")
def ttl_on_by_default(plant: Plant) -> None:
    """Where nothing else is set."""
    default = KataIntegration().ttl_period_min
    plant.settings(
        lambda given: kata(given, use_ttl=True) if given.kata_integration.ttl_period_min == default else given
    )


@defect("KEA-TEL-021", "repeated starts are sent")
def ttl_does_nothing(plant: Plant) -> None:
    """For every setting."""
    plant.profile(lambda given: replace(given, ttl_slots=0))


@defect("KEA-TEL-022", "a start that was sent once is never sent again")
def ttl_never_ends(plant: Plant) -> None:
    """While the option is on."""
    plant.profile(lambda given: replace(given, ttl_slots=1 << 20 if given.ttl_slots else 0))


@defect("KEA-TEL-023", "the TTL is used though it is off")
def ttl_cannot_be_turned_off(plant: Plant) -> None:
    """With the period that is set."""
    plant.settings(lambda given: kata(given, use_ttl=True))


@defect("KEA-TEL-024", "the TTL is 1000 minutes by default")
def default_ttl_of_1000(plant: Plant) -> None:
    """Where the default is set."""
    default = KataIntegration().ttl_period_min
    plant.settings(
        lambda given: kata(given, ttl_period_min=1_000) if given.kata_integration.ttl_period_min == default else given
    )


@defect("KEA-TEL-029", "the TTL is off by a few windows")
def ttl_is_longer(plant: Plant) -> None:
    """By three minutes."""

    def longer(given: Profile) -> Profile:
        return replace(given, ttl_slots=given.ttl_slots + 6 if given.ttl_slots else 0)

    plant.profile(longer)


@defect("KEA-TEL-021", "the TTL looks at the path's folder, not at the process")
def ttl_is_one_for_all(plant: Plant) -> None:
    """All processes share one memory."""
    plant.around(
        Ttl, "repeated", lambda true: lambda self, process, *rest: true(self, 0 if process >= 0 else process, *rest)
    )


@defect("KEA-TEL-005", "a backlog is sent from its second package on")
def first_package_is_lost(plant: Plant) -> None:
    """What one request leaves out is acknowledged with the rest."""

    def make(true: True_) -> True_:
        def wrong(self: Dispatch, rows: Any, server: str, at_ms: Any, timeout_ms: int) -> Any:
            batch = true(self, rows, server, at_ms, timeout_ms)
            long = batch.upto - batch.first > batch.package_events
            return replace(batch, first=np.where(long, batch.first + batch.package_events, batch.first))

        return wrong

    plant.around(Dispatch, "load", make)
