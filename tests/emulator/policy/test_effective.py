import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.exclusions.process import ProcessRule
from emulator.policy.effective import EditRefused, LocalSettings, Origin, Source, edit_local, effective
from emulator.policy.groups import ROOT, GroupTree
from emulator.policy.policies import Governing, Policy, PolicySet, PolicySettings, PolicyStatus
from emulator.policy.settings import (
    DEFAULTS,
    GROUP_KEYS,
    DataSubmission,
    ExcludedProcesses,
    Group,
    KataIntegration,
    RequestThrottling,
    Switch,
    key_of,
)

THROTTLING = "request-throttling"
ON, OFF = Switch.UNDER_POLICY, Switch.UNAFFECTED


def governed(*values: Group, switch: Switch = ON, status: PolicyStatus = PolicyStatus.ACTIVE) -> Governing | None:
    """What governs a device whose policy stores these values; every other group is unaffected."""
    settings = PolicySettings(under_policy=frozenset())
    for group in values:
        settings = settings.having(group, switch)
    return PolicySet(GroupTree(), [Policy("p", ROOT, status, settings)]).governing(ROOT)


def edited(*values: Group) -> LocalSettings:
    local = LocalSettings()
    for group in values:
        local = local.having(group)
    return local


def test_without_policy_and_edits_the_defaults_hold() -> None:
    result = effective(None, LocalSettings())
    assert result.settings == DEFAULTS
    assert {str(origin) for origin in result.origins} == {"default"}
    assert not any(result.locked(key) for key in GROUP_KEYS)


def test_a_local_edit_changes_one_group_of_one_device() -> None:
    result = effective(None, edited(DataSubmission(60)))  # KEA-POL-033
    assert result.settings == DEFAULTS.having(DataSubmission(60))
    assert result.origin("data-submission") == Origin(Source.LOCAL)
    assert result.origin(THROTTLING) == Origin(Source.DEFAULT)


def test_a_locked_group_of_the_policy_overrides_the_local_one_whole() -> None:
    policy = governed(RequestThrottling(max_events_per_hour=7))
    result = effective(policy, edited(RequestThrottling(enabled=False, percentage_of_event_limit_excess=99)))
    assert result.settings.request_throttling == RequestThrottling(max_events_per_hour=7)  # KEA-POL-029
    assert str(result.origin(THROTTLING)) == "policy 'p'"
    assert result.locked(THROTTLING)


def test_an_unaffected_group_of_the_policy_does_not_reach_the_device() -> None:
    policy = governed(RequestThrottling(max_events_per_hour=7), switch=OFF)  # KEA-POL-024
    assert effective(policy, LocalSettings()).settings == DEFAULTS
    local = edited(RequestThrottling(max_events_per_hour=9))
    assert effective(policy, local).settings.request_throttling.max_events_per_hour == 9


def test_integration_in_an_unaffected_group_is_not_switched_on() -> None:
    policy = governed(KataIntegration(enabled=True), switch=OFF)  # KEA-CEN-014
    assert not effective(policy, LocalSettings()).settings.kata_integration.enabled
    assert effective(governed(KataIntegration(enabled=True)), LocalSettings()).settings.kata_integration.enabled


def test_exclusions_are_obeyed_from_the_device_and_from_the_policy() -> None:
    # KEA-EDX-004, KEA-EDX-030
    mine, theirs = (ExcludedProcesses(rules=(ProcessRule(name, path="x"),)) for name in ("mine", "theirs"))
    assert effective(None, edited(mine)).settings.excluded_processes == mine
    assert effective(governed(theirs), edited(mine)).settings.excluded_processes == theirs


def test_an_edit_of_a_locked_group_is_refused_with_its_reason() -> None:
    policy = governed(RequestThrottling())  # KEA-POL-034
    outcome = edit_local(LocalSettings(), policy, RequestThrottling(enabled=False))
    assert outcome == EditRefused(THROTTLING, "p")
    assert outcome.reason == "the settings group 'request-throttling' is under the policy 'p'"


def test_an_edit_of_an_unaffected_group_succeeds_under_an_active_policy() -> None:
    outcome = edit_local(LocalSettings(), governed(RequestThrottling()), DataSubmission(60))  # KEA-POL-035
    assert outcome == LocalSettings((DataSubmission(60),))


