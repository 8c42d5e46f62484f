"""Actions on the policies of the Administration Server."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from emulator.policy.groups import ROOT, SEPARATOR
from emulator.policy.policies import PolicyStatus
from emulator.policy.types import ENDPOINT_AGENT, PolicyType
from fakes.administration import CreationMode
from scenarios.actions.base import Action, Operation, PolicyName
from scenarios.fields import Refers, Text, Title, member_of, refused
from scenarios.problems import LocatedError

GroupName = Annotated[str, Refers("group"), Field(max_length=1_024, description="the administration group")]
ExclusionsFile = Annotated[str, Refers("exclusions"), Field(max_length=1_024)]


class ActivatePolicy(Operation):
    """Makes a policy the active one of its group; the one that was active becomes inactive."""

    example = "{at: 2h, do: activate-policy, policy: outbreak}"
    do: Literal["activate-policy"]
    policy: PolicyName


class DeactivatePolicy(Operation):
    """Makes a policy inactive: its group falls to the next policy above, or to none."""

    example = "{at: 3h, do: deactivate-policy, policy: outbreak}"
    do: Literal["deactivate-policy"]
    policy: PolicyName


class ChangePolicy(Operation):
    """Saves a policy with other settings; what is not given stays as it is."""

    example = "{at: 1h, do: change-policy, policy: office, settings: {request-throttling: {max-events-per-hour: 500}}}"
    do: Literal["change-policy"]
    policy: PolicyName
    settings: Annotated[
        dict[str, Any], Field(default_factory=dict, description="the groups that change, as under `policies`")
    ]  # read by emulator.policy, which knows the groups
    inherit_from_parent: Annotated[
        bool | None, Field(alias="inherit-from-parent", description="whether it takes what policies above have")
    ] = None
    force_inheritance: Annotated[
        bool | None, Field(alias="force-inheritance", description="whether policies below have no choice about that")
    ] = None

    @model_validator(mode="after")
    def _changes_something(self) -> "ChangePolicy":
        if not self.settings and self.inherit_from_parent is None and self.force_inheritance is None:
            raise refused(LocatedError((), "nothing changes", "write `settings`, or an option of inheritance"))
        return self


class ImportExclusions(Operation):
    """Replaces the excluded processes of a policy by those of an XML file, as the console imports them."""

    example = "{at: 1h, do: import-exclusions, policy: office, file: exclusions.xml}"
    do: Literal["import-exclusions"]
    policy: PolicyName
    file: Annotated[ExclusionsFile, Field(description="a file that was exported, below the scenario's folder")]


class CreatePolicy(Operation):
    """Creates a policy by way of the wizard: every choice of its steps is a key, and only its end stores it."""

    example = (
        "{at: 1h, do: create-policy, policy: lab, group: Managed devices/HQ, new-subgroup: Lab, take-over: office}"
    )
    do: Literal["create-policy"]
    policy: Annotated[Title, Field(description="its name")]
    application: Annotated[Text, Field(description="what it is a policy of; only Endpoint Agent's reach it")] = (
        ENDPOINT_AGENT
    )
    take_over: Annotated[
        Text | None,
        Refers("policy"),
        Field(alias="take-over", description="the policy whose settings and switches it takes over"),
    ] = None
    mode: Annotated[
        CreationMode | None,
        member_of(CreationMode, "mode"),
        Field(description="whether the settings steps come; without it, they do where there are `settings`"),
    ] = None
    type: Annotated[PolicyType, member_of(PolicyType, "policy type"), Field(description="which sections it has")] = (
        PolicyType.KATA_AND_KICS
    )
    settings: Annotated[
        dict[str, Any], Field(default_factory=dict, description="what the settings steps set, as under `policies`")
    ]  # read by emulator.policy, which knows the groups
    group: GroupName = ROOT
    new_subgroup: Annotated[
        Title | None, Field(alias="new-subgroup", description="a group to be made below it, which is the target then")
    ] = None
    status: Annotated[
        PolicyStatus,
        member_of(PolicyStatus, "status"),
        Field(description="active, inactive or out-of-office"),
    ] = PolicyStatus.ACTIVE
    open_properties: Annotated[
        bool, Field(alias="open-properties", description="whether its properties are opened at the end")
    ] = False

    @model_validator(mode="after")
    def _configures_only_in_settings_steps(self) -> "CreatePolicy":
        if self.settings and (self.mode is CreationMode.DEFAULTS or self.application != ENDPOINT_AGENT):
            remedy = "leave `settings` out, or `mode` and `application`"
            raise refused(LocatedError(("settings",), "no settings steps come, so nothing is configured", remedy))
        return self

    @property
    def target_group(self) -> str:
        """The group that the policy is on in the end."""
        return self.group if self.new_subgroup is None else f"{self.group}{SEPARATOR}{self.new_subgroup}"


class CopyPolicy(Operation):
    """Copies a policy under another name, to its group or another; the copy is inactive."""

    example = "{at: 1h, do: copy-policy, policy: office, to: office-copy, group: Managed devices/HQ/Quarantine}"
    do: Literal["copy-policy"]
    policy: PolicyName
    to: Annotated[Title, Field(description="the name of the copy")]
    group: Annotated[
        str | None, Refers("group"), Field(max_length=1_024, description="where the copy is; without it, where it was")
    ] = None


class DeletePolicy(Operation):
    """Removes a policy with its revisions: its group falls to the next policy above, or to none."""

    example = "{at: 2h, do: delete-policy, policy: outbreak}"
    do: Literal["delete-policy"]
    policy: PolicyName


class ExportPolicy(Operation):
    """Exports a policy as a file that `import-policy` of the same run can name; secrets are left out."""

    example = "{at: 1h, do: export-policy, policy: office, to: office.json}"
    do: Literal["export-policy"]
    policy: PolicyName
    to: Annotated[Title, Field(description="the name of the file")]


class ImportPolicy(Operation):
    """Creates an inactive policy from a file: one below the scenario's folder, or one that was exported in the run."""

    example = "{at: 1h, do: import-policy, file: policy.json, policy: branch, group: Managed devices/HQ}"
    do: Literal["import-policy"]
    policy: Annotated[Title, Field(description="the name of the new policy")]
    file: Annotated[
        str | None,
        Refers("policy-file"),
        Field(max_length=1_024, description="a file that `seatrial` exported, below the scenario's folder"),
    ] = None
    exported: Annotated[Title | None, Field(description="the name that an `export-policy` gave")] = None
    group: GroupName = ROOT

    @model_validator(mode="after")
    def _names_one_file(self) -> "ImportPolicy":
        if (self.file is None) == (self.exported is None):
            raise refused(LocatedError((), "it names no file, or two", "write `file` or `exported`"))
        return self


class SetOutOfOffice(Operation):
    """Makes a policy the one that holds for the devices of its group outside of the corporate network."""

    example = "{at: 1h, do: set-out-of-office, policy: outbreak}"
    do: Literal["set-out-of-office"]
    policy: PolicyName


class RollBackPolicy(Operation):
    """Saves a policy as it was at one of its revisions; the first is 1, and each save makes the next."""

    example = "{at: 3h, do: roll-back-policy, policy: office, revision: 1}"
    do: Literal["roll-back-policy"]
    policy: PolicyName
    revision: Annotated[int, Field(ge=1, description="the revision whose settings it has again")]


MODELS: Final[tuple[type[Action], ...]] = (
    ActivatePolicy,
    DeactivatePolicy,
    ChangePolicy,
    ImportExclusions,
    CreatePolicy,
    CopyPolicy,
    DeletePolicy,
    ExportPolicy,
    ImportPolicy,
    SetOutOfOffice,
    RollBackPolicy,
)
