"""Services of the vendor: Kaspersky Security Network, and Managed Detection and Response."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from emulator.policy.kinds import flag, verbatim
from emulator.policy.records import Setting
from emulator.policy.sections.group import EMULATORS_CHOICE, About, Group

BLOB_MAX: Final = 65_536
"""Characters of an MDR configuration."""


@dataclass(frozen=True, slots=True)
class Ksn(Group):
    """Use of Kaspersky Security Network (KEA-KSN-001 to KEA-KSN-011). There is no setting for KMP (KEA-KSN-012)."""

    about: ClassVar = About("Kaspersky Security Network", "Kaspersky Security Network")
    statement: ClassVar = (
        "A stand-in for the KSN Statement, whose text is not known here. While KSN is used, these types of data are "
        "sent: hashes of files whose reputation is asked for, what identifies files that are sent for examination, "
        "counters and versions of Endpoint Agent. No personal data is among them."
    )
    """What is to be read before it is accepted (KEA-KSN-016)."""

    accept_statement: Annotated[
        bool,
        Setting(flag(), "the KSN Statement is accepted", clause="KEA-KSN-008", default_clause=EMULATORS_CHOICE),
    ] = False
    enabled: Annotated[
        bool,
        Setting(
            flag(),
            "use KSN; without effect while the Statement is not accepted",
            clause="KEA-KSN-009",
            default_clause="KEA-KSN-002",
        ),
    ] = False
    via_administration_server: Annotated[
        bool,
        Setting(
            flag(),
            "KSN data goes through the Administration Server",
            clause="KEA-KSN-010",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = False

    @property
    def in_use(self) -> bool:
        """True where both options are on (KEA-KSN-009)."""
        return self.accept_statement and self.enabled


@dataclass(frozen=True, slots=True)
class Mdr(Group):
    """Managed Detection and Response (KEA-MDR-001 to KEA-MDR-009)."""

    about: ClassVar = About("Managed Detection and Response", "Managed Detection and Response", plugin_since=(3, 9, 2))

    enabled: Annotated[
        bool,
        Setting(
            flag(),
            "use MDR; without effect while no BLOB is loaded",
            clause="KEA-MDR-005",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = False
    blob: Annotated[
        str,
        Setting(
            verbatim(BLOB_MAX),
            "the configuration BLOB; loading it is the consent to data being sent (KEA-MDR-007)",
            clause="KEA-MDR-005",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = ""
    user_identifier: Annotated[
        str,
        Setting(verbatim(), "any value", clause="KEA-MDR-009", default_clause=EMULATORS_CHOICE),
    ] = ""

    @property
    def in_use(self) -> bool:
        """True where the option is on and a BLOB is loaded (KEA-MDR-006)."""
        return self.enabled and bool(self.blob)
