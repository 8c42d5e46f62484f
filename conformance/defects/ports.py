"""Defects of servers behind the telemetry port: what our contract asks of them, broken."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.planting import Plant, defect
from conformance.servers import FakeNode
from emulator.ports import Ack, Refused
from fakes.revisions import Revisions

True_ = Callable[..., Any]


def answering(plant: Plant, change: Callable[[Any, Any, Callable[[Any], Any]], Any]) -> None:
    """Has the server answer a package otherwise: (server, package, the true answer to a package)."""
    plant.around(
        FakeNode, "_one", lambda true: lambda self, package: change(self, package, lambda one: true(self, one))
    )


@defect("PORT-TEL-001", "the last event of a package is acknowledged and not held")
def last_event_is_not_held(plant: Plant) -> None:
    """Where there are several."""

    def change(_: Any, package: Any, true: Callable[[Any], Any]) -> Any:
        return true(replace(package, count=package.count - 1) if package.count > 1 else package)

    answering(plant, change)


@defect("PORT-TEL-002", "a package that comes again is refused")
def repeated_is_refused(plant: Plant) -> None:
    """As a conflict."""
    known: set[Any] = set()

    def change(_: Any, package: Any, true: Callable[[Any], Any]) -> Any:
        place = package.device, package.first
        if place in known:
            return Refused(409)
        known.add(place)
        return true(package)

    answering(plant, change)


@defect("PORT-TEL-003", "intervals are told from the last to the first")
def intervals_in_reverse(plant: Plant) -> None:
    """Each event as one of its own."""

    def make(true: True_) -> True_:
        def wrong(self: FakeNode, device: str) -> Any:
            ordinals = [ordinal for first, upto in true(self, device) for ordinal in range(first, upto)]
            return [(ordinal, ordinal + 1) for ordinal in reversed(ordinals)]

        return wrong

    plant.around(FakeNode, "stored", make)


@defect("PORT-TEL-004", "whoever sends is let in")
def everybody_is_let_in(plant: Plant) -> None:
    """Enrolled or not."""

    def change(server: Any, package: Any, true: Callable[[Any], Any]) -> Any:
        server._known.setdefault(package.device, len(server._known))
        return true(package)

    answering(plant, change)


@defect("PORT-TEL-006", "a refusal forgets what was held of the first device")
def refusal_forgets(plant: Plant) -> None:
    """It is enrolled anew."""

    def change(server: Any, package: Any, true: Callable[[Any], Any]) -> Any:
        answer = true(package)
        if isinstance(answer, Refused):
            server._known["conformance-00001"] = len(server._known)
        return answer

    answering(plant, change)


@defect("PORT-TEL-007", "every synchronisation has a new revision")
def task_revisions_always_rise(plant: Plant) -> None:
    """Though nothing was published."""
    plant.around(Revisions, "due", lambda true: lambda self, device, at_ms: true(self, device, at_ms) + at_ms)


@defect("PORT-TEL-008", "a limit that nobody announced")
def silent_limit(plant: Plant) -> None:
    """Packages of more than 5,000 events are refused."""
    answering(plant, lambda _, package, true: Refused(413) if package.count > 5_000 else true(package))


@defect("PORT-TEL-010", "one bad package spoils all of a call")
def one_spoils_all(plant: Plant) -> None:
    """Every answer is the refusal."""

    def make(true: True_) -> True_:
        def wrong(self: FakeNode, packages: Any) -> Any:
            answers = true(self, packages)
            bad = [answer for answer in answers if not isinstance(answer, Ack)]
            return [bad[0]] * len(answers) if bad else answers

        return wrong

    plant.around(FakeNode, "send", make)


@defect("PORT-TEL-011", "a reset keeps what was held")
def reset_keeps(plant: Plant) -> None:
    """And whom it knows."""
    plant.replace(FakeNode, "reset", lambda self: None)
