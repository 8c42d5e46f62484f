"""Policies: statuses, groups of settings and their switches, local and policy settings (KEA-POL)."""

from itertools import pairwise
from typing import Any, Final

from conformance.agents import GROUP, TELEMETRY, AgentUnderTest
from conformance.checks.telemetry import emit
from conformance.judging import equal, holds
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest, synchronised
from conformance.trial import MINUTE_MS, Trial
from emulator.policy.effective import EditRefused, LocalSettings, edit_local, effective
from emulator.policy.policies import Governing, Policy, PolicySettings, PolicyStatus, parse_policy_settings
from emulator.policy.settings import GROUP_KEYS, AgentSettings, DataSubmission, Switch
from fakes.administration import NAME, AdministrationServer

NEEDS: Final = (TELEMETRY,)
HQ, BRANCH = f"{GROUP}/HQ", f"{GROUP}/Branch"
SUBMISSION: Final = "data-submission"
BY_DEFAULT_UNDER_POLICY: Final = frozenset(
    ("request-throttling", "excluded-processes", "excluded-network-communications")
)
"""The groups that the documentation excepts (KEA-TEL-019, KEA-EDX-028, KEA-EDX-038)."""


def submission(events: int, switch: Switch = Switch.UNDER_POLICY) -> PolicySettings:
    """A policy's settings with another maximum of events in a package."""
    return parse_policy_settings({SUBMISSION: {"switch": str(switch), "max-events-per-package": events}})


def policy(
    events: int, *, group: str = GROUP, name: str = "check", status: PolicyStatus = PolicyStatus.ACTIVE
) -> Policy:
    """A policy that sets this maximum."""
    return Policy(name, group, status, submission(events))


def package_events(governing: Governing | None, local: LocalSettings | None = None) -> int:
    """The maximum that a device follows."""
    return effective(governing, local or LocalSettings()).settings.data_submission.max_events_per_package


def largest(trial: Trial) -> int:
    """The events of the largest package that left."""
    return max((size for request in trial.asked() for size in request.packages), default=0)


DEFAULT_EVENTS: Final = DataSubmission().max_events_per_package
BURST: Final = {"request-throttling": {"switch": "under-policy", "enabled": False}}


def _newest(server: AdministrationServer, devices: int, at_ms: int) -> list[int]:
    return synchronised(server, NAME, [0] * devices, at_ms=at_ms)


# --- targets and statuses ---------------------------------------------------------------------------------------------


@clause("KEA-POL-014", "KEA-POL-032", needs=[ADMINISTRATION])
def check_a_policy_applies_to_the_devices_of_its_group(server: ServerUnderTest) -> None:
    """Devices of the target group hear of it and follow it, those of another group neither; a change reaches all."""
    administration = server.administration(groups=(HQ, BRANCH))
    administration.create(policy(50, group=HQ), at_ms=1_000)
    inside, outside = _newest(administration, 2, 2_000)
    equal(package_events(administration.governing(HQ, inside)), 50, "the setting in the target group")
    equal(package_events(administration.governing(BRANCH, outside)), DEFAULT_EVENTS, "the setting in another group")
    administration.save("check", settings=submission(60), at_ms=3_000)
    revision = _newest(administration, 2, 4_000)[0]
    equal(package_events(administration.governing(HQ, revision)), 60, "the setting after the policy was changed")


@clause("KEA-POL-015", needs=[ADMINISTRATION])
def check_the_root_group_can_be_the_target(server: ServerUnderTest) -> None:
    """A policy on Managed devices is taken, and reaches devices of all groups."""
    administration = server.administration(groups=(GROUP, HQ, BRANCH))
    administration.create(policy(50), at_ms=1_000)
    revisions = _newest(administration, 3, 2_000)
    groups = (GROUP, HQ, BRANCH)
    seen = [package_events(administration.governing(name, held)) for name, held in zip(groups, revisions, strict=True)]
    equal(seen, [50, 50, 50], "the setting in the root group and in two below it")


@clause("KEA-POL-016", needs=[ADMINISTRATION])
def check_a_subgroup_is_created_for_a_policy(server: ServerUnderTest) -> None:
    """A group that was not there is created by its name, and a policy targets it."""
    administration = server.administration()
    administration.add_group(HQ, at_ms=1_000)
    administration.create(policy(50, group=HQ), at_ms=2_000)
    equal(administration.policy("check").group, HQ, "the group of the policy")
    revision = administration.save("check", settings=submission(60), at_ms=3_000).revision
    equal(package_events(administration.governing(HQ, revision)), 60, "the setting in the new group")
    equal(package_events(administration.governing(GROUP, revision)), DEFAULT_EVENTS, "the setting above it")


