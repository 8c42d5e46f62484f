"""Small images for tests."""

from dataclasses import replace

from emulator.events import EventClass
from emulator.exclusions.environment import Os
from emulator.host import HostBase, host_base
from emulator.images.model import Image
from emulator.images.parts import event, outbound, program
from emulator.images.profiles import STEADY, rates

PROGRAM = program("/usr/bin/tool", "--once")


def host(os: str = "linux") -> HostBase:
    return host_base(os, {})


def file_change(name: str, per_hour_milli: int) -> EventClass:
    return event("file-change", name, PROGRAM, rates(STEADY, per_hour_milli), subject="/var/log/tool.log")


def network(name: str, per_hour_milli: int) -> EventClass:
    return event("network-activity", name, PROGRAM, rates(STEADY, per_hour_milli), peer=outbound("203.0.113.1", 443))


def with_rate(item: EventClass, hour: int, rate: int) -> EventClass:
    return replace(item, rates=(*item.rates[:hour], rate, *item.rates[hour + 1 :]))


def image(*classes: EventClass, os: Os = "linux") -> Image:
    return Image(name="trial", os=os, about="For a test.", classes=classes, host=host(os))
