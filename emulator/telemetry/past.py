"""The past of a device: which events Endpoint Agent has collected there in a span of time, drawn again on demand.

Nothing is stored for each event. What life drew is a function of key, class and slot, what a scenario added is known;
both are cut by what the device went through meanwhile.
"""

from collections.abc import Iterator, Mapping
from functools import cache

from emulator import life
from emulator.chance import GOLDEN, mix
from emulator.clock import SLOT_MS
from emulator.events import TYPE_INDEX, EventClass
from emulator.exclusions.compile import compile_rules
from emulator.exclusions.network import matches_filled
from emulator.host import port_item, process_item
from emulator.identity import fill
from emulator.images.model import Image
from emulator.ioc.snapshot import Instance
from emulator.policy.settings import AgentSettings
from emulator.telemetry.context import Context
from emulator.world import Condition, Spell

DOWN = frozenset({Condition.STOPPED, Condition.CRASHED, Condition.OFF, Condition.UNLICENSED})
"""Conditions in which nothing is collected."""
_FILES = tuple(TYPE_INDEX[name] for name in ("file-change", "module-load", "driver-load", "script-run"))
_REGISTRY = TYPE_INDEX["registry-change"]


class Past:
    """The past of devices of one shard.

    An event counts where Endpoint Agent ran with a licence, isolation did not suppress it, and the exclusions that hold
    now do not leave it out: what is excluded is not analysed. TTL and throttling withhold events from servers only.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._withheld = cache(compile_rules)

    def classes(self, device: int) -> tuple[EventClass, ...]:
        """The event classes of a device: its image's, then the scenario's."""
        return (*self._image(device).classes, *self._context.world.scenario_classes)

    def first(self, device: int, index: int, from_ms: int, until_ms: int, settings: AgentSettings) -> int | None:
        """The first moment in [from, until) of a collected event of a class, None where there is none."""
        world, classes, image = self._context.world, self.classes(device), self._image(device)
        withheld = self._withheld(settings, classes, image.os, winrm=world.winrm)
        if withheld.excludes(index, world.identity(device)):
            return None
        spans = [
            (spell.from_ms, spell.until_ms)
            for spell in self._context.spells
            if spell.from_ms < until_ms + world.tick_ms
            and from_ms < spell.until_ms
            and device in spell.devices
            and self._blinds(spell, classes[index], device)
        ]
        phase, tick_ms = world.phase(int(world.key[device])), world.tick_ms
        for at_ms in self._moments(device, index, from_ms, until_ms):
            # As everywhere, what holds at the end of a tick decides over its events.
            end_ms = phase + ((at_ms - phase) // tick_ms + 1) * tick_ms
            if not any(first <= end_ms < last for first, last in spans):
                return at_ms
        return None

    def _blinds(self, spell: Spell, event_class: EventClass, device: int) -> bool:
        """Whether no event of a class is collected on a device during a spell."""
        if spell.condition is not Condition.ISOLATED:
            return spell.condition in DOWN
        os, slots = self._image(device).os, self._context.world.identity(device)
        spared = any(matches_filled(rule, event_class, os, slots) for rule in spell.lets_through)
        return event_class.can_be_cut_off and not spared

    def _moments(self, device: int, index: int, from_ms: int, until_ms: int) -> Iterator[int]:
        world, image = self._context.world, self._image(device)
        if index >= len(image.classes):
            wanted = index - len(image.classes)
            for injection in self._context.injections:
                inside = injection.event_class == wanted and from_ms <= injection.at_ms < until_ms
                if inside and device in injection.devices:
                    yield injection.at_ms
            return
        key = int(world.key[device])
        site = world.sites[int(world.site[device])]
        phase, base = world.phase(key), life.base_level(key)
        event_class = image.classes[index]
        for slot in range(max(0, (from_ms - phase) // SLOT_MS), max(0, (until_ms - phase) // SLOT_MS) + 2):
            hour, hour_number = world.hour_of_slot(slot, site.zone)
            row_hash = mix(key + slot * GOLDEN)
            level = _level(key, base, hour_number, site.key)
            count = life.count_of(image, index, life.hour_tables(image, hour), level, row_hash)
            for at_ms in life.moments(event_class, row_hash, count, phase + (slot - 1) * SLOT_MS):
                # Of slot 0 a device has lived through its last tick only.
                if from_ms <= at_ms < until_ms and at_ms >= phase - world.tick_ms:
                    yield at_ms

    def _image(self, device: int) -> Image:
        world = self._context.world
        return world.images[int(world.image[device])]


_level = cache(life.level)


def texts_of(event_class: EventClass) -> tuple[str, ...]:
    """The templates of a class from which `items_of` makes what differs from device to device."""
    process, peer = event_class.process, event_class.peer
    addresses = () if peer is None else (peer.local_address, peer.remote_address)
    return (process.path, process.command_line, event_class.subject, *addresses)


def items_of(event_class: EventClass, slots: Mapping[str, str]) -> Iterator[tuple[str, Instance]]:
    """What an event of a class tells of a device, as items that indicators ask for: (item type, instance).

    A process with its file; the file, the registry value or the connection that the event is about.
    """
    process = event_class.process
    path, arguments = fill(process.path, slots), fill(process.command_line, slots)
    yield (
        "ProcessItem",
        process_item(
            "windows" if "\\" in path else "linux",
            path,
            pid=0,
            parent_pid=0,
            arguments=arguments,
            user="",
            started="",
        ),
    )
    yield "FileItem", {**_file(path), "Md5sum": process.md5, "Sha256sum": process.sha256}
    subject = fill(event_class.subject, slots)
    if subject and event_class.type in _FILES:
        yield "FileItem", _file(subject)
    elif subject and event_class.type == _REGISTRY:
        hive, _, rest = subject.partition("\\")
        yield "RegistryItem", {"Path": subject, "Hive": hive, "KeyPath": rest}
    if event_class.peer is not None:
        peer = event_class.peer
        yield (
            "PortItem",
            port_item(
                protocol=str(peer.protocol),
                local_address=fill(peer.local_address, slots),
                local_port=peer.local_port,
                state="",
                path=path,
                pid=0,
                remote_address=fill(peer.remote_address, slots),
                remote_port=peer.remote_port,
            ),
        )


def _file(path: str) -> dict[str, str]:
    separator = "\\" if "\\" in path else "/"
    folder, _, name = path.rpartition(separator)
    return {"FullPath": path, "FilePath": folder, "FileName": name, "FileExtension": name.rpartition(".")[2]}
