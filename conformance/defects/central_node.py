"""Defects of the integration with the Central Node: list of servers, time-outs, synchronisation."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.defects.telemetry import kata
from conformance.planting import Plant, defect
from emulator.policy import policies
from emulator.policy.settings import KataIntegration
from emulator.ports import Target
from emulator.telemetry.profiles import Profile, Route
from emulator.telemetry.session import Session
from fakes.faults import Fault, FaultSchedule, Verdict
from scenarios.actions.faults import BODY_LIMIT

True_ = Callable[..., Any]


def routes(plant: Plant, change: Callable[[Route], Route]) -> None:
    """Has the way to the Central Node changed."""

    def wrong(given: Profile) -> Profile:
        return replace(given, routes={**given.routes, Target.CENTRAL_NODE: change(given.routes[Target.CENTRAL_NODE])})

    plant.profile(wrong)


def read_otherwise(plant: Plant, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Has the settings of the group read as if others had been given."""

    def make(true: True_) -> True_:
        def wrong(key: str, data: Any, base: Any = None) -> Any:
            return true(key, change(dict(data)) if key == "kata-integration" else data, base)

        return wrong

    plant.around(policies, "parse_group", make)


def limited_by_default(plant: Plant, limit_bytes: int) -> None:
    """Has a proxy without an explicit limit refuse bodies above another one."""

    def make(true: True_) -> True_:
        def wrong(self: Fault) -> None:
            if self.limit_bytes == BODY_LIMIT:
                object.__setattr__(self, "limit_bytes", limit_bytes)
            true(self)

        return wrong

    plant.around(Fault, "__post_init__", make)


@defect("KEA-CEN-002", "a proxy lets bodies of any size through")
def no_body_limit(plant: Plant) -> None:
    """Whatever limit is set."""

    def make(true: True_) -> True_:
        def wrong(self: FaultSchedule, server: str, requests: Any, latency_us: int) -> Verdict:
            verdict: Verdict = true(self, server, replace(requests, largest_bytes=None), latency_us)
            return verdict

        return wrong

    plant.around(FaultSchedule, "judge", make)


@defect("KEA-CEN-003", "a proxy without a limit passes twice as much")
def body_limit_is_twice_as_large(plant: Plant) -> None:
    """2 MiB."""
    limited_by_default(plant, 2 * BODY_LIMIT)


