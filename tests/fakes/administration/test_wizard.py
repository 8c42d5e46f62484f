"""The wizard: its steps in their order, what each shows, and that nothing is stored before the end."""

from collections.abc import Callable
from typing import Any

import pytest

from emulator.policy.errors import PolicyError, SettingError
from emulator.policy.groups import ROOT, GroupTree
from emulator.policy.policies import Policy, PolicySettings, PolicyStatus, parse_policy_settings
from emulator.policy.settings import GROUP_KEYS, Switch
from emulator.policy.types import ENDPOINT_AGENT, PolicyType, Section, groups_in, sections_of, shown_groups
from fakes.administration import AdministrationServer, CreationMode, PolicyWizard, WizardError, WizardStep
from fakes.faults import FaultSchedule
from tests.fakes.batches import column, keys

HQ = f"{ROOT}/HQ"
MIXED = parse_policy_settings(
    {
        "request-throttling": {"switch": "unaffected-by-policy", "max-events-per-hour": 77},
        "data-submission": {"switch": "under-policy", "max-events-per-package": 55},
        "sandbox-integration": {"switch": "under-policy"},
    }
)


def server(**options: Any) -> AdministrationServer:
    return AdministrationServer(
        GroupTree([HQ]),
        [Policy("mixed", HQ, PolicyStatus.ACTIVE, MIXED)],
        keys=keys(2),
        group_names=(ROOT, HQ),
        group=column([0, 1]),
        faults=FaultSchedule(),
        **options,
    )


def at_type(on: AdministrationServer, mode: CreationMode, *, settings_of: str | None = None) -> PolicyWizard:
    wizard = PolicyWizard(on)
    wizard.choose_application(ENDPOINT_AGENT)
    wizard.give_name("new", settings_of=settings_of)
    wizard.choose_mode(mode)
    return wizard


def finished(wizard: PolicyWizard, **target: Any) -> Policy:
    while wizard.section is not None:
        wizard.configure()
    wizard.choose_group(HQ, **target)
    return wizard.finish(at_ms=5).policy


def test_the_policy_is_in_the_list_after_the_end_and_not_before() -> None:
    on = server()
    wizard = at_type(on, CreationMode.DEFAULTS)
    wizard.choose_type(PolicyType.KATA_AND_KICS)
    wizard.choose_group(HQ)
    assert [policy.name for policy in on.policies()] == ["mixed"]
    made = wizard.finish(at_ms=5)
    assert [policy.name for policy in on.policies()] == ["mixed", "new"]
    assert (made.policy.application, made.policy.group, made.policy.status) == (ENDPOINT_AGENT, HQ, "active")
    assert on.policy("mixed").status is PolicyStatus.INACTIVE
    assert made.change.devices.tolist() == [1]


def pass_settings(wizard: PolicyWizard) -> None:
    for _ in sections_of(PolicyType.SANDBOX):
        wizard.configure()


STEPS: dict[WizardStep, Callable[[PolicyWizard], object]] = {
    WizardStep.APPLICATION: lambda wizard: wizard.choose_application(ENDPOINT_AGENT),
    WizardStep.NAME: lambda wizard: wizard.give_name("new"),
    WizardStep.MODE: lambda wizard: wizard.choose_mode(CreationMode.CONFIGURE),
    WizardStep.TYPE: lambda wizard: wizard.choose_type(PolicyType.SANDBOX),
    WizardStep.SETTINGS: pass_settings,
    WizardStep.TARGET: lambda wizard: wizard.choose_group(HQ),
    WizardStep.STATUS: lambda wizard: wizard.finish(at_ms=5),
}


def test_no_step_is_taken_before_or_after_its_turn() -> None:
    on = server()
    wizard = PolicyWizard(on)
    for step, take in STEPS.items():
        assert wizard.step is step
        for other, take_other in STEPS.items():
            if other is not step:
                with pytest.raises(WizardError, match=str(step)):
                    take_other(wizard)
        assert len(on.policies()) == 1
        take(wizard)
    assert wizard.step is WizardStep.FINISHED
    for take in STEPS.values():
        with pytest.raises(WizardError):
            take(wizard)


@pytest.mark.parametrize("kind", PolicyType)
def test_the_settings_steps_are_the_sections_of_the_type_in_their_order(kind: PolicyType) -> None:
    wizard = at_type(server(), CreationMode.CONFIGURE)
    wizard.choose_type(kind)
    seen = []
    while wizard.section is not None:
        assert tuple(wizard.shown) == groups_in(wizard.section)
        seen.append(wizard.section)
        wizard.configure()
    assert tuple(seen) == sections_of(kind)
    assert [section for section in Section if section in seen] == seen
    assert wizard.step is WizardStep.TARGET
    assert not wizard.shown


def test_the_two_types_differ_in_the_section_of_their_servers() -> None:
    sandbox, kata = (set(sections_of(kind)) for kind in PolicyType)
    assert sandbox - kata == {Section.SANDBOX}
    assert kata - sandbox == {Section.KATA_AND_KICS}


def test_every_settings_group_is_in_one_section() -> None:
    assert sorted(key for section in Section for key in groups_in(section)) == sorted(GROUP_KEYS)


def test_default_settings_skip_the_settings_steps_and_have_the_defaults() -> None:
    wizard = at_type(server(), CreationMode.DEFAULTS)
    wizard.choose_type(PolicyType.KATA_AND_KICS)
    assert wizard.step is WizardStep.TARGET
    assert finished(wizard).settings == PolicySettings.fresh(PolicyType.KATA_AND_KICS)


