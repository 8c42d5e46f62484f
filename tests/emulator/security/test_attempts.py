import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.policy.effective import LocalSettings, effective
from emulator.policy.groups import ROOT, GroupTree
from emulator.policy.policies import Policy, PolicySet, PolicySettings, PolicyStatus
from emulator.policy.secrets import Secret
from emulator.policy.settings import (
    DEFAULTS,
    LOCAL_KEYS,
    AgentSettings,
    Grant,
    PasswordProtection,
    SelfDefense,
    ServiceRight,
    SettingsRight,
    Switch,
    UserPermissions,
)
from emulator.security import OPERATIONS, Attempt, Decision, Defended, Reason, Way, decide
from emulator.told import Severity

PROTECTED = DEFAULTS.having(PasswordProtection(True, Secret("tide"), Secret("tide")))
GRANTED = DEFAULTS.having(
    UserPermissions(
        (
            Grant(user="anna", settings=(SettingsRight.READ, SettingsRight.WRITE)),
            Grant(group="operators", service=(ServiceRight.STOP, ServiceRight.START)),
        )
    )
)
FOREIGN = [name for name, operation in OPERATIONS.items() if operation.defended]
ASKING = {(name, way) for name, operation in OPERATIONS.items() for way in operation.ways if way in operation.asks}
DOCUMENTED_COMMANDS = {
    "--sandbox=disable",
    "--sandbox=show",
    "--sandbox=enable --tls=no",
    "--sandbox=enable --pinned-certificate",
    "--quarantine=delete",
    "--quarantine=show",
    "--quarantine=restore",
    "--quarantine=add",
    "--product=stop",
    "--password=reset",
    "--isolation=disable",
    "--prevention=disable",
    "--selfdefense",
    "--license=delete",
    "--message-broker --type=kata",
    "--event --action=enable/disable",
}


def tried(
    operation: str,
    settings: AgentSettings,
    user: str = "mallory",
    *,
    groups: tuple[str, ...] = (),
    password: str | None = None,
    way: Way | None = None,
    os: str = "windows",
    running: bool = True,
    local_user: str = "mallory",
) -> Decision:
    secret = None if password is None else Secret(password)
    attempt = Attempt(OPERATIONS[operation], user, groups, secret, way)
    return decide(attempt, settings, os=os, running=running, local_user=local_user)


def test_the_operations_that_ask_are_those_of_the_documented_list() -> None:
    typed = {OPERATIONS[name].command for name, way in ASKING if way is Way.COMMAND_LINE} - {""}
    assert typed == DOCUMENTED_COMMANDS | {"--password=set"}
    others = {(name, way) for name, way in ASKING if not OPERATIONS[name].command}
    assert others == {
        ("uninstall", Way.WIZARD),
        ("uninstall", Way.COMMAND_LINE),
        ("uninstall", Way.CONSOLE),
        ("upgrade", Way.WIZARD),
        ("repair", Way.WIZARD),
        ("modify", Way.WIZARD),
    }


@pytest.mark.parametrize(("operation", "way"), sorted(ASKING))
def test_a_protected_operation_takes_the_password_and_nothing_else(operation: str, way: Way) -> None:
    missing = tried(operation, PROTECTED, way=way)
    assert (missing.allowed, missing.reason, missing.clause) == (False, Reason.PASSWORD_REQUIRED, "KEA-SEC-008")
    wrong = tried(operation, PROTECTED, password="ebb", way=way)
    assert (wrong.allowed, wrong.reason, wrong.clause) == (False, Reason.WRONG_PASSWORD, "KEA-SEC-010")
    assert tried(operation, PROTECTED, password="tide", way=way).allowed  # KEA-SEC-009
    assert tried(operation, DEFAULTS, way=way).allowed


@pytest.mark.parametrize("operation", ["start-service", "read-settings", "query-service", "change-settings"])
def test_what_is_not_on_the_list_asks_for_nothing(operation: str) -> None:
    assert tried(operation, PROTECTED).allowed


def test_the_service_manager_and_the_console_ask_for_no_password_to_stop() -> None:
    assert not tried("stop-service", PROTECTED).allowed
    assert tried("stop-service", PROTECTED, way=Way.SERVICES).allowed
    assert tried("stop-service", PROTECTED, way=Way.CONSOLE).allowed


def test_users_without_permission_manage_neither_settings_nor_service() -> None:
    for operation in ("change-settings", "stop-service"):  # KEA-SEC-004
        decision = tried(operation, GRANTED)
        assert (decision.reason, decision.clause) == (Reason.NO_PERMISSION, "KEA-SEC-004")
        assert tried(operation, GRANTED, way=Way.CONSOLE).allowed


def test_settings_only_and_service_only_are_kept_apart() -> None:
    # KEA-SEC-003, KEA-SEC-027
    assert tried("change-settings", GRANTED, "anna").allowed
    assert tried("stop-service", GRANTED, "anna").clause == "KEA-SEC-027"
    assert tried("stop-service", GRANTED, "boris", groups=("operators",)).allowed
    assert tried("change-settings", GRANTED, "boris", groups=("operators",)).clause == "KEA-SEC-027"
    assert tried("change-permissions", GRANTED, "anna").clause == "KEA-SEC-005"
    assert tried("stop-service", GRANTED, "anna", way=Way.SERVICES).reason is Reason.NO_PERMISSION


