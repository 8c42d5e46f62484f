"""What actions have in common: their base, how long they last, and kinds of fields that several of them take."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, TypeVar

from pydantic import BeforeValidator, Field

from emulator.policy.errors import SettingError
from emulator.policy.records import Record, read_record
from fakes.administration import ADMINISTRATOR
from scenarios.fields import Devices, Model, Refers, Span, Text, refused
from scenarios.problems import LocatedError

R = TypeVar("R", bound=Record)

PolicyName = Annotated[Text, Refers("policy"), Field(description="name of a policy")]


class Action(Model):
    """Base of the actions. `span_ms` is how long it lasts, None where it has no end of its own."""

    example: ClassVar[str]

    @property
    def span_ms(self) -> int | None:
        """How long the action lasts: its `.end` is that much later. None for one without an end."""
        return None


class Operation(Action):
    """Base of what an operator does at the Administration Server: it may be refused, and changes nothing then."""

    account: Annotated[
        Text, Refers("account"), Field(description="who does it; without it, the account that may do everything")
    ] = ADMINISTRATOR


class Lasting(Action):
    """An action that may end by itself; without `for` it lasts to the end of the run."""

    for_ms: Annotated[Span | None, Field(alias="for", description="how long; without it, to the end of the run")] = None

    @property
    def span_ms(self) -> int | None:
        """What `for` says."""
        return self.for_ms


class Bounded(Action):
    """An action that always ends by itself."""

    for_ms: Annotated[Span, Field(alias="for", description="how long")]

    @property
    def span_ms(self) -> int | None:
        """What `for` says."""
        return self.for_ms


class Targeted(Action):
    """Base of the actions on devices."""

    target: Annotated[Devices, Field(description="which devices")]


class ByCentralNode(Targeted):
    """Base of what the Central Node has for devices: each takes it at its synchronisation, where it is integrated."""


def record_of(record: type[R]) -> BeforeValidator:
    """The validator of a field that holds a record of the emulator."""

    def read(data: object) -> R:
        try:
            return read_record(record, data)
        except SettingError as error:
            raise refused(LocatedError(error.path, error.cause, error.remedy)) from error

    return BeforeValidator(read)


def by_literal(field: str, models: tuple[type[Action], ...]) -> Mapping[str, type[Action]]:
    """The models by the one value that their `field` takes."""
    return {model.model_fields[field].annotation.__args__[0]: model for model in models}  # type: ignore[union-attr]
