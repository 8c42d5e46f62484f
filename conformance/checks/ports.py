"""Our own contract with servers (PORT-…): what devices count on. None of it is the vendor's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np

from conformance.judging import Unobservable, equal, holds, one_of
from conformance.registry import clause
from conformance.servers import (
    ADDRESS,
    ADMINISTRATION,
    LIMIT,
    RESTART,
    REVISIONS,
    ServerUnderTest,
    Telemetry,
    synchronised,
)
from emulator.policy.errors import PolicyError
from emulator.policy.policies import Policy, PolicyStatus, parse_policy_settings
from emulator.ports import Ack, Refused
from fakes.administration import NAME

GROUPS: Final = ("Managed devices/HQ", "Managed devices/Branch")
UNKNOWN: Final = {401: "not authenticated", 403: "not allowed", 404: "no such device"}
TOO_LARGE: Final = 413
STRANGER: Final = 5
"""A device that no check enrols."""


@contextmanager
def opened(server: ServerUnderTest) -> Iterator[list[Telemetry]]:
    """The servers of all telemetry ports, with three devices enrolled; closed at the end."""
    nodes = server.telemetry()
    try:
        for node in nodes:
            node.enrol(0, 1, 2)
        yield nodes
    finally:
        for node in nodes:
            node.close()


def each(server: ServerUnderTest, judge: Callable[[Telemetry], None]) -> None:
    """Judges the server of each telemetry port."""
    with opened(server) as nodes:
        for node in nodes:
            judge(node)


def acknowledged(replies: list[object], node: Telemetry, what: str) -> None:
    """Raises Finding unless every reply is an acknowledgement."""
    others = [reply for reply in replies if not isinstance(reply, Ack)]
    holds(not others, f"{node.port}: {what} is acknowledged", others)


@clause("PORT-TEL-001")
def check_what_is_acknowledged_is_held(server: ServerUnderTest) -> None:
    """After each acknowledgement what is held of the device has the package's ordinals."""

    def judge(node: Telemetry) -> None:
        for first, upto in ((0, 1), (1, 40), (40, 41)):
            acknowledged([*node.send((0, first, upto))], node, f"a package of {upto - first} events")
            missing = sorted(set(range(upto)) - set(node.ordinals(0)))
            equal(missing, [], f"{node.port}: ordinals that were acknowledged and are not held")

    each(server, judge)


@clause("PORT-TEL-002")
def check_a_package_that_comes_again_is_held_once(server: ServerUnderTest) -> None:
    """The same package, and one that overlaps it, are acknowledged, and each ordinal is held once."""

    def judge(node: Telemetry) -> None:
        for package in ((0, 0, 10), (0, 0, 10), (0, 5, 15)):
            acknowledged([*node.send(package)], node, "a package that was sent before, in part or as a whole,")
        equal(node.ordinals(0), list(range(15)), f"{node.port}: ordinals that are held")

    each(server, judge)


@clause("PORT-TEL-003")
def check_what_is_held_is_told_in_order(server: ServerUnderTest) -> None:
    """Packages of two devices in turn: the intervals of each ascend, and make up what was acknowledged."""

    def judge(node: Telemetry) -> None:
        for first in range(0, 50, 10):
            acknowledged([*node.send((0, first, first + 10), (1, first, first + 5))], node, "each of two packages")
            if first:
                continue
            equal(node.ordinals(1), list(range(5)), f"{node.port}: ordinals of the second device")
        intervals = node.stored(0)
        holds(intervals == sorted(intervals), f"{node.port}: intervals ascend", intervals)
        equal(node.ordinals(0), list(range(50)), f"{node.port}: ordinals of the first device")
        sent = {ordinal for first in range(0, 50, 10) for ordinal in range(first, first + 5)}
        equal(sorted(set(node.ordinals(1)) - sent), [], f"{node.port}: ordinals that are held and were never sent")

    each(server, judge)


@clause("PORT-TEL-004", "PORT-TEL-010")
def check_an_unknown_device_is_refused_and_its_neighbours_are_not(server: ServerUnderTest) -> None:
    """Of three packages in one call the one of a device that was never enrolled is refused, and nothing of it held."""

    def judge(node: Telemetry) -> None:
        known, stranger, other = node.send((0, 0, 3), (STRANGER, 0, 3), (1, 0, 4))
        acknowledged([known, other], node, "a package of an enrolled device")
        holds(isinstance(stranger, Refused), f"{node.port}: a package of an unknown device is refused", stranger)
        assert isinstance(stranger, Refused)
        one_of(stranger.status, UNKNOWN, f"{node.port}: the status for an unknown device")
        seen = [node.ordinals(number) for number in (0, STRANGER, 1)]
        equal(seen, [[0, 1, 2], [], [0, 1, 2, 3]], f"{node.port}: what is held of the three devices")

    each(server, judge)


@clause("PORT-TEL-006")
def check_a_refusal_changes_nothing(server: ServerUnderTest) -> None:
    """What is held of every device is the same before and after a package that is refused."""

    def judge(node: Telemetry) -> None:
        acknowledged([*node.send((0, 0, 10), (1, 0, 20))], node, "each of two packages")
        before = [node.ordinals(number) for number in (0, 1, 2)]
        equal([len(held) for held in before], [10, 20, 0], f"{node.port}: events that are held")
        (reply,) = node.send((STRANGER, 0, 10))
        holds(isinstance(reply, Refused), f"{node.port}: a package of an unknown device is refused", reply)
        after = [node.ordinals(number) for number in (0, 1, 2)]
        equal(after, before, f"{node.port}: what is held after a refusal")

    each(server, judge)