def test_steps_that_are_passed_leave_defaults() -> None:
    wizard = at_type(server(), CreationMode.CONFIGURE)
    wizard.choose_type(PolicyType.KATA_AND_KICS)
    wizard.configure({"request-throttling": {"max-events-per-hour": 9}})
    made = finished(wizard)
    assert made.settings.values.request_throttling.max_events_per_hour == 9
    fresh = PolicySettings.fresh(PolicyType.KATA_AND_KICS)
    assert made.settings.having(fresh.values.request_throttling) == fresh


def test_an_import_shows_and_takes_over_settings_and_switches() -> None:
    wizard = at_type(server(), CreationMode.CONFIGURE, settings_of="mixed")
    assert wizard.preselected_mode is CreationMode.CONFIGURE
    wizard.choose_type(PolicyType.KATA_AND_KICS)
    shown = wizard.shown["request-throttling"]
    assert (shown.values, shown.switch) == (MIXED.values.request_throttling, Switch.UNAFFECTED)
    assert wizard.shown["data-submission"].switch is Switch.UNDER_POLICY
    made = finished(wizard)
    for key in shown_groups(PolicyType.KATA_AND_KICS):
        assert made.settings.values.group(key) == MIXED.values.group(key)
        assert made.settings.switch(key) == MIXED.switch(key)
    assert made.settings.switch("sandbox-integration") is Switch.UNAFFECTED  # which this type does not have


def test_without_an_import_nothing_is_taken_over() -> None:
    wizard = at_type(server(), CreationMode.CONFIGURE)
    wizard.choose_type(PolicyType.KATA_AND_KICS)
    assert finished(wizard).settings == PolicySettings.fresh(PolicyType.KATA_AND_KICS)


def test_a_subgroup_is_made_with_the_policy_and_not_before() -> None:
    on = server()
    wizard = at_type(on, CreationMode.DEFAULTS)
    wizard.choose_type(PolicyType.SANDBOX)
    wizard.choose_group(HQ, subgroup="Lab")
    assert f"{HQ}/Lab" not in on.groups()
    assert wizard.finish(at_ms=5).policy.group == f"{HQ}/Lab"
    assert f"{HQ}/Lab" in on.groups()


def test_a_policy_that_cannot_be_made_leaves_no_group() -> None:
    on = server()
    wizard = at_type(on, CreationMode.DEFAULTS)
    wizard.choose_type(PolicyType.SANDBOX)
    wizard.choose_group(HQ, subgroup="Lab")
    on.create(Policy("new", HQ, PolicyStatus.INACTIVE), at_ms=3)
    with pytest.raises(PolicyError, match="already"):
        wizard.finish(at_ms=5)
    assert f"{HQ}/Lab" not in on.groups()


@pytest.mark.parametrize("wanted", [True, False])
def test_the_properties_may_be_wanted_next(wanted: bool) -> None:
    wizard = at_type(server(), CreationMode.DEFAULTS)
    wizard.choose_type(PolicyType.SANDBOX)
    wizard.choose_group(ROOT)
    assert wizard.finish(PolicyStatus.INACTIVE, at_ms=5, open_properties=wanted).open_properties is wanted


def test_a_refused_step_can_be_taken_again() -> None:
    wizard = PolicyWizard(server())
    wizard.choose_application(ENDPOINT_AGENT)
    for name in ("mixed", "", " x", "a\nb", "x" * 201):
        with pytest.raises(PolicyError):
            wizard.give_name(name)
    with pytest.raises(PolicyError, match="nothing"):
        wizard.give_name("new", settings_of="nothing")
    wizard.give_name("new")
    wizard.choose_mode(CreationMode.CONFIGURE)
    wizard.choose_type(PolicyType.SANDBOX)
    with pytest.raises(PolicyError, match="request-throttling"):
        wizard.configure({"request-throttling": {}})
    with pytest.raises(SettingError):
        wizard.configure({"sandbox-integration": {"nonsense": 1}})
    assert finished(wizard).type is PolicyType.SANDBOX


def test_without_the_management_plug_in_nothing_is_made_or_changed() -> None:
    on = server(plugins={"another": (1, 0)})
    with pytest.raises(PolicyError, match="plug-in"):
        PolicyWizard(on).choose_application(ENDPOINT_AGENT)
    for operation in (on.activate, on.deactivate, on.delete, on.set_out_of_office, on.save):
        with pytest.raises(PolicyError, match="plug-in"):
            operation("mixed", at_ms=5)
    with pytest.raises(PolicyError, match="plug-in"):
        on.create(Policy("new", HQ, PolicyStatus.ACTIVE), at_ms=5)
    assert [policy.name for policy in on.policies()] == ["mixed"]


def test_a_policy_of_another_application_governs_nobody() -> None:
    on = server(plugins={ENDPOINT_AGENT: (3, 16), "another": (1, 0)})
    before = on.governing(HQ, 0)
    wizard = PolicyWizard(on)
    wizard.choose_application("another")
    wizard.give_name("theirs")
    wizard.choose_mode(CreationMode.CONFIGURE)
    assert wizard.step is WizardStep.TARGET
    wizard.choose_group(HQ)
    made = wizard.finish(at_ms=5)
    assert (made.change.groups, made.change.devices.tolist()) == ((), [])
    assert on.governing(HQ, made.change.revision) == before
    assert on.policy("mixed").status is PolicyStatus.ACTIVE
    assert on.policy("theirs").application == "another"