def test_permission_comes_before_the_password() -> None:
    both = GRANTED.having(PROTECTED.password_protection)
    assert tried("stop-service", both, password="tide").reason is Reason.NO_PERMISSION
    member = ("operators",)
    assert tried("stop-service", both, groups=member).reason is Reason.PASSWORD_REQUIRED
    assert tried("stop-service", both, groups=member, password="tide").allowed


def test_protection_holds_from_the_saved_policy_under_its_switch_on() -> None:
    # KEA-SEC-007, KEA-SEC-020, KEA-SEC-025
    policies = PolicySet(GroupTree(), [Policy("p", ROOT, PolicyStatus.ACTIVE)])
    stored = PolicySettings()
    for values in (GRANTED.user_permissions, PROTECTED.password_protection, SelfDefense(False)):
        stored = stored.having(values)

    def outcome() -> list[bool]:
        settings = effective(policies.governing(ROOT), LocalSettings()).settings
        names = ("change-settings", "disable-isolation", "delete-file")
        return [tried(name, settings, "anna" if name == "disable-isolation" else "mallory").allowed for name in names]

    assert outcome() == [True, True, False]
    policies.save("p", settings=stored)
    assert outcome() == [True, True, False]
    for values in (stored.values.user_permissions, stored.values.password_protection, stored.values.self_defense):
        stored = stored.having(values, Switch.UNDER_POLICY)
    policies.save("p", settings=stored)
    assert outcome() == [False, False, True]


@pytest.mark.parametrize("operation", FOREIGN)
def test_self_defense_refuses_other_programs_while_it_is_on(operation: str) -> None:
    clauses = {Defended.FILES: "KEA-SEC-021", Defended.PROCESSES: "KEA-SEC-022", Defended.REGISTRY: "KEA-SEC-023"}
    defended = OPERATIONS[operation].defended
    assert defended is not None
    refused = tried(operation, DEFAULTS)  # KEA-SEC-024: on by default
    assert (refused.allowed, refused.reason, refused.clause) == (False, Reason.SELF_DEFENSE, clauses[defended])
    assert tried(operation, DEFAULTS.having(SelfDefense(False))).allowed
    assert tried(operation, DEFAULTS, running=False).allowed
    assert tried(operation, GRANTED.having(SelfDefense(False))).allowed


def test_each_kind_of_thing_can_be_altered_and_deleted() -> None:
    assert [sum(OPERATIONS[name].defended is kind for name in FOREIGN) for kind in Defended] == [2, 2, 2]


def test_protection_is_of_windows() -> None:
    everything = GRANTED.having(PROTECTED.password_protection)
    for operation in OPERATIONS:
        assert tried(operation, everything, os="linux").allowed


def test_the_journal_hears_of_both_outcomes_and_never_of_the_password() -> None:
    (allowed,) = tried("stop-service", PROTECTED, "anna", password="tide").told
    assert (allowed.kind, allowed.severity) == ("attempt-allowed", None)
    assert allowed.values == {"operation": "stop-service", "user": "anna", "through": "command-line"}
    (refused,) = tried("stop-service", PROTECTED, "anna", password="ebb-tide").told
    assert (refused.kind, refused.severity) == ("attempt-refused", Severity.WARNING)
    assert refused.values == {
        "operation": "stop-service",
        "user": "anna",
        "through": "command-line",
        "reason": "wrong-password",
        "clause": "KEA-SEC-010",
    }
    assert "tide" not in repr(Attempt(OPERATIONS["uninstall"], "anna", password=Secret("tide")))


def test_operations_name_their_ways_and_groups_that_there_are() -> None:
    for name, operation in OPERATIONS.items():
        assert operation.name == name
        assert operation.ways
        assert operation.asks <= set(operation.ways)
        assert operation.changes is None or operation.changes in LOCAL_KEYS
        assert (operation.ways == (Way.THIRD_PARTY,)) == (operation.defended is not None)


@given(
    operation=st.sampled_from(sorted(OPERATIONS)),
    listed=st.sampled_from([(), ("operators",)]),
    user=st.sampled_from(["anna", "mallory"]),
    password=st.sampled_from([None, "tide", "ebb"]),
    permissions=st.booleans(),
    protected=st.booleans(),
    defended=st.booleans(),
    way=st.integers(0, 2),
)
def test_an_attempt_goes_through_exactly_where_nothing_that_is_switched_on_stands_against_it(
    operation: str,
    listed: tuple[str, ...],
    user: str,
    password: str | None,
    permissions: bool,
    protected: bool,
    defended: bool,
    way: int,
) -> None:
    settings = DEFAULTS.having(SelfDefense(defended))
    settings = settings.having(GRANTED.user_permissions) if permissions else settings
    settings = settings.having(PROTECTED.password_protection) if protected else settings
    chosen = OPERATIONS[operation].ways[way % len(OPERATIONS[operation].ways)]
    items = {"anna": {"read", "write"}}.get(user, set()) | ({"stop", "start"} if listed else set())
    needed = OPERATIONS[operation].right
    against = [
        defended and OPERATIONS[operation].defended is not None,
        permissions and needed is not None and needed.value not in items and chosen is not Way.CONSOLE,
        protected and (operation, chosen) in ASKING and password != "tide",
        OPERATIONS[operation].local_account and user != "mallory",
    ]
    decision = tried(operation, settings, user, groups=listed, password=password, way=chosen)
    assert decision.allowed == (not any(against))
    assert (decision.clause == "") == decision.allowed
    assert decision == tried(operation, settings, user, groups=listed, password=password, way=chosen)
