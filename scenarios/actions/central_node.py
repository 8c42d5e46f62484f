"""Actions on the Central Node: what it shows to devices."""

from typing import Annotated, Final, Literal

from pydantic import Field

from emulator.policy.certificates import CERTIFICATE_SIZE_MAX
from scenarios.actions.base import Action
from scenarios.actions.faults import Server
from scenarios.fields import Refers

CertificateText = Annotated[str, Field(min_length=1, max_length=CERTIFICATE_SIZE_MAX)]
"""A certificate: `synthetic/NAME`, the path of a file, or the contents of one."""


class PresentCertificate(Action):
    """Has a server show another TLS certificate from now on; devices that pin one compare it with theirs."""

    example = "{at: 2h, do: present-certificate, server: telemetry, certificate: synthetic/renewed}"
    do: Literal["present-certificate"]
    server: Annotated[Server, Field(description="a port, meaning all of its nodes, or the name of one node")]
    certificate: Annotated[
        CertificateText,
        Refers("certificate"),
        Field(description="`synthetic/NAME` for a made-up one, the path of a file, or the contents of one"),
    ]


MODELS: Final[tuple[type[Action], ...]] = (PresentCertificate,)
