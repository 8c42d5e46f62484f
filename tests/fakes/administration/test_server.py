"""The Administration Server: each operation reaches exactly the groups and devices that it concerns."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from emulator.errors import UserError
from emulator.exclusions.process import ProcessRule
from emulator.policy.effective import LocalSettings, effective
from emulator.policy.errors import GroupError, PolicyError
from emulator.policy.groups import ROOT, GroupTree
from emulator.policy.policies import Policy, PolicyStatus, parse_policy_settings
from emulator.ports import I64, Outcome
from fakes.administration import NAME, AdministrationServer
from fakes.faults import Fault, FaultKind, FaultSchedule
from tests.fakes.batches import by_device, column, keys, synchronisations

HQ, OFFICE, SERVERS = f"{ROOT}/HQ", f"{ROOT}/HQ/Office", f"{ROOT}/HQ/Servers"
GROUPS = (OFFICE, SERVERS, ROOT)
HOME = [0, 0, 1, 1, 2]
"""Devices 0 and 1 are in the office, 2 and 3 are servers, 4 is in the root."""


def policy(name: str, group: str, *, cap: int = 500, status: PolicyStatus = PolicyStatus.ACTIVE) -> Policy:
    settings = parse_policy_settings({"request-throttling": {"switch": "under-policy", "max-events-per-hour": cap}})
    return Policy(name, group, status, settings)


def server(*policies: Policy, faults: tuple[Fault, ...] = ()) -> AdministrationServer:
    schedule = FaultSchedule()
    for fault in faults:
        schedule.add(fault)
    return AdministrationServer(
        GroupTree([OFFICE, SERVERS]),
        policies,
        keys=keys(len(HOME)),
        group_names=GROUPS,
        group=column(HOME),
        faults=schedule,
    )


def revisions(answering: AdministrationServer, at_ms: int) -> list[int]:
    batch = synchronisations([(device, 0, at_ms) for device in range(len(HOME))], server=NAME)
    return [int(revision) for revision in answering.synchronise(batch).acked]


def cap(answering: AdministrationServer, group: str, revision: int, **where: Any) -> int | None:  # one flag
    governing = answering.governing(group, revision, **where)
    if governing is None:
        return None
    return effective(governing, LocalSettings()).settings.request_throttling.max_events_per_hour


def test_nobody_has_news_at_the_start() -> None:
    answering = server(policy("office", OFFICE))
    assert revisions(answering, 0) == [0] * 5
    assert cap(answering, OFFICE, 0) == 500
    assert cap(answering, SERVERS, 0) is None


def test_a_policy_that_is_created_active_reaches_its_group_and_no_other() -> None:
    answering = server()
    change = answering.create(policy("office", OFFICE), at_ms=1_000)
    assert (change.revision, change.groups, change.devices.tolist()) == (1, (OFFICE,), [0, 1])
    assert revisions(answering, 999) == [0, 0, 0, 0, 0]
    assert revisions(answering, 1_000) == [1, 1, 0, 0, 0]
    assert (cap(answering, OFFICE, 0), cap(answering, OFFICE, 1)) == (None, 500)


def test_an_inactive_policy_reaches_nobody_until_it_is_activated() -> None:
    answering = server()
    created = answering.create(policy("office", OFFICE, status=PolicyStatus.INACTIVE), at_ms=0)
    assert (created.revision, created.groups, created.devices.tolist()) == (0, (), [])
    assert answering.activate("office", at_ms=5).devices.tolist() == [0, 1]
    assert answering.deactivate("office", at_ms=9).devices.tolist() == [0, 1]
    assert [cap(answering, OFFICE, revision) for revision in range(3)] == [None, 500, None]


def test_a_policy_above_reaches_the_groups_below() -> None:
    answering = server(policy("office", OFFICE, cap=100))
    change = answering.create(policy("top", ROOT, cap=900), at_ms=0)
    assert change.groups == (ROOT, HQ, OFFICE, SERVERS)
    assert change.devices.tolist() == [0, 1, 2, 3, 4]
    assert cap(answering, SERVERS, change.revision) == 900


def test_a_saved_policy_is_what_devices_hear_of_and_the_earlier_one_is_what_the_others_hold() -> None:
    answering = server(policy("office", OFFICE, cap=100))
    change = answering.save("office", settings=policy("", OFFICE, cap=200).settings, at_ms=7)
    assert [cap(answering, OFFICE, revision) for revision in (0, change.revision)] == [100, 200]
    assert answering.policy("office").revision == 2


def test_a_deleted_policy_lets_its_devices_go() -> None:
    answering = server(policy("office", OFFICE))
    change = answering.delete("office", at_ms=7)
    assert change.devices.tolist() == [0, 1]
    assert cap(answering, OFFICE, change.revision) is None
    with pytest.raises(PolicyError):
        answering.policy("office")


def test_an_out_of_office_policy_governs_outside_only() -> None:
    answering = server(policy("office", OFFICE, cap=100), policy("away", OFFICE, cap=7, status=PolicyStatus.INACTIVE))
    change = answering.set_out_of_office("away", at_ms=7)
    assert change.devices.tolist() == [0, 1]
    assert cap(answering, OFFICE, change.revision) == 100
    assert cap(answering, OFFICE, change.revision, out_of_office=True) == 7


def test_moved_devices_hear_of_it_and_those_they_join_do_not() -> None:
    answering = server(policy("office", OFFICE, cap=100), policy("servers", SERVERS, cap=300))
    change = answering.move(column([1, 2]), SERVERS, at_ms=1_000)
    assert (change.groups, change.devices.tolist()) == ((), [1])
    assert revisions(answering, 1_000) == [0, 1, 0, 0, 0]
    device = column([1, 1])
    assert answering.groups_of(device, column([999, 1_000])).tolist() == [0, 1]
    later = answering.save("servers", settings=policy("", SERVERS, cap=5).settings, at_ms=2_000)
    assert later.devices.tolist() == [1, 2, 3]


def test_a_revision_tells_what_governs_although_the_group_came_to_it_later() -> None:
    answering = server(policy("top", ROOT, cap=1), policy("servers", SERVERS, cap=2))
    answering.save("top", settings=policy("", ROOT, cap=3).settings, at_ms=0)
    answering.deactivate("servers", at_ms=1)
    moved = answering.move(column([0]), SERVERS, at_ms=2)
    assert cap(answering, SERVERS, moved.revision) == 3


def test_devices_may_move_to_a_group_made_for_them() -> None:
    answering = server(policy("top", ROOT))
    made = answering.add_group(f"{ROOT}/New", at_ms=5)
    assert (made.groups, made.devices.tolist()) == ((f"{ROOT}/New",), [])
    change = answering.move(column([0]), f"{ROOT}/New", at_ms=5)
    assert answering.group_names[int(answering.groups_of(column([0]), column([5]))[0])] == f"{ROOT}/New"
    assert cap(answering, f"{ROOT}/New", change.revision) == 500


def test_a_group_made_without_a_policy_above_is_governed_by_none() -> None:
    answering = server()
    change = answering.add_group(f"{ROOT}/New", at_ms=5)
    assert change.groups == ()
    assert answering.governing(f"{ROOT}/New", change.revision) is None


def test_an_operation_that_changes_nothing_is_no_news() -> None:
    answering = server(policy("office", OFFICE))
    heard: list[list[int]] = []
    answering.subscribe(lambda devices: heard.append(devices.tolist()))
    assert answering.activate("office", at_ms=1).groups == ()
    assert answering.move(column([0]), OFFICE, at_ms=1).devices.tolist() == []
    assert heard == []
    assert revisions(answering, 2) == [0] * 5


def test_who_subscribes_hears_which_devices_have_news_and_may_ask_at_once() -> None:
    answering = server()
    heard: list[tuple[list[int], int | None]] = []

    def listen(devices: I64) -> None:
        heard.append((devices.tolist(), cap(answering, SERVERS, 1)))

    answering.subscribe(listen)
    answering.create(policy("servers", SERVERS, cap=4), at_ms=0)
    assert heard == [([2, 3], 4)]


@pytest.mark.parametrize(
    ("kind", "outcome"), [(FaultKind.OUTAGE, Outcome.TIMED_OUT), (FaultKind.REFUSED_CONNECTION, Outcome.UNREACHABLE)]
)
def test_devices_behind_a_fault_hear_of_a_policy_later(kind: FaultKind, outcome: Outcome) -> None:
    answering = server(faults=(Fault("down", NAME, kind, 1_000, 2_000),))
    answering.create(policy("office", OFFICE), at_ms=500)
    batch = synchronisations([(0, 0, 1_999), (1, 0, 2_000)], server=NAME)
    told = by_device(batch, answering.synchronise(batch))
    assert {device: answer[:2] for device, answer in told.items()} == {0: (outcome, 0), 1: (Outcome.OK, 1)}
    assert answering.quiet(NAME, 0, 1_000) == 20_000
    assert answering.quiet(NAME, 1_000, 1_001) is None


def test_another_address_is_unreachable() -> None:
    batch = synchronisations([(0, 3, 0)], server="elsewhere")
    assert by_device(batch, server().synchronise(batch)) == {0: (Outcome.UNREACHABLE, 3, 0, 1_000)}
    assert server().quiet("elsewhere", 0, 1) is None


def test_a_refused_operation_changes_nothing() -> None:
    answering = server(policy("office", OFFICE))
    with pytest.raises(PolicyError):
        answering.activate("offices", at_ms=10)
    with pytest.raises(GroupError):
        answering.move(column([0]), f"{ROOT}/Nowhere", at_ms=10)
    with pytest.raises(PolicyError):
        answering.create(policy("office", OFFICE), at_ms=10)
    assert revisions(answering, 20) == [0] * 5
    assert answering.group_names == GROUPS


def test_operations_come_in_ascending_order_of_time() -> None:
    answering = server(policy("office", OFFICE))
    answering.deactivate("office", at_ms=10)
    with pytest.raises(ValueError, match="an operation at 9 ms comes after one at 10 ms"):
        answering.activate("office", at_ms=9)
    with pytest.raises(ValueError, match="an operation at 9 ms comes after one at 10 ms"):
        answering.move(column([0]), SERVERS, at_ms=9)
    assert answering.policy("office").status is PolicyStatus.INACTIVE
    assert revisions(answering, 10) == [1, 1, 0, 0, 0]


def test_a_device_in_a_group_that_is_not_there_is_refused() -> None:
    with pytest.raises(GroupError):
        AdministrationServer(
            GroupTree(), keys=keys(1), group_names=(OFFICE,), group=np.zeros(1, np.int64), faults=FaultSchedule()
        )


def test_an_exported_list_of_exclusions_imports_as_it_was() -> None:
    answering = server(policy("office", OFFICE), policy("lab", SERVERS))
    rule = ProcessRule(name="browser", path="C:\\Tools\\browser.exe")
    stored = answering.policy("office").settings
    with_rule = stored.having(replace(stored.values.excluded_processes, rules=(rule,)))
    answering.save("office", settings=with_rule, at_ms=1)
    answering.import_exclusions("lab", answering.export_exclusions("office"), at_ms=2)
    assert answering.policy("lab").settings.values.excluded_processes.rules == (rule,)


def test_a_file_that_is_no_list_of_exclusions_changes_nothing() -> None:
    answering = server(policy("office", OFFICE))
    before = answering.policy("office")
    with pytest.raises(UserError):
        answering.import_exclusions("office", b"<Other/>", at_ms=1)
    assert answering.policy("office") == before


def test_news_tell_the_devices_of_each_group_what_governs_them() -> None:
    answering = server(policy("office", OFFICE, cap=100))
    change = answering.create(policy("top", ROOT, cap=900), at_ms=7)
    news = answering.news(change)
    assert [(one.at_ms, one.devices.tolist()) for one in news] == [(7, [0, 1]), (7, [2, 3]), (7, [4])]
    for one, group in zip(news, GROUPS, strict=True):
        assert one.item == answering.governed(group, change.revision)
    assert answering.news(answering.move(column([0]), SERVERS, at_ms=9))[0].item == news[1].item


def test_an_operation_that_concerns_nobody_is_no_news() -> None:
    answering = server()
    assert answering.news(answering.add_group(f"{HQ}/Lab", at_ms=7)) == ()


def test_the_tree_of_the_server_is_its_own() -> None:
    tree = GroupTree([OFFICE, SERVERS])
    answering = AdministrationServer(
        tree, keys=keys(len(HOME)), group_names=GROUPS, group=column(HOME), faults=FaultSchedule()
    )
    answering.add_group(f"{HQ}/Lab", at_ms=7)
    assert f"{HQ}/Lab" in answering.groups()
    assert f"{HQ}/Lab" not in tree
