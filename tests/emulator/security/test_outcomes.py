import pytest

from emulator.policy.effective import LocalSettings, effective
from emulator.policy.groups import ROOT, GroupTree
from emulator.policy.policies import Governing, Policy, PolicySet, PolicySettings, PolicyStatus
from emulator.policy.secrets import Secret
from emulator.policy.settings import (
    Group,
    KataIntegration,
    PasswordProtection,
    RequestThrottling,
    SandboxIntegration,
    SelfDefense,
    Switch,
)
from emulator.security import OPERATIONS, Attempt, Outcome, try_out

PASSWORD = PasswordProtection(True, Secret("tide"), Secret("tide"))
OWN = LocalSettings((PASSWORD,))


def governed(*groups: Group) -> Governing | None:
    settings = PolicySettings(under_policy=frozenset())
    for values in groups:
        settings = settings.having(values, Switch.UNDER_POLICY)
    return PolicySet(GroupTree(), [Policy("p", ROOT, PolicyStatus.ACTIVE, settings)]).governing(ROOT)


def tried(
    operation: str,
    values: Group | None = None,
    *,
    own: LocalSettings = OWN,
    password: str | None = "tide",
    governing: Governing | None = None,
) -> Outcome:
    attempt = Attempt(OPERATIONS[operation], "anna", password=None if password is None else Secret(password))
    settings = effective(governing, own).settings
    return try_out(attempt, values, settings=settings, own=own, governing=governing, os="windows")


def kinds(outcome: Outcome) -> list[str]:
    return [told.kind for told in outcome.told]


def test_a_change_that_is_let_through_is_the_devices_own_from_then_on() -> None:
    outcome = tried("change-settings", RequestThrottling(False))
    assert outcome.own == OWN.having(RequestThrottling(False))
    assert outcome.done
    assert kinds(outcome) == ["attempt-allowed", "settings-edited"]
    assert outcome.told[1].values == {"group": "request-throttling", "user": "anna"}


def test_a_refused_attempt_leaves_everything_as_it_was() -> None:
    outcome = tried("configure-kata", KataIntegration(enabled=True), password="ebb")  # KEA-SEC-010
    assert outcome.own is OWN
    assert not outcome.done
    assert kinds(outcome) == ["attempt-refused"]


def test_what_a_policy_locks_is_not_edited_by_anybody() -> None:
    outcome = tried("change-settings", RequestThrottling(False), governing=governed(RequestThrottling()))
    assert outcome.decision.allowed  # KEA-POL-034
    assert outcome.own is OWN
    assert not outcome.done
    assert kinds(outcome) == ["attempt-allowed", "edit-refused"]
    assert outcome.told[1].values["policy"] == "p"


@pytest.mark.parametrize(
    ("operation", "own", "after"),
    [
        ("reset-password", OWN, PasswordProtection()),
        ("change-self-defense", OWN, SelfDefense(False)),
        ("change-self-defense", OWN.having(SelfDefense(False)), SelfDefense(True)),
        ("disable-sandbox", OWN.having(SandboxIntegration(enabled=True)), SandboxIntegration()),
        ("enable-sandbox-without-tls", OWN, SandboxIntegration(enabled=True)),
        ("enable-sandbox-with-certificate", OWN, SandboxIntegration(enabled=True)),
    ],
)
def test_operations_that_leave_no_choice_enter_what_they_are_for(
    operation: str, own: LocalSettings, after: Group
) -> None:
    outcome = tried(operation, own=own)
    assert outcome.own == own.having(after)
    changed = OPERATIONS[operation].changes
    assert changed is not None
    assert outcome.own.group(changed) == after
    assert tried(operation, own=own, password=None).own is own


@pytest.mark.parametrize("operation", ["stop-service", "uninstall", "delete-licence", "show-quarantine"])
def test_operations_that_change_no_settings_are_done_and_leave_them(operation: str) -> None:
    outcome = tried(operation)
    assert (outcome.own, outcome.done, kinds(outcome)) == (OWN, True, ["attempt-allowed"])


def test_a_password_that_its_user_replaces_is_asked_for_from_then_on() -> None:
    new = PasswordProtection(True, Secret("ebb"), Secret("ebb"))
    after = tried("set-password", new).own
    assert not tried("stop-service", own=after).done
    assert tried("stop-service", own=after, password="ebb").done
