import pytest

from emulator.policy.effective import LocalSettings, effective
from emulator.policy.secrets import Secret
from emulator.policy.settings import LOCAL_KEYS, Group, PasswordProtection, SandboxIntegration, SelfDefense, key_of
from emulator.security import ENDS, ENTERS, OPERATIONS, STARTS, UNINSTALLS, entered

PASSWORD = PasswordProtection(True, Secret("tide"), Secret("tide"))
OWN = LocalSettings((PASSWORD,))


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
    values = entered(OPERATIONS[operation], effective(None, own).settings)
    assert values == after
    assert key_of(after) == OPERATIONS[operation].changes


@pytest.mark.parametrize("operation", [*ENTERS, "stop-service", "uninstall", "delete-licence", "show-quarantine"])
def test_other_operations_enter_nothing_of_themselves(operation: str) -> None:
    assert entered(OPERATIONS[operation], effective(None, OWN).settings) is None


def test_every_operation_that_changes_a_group_enters_it_or_lets_its_user_choose() -> None:
    for operation in OPERATIONS.values():
        if operation.changes is not None:
            chosen = ENTERS.get(operation.name, ())
            fixed = entered(operation, effective(None, OWN).settings)
            assert chosen == (operation.changes,) if fixed is None else operation.name not in ENTERS


def test_the_names_are_those_of_operations_and_groups() -> None:
    assert {*ENDS, *ENTERS, STARTS, UNINSTALLS} <= set(OPERATIONS)
    assert {key for keys in ENTERS.values() for key in keys or ()} <= set(LOCAL_KEYS)
