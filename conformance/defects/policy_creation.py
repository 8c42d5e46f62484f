"""Defects of the creation of policies: what the wizard presents, takes over and stores, and of departure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from conformance.planting import Plant, defect
from emulator.policy import policies
from emulator.policy.policies import Policy, PolicySettings, PolicyStatus
from emulator.policy.types import ENDPOINT_AGENT, PolicyType, Section, groups_in, sections_of
from emulator.world import Governed
from fakes.administration import AdministrationServer, CreationMode, PolicyWizard, WizardStep, wizard
from fakes.administration.wizard import ShownGroup

True_ = Callable[..., Any]


def afterwards(plant: Plant, step: str, spoil: Callable[[PolicyWizard], object]) -> None:
    """Has something go wrong in the wizard right after a step."""

    def make(true: True_) -> True_:
        def wrong(self: PolicyWizard, *given: Any, **more: Any) -> None:
            true(self, *given, **more)
            spoil(self)

        return wrong

    plant.around(PolicyWizard, step, make)


@defect("KEA-POL-001", "policies of all applications reach Endpoint Agent")
def applications_are_not_told_apart(plant: Plant) -> None:
    """As if each were its own."""
    plant.replace(policies, "_place", lambda policy: (policy.group, ENDPOINT_AGENT, policy.status))


@defect("KEA-POL-001", "a policy is stored without its application")
def application_is_not_stored(plant: Plant) -> None:
    """Whichever was chosen."""
    afterwards(plant, "choose_group", lambda self: setattr(self, "_application", "endpoint-protection"))


@defect("KEA-POL-002", "names are stored in capitals")
def names_in_capitals(plant: Plant) -> None:
    """The list shows them so."""
    plant.around(
        AdministrationServer,
        "create",
        lambda true: lambda self, policy, **more: true(self, replace(policy, name=policy.name.upper()), **more),
    )


@defect("KEA-POL-003", "only the first group is taken over")
def one_group_is_taken_over(plant: Plant) -> None:
    """The others have their defaults."""
    plant.around(wizard, "shown_groups", lambda true: lambda kind: true(kind)[:1])


@defect("KEA-POL-004", "settings are taken over from a policy that nobody named")
def the_last_policy_is_taken_over(plant: Plant) -> None:
    """The one that was made last."""

    def spoil(self: PolicyWizard) -> None:
        self._source = next(reversed(self._server.policies()), None)

    afterwards(plant, "give_name", spoil)


@defect("KEA-POL-006", "default settings are preselected")
def defaults_are_preselected(plant: Plant) -> None:
    """With an import too."""
    plant.replace(PolicyWizard, "preselected_mode", CreationMode.DEFAULTS)


@defect("KEA-POL-007", "settings steps show defaults")
def defaults_are_shown(plant: Plant) -> None:
    """What was taken over is stored all the same."""

    def shown(self: PolicyWizard) -> Mapping[str, ShownGroup]:
        fresh = PolicySettings()
        keys = () if self.section is None else groups_in(self.section)
        return {key: ShownGroup(fresh.values.group(key), fresh.switch(key)) for key in keys}

    plant.replace(PolicyWizard, "shown", property(shown))


@defect("KEA-POL-008", "switches are not taken over")
def switches_are_not_taken_over(plant: Plant) -> None:
    """Only values are."""

    def spoil(self: PolicyWizard) -> None:
        self._settings = PolicySettings(self._settings.values, PolicySettings.fresh(self._type).under_policy)

    afterwards(plant, "choose_type", spoil)


@defect("KEA-POL-010", "both types show all sections")
def types_show_everything(plant: Plant) -> None:
    """Whichever is chosen."""
    plant.replace(wizard, "sections_of", lambda kind: tuple(Section))


@defect("KEA-POL-011", "settings steps come in the opposite order")
def settings_steps_are_reversed(plant: Plant) -> None:
    """General settings first."""
    plant.replace(wizard, "sections_of", lambda kind: tuple(reversed(sections_of(kind))))


@defect("KEA-POL-011", "security settings have no step")
def security_has_no_step(plant: Plant) -> None:
    """The other sections come in their order."""
    plant.replace(
        wizard, "sections_of", lambda kind: tuple(one for one in sections_of(kind) if one is not Section.SECURITY)
    )


@defect("KEA-POL-012", "settings steps come with default settings too")
def settings_steps_always_come(plant: Plant) -> None:
    """Whatever was chosen."""
    afterwards(plant, "choose_mode", lambda self: setattr(self, "_mode", CreationMode.CONFIGURE))


@defect("KEA-POL-013", "a step that is passed puts its groups under policy")
def passed_steps_are_under_policy(plant: Plant) -> None:
    """With their default values."""

    def make(true: True_) -> True_:
        def wrong(self: PolicyWizard, settings: Any = None) -> None:
            keys = () if self.section is None else groups_in(self.section)
            true(self, settings or {key: {"switch": "under-policy"} for key in keys})

        return wrong

    plant.around(PolicyWizard, "configure", make)


@defect("KEA-POL-020", "an out-of-office policy holds inside of the corporate network")
def out_of_office_holds_inside(plant: Plant) -> None:
    """Before any departure."""
    plant.replace(Governed, "where", lambda self, *, away: self.outside)


@defect("KEA-POL-020", "departure changes nothing")
def departure_changes_nothing(plant: Plant) -> None:
    """The policy of the corporate network goes on to hold."""
    plant.replace(Governed, "where", lambda self, *, away: self.inside)


@defect("KEA-POL-022", "the policy is stored before the wizard ends")
def stored_before_the_end(plant: Plant) -> None:
    """As soon as its group is known."""

    def spoil(self: PolicyWizard) -> None:
        policy = Policy(self._name, self._group, PolicyStatus.INACTIVE, self._settings, type=self._type)
        self._server.create(policy, at_ms=0)

    afterwards(plant, "choose_group", spoil)


@defect("KEA-POL-022", "a new policy is not listed")
def new_policies_are_not_listed(plant: Plant) -> None:
    """Only those that were changed since are."""
    plant.around(
        AdministrationServer,
        "policies",
        lambda true: lambda self, *given, **more: tuple(one for one in true(self, *given, **more) if one.revision > 1),
    )


@defect("KEA-POL-023", "steps can be taken in any order")
def steps_in_any_order(plant: Plant) -> None:
    """None is refused."""
    plant.replace(PolicyWizard, "_at", lambda self, step: None)


@defect("KEA-POL-023", "the type is asked for before the mode")
def type_before_mode(plant: Plant) -> None:
    """The other steps are in their order."""

    def named(self: PolicyWizard) -> None:
        self.step = WizardStep.TYPE

    afterwards(plant, "give_name", named)


@defect("KEA-POL-005", "with create and configure no policy comes of it")
def configured_policies_are_lost(plant: Plant) -> None:
    """It is stored under no name that anybody gave."""

    def make(true: True_) -> True_:
        def wrong(self: PolicyWizard, *given: Any, **more: Any) -> Any:
            lost = self._mode is CreationMode.CONFIGURE
            self._name = "policy" if lost else self._name
            return true(self, *given, **more)

        return wrong

    plant.around(PolicyWizard, "finish", make)


@defect("KEA-POL-009", "every policy is one for KATA and KICS for Networks")
def one_type_for_all(plant: Plant) -> None:
    """Whatever was chosen."""
    plant.around(PolicyWizard, "choose_type", lambda true: lambda self, kind: true(self, PolicyType.KATA_AND_KICS))


@defect("KEA-POL-021", "properties are never opened")
def properties_are_never_opened(plant: Plant) -> None:
    """Though they are asked for."""
    plant.around(
        PolicyWizard,
        "finish",
        lambda true: lambda self, *given, open_properties=False, **more: true(self, *given, **more),
    )
