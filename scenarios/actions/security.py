"""Actions of people and programs that try something on Endpoint Agent of a device."""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, InstanceOf, WithJsonSchema, model_validator

from emulator.policy.errors import SettingError
from emulator.policy.secrets import Secret, secret
from emulator.security import ENTERS, OPERATIONS, Way
from scenarios.actions.base import Action, Targeted
from scenarios.fields import Text, enumeration, member_of, names_of, refused
from scenarios.problems import LocatedError

_NAMES: Final = tuple(OPERATIONS)


def _read_password(data: object) -> Secret:
    try:
        return secret().read(data)
    except SettingError as error:
        raise refused(LocatedError((), error.cause, error.remedy)) from error


class Attempt(Targeted):
    """Somebody tries an operation on Endpoint Agent of each device, which lets it through or refuses it."""

    example = "{at: 2h, do: attempt, target: {pick: 3}, operation: stop-service, user: anna, password: tide}"
    do: Literal["attempt"]
    operation: Annotated[
        str, names_of(lambda: _NAMES, "operation"), enumeration(_NAMES), Field(description="what is tried")
    ]
    user: Annotated[Text, Field(description="who tries it: a user of the device, or a program")]
    groups: Annotated[tuple[Text, ...], Field(description="groups of users that this one is in", strict=False)] = ()
    password: Annotated[
        InstanceOf[Secret] | None,
        BeforeValidator(_read_password),
        WithJsonSchema({"type": "string", "minLength": 1}),
        Field(description="what is given where the password is asked for; without it, nothing is"),
    ] = None
    through: Annotated[
        Way | None, member_of(Way, "way"), Field(description="how it is tried; without it, in the usual way")
    ] = None
    settings: Annotated[
        dict[str, Any],
        Field(description="what the user enters, by settings group; only where something is entered"),
    ] = Field(default_factory=dict)  # read by emulator.policy, which knows the groups

    @model_validator(mode="after")
    def _fits_the_operation(self) -> "Attempt":
        operation = OPERATIONS[self.operation]
        if self.through is not None and self.through not in operation.ways:
            remedy = f"write one of: {', '.join(operation.ways)}"
            raise refused(LocatedError(("through",), f"{self.operation} cannot be tried by {self.through}", remedy))
        if self.operation in ENTERS and not self.settings:
            cause = f"{self.operation} enters nothing"
            raise refused(LocatedError(("operation",), cause, "write what the user enters under `settings`"))
        if self.settings and self.operation not in ENTERS:
            cause = f"nothing is entered with {self.operation}"
            raise refused(LocatedError(("settings",), cause, f"leave it out, or try one of: {', '.join(ENTERS)}"))
        return self


MODELS: Final[tuple[type[Action], ...]] = (Attempt,)
