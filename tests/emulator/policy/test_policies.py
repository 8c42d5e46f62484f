from dataclasses import replace

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from emulator.policy.errors import PolicyError, SettingError
from emulator.policy.groups import ROOT, GroupTree
from emulator.policy.policies import (
    Governing,
    Policy,
    PolicySet,
    PolicySettings,
    PolicyStatus,
    affected_groups,
    parse_policy_settings,
)
from emulator.policy.settings import (
    DEFAULTS,
    GROUP_KEYS,
    DataSubmission,
    KataIntegration,
    RequestThrottling,
    Switch,
    key_of,
)

HQ = f"{ROOT}/HQ"
OFFICE = f"{HQ}/Office"
LAB = f"{ROOT}/Lab"
ACTIVE, INACTIVE, AWAY = PolicyStatus.ACTIVE, PolicyStatus.INACTIVE, PolicyStatus.OUT_OF_OFFICE
ON, OFF = Switch.UNDER_POLICY, Switch.UNAFFECTED
THROTTLING = "request-throttling"


def tree() -> GroupTree:
    return GroupTree([OFFICE, LAB])


def stored(limit: int, switch: Switch = ON) -> PolicySettings:
    return PolicySettings().having(RequestThrottling(max_events_per_hour=limit), switch)


def limit(governing: Governing | None) -> tuple[str, int] | None:
    lock = governing.lock(THROTTLING) if governing else None
    if lock is None:
        return None
    assert isinstance(lock.values, RequestThrottling)
    return lock.policy, lock.values.max_events_per_hour


def test_there_are_three_statuses() -> None:
    assert [str(status) for status in PolicyStatus] == ["active", "inactive", "out-of-office"]  # KEA-POL-017


def test_a_new_policy_holds_the_defaults_and_the_default_switches() -> None:
    # KEA-POL-004, KEA-POL-013, KEA-POL-025, KEA-TEL-019, KEA-EDX-028, KEA-EDX-038
    new = Policy("p", ROOT, ACTIVE).settings
    assert new.values == DEFAULTS
    assert [key for key in GROUP_KEYS if new.switch(key) is ON] == [
        "request-throttling",
        "excluded-processes",
        "excluded-network-communications",
    ]


def test_a_policy_takes_over_settings_and_switches_of_another() -> None:
    source = stored(7, OFF).having(DataSubmission(60), ON)
    imported = Policy("copy", LAB, ACTIVE, settings=source)
    assert imported.settings.values == source.values  # KEA-POL-003, KEA-POL-007
    assert [imported.settings.switch(key) for key in GROUP_KEYS] == [source.switch(key) for key in GROUP_KEYS]


def test_settings_of_a_policy_are_read_with_their_switches() -> None:
    data = {THROTTLING: {"switch": "unaffected-by-policy", "max-events-per-hour": 7}, "data-submission": {}}
    read = parse_policy_settings(data)
    assert read == stored(7, OFF)
    assert data[THROTTLING]["switch"] == "unaffected-by-policy"


def test_what_is_not_read_stays_as_it_was() -> None:
    base = stored(7).having(DataSubmission(60), ON)
    read = parse_policy_settings({"data-submission": {"max-events-per-package": 9}}, base)
    assert read == base.having(DataSubmission(60, 9))
    assert read.switch("data-submission") is ON


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (None, ()),
        ({"request-throtling": {}}, ("request-throtling",)),
        ({5: {}}, (5,)),
        ({THROTTLING: []}, (THROTTLING,)),
        ({THROTTLING: {"switch": "on"}}, (THROTTLING, "switch")),
        ({THROTTLING: {"switch": True}}, (THROTTLING, "switch")),
        ({THROTTLING: {"max-events-per-hour": 0}}, (THROTTLING, "max-events-per-hour")),
    ],
)
def test_wrong_settings_of_a_policy_are_refused_with_their_place(data: object, path: tuple[object, ...]) -> None:
    with pytest.raises(SettingError) as caught:
        parse_policy_settings(data)
    assert caught.value.path == path


def test_one_group_can_be_enabled_alone_and_all_can() -> None:
    nothing = PolicySettings(under_policy=frozenset())
    one = nothing.having(DataSubmission(), ON)
    assert [key for key in GROUP_KEYS if one.switch(key) is ON] == ["data-submission"]  # KEA-POL-027
    every = nothing
    for key in GROUP_KEYS:
        every = every.having(DEFAULTS.group(key), ON)
    assert all(every.switch(key) is ON for key in GROUP_KEYS)  # KEA-POL-028