@clause("PORT-TEL-007", needs=[REVISIONS])
def check_the_central_node_answers_an_unchanged_revision(server: ServerUnderTest) -> None:
    """Without a publication between, the second synchronisation answers what the first did; with one, more."""
    node = server.central_node()
    (first,) = synchronised(node, ADDRESS, [0], at_ms=1_000)
    (again,) = synchronised(node, ADDRESS, [first], at_ms=301_000)
    equal(again, first, "the revision that is answered to a device that holds the newest")
    concerned = node.publish("a task", np.zeros(1, np.int64), at_ms=400_000)
    equal(synchronised(node, ADDRESS, [first], at_ms=601_000), [concerned], "the revision after a publication")


@clause("PORT-TEL-008")
def check_a_limit_is_announced(server: ServerUnderTest) -> None:
    """With an announced limit a package within is taken and one beyond refused with 413; without one, none is."""

    def judge(node: Telemetry) -> None:
        limit = node.claims.get(LIMIT)
        if limit is None:
            (reply,) = node.send((0, 0, 10_000))
            acknowledged([reply], node, "a package of 10,000 events, no limit being announced,")
            return
        within, beyond = node.send((0, 0, int(limit)), (1, 0, int(limit) + 1))
        acknowledged([within], node, f"a package of {limit} events, the announced limit,")
        holds(
            isinstance(beyond, Refused) and beyond.status == TOO_LARGE,
            f"{node.port}: a package of {int(limit) + 1} events is refused with {TOO_LARGE}",
            beyond,
        )

    each(server, judge)


@clause("PORT-TEL-009", needs=[RESTART])
def check_a_restart_loses_nothing_acknowledged(server: ServerUnderTest) -> None:
    """What is held of devices is the same before and after a restart."""
    with opened(server) as nodes:
        able = [node for node in nodes if node.restarts]
        if not able:
            raise Unobservable("no backend of a telemetry port has a method `restart`")
        for node in able:
            acknowledged([*node.send((0, 0, 10), (1, 0, 20))], node, "each of two packages")
            before = [node.ordinals(number) for number in (0, 1)]
            equal([len(held) for held in before], [10, 20], f"{node.port}: events that are held")
            node.restart()
            equal([node.ordinals(number) for number in (0, 1)], before, f"{node.port}: what is held after a restart")


@clause("PORT-TEL-011")
def check_a_reset_empties_the_server(server: ServerUnderTest) -> None:
    """After a reset nothing is held; a device that is enrolled anew begins at its first ordinal."""

    def judge(node: Telemetry) -> None:
        acknowledged([*node.send((0, 0, 10))], node, "a package")
        equal(node.ordinals(0), list(range(10)), f"{node.port}: ordinals that are held")
        node.reset()
        node.enrol(0)
        equal(node.ordinals(0), [], f"{node.port}: ordinals that are held after a reset")
        acknowledged([*node.send((0, 0, 3))], node, "the first package after a reset")
        equal(node.ordinals(0), [0, 1, 2], f"{node.port}: ordinals that are held of it")

    each(server, judge)


@clause("PORT-ADM-001", "PORT-ADM-002", needs=[ADMINISTRATION])
def check_an_operation_raises_the_revision_of_those_it_concerns(server: ServerUnderTest) -> None:
    """Without an operation the revision stays; one on a group raises that of its devices, and of no other."""
    policies = [Policy(name, name, PolicyStatus.ACTIVE) for name in GROUPS]
    administration = server.administration(*policies, groups=GROUPS)
    first = synchronised(administration, NAME, [0, 0], at_ms=1_000)
    equal(synchronised(administration, NAME, first, at_ms=2_000), first, "revisions without an operation")
    settings = parse_policy_settings({"request-throttling": {"max-events-per-hour": 7}})
    change = administration.save(GROUPS[0], settings=settings, at_ms=3_000)
    after = synchronised(administration, NAME, first, at_ms=4_000)
    holds(after[0] > first[0], "the revision of a device of the group rises", after[0])
    equal(after, [change.revision, first[1]], "revisions after a policy of the first group was saved")


@clause("PORT-ADM-003", needs=[ADMINISTRATION])
def check_a_refused_operation_changes_nothing(server: ServerUnderTest) -> None:
    """A policy of a name that is taken is refused, and policies and revisions are as before."""
    administration = server.administration(Policy("one", GROUPS[0], PolicyStatus.ACTIVE), groups=GROUPS)
    before = administration.policy("one"), synchronised(administration, NAME, [0, 0], at_ms=1_000)
    refusal = ""
    try:
        administration.create(Policy("one", GROUPS[1], PolicyStatus.ACTIVE), at_ms=2_000)
    except PolicyError as error:
        refusal = str(error)
    holds("'one'" in refusal, "a second policy of one name is refused, in its name", refusal or "accepted")
    after = administration.policy("one"), synchronised(administration, NAME, [0, 0], at_ms=3_000)
    equal(after, before, "the policy and the revisions after the refusal")


UNTESTABLE: Final = {
    "PORT-TEL-005": "In Python a package carries no credential; whoever speaks the wire protocol is judged there.",
}
