"""Groups, policies, inheritance and locks against a small plain model, written from what is known of the product alone.

The model keeps policies as plain dictionaries and asks, for one setting of one device at a time, who decides it.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from emulator.policy import policies as policies_of_product
from emulator.policy.effective import EditRefused, LocalSettings, edit_local, effective
from emulator.policy.groups import ROOT, GroupTree
from emulator.policy.policies import Governing, Policy, PolicySettings, PolicyStatus, parse_policy_settings
from emulator.policy.settings import DEFAULTS, parse_group
from emulator.policy.types import ENDPOINT_AGENT
from fakes.administration import NAME, PLUGINS, AdministrationServer
from fakes.faults import FaultSchedule
from tests.fakes.batches import column, keys, synchronisations

DEVICES = 4
SETTINGS = {"request-throttling": "max-events-per-hour", "data-submission": "max-events-per-package"}
"""One setting of each of two groups; what holds for a group holds for its setting."""
DEFAULT = {"request-throttling": 3_000, "data-submission": 1_024}
OTHER = "another-application"

VALUES = st.integers(1, 9)
LOCKS = st.dictionaries(st.sampled_from(sorted(SETTINGS)), VALUES)
STATUS = st.sampled_from(["active", "active", "inactive", "out-of-office"])


# --- the plain model --------------------------------------------------------------------------------------------------


@dataclass
class Plain:
    """A policy: `locks` are the values of the groups under policy."""

    group: str
    status: str
    locks: dict[str, int]
    inherits: bool
    forces: bool
    application: str = "ours"
    revisions: list[tuple[dict[str, int], bool, bool]] = field(default_factory=list)

    def save(self) -> None:
        self.revisions.append((dict(self.locks), self.inherits, self.forces))


class Model:
    """What is known of policies, word by word; nothing is kept but what operators did."""

    def __init__(self) -> None:
        self.parent: dict[str, str | None] = {ROOT: None}
        self.policies: dict[str, Plain] = {}
        self.place = dict.fromkeys(range(DEVICES), ROOT)
        self.local: dict[int, dict[str, int]] = {device: {} for device in range(DEVICES)}

    def set_status(self, name: str, status: str) -> None:
        """One active policy (and one out-of-office policy) of an application in a group: the other becomes inactive."""
        ours = self.policies[name]
        for other in self.policies.values():
            same = other.group == ours.group and other.application == ours.application and other.status == status
            if same and other is not ours and status != "inactive":
                other.status = "inactive"
        ours.status = status

    def own(self, group: str, status: str) -> Plain | None:
        found = [
            one
            for one in self.policies.values()
            if one.group == group and one.status == status and one.application == "ours"
        ]
        assert len(found) <= 1
        return found[0] if found else None

    def above(self, group: str) -> list[str]:
        line = []
        here = self.parent[group]
        while here is not None:
            line.append(here)
            here = self.parent[here]
        return line

    def locked_by(self, group: str, key: str) -> int | None:
        """The value that the active policy of a group, or of the nearest one above, locks a settings group with.

        A child that inherits has the locks of its parent's policy; forcing takes the choice from all children.
        """
        line = [group, *self.above(group)]
        active = [policy for policy in (self.own(place, "active") for place in line) if policy is not None]
        if not active:
            return None
        first, rest = active[0], active[1:]
        if rest and (first.inherits or any(policy.forces for policy in rest)):
            inherited = self.locked_by(rest[0].group, key)
            if inherited is not None:
                return inherited
        return first.locks.get(key)

    def lock(self, device: int, key: str, *, away: bool) -> int | None:
        group = self.place[device]
        outside = self.own(group, "out-of-office") if away else None
        return self.locked_by(group, key) if outside is None else outside.locks.get(key)

    def value(self, device: int, key: str, *, away: bool) -> int:
        locked = self.lock(device, key, away=away)
        return self.local[device].get(key, DEFAULT[key]) if locked is None else locked


# --- both, side by side -----------------------------------------------------------------------------------------------


def stored(locks: dict[str, int]) -> PolicySettings:
    data: dict[str, Any] = {key: {"switch": "unaffected-by-policy"} for key in SETTINGS}
    for key, value in locks.items():
        data[key] = {"switch": "under-policy", SETTINGS[key]: value}
    return parse_policy_settings(data)


class Policies(RuleBasedStateMachine):
    groups = Bundle("groups")
    names = Bundle("names")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.server = AdministrationServer(
            GroupTree(),
            keys=keys(DEVICES),
            group_names=(ROOT,),
            group=column([0] * DEVICES),
            faults=FaultSchedule(),
            plugins={**PLUGINS, OTHER: (1,)},
        )
        self.local = [LocalSettings() for _ in range(DEVICES)]
        self.now = 0

    def later(self) -> int:
        self.now += 1_000
        return self.now

    @initialize(target=groups, choices=st.tuples(*[st.tuples(LOCKS, st.booleans(), st.booleans())] * 3))
    def some_groups(self, choices: tuple[tuple[dict[str, int], bool, bool], ...]) -> Any:
        """Three levels with a device and an active policy in each, where inheritance has something to do."""
        line = [ROOT]
        for device, name in enumerate("ab", start=1):
            line.append(f"{line[-1]}/{name}")
            self.server.add_group(line[-1], at_ms=self.now)
            self.model.parent[line[-1]] = line[-2]
            self.move(device, line[-1])
        for group, (locks, inherits, forces) in zip(line, choices, strict=True):
            self.create(group, "active", locks, inherits, forces, other=False)
        return multiple(*line)

    @rule(target=groups, above=groups, name=st.sampled_from("abc"))
    def add_group(self, above: str, name: str) -> str:
        path = f"{above}/{name}"
        self.server.add_group(path, at_ms=self.later())
        self.model.parent.setdefault(path, above)
        return path

    @rule(
        target=names,
        group=groups,
        status=STATUS,
        locks=LOCKS,
        inherits=st.booleans(),
        forces=st.booleans(),
        other=st.sampled_from([False] * 4 + [True]),
    )
    def create(self, group: str, status: str, locks: dict[str, int], inherits: bool, forces: bool, other: bool) -> str:
        name = f"policy-{self.now}"
        plain = Plain(group, "inactive", dict(locks), inherits, forces, OTHER if other else "ours")
        plain.save()
        self.model.policies[name] = plain
        self.model.set_status(name, status)
        application = OTHER if other else ENDPOINT_AGENT
        made = Policy(name, group, PolicyStatus(status), stored(locks), inherits, forces, application=application)
        self.server.create(made, at_ms=self.later())
        return name

    @rule(target=names, name=names, group=groups)
    def copy(self, name: str, group: str) -> Any:
        old = self.model.policies[name]
        new = f"policy-{self.now}"
        copied = Plain(group, "inactive", dict(old.locks), old.inherits, old.forces, old.application)
        copied.save()
        self.model.policies[new] = copied
        self.server.copy(name, new, group, at_ms=self.later())
        return new

    @rule(name=names, status=STATUS)
    def set_status(self, name: str, status: str) -> None:
        self.model.set_status(name, status)
        how = {
            "active": self.server.activate,
            "inactive": self.server.deactivate,
            "out-of-office": self.server.set_out_of_office,
        }
        how[status](name, at_ms=self.later())

    @rule(name=names, locks=LOCKS)
    def change(self, name: str, locks: dict[str, int]) -> None:
        self.model.policies[name].locks = dict(locks)
        self.model.policies[name].save()
        self.server.save(name, settings=stored(locks), at_ms=self.later())

    @rule(name=names, inherits=st.booleans(), forces=st.booleans())
    def change_inheritance(self, name: str, inherits: bool, forces: bool) -> None:
        plain = self.model.policies[name]
        plain.inherits, plain.forces = inherits, forces
        plain.save()
        self.server.save(name, inherit_from_parent=inherits, force_inheritance=forces, at_ms=self.later())

    @rule(name=names, data=st.data())
    def roll_back(self, name: str, data: st.DataObject) -> None:
        plain = self.model.policies[name]
        number = data.draw(st.integers(1, len(plain.revisions)))
        locks, plain.inherits, plain.forces = plain.revisions[number - 1]
        plain.locks = dict(locks)
        plain.save()
        self.server.roll_back(name, number, at_ms=self.later())

    @rule(name=consumes(names))
    def delete(self, name: str) -> None:
        del self.model.policies[name]
        self.server.delete(name, at_ms=self.later())

    @rule(device=st.integers(0, DEVICES - 1), group=groups)
    def move(self, device: int, group: str) -> None:
        self.model.place[device] = group
        self.server.move(column([device]), group, at_ms=self.later())

    @rule(device=st.integers(0, DEVICES - 1), key=st.sampled_from(sorted(SETTINGS)), value=VALUES)
    def edit(self, device: int, key: str, value: int) -> None:
        governing = self.server.governing(self.model.place[device], self.held()[device])
        edited = edit_local(self.local[device], governing, parse_group(key, {SETTINGS[key]: value}))
        assert isinstance(edited, EditRefused) is (self.model.lock(device, key, away=False) is not None)
        if not isinstance(edited, EditRefused):
            self.local[device] = edited
            self.model.local[device][key] = value

    def held(self) -> list[int]:
        """The revision that each device holds once it has asked."""
        batch = synchronisations([(device, 0, self.now) for device in range(DEVICES)], server=NAME)
        return [int(revision) for revision in self.server.synchronise(batch).acked]

    @invariant()
    def effective_settings_agree(self) -> None:
        everyone = np.arange(DEVICES)
        place = self.server.groups_of(everyone, np.full(DEVICES, self.now))
        for device, revision in enumerate(self.held()):
            group = self.server.group_names[int(place[device])]
            assert group == self.model.place[device]
            for away in (False, True):
                governing = self.server.governing(group, revision, out_of_office=away)
                holds = effective(governing, self.local[device]).settings
                for key, setting in SETTINGS.items():
                    value = getattr(holds.group(key), setting.replace("-", "_"))
                    assert value == self.model.value(device, key, away=away), (device, key, away)

    @invariant()
    def lists_agree(self) -> None:
        seen = [(policy.name, policy.group, str(policy.status)) for policy in self.server.policies()]
        assert seen == sorted((name, one.group, one.status) for name, one in self.model.policies.items())
        assert set(self.server.groups()) == set(self.model.parent)


TestPolicies = Policies.TestCase
TestPolicies.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def without_force(policies: tuple[Policy, ...]) -> Governing:
    return inherited(tuple(replace(policy, force_inheritance=False) for policy in policies))


def without_choice(policies: tuple[Policy, ...]) -> Governing:
    return inherited(tuple(replace(policy, inherit_from_parent=True) for policy in policies))


def without_parents(policies: tuple[Policy, ...]) -> Governing:
    return inherited(policies[-1:])


inherited = policies_of_product._inherited


@pytest.mark.parametrize("wrong", [without_force, without_choice, without_parents])
def test_a_product_that_goes_another_way_is_caught(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies_of_product, "_inherited", wrong)
    trying = settings(max_examples=300, stateful_step_count=20, deadline=None, database=None, phases=[Phase.generate])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Policies, settings=trying)


def test_the_model_has_the_defaults_of_the_product() -> None:
    assert DEFAULTS.request_throttling.max_events_per_hour == DEFAULT["request-throttling"]
    assert DEFAULTS.data_submission.max_events_per_package == DEFAULT["data-submission"]