def test_a_policy_governs_its_group_and_those_below_and_no_other() -> None:
    policies = PolicySet(tree(), [Policy("p", HQ, ACTIVE, stored(7))])
    assert limit(policies.governing(HQ)) == ("p", 7)  # KEA-POL-014, KEA-POL-032
    assert limit(policies.governing(OFFICE)) == ("p", 7)
    assert policies.governing(LAB) is None
    assert policies.governing(ROOT) is None


def test_a_policy_on_the_root_governs_all() -> None:
    policies = PolicySet(tree(), [Policy("p", ROOT, ACTIVE, stored(7))])
    assert {limit(policies.governing(group)) for group in tree()} == {("p", 7)}  # KEA-POL-015


def test_an_inactive_policy_governs_nobody_until_it_is_activated() -> None:
    policies = PolicySet(tree(), [Policy("p", HQ, INACTIVE, stored(7))])
    assert policies.governing(HQ) is None  # KEA-POL-019
    policies.activate("p")
    assert limit(policies.governing(HQ)) == ("p", 7)
    policies.deactivate("p")
    assert policies.governing(HQ) is None


def test_an_inactive_policy_between_is_not_inherited() -> None:
    policies = PolicySet(tree(), [Policy("r", ROOT, ACTIVE, stored(1)), Policy("h", HQ, INACTIVE, stored(2))])
    assert limit(policies.governing(OFFICE)) == ("r", 1)


def test_activating_a_policy_makes_the_other_of_its_group_inactive() -> None:
    policies = PolicySet(tree(), [Policy("a", HQ, ACTIVE), Policy("b", HQ, INACTIVE), Policy("c", LAB, ACTIVE)])
    policies.activate("b")
    assert {policy.name: policy.status for policy in policies} == {"a": INACTIVE, "b": ACTIVE, "c": ACTIVE}
    policies.activate("b")
    assert policies["b"].status is ACTIVE


def test_a_policy_created_active_takes_the_place_of_the_other() -> None:
    policies = PolicySet(tree(), [Policy("a", HQ, ACTIVE)])
    policies.add(Policy("b", HQ, ACTIVE))  # KEA-POL-018
    assert (policies["a"].status, policies["b"].status) == (INACTIVE, ACTIVE)


@pytest.mark.parametrize("status", [ACTIVE, AWAY])
def test_two_policies_in_force_on_one_group_at_the_start_are_refused(status: PolicyStatus) -> None:
    with pytest.raises(PolicyError, match=f"'a' and 'b' are both {status} on"):
        PolicySet(tree(), [Policy("a", HQ, status), Policy("b", HQ, status)])
    PolicySet(tree(), [Policy("a", HQ, INACTIVE), Policy("b", HQ, INACTIVE), Policy("c", HQ, status)])


def test_a_name_given_twice_and_an_unknown_group_are_refused() -> None:
    policies = PolicySet(tree(), [Policy("a", HQ, INACTIVE)])
    with pytest.raises(PolicyError, match="already"):
        policies.add(Policy("a", LAB, INACTIVE))
    with pytest.raises(PolicyError, match="did you mean 'Managed devices/HQ'"):
        policies.add(Policy("b", f"{ROOT}/HG", INACTIVE))
    assert len(policies) == 1


def test_an_unknown_policy_names_the_nearest() -> None:
    policies = PolicySet(tree(), [Policy("office-policy", HQ, INACTIVE)])
    with pytest.raises(PolicyError, match="did you mean 'office-policy'"):
        policies.activate("ofice-policy")
    with pytest.raises(PolicyError, match="create it first"):
        PolicySet(tree()).delete("x")


def test_saving_makes_the_next_revision_and_keeps_what_is_not_given() -> None:
    policies = PolicySet(tree(), [Policy("p", HQ, ACTIVE, stored(7), force_inheritance=True)])
    saved = policies.save("p", settings=stored(8))
    assert saved == policies["p"] == Policy("p", HQ, ACTIVE, stored(8), force_inheritance=True, revision=2)
    assert policies.save("p", inherit_from_parent=False, force_inheritance=False).revision == 3
    assert policies["p"].settings == stored(8)


