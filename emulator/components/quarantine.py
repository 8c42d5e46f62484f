"""Quarantine of one device, as part of its Endpoint Agent: files go in and out of it, and its servers hear of it."""

import ntpath
from collections.abc import Mapping
from typing import Final

from emulator.components.part import Part
from emulator.control.agent import EndpointAgent, HostChange
from emulator.folders import resolved
from emulator.host import HostBase, HostChanges
from emulator.ioc.snapshot import Instance
from emulator.policy.settings import AgentSettings, Quarantine
from emulator.reporting import QuarantineEntry, QuarantineReport
from emulator.response.quarantine import (
    ACCOUNT,
    Destination,
    OrderKind,
    QuarantinedObject,
    QuarantineOrder,
    QuarantineStore,
    free_path,
    moved,
    stored_file,
    target_folder,
)
from emulator.response.vault import Vault, content_of
from emulator.told import Severity, Told

NO_FILE: Final = "there is no such file"
NO_OBJECT: Final = "there is no such object"
NOT_RUNNING: Final = "Endpoint Agent does not run"
NOT_ON_LINUX: Final = "there is no quarantine on Linux"


class QuarantineKeeper(Part):
    """The quarantine of one device: `key` is its own, `host` what its image holds, `slots` fill that.

    What is known of quarantine is known of Windows; on Linux nothing is put into it.
    """

    def __init__(self, agent: EndpointAgent, *, key: int, host: HostBase, slots: Mapping[str, str], at_ms: int) -> None:
        self._agent = agent
        self._key = key
        self._host = host
        self._slots = slots
        self._vault = Vault(key)
        self._store = QuarantineStore(key)
        self._make_folders(at_ms)

    def settings_changed(self, at_ms: int, before: AgentSettings) -> None:
        """New folders are made, objects stay where they are; limits and synchronisation hold at once."""
        settings = self._agent.settings
        if settings.quarantine != before.quarantine:
            self._make_folders(at_ms)
            self._agent.tell(at_ms, self._store.follow(settings.quarantine))
        sends = settings.administration_synchronisation.send_quarantine_data_to_server
        if sends is not before.administration_synchronisation.send_quarantine_data_to_server:
            # What a server may not hear of any more is withdrawn, so that its list shows what it can manage.
            added = tuple(map(_entry, self._store)) if sends else ()
            self._agent.report(at_ms, QuarantineReport(added=added, anew=True))

    # --- what is done ------------------------------------------------------------------------------------------------

    def add(self, path: str, at_ms: int, by: str) -> QuarantinedObject | str:
        """Puts a file into quarantine (KEA-QUA-002, KEA-QUA-003): the object, or the reason why that cannot be."""
        file = self._host.file(path, self._slots, self._changes(at_ms))
        reason = self._obstacle(at_ms) or (NO_FILE if file is None else "")
        if reason:
            self._fail("quarantine-failed", at_ms, {"file": path, "by": by, "reason": reason})
            return reason
        assert file is not None
        held = self._store.add(file, self._folder, at_ms)
        item = stored_file(held, self._vault.seal(held.id, self._content(file)))

        def change(changes: HostChanges) -> None:
            changes.remove("FileItem", held.path)
            changes.put("FileItem", item)

        self._agent.change_host(at_ms, change)
        values = self._about(held, by) | {"stored": held.stored, "account": ACCOUNT}
        self._agent.tell(at_ms, (Told("quarantined", values, Severity.INFO),))
        self._report(at_ms, QuarantineReport(added=(_entry(held),)))
        self._agent.tell(at_ms, self._store.follow(self._agent.settings.quarantine))
        return held

    def restore(self, path: str, destination: Destination, at_ms: int, by: str) -> None:
        """Restores the object that was last quarantined from a path, on its device (KEA-QUA-010, KEA-QUA-014)."""
        held = self._found("restore-failed", path, self._store.of_path(path), at_ms, by)
        if not isinstance(held, str):
            self._restore(held, destination, at_ms, by)

    def restore_object(self, object_id: str, destination: Destination, at_ms: int, by: str) -> str:
        """Restores the object with this id; the reason where that cannot be, else an empty text."""
        held = self._found("restore-failed", object_id, self._store.get(object_id), at_ms, by)
        if isinstance(held, str):
            return held
        self._restore(held, destination, at_ms, by)
        return ""

    def _restore(self, held: QuarantinedObject, destination: Destination, at_ms: int, by: str) -> None:
        folder = target_folder(held, destination, resolved(self._settings.restored_folder, self._slots), self._slots)
        changes = self._changes(at_ms)
        target = free_path(
            folder,
            ntpath.basename(held.path),
            destination.conflict,
            lambda one: self._host.file(one, self._slots, changes) is not None,
        )
        sealed = self._vault.seal(held.id, self._content(held.file))
        assert self._vault.open(held.id, sealed) == self._content(held.file), "an object came back as another"
        restored = moved(held.file, target)

        def change(changes: HostChanges) -> None:
            changes.remove("FileItem", held.stored)
            changes.put("FileItem", restored)

        self._take_out(held, at_ms, change)
        values = self._about(held, by) | {"to": target}
        self._agent.tell(at_ms, (Told("restored", values, Severity.INFO),))

    def delete(self, path: str, at_ms: int, by: str) -> None:
        """Deletes the object that was last quarantined from a path, for good."""
        held = self._found("delete-failed", path, self._store.of_path(path), at_ms, by)
        if isinstance(held, str):
            return
        self._take_out(held, at_ms, lambda changes: changes.remove("FileItem", held.stored))
        self._agent.tell(at_ms, (Told("quarantined-deleted", self._about(held, by), Severity.INFO),))

    def obey(self, order: QuarantineOrder, at_ms: int) -> None:
        """Does what the Administration Server orders."""
        if order.kind is OrderKind.RESTORE:
            self.restore(order.path, Destination(), at_ms, order.account)
        else:
            self.delete(order.path, at_ms, order.account)

    def show(self, at_ms: int) -> None:
        """The command line shows the objects (KEA-QUA-018)."""
        summary = {"objects": len(self._store), "used_bytes": self._store.used_bytes}
        self._agent.tell(at_ms, (Told("quarantine-viewed", summary),))
        for held in self._store:
            values: dict[str, str | int | bool] = {"object": held.id, "file": held.path, "stored": held.stored}
            values |= {"size_bytes": held.size_bytes, "account": ACCOUNT, "quarantined_ms": held.at_ms}
            values |= {"md5": str(held.file["Md5sum"]), "sha256": str(held.file["Sha256sum"])}
            self._agent.tell(at_ms, (Told("quarantined-object-viewed", values),))

    def show_settings(self, at_ms: int) -> None:
        """The command line shows the settings as they are on this device (KEA-QUA-017)."""
        settings, changes = self._settings, self._changes(at_ms)
        values: dict[str, str | int | bool] = {
            "limit_size": settings.limit_size,
            "max_size_mb": settings.max_size_mb,
            "use_threshold": settings.use_threshold,
            "threshold_mb": settings.threshold_mb,
        }
        if self._host.os == "windows":
            for name, folder in (("folder", settings.folder), ("restored_folder", settings.restored_folder)):
                path = resolved(folder, self._slots)
                there = self._host.has_folder(path, self._slots, changes)
                values |= {name: path, f"{name}_setting": folder, f"{name}_is_there": there}
        self._agent.tell(at_ms, (Told("quarantine-settings-viewed", values),))

    # --- how it is done ----------------------------------------------------------------------------------------------

    def _found(
        self, failure: str, named: str, held: QuarantinedObject | None, at_ms: int, by: str
    ) -> QuarantinedObject | str:
        """An object that something can be done with now, or the reason why not, which is told."""
        reason = self._obstacle(at_ms) or (NO_OBJECT if held is None else "")
        if held is not None and not reason:
            return held
        self._fail(failure, at_ms, {"file": named, "by": by, "reason": reason})
        return reason

    def _take_out(self, held: QuarantinedObject, at_ms: int, change: HostChange) -> None:
        self._store.remove(held.id)
        self._agent.change_host(at_ms, change)
        self._report(at_ms, QuarantineReport(removed=(held.id,)))
        self._agent.tell(at_ms, self._store.follow(self._settings))

    def _obstacle(self, at_ms: int) -> str:
        if self._host.os != "windows":
            return NOT_ON_LINUX
        return "" if self._agent.runs(at_ms) else NOT_RUNNING

    def _fail(self, kind: str, at_ms: int, values: dict[str, str | int | bool]) -> None:
        self._agent.tell(at_ms, (Told(kind, values, Severity.WARNING),))

    def _report(self, at_ms: int, report: QuarantineReport) -> None:
        """Gives data about objects to Network Agent, where that is wanted (KEA-QUA-007, KEA-QUA-015)."""
        if self._agent.settings.administration_synchronisation.send_quarantine_data_to_server:
            self._agent.report(at_ms, report)

    def _make_folders(self, at_ms: int) -> None:
        """Both folders are made on the device (KEA-QUA-023, KEA-QUA-036)."""
        if self._host.os != "windows":
            return
        folders = (self._folder, resolved(self._settings.restored_folder, self._slots))

        def change(changes: HostChanges) -> None:
            for folder in folders:
                changes.make_folder(folder)

        self._agent.change_host(at_ms, change)

    def _content(self, file: Instance) -> bytes:
        size = file["SizeInBytes"]
        assert isinstance(size, int)
        return content_of(self._key, str(file["FullPath"]), str(file["Sha256sum"]), size)

    def _about(self, held: QuarantinedObject, by: str) -> dict[str, str | int | bool]:
        return {"object": held.id, "file": held.path, "size_bytes": held.size_bytes, "by": by}

    def _changes(self, at_ms: int) -> HostChanges:
        return self._agent.host(at_ms, self._host.os)

    @property
    def _settings(self) -> Quarantine:
        return self._agent.settings.quarantine

    @property
    def _folder(self) -> str:
        return resolved(self._settings.folder, self._slots)


def _entry(held: QuarantinedObject) -> QuarantineEntry:
    return QuarantineEntry(
        held.id,
        held.path,
        held.size_bytes,
        str(held.file["Md5sum"]),
        str(held.file["Sha256sum"]),
        held.at_ms,
        ACCOUNT,
    )
