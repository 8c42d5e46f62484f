"""Images and classes that the scenes are made of: few classes, but of every type and with every trap."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from emulator.events import TYPE_INDEX, Direction, EventClass, Peer, Process
from emulator.images.model import Image, in_order
from emulator.images.parts import program
from emulator.images.quiet import IMAGE as QUIET_IMAGE

SMB: Final = Peer(Direction.OUTBOUND, 6, local_port=0, remote_port=445, remote_address="10.0.0.20")
WEB: Final = Peer(Direction.OUTBOUND, 6, local_port=0, remote_port=443, remote_address="203.0.113.80")
WINRM: Final = Peer(Direction.INBOUND, 6, local_port=5985, remote_port=0, remote_address="10.0.0.10")
APP: Final = program(r"C:\Program Files\App\app.exe", version="3.1", description="App", original="APP.EXE")
OWN: Final = program(r"C:\Users\{user}\AppData\Local\own.exe", "--host {host}", version="1.0")
SHELL: Final = program(r"C:\Windows\System32\shell.exe", version="10.0", parent=APP.path)
AGENT: Final = program(r"C:\Program Files\Network Agent\klnagent.exe", version="14.0")
USERS: Final = ("a.ivy01", "b.oak02", "c.elm03", "d.fir04", "e.ash05", "f.yew06")
SITES: Final = ("north", "south")
HOURS: Final = 168


def source(kind: str, name: str, run_by: Process, per_hour: int, peer: Peer | None = None) -> EventClass:
    """A class with a mean of `per_hour` events, twice as many in every third hour, none in every fifth."""
    milli = per_hour * 1_000
    rates = tuple(milli * (2 if hour % 3 == 0 else 1) * (hour % 5 > 0) for hour in range(HOURS))
    return EventClass(f"{name}/{kind}", TYPE_INDEX[kind], run_by, rates, peer, subject=rf"C:\data\{name}-{{user}}")


SOURCES: Final = (
    source("threat-detection", "scan", APP, 2),
    source("process-start", "app", APP, 40),
    source("process-start", "app-again", APP, 3),
    source("process-start", "own", OWN, 20),
    source("process-start", "shell", SHELL, 90),
    source("script-run", "shell", SHELL, 4),
    source("process-end", "app", APP, 60),
    source("module-load", "app", APP, 400),
    source("module-load", "own", OWN, 250),
    source("file-change", "own", OWN, 120),
    source("registry-change", "shell", SHELL, 200),
    source("network-activity", "smb", SHELL, 150, SMB),
    source("network-activity", "agent", AGENT, 30, WEB),
    source("network-activity", "winrm", SHELL, 8, WINRM),
    source("basic-communications", "smb", SHELL, 100, SMB),
    source("basic-communications", "web", OWN, 300, WEB),
)
_BUSY: Final = Image("busy", "windows", "A device with a source of every kind.", in_order(SOURCES), QUIET_IMAGE.host)
_CALM: Final = Image(
    "calm",
    "windows",
    "A device with the rare ones of the busy device's sources.",
    in_order(item for item in SOURCES if max(item.rates) < 70_000),
    QUIET_IMAGE.host,
)
IMAGES: Final = (QUIET_IMAGE, _CALM, _BUSY)
QUIET, CALM, BUSY = range(len(IMAGES))

ADDED: Final = (
    replace(SOURCES[7], name="added/module-load"),
    replace(SOURCES[1], name="added/process-start"),
    source("process-start", "added-other", SHELL, 1),
    replace(SOURCES[0], name="added/threat-detection"),
    replace(SOURCES[11], name="added/network-activity"),
    replace(SOURCES[9], name="added/file-change"),
)
"""Classes that scenarios inject; the second is a start of a process that the images start too."""
MODULE, APP_START, OTHER_START, DETECTION, SMB_EVENT, FILE = range(len(ADDED))


def identity(device: int) -> Mapping[str, str]:
    """Who a device of a scene is."""
    return {"user": USERS[device % len(USERS)], "host": f"HOST-{device}", "site": SITES[device % len(SITES)]}