def test_a_switch_counts_once_it_is_saved() -> None:
    policies = PolicySet(tree(), [Policy("p", HQ, ACTIVE, stored(7, OFF))])
    changed = policies["p"].settings.having(RequestThrottling(max_events_per_hour=7), ON)
    assert limit(policies.governing(HQ)) is None  # KEA-POL-030: toggled, not saved
    policies.save("p", settings=changed)
    assert limit(policies.governing(HQ)) == ("p", 7)


def test_values_of_an_unaffected_group_are_stored_and_reach_nobody() -> None:
    policies = PolicySet(tree(), [Policy("p", HQ, ACTIVE, stored(7, OFF))])  # KEA-POL-024, KEA-CEN-014
    assert policies["p"].settings.values.request_throttling.max_events_per_hour == 7
    assert limit(policies.governing(HQ)) is None


def test_a_deleted_policy_leaves_its_devices_to_the_next_above() -> None:
    policies = PolicySet(tree(), [Policy("r", ROOT, ACTIVE, stored(1)), Policy("h", HQ, ACTIVE, stored(2))])
    policies.delete("h")
    assert limit(policies.governing(OFFICE)) == ("r", 1)
    policies.delete("r")
    assert policies.governing(OFFICE) is None
    policies.add(Policy("h", HQ, ACTIVE, stored(3)))
    assert limit(policies.governing(OFFICE)) == ("h", 3)


class TestOutOfOffice:
    def policies(self) -> PolicySet:
        return PolicySet(tree(), [Policy("in", HQ, ACTIVE, stored(1)), Policy("out", HQ, AWAY, stored(2))])

    def test_it_acts_outside_of_the_network_only(self) -> None:
        assert limit(self.policies().governing(HQ)) == ("in", 1)  # KEA-POL-020
        assert limit(self.policies().governing(HQ, out_of_office=True)) == ("out", 2)

    def test_it_does_not_act_through_the_hierarchy(self) -> None:
        assert limit(self.policies().governing(OFFICE, out_of_office=True)) == ("in", 1)

    def test_it_inherits_nothing(self) -> None:
        policies = PolicySet(tree(), [Policy("r", ROOT, ACTIVE, stored(1), force_inheritance=True)])
        policies.add(Policy("out", HQ, AWAY, stored(2, OFF)))
        assert limit(policies.governing(HQ, out_of_office=True)) is None
        assert limit(policies.governing(HQ)) == ("r", 1)

    def test_without_one_a_device_outside_keeps_the_active_policy(self) -> None:
        policies = self.policies()
        policies.deactivate("out")
        assert limit(policies.governing(HQ, out_of_office=True)) == ("in", 1)

    def test_it_leaves_the_active_policy_of_the_group_active(self) -> None:
        policies = self.policies()
        policies.add(Policy("other", HQ, INACTIVE))
        policies.set_out_of_office("other")
        assert {p.name: p.status for p in policies} == {"in": ACTIVE, "out": INACTIVE, "other": AWAY}


class TestInheritance:
    def chain(self, *, inherit: bool = True, force: bool = False, child: PolicySettings | None = None) -> PolicySet:
        parent = Policy("r", ROOT, ACTIVE, stored(1), force_inheritance=force)
        return PolicySet(tree(), [parent, Policy("o", OFFICE, ACTIVE, child or stored(2), inherit_from_parent=inherit)])

    def test_a_child_takes_the_groups_that_its_parent_locks(self) -> None:
        governing = self.chain().governing(OFFICE)
        assert limit(governing) == ("r", 1)
        assert governing is not None
        assert (governing.policy, governing.chain) == ("o", (("r", 1), ("o", 1)))

    def test_a_child_that_does_not_inherit_keeps_its_own(self) -> None:
        governing = self.chain(inherit=False).governing(OFFICE)
        assert limit(governing) == ("o", 2)
        assert governing is not None
        assert governing.chain == (("o", 1),)

    def test_forced_inheritance_takes_the_choice_away(self) -> None:
        assert limit(self.chain(inherit=False, force=True).governing(OFFICE)) == ("r", 1)

    def test_force_reaches_through_a_policy_between(self) -> None:
        policies = self.chain(inherit=False, force=True)
        policies.add(Policy("h", HQ, ACTIVE, stored(3), inherit_from_parent=False))
        assert limit(policies.governing(HQ)) == ("r", 1)
        assert limit(policies.governing(OFFICE)) == ("r", 1)

    def test_a_child_may_lock_what_its_parent_leaves_open(self) -> None:
        policies = self.chain(child=PolicySettings().having(DataSubmission(60), ON))
        governing = policies.governing(OFFICE)
        assert governing is not None
        lock = governing.lock("data-submission")
        assert lock is not None
        assert (lock.policy, lock.values) == ("o", DataSubmission(60))

    def test_a_child_without_own_lock_still_hands_down_the_parents(self) -> None:
        policies = self.chain(child=stored(2, OFF))
        assert limit(policies.governing(OFFICE)) == ("r", 1)

    def test_a_policy_that_does_not_inherit_hands_down_only_its_own(self) -> None:
        policies = PolicySet(
            tree(),
            [
                Policy("r", ROOT, ACTIVE, PolicySettings().having(DataSubmission(60), ON)),
                Policy("h", HQ, ACTIVE, stored(2), inherit_from_parent=False),
                Policy("o", OFFICE, ACTIVE, stored(3)),
            ],
        )
        governing = policies.governing(OFFICE)
        assert limit(governing) == ("h", 2)
        assert governing is not None
        assert governing.lock("data-submission") is None


