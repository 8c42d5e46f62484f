"""What runs on a host all the time: processes with their ids, listening ports, the neighbours they talk to."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from emulator.events import Process
from emulator.host import port_item, process_item
from emulator.images import parts
from emulator.ioc.snapshot import Instance

STARTED: Final = "2025-11-03T05:12:00Z"
ADMINISTRATION_PORT: Final = 13_000
_ANY_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - a value of the emulated host, nothing is bound
_NETWORK_AGENT_PORT: Final = 49_812


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening port."""

    port: int
    process: Process
    protocol: str = "TCP"


def process_items(
    os: str, pids: Mapping[Process, int], *, session: frozenset[Process], account: str
) -> Iterator[Instance]:
    """The running processes; those in `session` run as the device's user, the others as `account`."""
    by_path: dict[str, int] = {}
    for process, pid in pids.items():
        by_path.setdefault(process.path, pid)
    for process, pid in pids.items():
        yield process_item(
            os,
            process.path,
            pid=pid,
            parent_pid=by_path.get(process.parent_path, 0),
            arguments=process.command_line,
            user="{user}" if process in session else account,
            started=STARTED,
        )


def port_items(
    listeners: Iterable[Listener], pids: Mapping[Process, int], network_agent: Process
) -> Iterator[Instance]:
    """The listening ports, and the connection that Network Agent holds."""
    for item in listeners:
        yield port_item(
            protocol=item.protocol,
            local_address=_ANY_ADDRESS,
            local_port=item.port,
            state="LISTEN",
            path=item.process.path,
            pid=pids[item.process],
        )
    yield port_item(
        protocol="TCP",
        local_address="{address}",
        local_port=_NETWORK_AGENT_PORT,
        state="ESTABLISHED",
        path=network_agent.path,
        pid=pids[network_agent],
        remote_address=parts.ADMINISTRATION_SERVER,
        remote_port=ADMINISTRATION_PORT,
    )


def neighbour_items(interface: str, addresses: Iterable[str]) -> Iterator[Instance]:
    """The entries of the table of neighbours."""
    for number, address in enumerate(addresses, start=1):
        yield {
            "Interface": interface,
            "IPv4Address": address,
            "PhysicalAddress": f"02:00:5E:00:00:{number:02X}",
            "CacheType": "Dynamic",
        }


def system_information(system: str, build: int | None = None) -> Instance:
    """The one `SystemInfoItem` of a host, a template."""
    found: dict[str, str | int] = {
        "hostname": "{host}",
        "domain": "{site}.example",
        "OS": system,
        "MAC": "{mac}",
        "primaryIpv4Address": "{address}",
        "timezone": "UTC",
    }
    if build is not None:
        found["buildNumber"] = build
    return found
