"""Defects of quarantine on devices: where objects lie, how they come back, what the command line shows."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from conformance.planting import Plant, defect
from emulator import folders
from emulator.components import quarantine
from emulator.components.quarantine import QuarantineKeeper
from emulator.control.agent import EndpointAgent
from emulator.folders import DATA_FOLDER, resolved
from emulator.host import HostChanges
from emulator.policy import effective
from emulator.policy.settings import DEFAULTS, Quarantine
from emulator.response.quarantine import Destination, PathType, QuarantinedObject, moved
from emulator.security import attempts
from emulator.told import Told

True_ = Callable[..., Any]
Values = Mapping[str, str | int | bool]


def retold(plant: Plant, kind: str, change: Callable[[Values], Values]) -> None:
    """Has Endpoint Agent tell other values with facts of a kind."""

    def make(true: True_) -> True_:
        def wrong(self: EndpointAgent, at_ms: int, told: tuple[Told, ...]) -> None:
            changed = [replace(one, values={**one.values, **change(one.values)}) for one in told if one.kind == kind]
            true(self, at_ms, [*changed, *(one for one in told if one.kind != kind)])

        return wrong

    plant.around(EndpointAgent, "tell", make)


def targets(plant: Plant, other: Callable[[True_, QuarantinedObject, Destination, str], str]) -> None:
    """Has objects restored into another folder."""
    plant.around(
        quarantine,
        "target_folder",
        lambda true: (
            lambda held, wanted, folder, slots: other(lambda *three: true(*three, slots), held, wanted, folder)
        ),
    )


def kept_in_place(plant: Plant, name: str, kind: str) -> None:
    """Has something only told of an object, with no effect."""

    def wrong(self: QuarantineKeeper, path: str, at_ms: int, by: str) -> None:
        self._agent.tell(at_ms, (Told(kind, {"object": path, "file": path, "size_bytes": 0, "by": by}),))

    plant.replace(QuarantineKeeper, name, wrong)


# --- the repository ---------------------------------------------------------------------------------------------------


@defect("KEA-QUA-001", "quarantine needs a network")
def quarantine_needs_a_network(plant: Plant) -> None:
    """As if a server held the objects."""

    def make(true: True_) -> True_:
        def wrong(self: QuarantineKeeper, at_ms: int) -> str:
            obstacle: str = true(self, at_ms)
            return obstacle if self._agent.linked(at_ms) else "there is no network"

        return wrong

    plant.around(QuarantineKeeper, "_obstacle", make)


@defect("KEA-QUA-002", "a file is copied into quarantine")
def files_are_copied(plant: Plant) -> None:
    """And stays in its place."""

    def make(true: True_) -> True_:
        def wrong(self: HostChanges, kind: str, *key: Any) -> None:
            if "Quarantine" in str(key[0]):
                true(self, kind, *key)

        return wrong

    plant.around(HostChanges, "remove", make)


@defect("KEA-QUA-003", "objects are stored as they were")
def objects_are_not_encrypted(plant: Plant) -> None:
    """In another folder, under another name."""
    plant.replace(quarantine, "stored_file", lambda held, sealed: moved(held.file, held.stored))


@defect("KEA-QUA-004", "the data folder has the version of the application")
def data_folder_has_another_version(plant: Plant) -> None:
    """In place of 4.0."""
    plant.replace(folders, "DATA_FOLDER", DATA_FOLDER.replace("4.0", "3.16"))


@defect("KEA-QUA-005", "objects are restored beside the quarantine")
def objects_are_restored_elsewhere(plant: Plant) -> None:
    """Into a folder that nobody has set."""
    targets(plant, lambda true, held, destination, folder: f"{true(held, destination, folder)} files")


@defect("KEA-QUA-009", "a deleted object can be restored")
def deleted_objects_come_back(plant: Plant) -> None:
    """As if there were a copy on the Administration Server."""
    kept_in_place(plant, "delete", "quarantined-deleted")


@defect("KEA-QUA-010", "an order to restore puts nothing on the device")
def ordered_restores_do_nothing(plant: Plant) -> None:
    """Restores by hand do."""
    plant.replace(QuarantineKeeper, "obey", lambda self, order, at_ms: None)


@defect("KEA-QUA-019", "a file is put in quarantine by whoever asks")
def whoever_asks_quarantines(plant: Plant) -> None:
    """Under the account of that user."""
    retold(plant, "quarantined", lambda told: {"account": told["by"]})


# --- restoring --------------------------------------------------------------------------------------------------------


@defect("KEA-QUA-034", "the folder for restored objects stays the default")
def restored_folder_stays(plant: Plant) -> None:
    """Whatever is set."""
    targets(
        plant, lambda true, held, destination, _: true(held, destination, resolved(Quarantine().restored_folder, {}))
    )


@defect("KEA-QUA-037", "a restore puts an object back where it came from")
def restores_go_back(plant: Plant) -> None:
    """Unless another destination is named."""

    def other(true: True_, held: QuarantinedObject, given: Destination, folder: str) -> str:
        back = replace(given, path_type=PathType.ORIGINAL) if given.path_type is PathType.SETTINGS else given
        path: str = true(held, back, folder)
        return path

    targets(plant, other)


# --- the command line -------------------------------------------------------------------------------------------------


@defect("KEA-QUA-017", "the command line shows the default maximum")
def default_maximum_is_shown(plant: Plant) -> None:
    """Whatever is set."""
    retold(plant, "quarantine-settings-viewed", lambda _: {"max_size_mb": Quarantine().max_size_mb})


@defect("KEA-QUA-018", "the command line shows hashes of what is stored")
def sealed_hashes_are_shown(plant: Plant) -> None:
    """Not those of the file."""
    retold(plant, "quarantined-object-viewed", lambda _: {"md5": "0" * 32})


@defect("KEA-QUA-020", "anybody deletes at the command line")
def anybody_deletes(plant: Plant) -> None:
    """The account is not looked at."""

    def make(true: True_) -> True_:
        def wrong(*given: Any) -> Any:
            reason, clause = true(*given)
            return (None, "") if reason is attempts.Reason.NOT_LOCAL_ACCOUNT else (reason, clause)

        return wrong

    plant.around(attempts, "_refusal", make)


# --- folders ----------------------------------------------------------------------------------------------------------


@defect("KEA-QUA-021", "objects go into the default folder")
def folder_stays(plant: Plant) -> None:
    """Whatever is set."""
    plant.replace(QuarantineKeeper, "_folder", property(lambda self: resolved(Quarantine().folder, self._slots)))


@defect("KEA-QUA-022", "the folder setting is a resolved path by default")
def folder_default_is_a_path(plant: Plant) -> None:
    """It comes to the same folder."""
    plant.replace(effective, "DEFAULTS", DEFAULTS.having(Quarantine(folder=f"{DATA_FOLDER}\\Quarantine")))


@defect("KEA-QUA-035", "the setting of the other folder is a resolved path by default")
def restored_default_is_a_path(plant: Plant) -> None:
    """It comes to the same folder."""
    plant.replace(effective, "DEFAULTS", DEFAULTS.having(Quarantine(restored_folder=f"{DATA_FOLDER}\\Restored")))


def not_made(plant: Plant, restored: bool) -> None:
    """Has one of the two folders made only when something goes there."""

    def make(true: True_) -> True_:
        def wrong(self: HostChanges, path: str) -> None:
            if path.endswith(("Restored", "Back")) is not restored:
                true(self, path)

        return wrong

    plant.around(HostChanges, "make_folder", make)


@defect("KEA-QUA-023", "the quarantine folder is made with the first object")
def quarantine_folder_is_not_made(plant: Plant) -> None:
    """Not before."""
    not_made(plant, restored=False)


@defect("KEA-QUA-036", "the folder for restored objects is made with the first restore")
def restored_folder_is_not_made(plant: Plant) -> None:
    """Not before."""
    not_made(plant, restored=True)


@defect("KEA-QUA-024", "only the variable of the default is resolved")
def other_variables_are_not_resolved(plant: Plant) -> None:
    """Folders by any other are below ProgramData all the same."""
    plant.replace(
        quarantine,
        "resolved",
        lambda folder, slots: resolved(folder.replace("%SystemRoot%", "%ALLUSERSPROFILE%"), slots),
    )