class TestAffectedGroups:
    def test_a_saved_policy_affects_its_group_and_those_below(self) -> None:
        policies = PolicySet(tree(), [Policy("r", HQ, ACTIVE), Policy("l", LAB, ACTIVE)])
        before = policies.snapshot()
        policies.save("r", settings=stored(9))
        assert affected_groups(before, policies.snapshot()) == (HQ, OFFICE)

    def test_nothing_changed_affects_nobody(self) -> None:
        policies = PolicySet(tree(), [Policy("r", HQ, ACTIVE), Policy("i", LAB, INACTIVE)])
        before = policies.snapshot()
        policies.activate("r")
        policies.save("i", settings=stored(9))
        policies.delete("i")
        assert affected_groups(before, policies.snapshot()) == ()

    def test_an_out_of_office_policy_affects_its_group_alone(self) -> None:
        policies = PolicySet(tree(), [Policy("r", HQ, INACTIVE)])
        before = policies.snapshot()
        policies.set_out_of_office("r")
        assert affected_groups(before, policies.snapshot()) == (HQ,)

    def test_a_child_that_does_not_inherit_is_not_affected(self) -> None:
        policies = PolicySet(tree(), [Policy("h", HQ, ACTIVE), Policy("o", OFFICE, ACTIVE, inherit_from_parent=False)])
        before = policies.snapshot()
        policies.save("h", settings=stored(9))
        assert affected_groups(before, policies.snapshot()) == (HQ,)

    def test_a_group_that_is_new_is_affected_if_a_policy_governs_it(self) -> None:
        groups = tree()
        policies = PolicySet(groups, [Policy("h", HQ, ACTIVE)])
        before = policies.snapshot()
        groups.add(f"{HQ}/New")
        groups.add(f"{LAB}/New")
        assert affected_groups(before, policies.snapshot()) == (f"{HQ}/New",)


PLACES = [ROOT, HQ, OFFICE, LAB]


def in_force_twice(policies: PolicySet) -> list[tuple[str, PolicyStatus]]:
    """Places with more than one policy in force, counted from what the policies say of themselves."""
    places = [(p.group, p.status) for p in policies if p.status is not INACTIVE]
    return [place for place in dict.fromkeys(places) if places.count(place) > 1]


