"""Defects of policies: targets, statuses, switches, locks, and of the revisions that devices are told."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.planting import Plant, defect
from emulator.policy import effective, policies
from emulator.policy.groups import GroupTree
from emulator.policy.policies import Governing, PolicySet, PolicySettings, PolicyStatus
from emulator.policy.settings import DEFAULTS, GROUP_KEYS, DataSubmission, Switch, key_of
from emulator.telemetry.profiles import Profiles
from fakes.administration import AdministrationServer
from fakes.revisions import Revisions

True_ = Callable[..., Any]


def inherited(plant: Plant, change: Callable[[Governing], Governing]) -> None:
    """Has what reaches the devices of a group changed."""
    plant.around(policies, "_inherited", lambda true: lambda given: change(true(given)))


@defect("KEA-POL-014", "a policy reaches the devices of all groups")
def policies_reach_all_groups(plant: Plant) -> None:
    """Whatever its target."""

    def make(true: True_) -> True_:
        def wrong(self: PolicySet, group: str, *, out_of_office: bool = False) -> Governing | None:
            own: Governing | None = true(self, group, out_of_office=out_of_office)
            active = [policy for policy in self if policy.status is PolicyStatus.ACTIVE]
            return own if own is not None or not active else true(self, active[0].group)

        return wrong

    plant.around(PolicySet, "governing", make)


@defect("KEA-POL-015", "a policy of the root group stays there")
def root_policy_stays(plant: Plant) -> None:
    """Groups below inherit nothing."""
    plant.replace(GroupTree, "ancestors", lambda self, path: ())


@defect("KEA-POL-016", "a new group is governed by nothing")
def new_group_is_not_governed(plant: Plant) -> None:
    """It is in the tree, and has no history."""
    plant.around(
        AdministrationServer,
        "governing",
        lambda true: (
            lambda self, group, revision, **more: (
                None if group not in self.group_names else true(self, group, revision, **more)
            )
        ),
    )


@defect("KEA-POL-017", "an out-of-office policy is stored as inactive")
def out_of_office_is_inactive(plant: Plant) -> None:
    """When it is created."""

    def make(true: True_) -> True_:
        def wrong(self: PolicySet, policy: Any) -> None:
            status = PolicyStatus.INACTIVE if policy.status is PolicyStatus.OUT_OF_OFFICE else policy.status
            true(self, replace(policy, status=status))

        return wrong

    plant.around(PolicySet, "add", make)


@defect("KEA-POL-018", "a policy that is created as active waits for its activation")
def created_as_inactive(plant: Plant) -> None:
    """It is stored as inactive."""
    plant.around(
        AdministrationServer,
        "create",
        lambda true: (
            lambda self, policy, *, at_ms: true(self, replace(policy, status=PolicyStatus.INACTIVE), at_ms=at_ms)
        ),
    )


@defect("KEA-POL-019", "an inactive policy is in force")
def inactive_is_in_force(plant: Plant) -> None:
    """From when it is created."""

    def make(true: True_) -> True_:
        def wrong(self: PolicySet, policy: Any) -> None:
            inactive = policy.status is PolicyStatus.INACTIVE
            true(self, replace(policy, status=PolicyStatus.ACTIVE) if inactive else policy)

        return wrong

    plant.around(PolicySet, "add", make)


@defect("KEA-POL-024", "settings of unaffected groups are applied")
def unaffected_is_applied(plant: Plant) -> None:
    """As if every switch stood at Under policy."""

    def make(true: True_) -> True_:
        def wrong(given: Any) -> Governing:
            every = frozenset(GROUP_KEYS)
            changed = (replace(one, settings=PolicySettings(one.settings.values, every)) for one in given)
            governing: Governing = true(tuple(changed))
            return governing

        return wrong

    plant.around(policies, "_inherited", make)


@defect("KEA-POL-025", "all groups are under policy by default")
def switches_under_policy(plant: Plant) -> None:
    """In a fresh policy."""

    def wrong(self: PolicySettings, key: str) -> Switch:
        fresh = self == PolicySettings()
        return Switch.UNDER_POLICY if fresh or key in self.under_policy else Switch.UNAFFECTED

    plant.replace(PolicySettings, "switch", wrong)


@defect("KEA-POL-027", "one group under policy brings all others")
def one_switch_for_all(plant: Plant) -> None:
    """Where there is any."""

    def make(true: True_) -> True_:
        def wrong(self: PolicySettings, values: Any, switch: Switch | None = None) -> PolicySettings:
            made: PolicySettings = true(self, values, switch)
            return replace(made, under_policy=frozenset(GROUP_KEYS)) if switch is Switch.UNDER_POLICY else made

        return wrong

    plant.around(PolicySettings, "having", make)


@defect("KEA-POL-028", "the last group never reaches devices")
def last_group_is_left_out(plant: Plant) -> None:
    """Though it is under policy."""
    left_out = GROUP_KEYS[-1]
    inherited(
        plant,
        lambda governing: replace(
            governing, locks=tuple(lock for lock in governing.locks if governing.lock(left_out) is not lock)
        ),
    )


@defect("KEA-POL-029", "of a group only the first setting is applied")
def first_setting_only(plant: Plant) -> None:
    """The other has its default."""
    default = DataSubmission().max_events_per_package
    plant.around(
        Profiles,
        "index",
        lambda true: (
            lambda self, given: true(self, given.having(replace(given.data_submission, max_events_per_package=default)))
        ),
    )


@defect("KEA-POL-030", "saving a policy keeps its old settings")
def save_keeps_the_old(plant: Plant) -> None:
    """Only its revision rises."""
    plant.around(PolicySet, "save", lambda true: lambda self, name, *, settings=None, **more: true(self, name, **more))


@defect("KEA-POL-031", "a group that is released stays locked")
def released_stays_locked(plant: Plant) -> None:
    """Once it was under policy."""
    known: dict[tuple[str, str], Any] = {}

    def change(governing: Governing) -> Governing:
        for lock in governing.locks:
            known[governing.policy, key_of(lock.values)] = lock
        kept = (known[governing.policy, key] for key in GROUP_KEYS if (governing.policy, key) in known)
        return replace(governing, locks=tuple(kept))

    inherited(plant, change)


@defect("KEA-POL-032", "a change of a policy is not told to the group")
def changes_are_not_told(plant: Plant) -> None:
    """Devices that know the policy stay with what they heard first."""
    plant.around(
        AdministrationServer,
        "governing",
        lambda true: lambda self, group, revision, **more: true(self, group, min(revision, 1), **more),
    )


@defect("KEA-POL-033", "an edit on a device is lost")
def edits_are_lost(plant: Plant) -> None:
    """It is taken, and nothing changes."""
    plant.replace(effective.LocalSettings, "group", lambda self, key: None)


@defect("KEA-POL-034", "a locked group can be edited on the device")
def locked_can_be_edited(plant: Plant) -> None:
    """The edit wins over the policy."""
    plant.replace(Governing, "lock", lambda self, key: None)


@defect("KEA-POL-035", "every group of a device under a policy is locked")
def everything_is_locked(plant: Plant) -> None:
    """Also those that are unaffected."""

    def make(true: True_) -> True_:
        def wrong(self: Governing, key: str) -> Any:
            return true(self, key) or policies.Lock(DEFAULTS.group(key), self.policy)

        return wrong

    plant.around(Governing, "lock", make)


@defect("KEA-POL-036", "an inactive policy locks settings")
def inactive_locks(plant: Plant) -> None:
    """As an active one does."""
    inactive_is_in_force(plant)


@defect("PORT-ADM-001", "every synchronisation has a new revision")
def revisions_always_rise(plant: Plant) -> None:
    """Though nothing has changed."""
    plant.around(Revisions, "due", lambda true: lambda self, device, at_ms: true(self, device, at_ms) + at_ms)


@defect("PORT-ADM-002", "an operation raises the revision of every device")
def all_revisions_rise(plant: Plant) -> None:
    """Also of those that it does not concern."""

    def make(true: True_) -> True_:
        def wrong(self: Revisions, device: Any, at_ms: Any) -> Any:
            return true(self, device, at_ms).max() + 0 * device

        return wrong

    plant.around(Revisions, "due", make)


@defect("PORT-ADM-003", "a policy whose name is taken replaces the other")
def names_are_taken_over(plant: Plant) -> None:
    """It is not refused."""
    plant.replace(PolicySet, "check_name", lambda self, name: None)
