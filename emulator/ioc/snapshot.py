"""What an indicator is put to: the item instances of one device, and how a device differs from its image."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

Scalar = str | int | float | None
"""One value; a bool is an int to Python and a boolean to every comparison here. None says that it is absent."""

FieldValue = Scalar | Sequence[Scalar]
"""What a field holds: one value, or several."""

Instance = Mapping[str, FieldValue]
"""One file, process, registry value and so on: values by field, the field being a term without its first part."""

ITEM_TYPES: Final = (
    "ArpEntryItem",
    "DnsEntryItem",
    "EventLogItem",
    "FileItem",
    "PortItem",
    "ProcessItem",
    "RegistryItem",
    "ServiceItem",
    "SystemInfoItem",
    "UserItem",
    "VolumeItem",
)
"""The item types that Endpoint Agent reads from a device."""


class Device(Protocol):
    """Whatever can list its item instances by type."""

    def instances(self, item_type: str) -> Iterable[Instance]:
        """Every instance of that type, in an order that does not change; nothing for a type it does not have."""
        ...


def _nothing_put() -> Mapping[str, Mapping[str, Instance]]:
    return {}


def _nothing_gone() -> Mapping[str, frozenset[str]]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How one device differs from its image, by item type.

    `put` adds an instance, or replaces the image's where the key is the same; `gone` removes by key. An instance that
    is both put and gone is put.
    """

    put: Mapping[str, Mapping[str, Instance]] = field(default_factory=_nothing_put)
    gone: Mapping[str, frozenset[str]] = field(default_factory=_nothing_gone)

    def item_types(self) -> tuple[str, ...]:
        """The item types that differ, sorted."""
        named = {item_type for item_type, put in self.put.items() if put}
        named.update(item_type for item_type, gone in self.gone.items() if gone)
        return tuple(sorted(named))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Snapshot:
    """The item instances of an image or of a device, each under a key that is unique within its type.

    Compared by identity: the instances may not change afterwards, since what was found out about them is kept.
    """

    items: Mapping[str, Mapping[str, Instance]]

    @classmethod
    def of(cls, lists: Mapping[str, Sequence[Instance]]) -> "Snapshot":
        """A snapshot of instances that have no keys of their own: the position is the key."""
        return cls(
            {
                item_type: {str(position): instance for position, instance in enumerate(instances)}
                for item_type, instances in lists.items()
            }
        )

    def instances(self, item_type: str) -> Iterable[Instance]:
        """Every instance of that type."""
        return self.items.get(item_type, {}).values()

    def instances_with(self, changes: Changes, item_type: str) -> Iterator[Instance]:
        """Every instance of that type on a device with these changes: the image's that stay, then those put."""
        put = changes.put.get(item_type, {})
        gone = changes.gone.get(item_type, frozenset())
        for key, instance in self.items.get(item_type, {}).items():
            if key not in put and key not in gone:
                yield instance
        yield from put.values()

    def with_changes(self, changes: Changes) -> "Snapshot":
        """The whole device: this image with the changes applied."""
        items = dict(self.items)
        for item_type in changes.item_types():
            put = changes.put.get(item_type, {})
            gone = changes.gone.get(item_type, frozenset())
            kept = {
                key: instance
                for key, instance in self.items.get(item_type, {}).items()
                if key not in put and key not in gone
            }
            items[item_type] = kept | dict(put)
        return Snapshot(items)


def values_of(instance: Instance, field_name: str) -> Sequence[Scalar]:
    """The values of one field; a missing one has the single value None."""
    value = instance.get(field_name)
    if value is None or isinstance(value, (str, int, float)):
        return (value,)
    return value