class Operations(RuleBasedStateMachine):
    """Any sequence of operations on policies, beside a plain dictionary that says what has to come out."""

    @initialize()
    def begin(self) -> None:
        self.policies = PolicySet(tree())
        self.model: dict[str, Policy] = {}

    def put(self, policy: Policy) -> None:
        for other in self.model.values():
            same_place = (other.group, other.status) == (policy.group, policy.status)
            if same_place and policy.status is not INACTIVE and other.name != policy.name:
                self.model[other.name] = replace(other, status=INACTIVE)
        self.model[policy.name] = policy

    @rule(name=st.sampled_from("abcd"), group=st.sampled_from(PLACES), status=st.sampled_from(PolicyStatus))
    def add(self, name: str, group: str, status: PolicyStatus) -> None:
        if name in self.model:
            with pytest.raises(PolicyError):
                self.policies.add(Policy(name, group, status))
        else:
            policy = Policy(name, group, status, stored(ord(name)))
            self.policies.add(policy)
            self.put(policy)

    @rule(name=st.sampled_from("abcd"), status=st.sampled_from(PolicyStatus))
    def change_status(self, name: str, status: PolicyStatus) -> None:
        act = {
            ACTIVE: self.policies.activate,
            INACTIVE: self.policies.deactivate,
            AWAY: self.policies.set_out_of_office,
        }[status]
        if name not in self.model:
            with pytest.raises(PolicyError):
                act(name)
        else:
            act(name)
            self.put(replace(self.model[name], status=status))

    @rule(
        name=st.sampled_from("abcd"),
        switch=st.sampled_from(Switch),
        inherit=st.none() | st.booleans(),
        force=st.none() | st.booleans(),
    )
    def save(self, name: str, switch: Switch, inherit: bool | None, force: bool | None) -> None:
        if name in self.model:
            old = self.model[name]
            self.put(
                replace(
                    old,
                    settings=stored(ord(name), switch),
                    inherit_from_parent=old.inherit_from_parent if inherit is None else inherit,
                    force_inheritance=old.force_inheritance if force is None else force,
                    revision=old.revision + 1,
                )
            )
            self.policies.save(
                name, settings=stored(ord(name), switch), inherit_from_parent=inherit, force_inheritance=force
            )

    @rule(name=st.sampled_from("abcd"))
    def delete(self, name: str) -> None:
        if name in self.model:
            self.policies.delete(name)
            del self.model[name]

    @invariant()
    def a_group_has_one_policy_in_force_of_each_kind(self) -> None:
        assert not in_force_twice(self.policies)
        assert {p.name: p for p in self.policies} == self.model

    @invariant()
    def each_group_is_governed_as_the_rules_say(self) -> None:
        for group in PLACES:
            for away in (False, True):
                assert limit(self.policies.governing(group, out_of_office=away)) == self.expected(group, away)

    def expected(self, group: str, away: bool) -> tuple[str, int] | None:
        """Asks upwards for the throttling group, where the product builds downwards."""
        if away:
            for policy in self.model.values():
                if (policy.group, policy.status) == (group, AWAY):
                    return self.own(policy)
        above = [place for place in (OFFICE, HQ, ROOT) if group == place or group.startswith(place + "/")]
        line = [p for place in [*dict.fromkeys([group, *above])] for p in self.model.values() if p.group == place]
        line = [p for p in line if p.status is ACTIVE]
        return self.inherited(line)

    def inherited(self, line: list[Policy]) -> tuple[str, int] | None:
        if not line:
            return None
        own, above = line[0], line[1:]
        if own.inherit_from_parent or any(policy.force_inheritance for policy in above):
            return self.inherited(above) or self.own(own)
        return self.own(own)

    @staticmethod
    def own(policy: Policy) -> tuple[str, int] | None:
        locked = policy.settings.switch(THROTTLING) is ON
        return (policy.name, policy.settings.values.request_throttling.max_events_per_hour) if locked else None


TestOperations = Operations.TestCase
TestOperations.settings = hypothesis_settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_the_invariant_sees_a_set_that_forgets_to_make_the_other_inactive() -> None:
    class Forgetful(PolicySet):
        def _put(self, policy: Policy) -> None:
            self._policies[policy.name] = policy

    policies = Forgetful(tree(), [Policy("a", HQ, ACTIVE), Policy("b", HQ, INACTIVE)])
    policies.activate("b")
    assert in_force_twice(policies) == [(HQ, ACTIVE)]


def test_all_values_of_a_locked_group_are_the_policys() -> None:
    values = KataIntegration(enabled=True, sync_interval_min=7, use_ttl=True)
    policies = PolicySet(tree(), [Policy("p", HQ, ACTIVE, PolicySettings().having(values, ON))])
    governing = policies.governing(HQ)
    assert governing is not None
    assert [key_of(lock.values) for lock in governing.locks] == [
        "request-throttling",
        "kata-integration",
        "excluded-processes",
        "excluded-network-communications",
    ]
    assert governing.lock("kata-integration") is governing.locks[1]
    assert governing.locks[1].values == values  # KEA-POL-029