@pytest.mark.parametrize("status", [PolicyStatus.INACTIVE, PolicyStatus.OUT_OF_OFFICE])
def test_a_policy_that_is_not_active_locks_nothing(status: PolicyStatus) -> None:
    policy = governed(RequestThrottling(), status=status)  # KEA-POL-036
    assert edit_local(LocalSettings(), policy, RequestThrottling(enabled=False)) == LocalSettings(
        (RequestThrottling(enabled=False),)
    )


def test_a_second_edit_replaces_the_first_and_the_order_of_edits_does_not_show() -> None:
    one = edited(RequestThrottling(enabled=False), DataSubmission(60), RequestThrottling(max_events_per_hour=9))
    assert one == edited(DataSubmission(60), RequestThrottling(max_events_per_hour=9))
    assert one.group(THROTTLING) == RequestThrottling(max_events_per_hour=9)
    assert one.group("kata-integration") is None


def test_a_group_that_is_let_go_is_editable_again_and_follows_the_policy_no_more() -> None:
    # KEA-POL-031: which value is kept is not stated; the emulator goes back to the device's own.
    groups = GroupTree()
    policies = PolicySet(groups, [Policy("p", ROOT, PolicyStatus.ACTIVE)])
    local = edited(RequestThrottling(max_events_per_hour=9))
    assert effective(policies.governing(ROOT), local).locked(THROTTLING)
    stored = policies["p"].settings.having(RequestThrottling(max_events_per_hour=7), OFF)
    policies.save("p", settings=stored)
    result = effective(policies.governing(ROOT), local)
    assert result.settings.request_throttling.max_events_per_hour == 9
    assert isinstance(edit_local(local, policies.governing(ROOT), RequestThrottling()), LocalSettings)
    policies.save("p", settings=stored.having(RequestThrottling(max_events_per_hour=8)))
    assert effective(policies.governing(ROOT), local) == result


def test_an_out_of_office_policy_changes_settings_on_departure_and_gives_them_back() -> None:
    settings = PolicySettings().having(RequestThrottling(max_events_per_hour=7), ON)
    policies = PolicySet(GroupTree(), [Policy("out", ROOT, PolicyStatus.OUT_OF_OFFICE, settings)])
    inside = effective(policies.governing(ROOT), LocalSettings())
    outside = effective(policies.governing(ROOT, out_of_office=True), LocalSettings())
    assert inside.settings == DEFAULTS  # KEA-POL-020
    assert outside.settings.request_throttling.max_events_per_hour == 7


ALTERNATIVES: dict[str, tuple[Group, ...]] = {
    "data-submission": (DataSubmission(60), DataSubmission(30, 7)),
    "request-throttling": (RequestThrottling(False), RequestThrottling(True, 9)),
    "kata-integration": (KataIntegration(True), KataIntegration(use_ttl=True)),
    "excluded-processes": (ExcludedProcesses(False), ExcludedProcesses(True, False)),
}
choices = st.fixed_dictionaries({key: st.sampled_from((None, *values)) for key, values in ALTERNATIVES.items()})


@given(policy=choices, switches=st.sets(st.sampled_from(GROUP_KEYS)), local=choices)
def test_each_group_is_the_locked_one_else_the_local_one_else_the_default(
    policy: dict[str, Group | None], switches: set[str], local: dict[str, Group | None]
) -> None:
    settings = PolicySettings(under_policy=frozenset(switches))
    for values in policy.values():
        settings = settings.having(values) if values else settings
    governing = PolicySet(GroupTree(), [Policy("p", ROOT, PolicyStatus.ACTIVE, settings)]).governing(ROOT)
    device = edited(*(values for values in local.values() if values))
    result = effective(governing, device)
    for key in GROUP_KEYS:
        own = local.get(key)
        if key in switches:
            expected, source = policy.get(key) or DEFAULTS.group(key), Source.POLICY
        elif own:
            expected, source = own, Source.LOCAL
        else:
            expected, source = DEFAULTS.group(key), Source.DEFAULT
        assert result.settings.group(key) == expected
        assert result.origin(key).source is source
        outcome = edit_local(device, governing, DEFAULTS.group(key))
        assert isinstance(outcome, EditRefused) == result.locked(key) == (key in switches)
        if isinstance(outcome, LocalSettings):
            after = effective(governing, outcome)
            assert after.settings == result.settings.having(DEFAULTS.group(key))
            assert [key_of(group) for group in outcome.groups] == [k for k in GROUP_KEYS if outcome.group(k)]
