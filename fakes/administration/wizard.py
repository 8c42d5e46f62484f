"""The wizard that creates a policy: its steps in their order, what each shows, and what comes of them.

The order is documented (KEA-POL-023): a step that is not the next one is refused. Nothing is stored before the end
(KEA-POL-022).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from emulator.errors import SeatrialError
from emulator.policy.errors import PolicyError
from emulator.policy.groups import SEPARATOR
from emulator.policy.kinds import shown
from emulator.policy.policies import Policy, PolicySettings, PolicyStatus, parse_policy_settings
from emulator.policy.settings import Group, Switch
from emulator.policy.types import ENDPOINT_AGENT, PolicyType, Section, groups_in, sections_of, shown_groups
from fakes.administration.roles import ADMINISTRATOR
from fakes.administration.server import AdministrationServer, Change


class CreationMode(StrEnum):
    """The two ways of going on after the name (KEA-POL-005)."""

    CONFIGURE = "create-and-configure"
    DEFAULTS = "default-settings"


class WizardStep(StrEnum):
    """The steps, in their order (KEA-POL-023)."""

    APPLICATION = "application"
    NAME = "name"
    MODE = "mode"
    TYPE = "type"
    SETTINGS = "settings"
    TARGET = "target"
    STATUS = "status"
    FINISHED = "finished"


class WizardError(SeatrialError):
    """A step was taken that is not the next one, told as `cause; remedy`."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.cause}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A settings group as a settings step shows it."""

    values: Group
    switch: Switch


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of a wizard. `open_properties` tells that the policy's properties are wanted next (KEA-POL-021)."""

    policy: Policy
    change: Change
    open_properties: bool


class PolicyWizard:
    """One creation of a policy by one account. `step` is the next step, `section` the section that it is about.

    A step that is refused (WizardError, PolicyError, GroupError, SettingError, AccessError) can be taken again. Of
    another application than Endpoint Agent neither types nor settings are known: their steps are not presented.
    """

    def __init__(self, server: AdministrationServer, *, account: str = ADMINISTRATOR) -> None:
        self._server = server
        self._account = account
        self.step = WizardStep.APPLICATION
        self._application = ""
        self._name = ""
        self._source: Policy | None = None
        self._mode = CreationMode.CONFIGURE
        self._type: PolicyType | None = None
        self._settings = PolicySettings()
        self._sections: tuple[Section, ...] = ()
        self._group = ""

    @property
    def section(self) -> Section | None:
        """The section that the next step configures, None where it is about something else."""
        return self._sections[0] if self.step is WizardStep.SETTINGS else None

    @property
    def preselected_mode(self) -> CreationMode:
        """The mode that stands selected: create and configure with an import (KEA-POL-006).

        Without an import it is the same: an emulator's choice.
        """
        return CreationMode.CONFIGURE

    @property
    def shown(self) -> Mapping[str, ShownGroup]:
        """What the next step shows of the settings, by group; nothing where it is no settings step (KEA-POL-007)."""
        if self.section is None:
            return {}
        stored = self._settings
        return {key: ShownGroup(stored.values.group(key), stored.switch(key)) for key in groups_in(self.section)}

    def choose_application(self, application: str) -> None:
        """The application that the policy is of (KEA-POL-001); its management plug-in has to be there (KEA-ADM-011)."""
        self._at(WizardStep.APPLICATION)
        self._server.plugin(application)
        self._application = application
        self.step = WizardStep.NAME

    def give_name(self, name: str, *, settings_of: str | None = None) -> None:
        """The name (KEA-POL-002), and the policy whose settings and switches are taken over (KEA-POL-003).

        That policy is one of the same application; whichever version it was made with.
        """
        self._at(WizardStep.NAME)
        self._server.check_name(name)
        source = None
        if settings_of is not None:
            known = {policy.name: policy for policy in self._server.policies(account=self._account)}
            source = known.get(settings_of)
            if source is None or source.application != self._application:
                cause = f"there is no policy {shown(settings_of)} of the application {shown(self._application)}"
                raise PolicyError(cause, "name one that the account may read, or take over none")
        self._name, self._source = name, source
        self.step = WizardStep.MODE

    def choose_mode(self, mode: CreationMode) -> None:
        """Whether the settings steps come; the settings of an import are taken over in either mode."""
        self._at(WizardStep.MODE)
        self._mode = mode
        self.step = WizardStep.TYPE if self._application == ENDPOINT_AGENT else WizardStep.TARGET

    def choose_type(self, kind: PolicyType) -> None:
        """What the policy is for: it decides which sections there are (KEA-POL-009, KEA-POL-010)."""
        self._at(WizardStep.TYPE)
        self._type = kind
        self._settings = PolicySettings.fresh(kind)
        if self._source is not None:
            source = self._source.settings
            for key in shown_groups(kind):
                self._settings = self._settings.having(source.values.group(key), source.switch(key))
        configured = self._mode is CreationMode.CONFIGURE
        self._sections = sections_of(kind) if configured else ()
        self.step = WizardStep.SETTINGS if configured else WizardStep.TARGET

    def configure(self, settings: Mapping[str, Any] | None = None) -> None:
        """Passes one settings step: with settings of its groups as a scenario writes them, or as it is (KEA-POL-013).

        Raises SettingError for settings that cannot be, PolicyError for a group that the step does not show.
        """
        self._at(WizardStep.SETTINGS)
        section = self._sections[0]
        strange = [key for key in settings or {} if key not in groups_in(section)]
        if strange:
            raise PolicyError(f"the step {section} does not show the group {shown(strange[0])}", "leave it out")
        if settings:
            self._settings = parse_policy_settings(dict(settings), self._settings)
        self._sections = self._sections[1:]
        if not self._sections:
            self.step = WizardStep.TARGET

    def choose_group(self, group: str, *, subgroup: str | None = None) -> None:
        """The target group (KEA-POL-014), or a new one of the name `subgroup` below it (KEA-POL-016)."""
        self._at(WizardStep.TARGET)
        if group not in self._server.groups():
            raise PolicyError(f"there is no group {shown(group)}", "create it first, or name the one above it")
        if subgroup is not None and SEPARATOR in subgroup:
            raise PolicyError(f"the name {shown(subgroup)} has a slash", "give the name of one group")
        self._group = group if subgroup is None else f"{group}{SEPARATOR}{subgroup}"
        self.step = WizardStep.STATUS

    def finish(
        self, status: PolicyStatus = PolicyStatus.ACTIVE, *, at_ms: int, open_properties: bool = False
    ) -> Finished:
        """Creates the policy, and its group where it is new. That active is preselected is an emulator's choice."""
        self._at(WizardStep.STATUS)
        policy = Policy(self._name, self._group, status, self._settings, application=self._application, type=self._type)
        change = self._server.create(policy, at_ms=at_ms, account=self._account, new_group=True)
        self.step = WizardStep.FINISHED
        return Finished(policy, change, open_properties)

    def _at(self, step: WizardStep) -> None:
        if self.step is not step:
            raise WizardError(f"the step {step} is not the next one", f"go on with {self.step}")
