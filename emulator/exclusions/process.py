"""Process exclusions: rules that keep all events of a process from being analysed and sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from emulator.events import EVENT_TYPES, EventClass
from emulator.exclusions.answers import Answer, all_of
from emulator.exclusions.criteria import digest, masked_path, require_criterion
from emulator.exclusions.environment import Os
from emulator.exclusions.masks import Mask, path_mask, text_mask
from emulator.exclusions.templates import template
from emulator.policy.kinds import many, named, text
from emulator.policy.records import Basis, Record, Setting


@dataclass(frozen=True, slots=True)
class ProcessRule(Record):
    """One rule of the list of excluded processes (KEA-EDX-022). All criteria that are given have to hold (ANDed).

    The fields of the product's rule are not in its documentation (KEA-EDX-023); these are those of a sibling product.
    Emulator's readings: `path` and `parent_path` are whole paths of files with masks; every other text is the whole
    text with masks (so "contains x" is `*x*`); a hash is compared as it is. `event_types` limits the rule to some
    types of events, none given means all. A rule without a criterion is refused.
    """

    name: Annotated[str, Setting(text(), "name of the rule", basis=Basis.SIBLING)]
    path: Annotated[
        str | None, Setting(masked_path(), "full path of the process's file, masks", basis=Basis.SIBLING)
    ] = None
    command_line: Annotated[str | None, Setting(text(), "whole command line, masks", basis=Basis.SIBLING)] = None
    parent_path: Annotated[
        str | None, Setting(masked_path(), "full path of the parent process's file, masks", basis=Basis.SIBLING)
    ] = None
    description: Annotated[str | None, Setting(text(), "description of the file, masks", basis=Basis.SIBLING)] = None
    original_name: Annotated[str | None, Setting(text(), "original name of the file, masks", basis=Basis.SIBLING)] = (
        None
    )
    version: Annotated[str | None, Setting(text(), "version of the file, masks", basis=Basis.SIBLING)] = None
    md5: Annotated[str | None, Setting(digest(32), "MD5 of the file", basis=Basis.SIBLING)] = None
    sha256: Annotated[str | None, Setting(digest(64), "SHA-256 of the file", basis=Basis.SIBLING)] = None
    event_types: Annotated[
        tuple[str, ...],
        Setting(
            many(named(kind.name for kind in EVENT_TYPES), minimum=1),
            "types of events that the rule applies to; left out: all",
            basis=Basis.SIBLING,
        ),
    ] = ()

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        require_criterion(self, beside=("name", "event_types"))


_MASKED: Final[tuple[tuple[str, Callable[[str, Os], Mask]], ...]] = (
    ("path", path_mask),
    ("command_line", text_mask),
    ("parent_path", path_mask),
    ("description", text_mask),
    ("original_name", text_mask),
    ("version", text_mask),
)


def matches(rule: ProcessRule, event: EventClass, os: Os) -> Answer:
    """What the rule says of an event class; YES and NO hold on every device of this operating system."""
    if not _concerns(rule, event):
        return Answer.NO
    return all_of(
        compiled(mask, os).answer(template(getattr(event.process, field)))
        for field, compiled in _MASKED
        if (mask := getattr(rule, field)) is not None
    )


def matches_filled(rule: ProcessRule, event: EventClass, os: Os, slots: Mapping[str, str]) -> bool:
    """The same for one device, of which `slots` gives user, host and site."""
    return _concerns(rule, event) and all(
        compiled(mask, os).covers(template(getattr(event.process, field)).fill(slots), slots)
        for field, compiled in _MASKED
        if (mask := getattr(rule, field)) is not None
    )


def _concerns(rule: ProcessRule, event: EventClass) -> bool:
    """What of a rule no slot can decide: the types of events and the hashes."""
    process = event.process
    return (
        (not rule.event_types or EVENT_TYPES[event.type].name in rule.event_types)
        and rule.md5 in (None, process.md5)
        and rule.sha256 in (None, process.sha256)
    )
