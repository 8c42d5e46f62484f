"""Repositories: quarantine on the device, and what the Administration Server hears of it."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from emulator.folders import cause_against
from emulator.policy.errors import SettingError
from emulator.policy.kinds import flag, size, text
from emulator.policy.records import Record, Setting
from emulator.policy.sections.group import EMULATORS_CHOICE, About, Group, Step

REPOSITORIES: Final = "Repositories"


@dataclass(frozen=True, slots=True)
class Quarantine(Group):
    """Where quarantined and restored objects lie, and when the quarantine is called full (KEA-QUA-021 to KEA-QUA-038).

    Neither limit keeps an object out: they are told of. 200 MB and 50 MB are the documentation's examples.
    """

    about: ClassVar = About("Quarantine", f"{REPOSITORIES} / Quarantine", step=Step.REPOSITORIES)

    folder: Annotated[
        str,
        Setting(
            text(),
            "folder of quarantined objects on each device, with environment variables",
            clause="KEA-QUA-021",
            default_clause="KEA-QUA-022",
        ),
    ] = "%SOYUZAPPDATA%\\Quarantine\\"
    limit_size: Annotated[
        bool,
        Setting(
            flag(),
            "tell when the quarantine has its maximum size",
            clause="KEA-QUA-025",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = False
    max_size_mb: Annotated[
        int,
        Setting(
            size("MB", 1), "the maximum size of the quarantine", clause="KEA-QUA-025", default_clause=EMULATORS_CHOICE
        ),
    ] = 200
    use_threshold: Annotated[
        bool,
        Setting(
            flag(),
            "tell when little space remains; without effect while the size is not limited",
            clause="KEA-QUA-029",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = False
    threshold_mb: Annotated[
        int,
        Setting(
            size("MB", 1),
            "the space that remains until the maximum size is reached",
            clause="KEA-QUA-030",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = 50
    restored_folder: Annotated[
        str,
        Setting(
            text(),
            "folder of restored objects on each device, with environment variables",
            clause="KEA-QUA-034",
            default_clause="KEA-QUA-035",
        ),
    ] = "%SOYUZAPPDATA%\\Restored\\"

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        for key, folder in (("folder", self.folder), ("restored-folder", self.restored_folder)):
            cause = cause_against(folder)
            if cause is not None:
                remedy = "write a full path, such as C:\\Quarantine or %ALLUSERSPROFILE%\\Quarantine"
                raise SettingError((key,), cause, remedy)


@dataclass(frozen=True, slots=True)
class AdministrationSynchronisation(Group):
    """Which data Network Agent gives the Administration Server (KEA-QUA-039 to KEA-QUA-041)."""

    about: ClassVar = About(
        "Synchronization with Administration Server",
        f"{REPOSITORIES} / Synchronization with Administration Server",
        step=Step.REPOSITORIES,
    )

    send_quarantine_data_to_server: Annotated[
        bool,
        Setting(
            flag(),
            "send data about quarantined objects, which managing them from the server needs",
            clause="KEA-QUA-039",
            default_clause="KEA-QUA-016",
        ),
    ] = True