@clause("KEA-POL-017", needs=[ADMINISTRATION])
def check_there_are_three_statuses(server: ServerUnderTest) -> None:
    """A policy is created as active, inactive or out-of-office, is stored so, and there is no fourth status."""
    equal(sorted(map(str, PolicyStatus)), ["active", "inactive", "out-of-office"], "statuses of a policy")
    for status in PolicyStatus:
        administration = server.administration()
        administration.create(policy(50, status=status), at_ms=1_000)
        equal(administration.policy("check").status, status, "the status that is stored")


@clause("KEA-POL-018", needs=[ADMINISTRATION])
def check_an_active_policy_takes_effect_when_it_is_created(server: ServerUnderTest) -> None:
    """At its next contact a device of the group is told of it, with no further operation."""
    administration = server.administration()
    equal(_newest(administration, 1, 500), [0], "the revision before")
    change = administration.create(policy(50), at_ms=1_000)
    (revision,) = _newest(administration, 1, 1_000)
    equal(revision, change.revision, "the revision that the device is answered at once")
    equal(package_events(administration.governing(GROUP, revision)), 50, "the setting that it follows then")


@clause("KEA-POL-019", needs=[ADMINISTRATION])
def check_an_inactive_policy_has_no_effect_until_it_is_activated(server: ServerUnderTest) -> None:
    """Created as inactive it changes nothing; once it is active, the device follows it."""
    administration = server.administration()
    administration.create(policy(50, status=PolicyStatus.INACTIVE), at_ms=1_000)
    (before,) = _newest(administration, 1, 2_000)
    equal(package_events(administration.governing(GROUP, before)), DEFAULT_EVENTS, "the setting before activation")
    administration.activate("check", at_ms=3_000)
    (after,) = _newest(administration, 1, 4_000)
    equal(package_events(administration.governing(GROUP, after)), 50, "the setting after activation")


@clause("KEA-POL-018", "KEA-POL-019")
def check_the_agent_follows_activation(agent: AgentUnderTest) -> None:
    """A device follows an active policy from the start, and an inactive one from when it is activated."""

    def burst(at: str) -> dict[str, Any]:
        return emit("threat-detection", 200, at)

    settings = {**BURST, SUBMISSION: {"switch": "under-policy", "max-events-per-package": 50}}
    for status, wanted in (("active", (50, 50)), ("inactive", (200, 50))):
        policies = [{"name": "check", "group": GROUP, "status": status, "settings": settings}]
        steps = [burst("2min"), {"at": "10min", "do": "activate-policy", "policy": "check"}, burst("40min")]
        trial = agent.attempt(duration="50min", steps=steps, policies=policies)
        sizes = [(one.at_ms, size) for one in trial.asked() for size in one.packages]
        early = max((size for at_ms, size in sizes if at_ms < 10 * MINUTE_MS), default=0)
        late = max((size for at_ms, size in sizes if at_ms > 30 * MINUTE_MS), default=0)
        equal((early, late), wanted, f"events of the largest package before and after activation, created {status}")


# --- settings groups and their switches -------------------------------------------------------------------------------


@clause("KEA-POL-024")
def check_settings_of_an_unaffected_group_are_stored_and_not_applied(agent: AgentUnderTest) -> None:
    """The policy holds the changed value and the agent keeps its own, until the group stands at Under policy."""
    for switch, wanted in (("unaffected-by-policy", 200), ("under-policy", 50)):
        settings = {**BURST, SUBMISSION: {"switch": switch, "max-events-per-package": 50}}
        stored = parse_policy_settings(settings).values.data_submission.max_events_per_package
        equal(stored, 50, "the value that the policy holds")
        trial = agent.attempt(duration="10min", steps=[emit("threat-detection", 200, "2min")], settings=settings)
        equal(largest(trial), wanted, f"events of the largest package, with the group {switch}")


