"""The card of a detected indicator: the objects that match, and what of the file they match, as text."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from emulator.ioc.document import Indicator, IndicatorFile, Question
from emulator.ioc.snapshot import FieldValue, Instance, Snapshot

OBJECTS_MAX: Final = 20
"""Objects that one card shows of each question."""
SHOWN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "ArpEntryItem": ("IPv4Address", "PhysicalAddress"),
        "DnsEntryItem": ("RecordType", "RecordName"),
        "EventLogItem": ("EID", "source", "log", "genTime"),
        "FileItem": ("FullPath", "Md5sum", "Sha256sum", "SizeInBytes"),
        "PortItem": ("remoteIP", "remotePort", "localIP", "localPort", "protocol"),
        "ProcessItem": ("name", "arguments", "path", "pid", "parentpid", "Username", "startTime"),
        "RegistryItem": ("Hive", "KeyPath", "ValueName", "Value"),
        "ServiceItem": ("name", "description", "path", "pid", "type", "status", "mode"),
        "SystemInfoItem": ("OS", "buildNumber", "primaryIpv4Address", "MAC"),
        "UserItem": ("Username",),
        "VolumeItem": ("Name", "DriveLetter", "Type"),
    }
)
"""What a result tells of an object, by its type (public help of a sibling product, 'data in IOC scan results')."""


@dataclass(frozen=True, slots=True)
class CardObject:
    """An object that matches: its type, and what a result tells of it."""

    item_type: str
    values: Mapping[str, FieldValue]

    def __str__(self) -> str:
        told = " ".join(f"{name}={value}" for name, value in self.values.items())
        return f"{self.item_type} {told}".rstrip()


@dataclass(frozen=True, slots=True)
class Card:
    """What was found with one indicator file on one device (KEA-IOC-042 to KEA-IOC-044).

    `conditions` are the branches and single conditions of the file that matched, `objects` what matches them.
    """

    file: str
    id: str
    objects: tuple[CardObject, ...]
    conditions: tuple[str, ...]


def card(file: IndicatorFile, device: Snapshot) -> Card | None:
    """The card of a file and a device; None where nothing matched (KEA-IOC-045)."""
    reading = _Reading(device)
    conditions = tuple(filter(None, (reading.text(indicator) for indicator in file.alternatives)))
    if not conditions:
        return None
    objects = dict.fromkeys(_shown(question, instance) for question, instance in reading.found())
    return Card(file.name, file.id or "", tuple(objects), conditions)


class _Reading:
    """Reads one file against one device, and remembers what it found for the parts that hold."""

    def __init__(self, device: Snapshot) -> None:
        self._device = device
        self._found: dict[Question, tuple[Instance, ...]] = {}

    def text(self, indicator: Indicator) -> str:
        """What of an Indicator holds, as text; empty where it does not hold."""
        parts = []
        held: dict[Question, tuple[Instance, ...]] = {}
        before, self._found = self._found, held
        for question in indicator.questions:
            instances = tuple(self._answering(question))
            if instances:
                held[question] = instances
                parts.append(" AND ".join(item.text for item in question.items))
            elif indicator.every:
                self._found = before
                return ""
        for branch in indicator.branches:
            inside = self.text(branch)
            if inside:
                parts.append(inside)
            elif indicator.every:
                self._found = before
                return ""
        self._found = before | self._found
        word = " AND " if indicator.every else " OR "
        return parts[0] if len(parts) == 1 else f"({word.join(parts)})" if parts else ""

    def found(self) -> Iterator[tuple[Question, Instance]]:
        """The instances by which the parts that hold do so."""
        return ((question, instance) for question, instances in self._found.items() for instance in instances)

    def _answering(self, question: Question) -> Iterable[Instance]:
        found = (one for one in self._device.instances(question.item_type) if question.satisfied_by(one))
        return (instance for instance, _ in zip(found, range(OBJECTS_MAX), strict=False))


def _shown(question: Question, instance: Instance) -> CardObject:
    wanted = dict.fromkeys((*SHOWN[question.item_type], *(item.field for item in question.items)))
    values = {name: instance[name] for name in wanted if name in instance}
    return CardObject(question.item_type, _Frozen(values))


class _Frozen(dict[str, FieldValue]):
    """Values that compare and hash as a whole, so that an object is listed once."""

    def __hash__(self) -> int:  # type: ignore[override]  # a dictionary that nobody changes
        return hash(tuple((name, str(value)) for name, value in self.items()))