@defect("KEA-CEN-003", "a proxy without a limit passes half as much")
def body_limit_is_half_as_large(plant: Plant) -> None:
    """512 KiB."""
    limited_by_default(plant, BODY_LIMIT // 2)


@defect("KEA-CEN-005", "integration is never on")
def never_integrated(plant: Plant) -> None:
    """For every setting."""
    plant.settings(lambda given: kata(given, enabled=False))


@defect("KEA-CEN-006", "integration cannot be switched off")
def always_integrated(plant: Plant) -> None:
    """Once a server is in the list."""
    plant.settings(lambda given: kata(given, enabled=True) if given.kata_integration.servers else given)


@defect("KEA-CEN-007", "only the first server of a list is kept")
def one_server_is_kept(plant: Plant) -> None:
    """The rest is dropped when it is read."""
    read_otherwise(plant, lambda data: {**data, "servers": data["servers"][:1]} if "servers" in data else data)


@defect("KEA-CEN-035", "a server without a port gets one")
def port_by_default(plant: Plant) -> None:
    """443."""

    def change(data: dict[str, Any]) -> dict[str, Any]:
        if "servers" not in data:
            return data
        return {**data, "servers": [{"port": 443, **server} for server in data["servers"]]}

    read_otherwise(plant, change)


@defect("KEA-CEN-008", "the list is tried from its end")
def list_from_its_end(plant: Plant) -> None:
    """The last server comes first."""
    routes(plant, lambda route: replace(route, servers=tuple(reversed(route.servers))))


@defect("KEA-CEN-009", "the second server is never tried")
def second_server_is_passed_over(plant: Plant) -> None:
    """The first is followed by the third."""
    routes(plant, lambda route: replace(route, servers=(*route.servers[:1], *route.servers[2:])))


@defect("KEA-CEN-010", "synchronisation goes to the second server, telemetry to the first")
def two_servers_at_a_time(plant: Plant) -> None:
    """Where there are two."""

    def make(true: True_) -> True_:
        def wrong(self: Session, rows: Any, route: Route, *rest: Any) -> Any:
            turned = replace(route, servers=(*route.servers[1:2], *route.servers[:1], *route.servers[2:]))
            before = self.server[rows].copy()
            answer = true(self, rows, turned, *rest)
            self.server[rows] = np.where(self.server[rows] >= 0, before, self.server[rows])
            return answer

        return wrong

    plant.around(Session, "synchronise", make)


@defect("KEA-CEN-011", "the general proxy is used by default")
def proxy_by_default(plant: Plant) -> None:
    """In fresh settings."""
    made = KataIntegration.__init__

    def wrong(self: Any, *given: Any, **more: Any) -> None:
        made(self, *given, **{"connect_using_general_proxy": True, **more})

    plant.replace(KataIntegration, "__init__", wrong)


@defect("KEA-CEN-012", "the general proxy is used whether or not the option is on")
def kata_always_by_proxy(plant: Plant) -> None:
    """Once it is set."""
    plant.settings(lambda given: kata(given, connect_using_general_proxy=True))


@defect("KEA-CEN-013", "the general proxy is never used")
def kata_never_by_proxy(plant: Plant) -> None:
    """Whatever the option says."""
    plant.settings(lambda given: kata(given, connect_using_general_proxy=False))


@defect("KEA-CEN-027", "an answer is waited for 30 s by default")
def default_time_out_of_30_s(plant: Plant) -> None:
    """Where the default is set."""
    default = KataIntegration().response_timeout_s
    plant.settings(
        lambda given: (
            kata(given, response_timeout_s=30) if given.kata_integration.response_timeout_s == default else given
        )
    )


@defect("KEA-CEN-028", "the time-out stays at 10 s, whatever is set")
def time_out_stays(plant: Plant) -> None:
    """For every setting."""
    plant.settings(lambda given: kata(given, response_timeout_s=10))


@defect("KEA-CEN-029", "synchronisation is every 10 minutes by default")
def default_interval_of_10_min(plant: Plant) -> None:
    """Where the default is set."""
    default = KataIntegration().sync_interval_min
    plant.settings(
        lambda given: (
            kata(given, sync_interval_min=10) if given.kata_integration.sync_interval_min == default else given
        )
    )


@defect("KEA-CEN-030", "an interval of 61 minutes is accepted")
def interval_of_61_min(plant: Plant) -> None:
    """It is stored as an hour."""

    def change(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "sync-interval": "60 min"} if data.get("sync-interval") == "61 min" else data

    read_otherwise(plant, change)


@defect("KEA-CEN-031", "tasks are never taken with a synchronisation")
def tasks_are_not_taken(plant: Plant) -> None:
    """Devices hold the revision that they held."""

    def make(true: True_) -> True_:
        def wrong(self: Session, rows: Any, route: Route, tick: Any, device: Any, revision: Any, *rest: Any) -> Any:
            return true(self, rows, route, tick, device, revision.copy(), *rest)

        return wrong

    plant.around(Session, "synchronise", make)


@defect("KEA-CEN-032", "the interval stays at 5 minutes, whatever is set")
def interval_stays(plant: Plant) -> None:
    """For every setting."""
    plant.settings(lambda given: kata(given, sync_interval_min=5))


@defect("KEA-CEN-033", "synchronisation follows the transmission period")
def interval_follows_the_period(plant: Plant) -> None:
    """It is ten periods."""

    def wrong(given: Profile) -> Profile:
        route = replace(given.routes[Target.CENTRAL_NODE], interval=10 * given.period)
        return replace(given, routes={**given.routes, Target.CENTRAL_NODE: route})

    plant.profile(wrong)


@defect("KEA-CEN-009", "a server that fails is tried again and again")
def no_fail_over(plant: Plant) -> None:
    """Its list has no second entry for whoever sends."""
    routes(plant, lambda route: replace(route, servers=route.servers[:1]))