@clause("KEA-POL-025", needs=[ADMINISTRATION])
def check_a_switch_stands_at_unaffected_by_default(server: ServerUnderTest) -> None:
    """In a fresh policy every group is unaffected, but for the three that the documentation excepts."""
    fresh = PolicySettings()
    for key in GROUP_KEYS:
        if key not in BY_DEFAULT_UNDER_POLICY:
            equal(fresh.switch(key), Switch.UNAFFECTED, f"the switch of {key} in a fresh policy")
    holds(len(GROUP_KEYS) > len(BY_DEFAULT_UNDER_POLICY), "there are groups that follow the general default", "none")


@clause("KEA-POL-026", "KEA-POL-027", needs=[ADMINISTRATION])
def check_every_group_has_a_switch_of_its_own(server: ServerUnderTest) -> None:
    """Each group can be put under policy, and taken from it, and no other switch moves."""
    equal(sorted(map(str, Switch)), ["unaffected-by-policy", "under-policy"], "positions of a switch")
    nothing = parse_policy_settings({key: {"switch": "unaffected-by-policy"} for key in GROUP_KEYS})
    equal(nothing.under_policy, frozenset(), "groups under policy, all being unaffected")
    for key in GROUP_KEYS:
        one = parse_policy_settings({key: {"switch": "under-policy"}}, nothing)
        equal(one.under_policy, {key}, f"groups under policy, {key} alone being set")
        administration = server.administration(Policy("check", GROUP, PolicyStatus.ACTIVE, one))
        governing = administration.governing(GROUP, 0)
        reached = [] if governing is None else [name for name in GROUP_KEYS if governing.lock(name) is not None]
        equal(reached, [key], "groups that reach devices")


@clause("KEA-POL-028", needs=[ADMINISTRATION])
def check_all_groups_can_be_under_policy(server: ServerUnderTest) -> None:
    """With every group enabled the values of all of them are applied."""
    every = {key: {"switch": "under-policy"} for key in GROUP_KEYS}
    data: dict[str, dict[str, Any]] = {
        **every,
        SUBMISSION: {"switch": "under-policy", "max-events-per-package": 50},
        "request-throttling": {"switch": "under-policy", "max-events-per-hour": 77},
        "excluded-processes": {"switch": "under-policy", "optimise-telemetry": False},
    }
    stored = parse_policy_settings(data)
    administration = server.administration(Policy("check", GROUP, PolicyStatus.ACTIVE, stored))
    followed = effective(administration.governing(GROUP, 0), LocalSettings())
    equal(followed.settings, stored.values, "settings of a device, all groups being under policy")
    equal([key for key in GROUP_KEYS if not followed.locked(key)], [], "groups that are not locked")


@clause("KEA-POL-029")
def check_all_settings_of_a_group_are_applied(agent: AgentUnderTest) -> None:
    """Both settings of a group that is under policy hold on the agent, not one of them."""
    values = {"events-transmission-period": "60 s", "max-events-per-package": 7}
    ticking = {**emit("threat-detection", 3, "5s"), "every": "10s", "until": "10min"}
    trial = agent.attempt(duration="10min", steps=[ticking], settings={**BURST, SUBMISSION: values})
    equal(largest(trial), 7, "events of the largest package")
    moments = [one.at_ms for one in trial.asked()]
    spacing = {later - earlier for earlier, later in pairwise(moments)}
    equal(spacing, {60_000}, "milliseconds between two packages")


@clause("KEA-POL-030", needs=[ADMINISTRATION])
def check_a_switch_takes_effect_when_the_policy_is_saved(server: ServerUnderTest) -> None:
    """Toggled and not saved: server and device are unchanged; saved: both are changed."""
    start = submission(50, Switch.UNAFFECTED)
    administration = server.administration(Policy("check", GROUP, PolicyStatus.ACTIVE, start))
    toggled = parse_policy_settings({SUBMISSION: {"switch": "under-policy"}}, administration.policy("check").settings)
    stored = administration.policy("check").settings.switch(SUBMISSION)
    equal(stored, Switch.UNAFFECTED, "the switch that is stored before it is saved")
    (before,) = _newest(administration, 1, 1_000)
    equal(package_events(administration.governing(GROUP, before)), DEFAULT_EVENTS, "the setting on the device before")
    administration.save("check", settings=toggled, at_ms=2_000)
    stored = administration.policy("check").settings.switch(SUBMISSION)
    equal(stored, Switch.UNDER_POLICY, "the switch that is stored after it is saved")
    (after,) = _newest(administration, 1, 3_000)
    equal(package_events(administration.governing(GROUP, after)), 50, "the setting on the device after")


