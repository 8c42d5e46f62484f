"""Roles and accounts: what a role does not give is refused, and a refused operation leaves everything as it was."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emulator.policy.groups import ROOT, GroupTree
from emulator.policy.policies import Policy, PolicyStatus, parse_policy_settings
from emulator.policy.types import PolicyType
from fakes.administration import (
    ADMINISTRATOR,
    AccessControl,
    AccessError,
    Account,
    AdministrationServer,
    CreationMode,
    Grant,
    PolicyWizard,
    Right,
    Role,
)
from fakes.faults import FaultSchedule
from tests.fakes.batches import column, keys

HQ, LAB, BRANCH = f"{ROOT}/HQ", f"{ROOT}/HQ/Lab", f"{ROOT}/Branch"
SETTINGS = parse_policy_settings({"request-throttling": {"max-events-per-hour": 7}})


def server(*rights: Right, group: str = ROOT) -> AdministrationServer:
    """A server where the account `clerk` has some rights below a group, and nobody else any."""
    access = AccessControl(
        [Role("some", frozenset(rights))], [Account("clerk", (Grant("some", group),)), Account("guest")]
    )
    made = AdministrationServer(
        GroupTree([LAB, BRANCH]),
        [Policy("office", HQ, PolicyStatus.ACTIVE), Policy("spare", HQ, PolicyStatus.INACTIVE)],
        keys=keys(3),
        group_names=(ROOT, HQ, BRANCH),
        group=column([0, 1, 2]),
        faults=FaultSchedule(),
        access=access,
    )
    made.save("office", settings=SETTINGS, at_ms=1)
    return made


def wizard(server: AdministrationServer, account: str) -> None:
    steps = PolicyWizard(server, account=account)
    steps.choose_application("endpoint-agent")
    steps.give_name("new")
    steps.choose_mode(CreationMode.DEFAULTS)
    steps.choose_type(PolicyType.SANDBOX)
    steps.choose_group(HQ, subgroup="New")
    steps.finish(at_ms=5)


FILE = server().export("office")
Operation = Callable[[AdministrationServer, str], Any]
OPERATIONS: dict[str, tuple[Operation, frozenset[Right]]] = {
    "create": (
        lambda on, who: on.create(Policy("new", HQ, PolicyStatus.ACTIVE), at_ms=5, account=who),
        frozenset({Right.CHANGE_POLICIES}),
    ),
    "create with a group": (wizard, frozenset({Right.CHANGE_POLICIES, Right.CHANGE_GROUPS})),
    "copy": (
        lambda on, who: on.copy("office", "new", HQ, at_ms=5, account=who),
        frozenset({Right.READ_POLICIES, Right.CHANGE_POLICIES}),
    ),
    "import": (
        lambda on, who: on.import_file(FILE, HQ, name="new", at_ms=5, account=who),
        frozenset({Right.CHANGE_POLICIES}),
    ),
    "activate": (lambda on, who: on.activate("spare", at_ms=5, account=who), frozenset({Right.CHANGE_POLICIES})),
    "deactivate": (lambda on, who: on.deactivate("office", at_ms=5, account=who), frozenset({Right.CHANGE_POLICIES})),
    "out of office": (
        lambda on, who: on.set_out_of_office("spare", at_ms=5, account=who),
        frozenset({Right.CHANGE_POLICIES}),
    ),
    "save": (
        lambda on, who: on.save("office", force_inheritance=True, at_ms=5, account=who),
        frozenset({Right.CHANGE_POLICIES}),
    ),
    "roll back": (
        lambda on, who: on.roll_back("office", 1, at_ms=5, account=who),
        frozenset({Right.CHANGE_POLICIES}),
    ),
    "delete": (lambda on, who: on.delete("office", at_ms=5, account=who), frozenset({Right.CHANGE_POLICIES})),
    "add a group": (
        lambda on, who: on.add_group(f"{HQ}/New", at_ms=5, account=who),
        frozenset({Right.CHANGE_GROUPS}),
    ),
    "move": (lambda on, who: on.move(column([1]), LAB, at_ms=5, account=who), frozenset({Right.CHANGE_GROUPS})),
}


def state(of: AdministrationServer) -> Any:  # all that operations can change
    """Everything that a server holds, as values that are its own."""
    kept = {
        "groups": of.groups(),
        "policies": of.policies(),
        "histories": [of.history(policy.name) for policy in of.policies()],
        "places": of.devices(HQ, below=False).tolist(),
        "governing": [of.governing(name, of._revisions.last) for name in of.groups()],
        "revision": of._revisions.last,
        "history": of._history,
        "names": of.group_names,
    }
    return copy.deepcopy(kept)


@given(
    name=st.sampled_from(sorted(OPERATIONS)),
    rights=st.frozensets(st.sampled_from(list(Right))),
    group=st.sampled_from([ROOT, HQ, LAB, BRANCH]),
)
@example(name="create with a group", rights=frozenset({Right.CHANGE_GROUPS}), group=ROOT)
@settings(deadline=None)
def test_an_operation_is_done_with_its_rights_and_else_refused_and_changes_nothing(
    name: str, rights: frozenset[Right], group: str
) -> None:
    operation, needed = OPERATIONS[name]
    on = server(*rights, group=group)
    before = state(on)
    if needed <= rights and group in (ROOT, HQ):
        operation(on, "clerk")
        assert state(on) != before
    else:
        with pytest.raises(AccessError):
            operation(on, "clerk")
        assert state(on) == before


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_account_without_roles_and_an_unknown_one_change_nothing(name: str) -> None:
    on = server()
    before = state(on)
    for account in ("guest", "nobody"):
        with pytest.raises(AccessError):
            OPERATIONS[name][0](on, account)
    assert state(on) == before


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_the_administrator_may_do_everything(name: str) -> None:
    on = server()
    before = state(on)
    OPERATIONS[name][0](on, ADMINISTRATOR)
    assert state(on) != before


def test_an_account_sees_what_it_may_read_and_no_more() -> None:
    on = server(Right.READ_POLICIES, Right.READ_GROUPS, Right.READ_DEVICES, group=LAB)
    assert on.policies(account="clerk") == ()
    assert on.groups(account="clerk") == (LAB,)
    assert on.devices(account="clerk").tolist() == []
    assert on.devices().tolist() == [0, 1, 2]
    with pytest.raises(AccessError):
        on.policies(account="guest")
    with pytest.raises(AccessError):
        on.export("office", account="clerk")
    with pytest.raises(AccessError):
        on.history("office", account="clerk")


def test_a_policy_of_another_subtree_cannot_be_copied_into_ones_own() -> None:
    on = server(*Right, group=BRANCH)
    with pytest.raises(AccessError, match="read-policies"):
        on.copy("office", "mine", BRANCH, at_ms=5, account="clerk")


def test_devices_cannot_be_taken_out_of_a_group_of_others() -> None:
    on = server(*Right, group=BRANCH)
    with pytest.raises(AccessError, match="HQ"):
        on.move(column([1]), BRANCH, at_ms=5, account="clerk")
    assert on.devices(BRANCH).tolist() == [2]


@pytest.mark.parametrize(
    ("roles", "accounts"),
    [
        ([Role("reader", frozenset())], []),
        ([], [Account("a"), Account("a")]),
        ([], [Account(ADMINISTRATOR)]),
        ([], [Account("a", (Grant("nothing"),))]),
    ],
)
def test_roles_and_accounts_have_names_of_their_own(roles: Any, accounts: Any) -> None:
    with pytest.raises(AccessError):
        AccessControl(roles, accounts)
