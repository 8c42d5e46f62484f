"""Faults: what can be wrong with a server."""

from typing import Annotated, Final, Literal

from pydantic import Field

from scenarios.actions.base import Action, Lasting
from scenarios.fields import Latency, Refers, Share, Size, Text

Server = Annotated[Text, Refers("server")]
BODY_LIMIT: Final = 1_048_576
"""Bytes: the default of client_max_body_size, 1m."""


class Fault(Lasting):
    """Base of the faults: something is wrong with a server, named by its port or by one of its nodes."""

    server: Annotated[Server, Field(description="a port, meaning all of its nodes, or the name of one node")]
    share: Annotated[Share, Field(description="of the requests that it holds for")] = 1000


class Outage(Fault):
    """The server is gone: nothing arrives, and devices wait for their whole response time-out."""

    example = "{server: telemetry, kind: outage, for: 28min}"
    kind: Literal["outage"]


class RefusedConnection(Fault):
    """The host answers, but refuses connections: devices know at once."""

    example = "{server: telemetry, kind: refused-connection, for: 5min}"
    kind: Literal["refused-connection"]


class CertificateFault(Fault):
    """The server shows a certificate that the devices do not accept."""

    example = "{server: telemetry, kind: certificate, problem: expired, for: 2h}"
    kind: Literal["certificate"]
    problem: Annotated[Literal["wrong", "expired"], Field(description="what is the matter with it")] = "wrong"


class BodyLimit(Fault):
    """Something before the server refuses larger bodies with 413, as a proxy does."""

    example = "{server: telemetry, kind: body-limit, limit: 10 MiB}"
    kind: Literal["body-limit"]
    limit: Annotated[
        Size, Field(ge=1, description="a body of this size still passes; 1 MiB, as Nginx has it (KEA-CEN-003)")
    ] = BODY_LIMIT


class TimeOut(Fault):
    """Requests arrive, nothing of them is stored, and no answer comes."""

    example = "{server: telemetry, kind: time-out, share: 5 %, for: 1h}"
    kind: Literal["time-out"]


class Status(Fault):
    """The server refuses requests with a status of HTTP, such as 429 or 503."""

    example = "{server: telemetry, kind: status, code: 429, share: 50 %, for: 10min}"
    kind: Literal["status"]
    code: Annotated[int, Field(ge=400, le=599, description="the status of the refusal")]


class FullDisk(Fault):
    """The server is up and cannot store anything: it refuses telemetry, and answers the rest."""

    example = "{server: telemetry, kind: full-disk, for: 15min}"
    kind: Literal["full-disk"]


class SlowAnswer(Fault):
    """Answers take this long; a device has stopped waiting where it is the response time-out or more."""

    example = "{server: telemetry, kind: slow-answer, latency: {between: [2s, 12s]}, share: 20 %, for: 3min}"
    kind: Literal["slow-answer"]
    latency: Annotated[Latency, Field(description="a duration, or `{between: [first, last]}`")]


class LostAcknowledgement(Fault):
    """The server stores what it gets, and its answer is lost: devices send it again."""

    example = "{server: telemetry, kind: lost-acknowledgement, share: 10 %, for: 30min}"
    kind: Literal["lost-acknowledgement"]


class DuplicateDelivery(Fault):
    """Requests reach the server twice."""

    example = "{server: telemetry, kind: duplicate-delivery, share: 1 %}"
    kind: Literal["duplicate-delivery"]


class CorruptedUpdate(Fault):
    """A source of updates has a corrupted one, which devices load and cannot apply."""

    example = "{server: vendor-updates, kind: corrupted-update, for: 1d}"
    kind: Literal["corrupted-update"]


MODELS: Final[tuple[type[Action], ...]] = (
    Outage,
    RefusedConnection,
    CertificateFault,
    BodyLimit,
    TimeOut,
    Status,
    FullDisk,
    SlowAnswer,
    LostAcknowledgement,
    DuplicateDelivery,
    CorruptedUpdate,
)