@clause("KEA-POL-031", needs=[ADMINISTRATION])
def check_a_group_that_is_released_is_not_controlled_any_more(server: ServerUnderTest) -> None:
    """Moved back and saved: a local edit is taken, and later changes of the policy's value do not reach the device."""
    administration = server.administration(policy(50))
    (held,) = _newest(administration, 1, 1_000)
    locked = edit_local(LocalSettings(), administration.governing(GROUP, held), DataSubmission())
    holds(isinstance(locked, EditRefused), "a local edit is refused while the group is under policy", locked)
    administration.save("check", settings=submission(50, Switch.UNAFFECTED), at_ms=2_000)
    (free,) = _newest(administration, 1, 3_000)
    own = edit_local(LocalSettings(), administration.governing(GROUP, free), DataSubmission(max_events_per_package=9))
    holds(isinstance(own, LocalSettings), "a local edit is taken once the group is released", own)
    assert isinstance(own, LocalSettings)
    administration.save("check", settings=submission(60, Switch.UNAFFECTED), at_ms=4_000)
    (last,) = _newest(administration, 1, 5_000)
    equal(
        package_events(administration.governing(GROUP, last), own), 9, "the setting after a later change of the policy"
    )


# --- one device -------------------------------------------------------------------------------------------------------


@clause("KEA-POL-033", "KEA-POL-035", needs=[ADMINISTRATION])
def check_a_device_has_settings_of_its_own(server: ServerUnderTest) -> None:
    """An edit of an unlocked group changes that device, and none beside it."""
    unaffected = Policy("check", GROUP, PolicyStatus.ACTIVE, submission(50, Switch.UNAFFECTED))
    governing = server.administration(unaffected).governing(GROUP, 0)
    edited = edit_local(LocalSettings(), governing, DataSubmission(max_events_per_package=9))
    holds(isinstance(edited, LocalSettings), "a local edit of a group that no policy locks is taken", edited)
    assert isinstance(edited, LocalSettings)
    seen = package_events(governing, edited), package_events(governing)
    equal(seen, (9, DEFAULT_EVENTS), "the setting on the device and on another of its group")


@clause("KEA-POL-034", needs=[ADMINISTRATION])
def check_a_locked_setting_cannot_be_edited_on_the_device(server: ServerUnderTest) -> None:
    """Where an active policy has the group, the edit is refused in its name, and the policy's value stays."""
    governing = server.administration(policy(50)).governing(GROUP, 0)
    answer = edit_local(LocalSettings(), governing, DataSubmission(max_events_per_package=9))
    holds(isinstance(answer, EditRefused), "a local edit of a locked group is refused", answer)
    assert isinstance(answer, EditRefused)
    equal((answer.group, answer.policy), (SUBMISSION, "check"), "group and policy that the refusal names")
    equal(package_events(governing), 50, "the setting after the refused edit")


@clause("KEA-POL-036", needs=[ADMINISTRATION])
def check_a_policy_that_is_not_active_locks_nothing(server: ServerUnderTest) -> None:
    """With only an inactive policy on the group a local edit is taken; with it active it is not."""
    administration = server.administration(policy(50, status=PolicyStatus.INACTIVE))
    wanted = DataSubmission(max_events_per_package=9)
    answer = edit_local(LocalSettings(), administration.governing(GROUP, 0), wanted)
    holds(isinstance(answer, LocalSettings), "a local edit under an inactive policy is taken", answer)
    administration.activate("check", at_ms=1_000)
    (revision,) = _newest(administration, 1, 2_000)
    answer = edit_local(LocalSettings(), administration.governing(GROUP, revision), wanted)
    holds(isinstance(answer, EditRefused), "the same edit under the policy, once it is active, is refused", answer)


@clause("KEA-POL-025", needs=[ADMINISTRATION])
def check_fresh_settings_are_those_of_a_device_without_policy(server: ServerUnderTest) -> None:
    """A fresh policy on the group changes nothing on its devices: what it has under policy has the default values."""
    administration = server.administration(Policy("fresh", GROUP, PolicyStatus.ACTIVE))
    followed = effective(administration.governing(GROUP, 0), LocalSettings()).settings
    equal(followed, AgentSettings(), "settings of a device under a fresh policy")
