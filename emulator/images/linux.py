"""What all Linux images share: the system's programs, the events of its services, and how a host's items are made."""

from collections.abc import Iterable
from typing import Final

from emulator.events import EventClass, Process
from emulator.host import HostBase, host_base
from emulator.images import parts, residents
from emulator.images.parts import (
    ADMINISTRATION_SERVER,
    CLIENTS,
    DOMAIN_CONTROLLER,
    UDP,
    event,
    inbound,
    outbound,
    program,
)
from emulator.images.profiles import STEADY, rates
from emulator.images.residents import ADMINISTRATION_PORT, Listener

SSH_PORT: Final = 22
SMB_PORT: Final = 445
_FIRST_PID, _PID_STEP = 402, 37

INIT: Final = program("/usr/lib/systemd/systemd", "--system --deserialize 31")
JOURNAL: Final = program("/usr/lib/systemd/systemd-journald", parent=INIT.path)
RESOLVER: Final = program("/usr/lib/systemd/systemd-resolved", parent=INIT.path)
CRON: Final = program("/usr/sbin/cron", "-f -P", parent=INIT.path)
SYSLOG: Final = program("/usr/sbin/rsyslogd", "-n -iNONE", parent=INIT.path)
TIME: Final = program("/usr/sbin/chronyd", "-F 1", parent=INIT.path)
SSH_SERVER: Final = program("/usr/sbin/sshd", "-D", parent=INIT.path)
NETWORK_AGENT: Final = program("/opt/kaspersky/klnagent64/sbin/klnagent", "-d", parent=INIT.path)
MODULE_LOADER: Final = program("/usr/bin/kmod", "load", parent=INIT.path)
HOURLY: Final = program("/usr/bin/dash", "-c 'cd / && run-parts --report /etc/cron.hourly'", parent=CRON.path)
STATISTICS: Final = program("/usr/bin/dash", "-c '/usr/lib/sysstat/debian-sa1 1 1'", parent=CRON.path)
HOURLY_SCRIPT: Final = "/etc/cron.hourly/rotate"

_RESIDENTS: Final = (INIT, JOURNAL, RESOLVER, CRON, SYSLOG, TIME, SSH_SERVER, NETWORK_AGENT)
_FILES: Final = (
    "/etc/crontab",
    "/etc/hosts",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/ssh/sshd_config",
    "/etc/systemd/system/multi-user.target",
    "/usr/bin/bash",
    "/usr/bin/sudo",
    "/usr/lib/x86_64-linux-gnu/libc.so.6",
    "/var/tmp/setup.log",  # noqa: S108 - a value of the emulated host, nothing is written there
)

CLASSES: Final[tuple[EventClass, ...]] = (
    event("process-start", "linux/dash/hourly", HOURLY, rates(STEADY, 8_000)),
    event("process-start", "linux/dash/statistics", STATISTICS, rates(STEADY, 7_000)),
    event("script-run", "linux/dash/hourly", HOURLY, rates(STEADY, 2_000), subject=HOURLY_SCRIPT),
    event(
        "driver-load",
        "linux/kmod",
        MODULE_LOADER,
        rates(STEADY, 300),
        subject="/usr/lib/modules/6.1.0-18-amd64/kernel/drivers/usb/storage/usb-storage.ko",
    ),
    event("system-event", "linux/sshd/authentication", SSH_SERVER, rates(STEADY, 10_000), subject="auth.log/sshd"),
    event("system-event", "linux/systemd/units", INIT, rates(STEADY, 4_000), subject="syslog/systemd"),
    event("process-end", "linux/dash", HOURLY, rates(STEADY, 15_000)),
    event(
        "module-load",
        "linux/sshd/authentication",
        SSH_SERVER,
        rates(STEADY, 20_000),
        subject="/usr/lib/x86_64-linux-gnu/security/pam_unix.so",
    ),
    event(
        "file-change",
        "linux/journald",
        JOURNAL,
        rates(STEADY, 45_000),
        subject="/var/log/journal/0a1b2c3d4e5f60718293a4b5c6d7e8f9/system.journal",
    ),
    event("file-change", "linux/rsyslogd", SYSLOG, rates(STEADY, 35_000), subject="/var/log/syslog"),
    event(
        "network-activity",
        "linux/resolved/dns",
        RESOLVER,
        rates(STEADY, 26_000),
        peer=outbound(DOMAIN_CONTROLLER, 53, UDP),
    ),
    event(
        "network-activity",
        "linux/klnagent/administration",
        NETWORK_AGENT,
        rates(STEADY, 8_000),
        peer=outbound(ADMINISTRATION_SERVER, ADMINISTRATION_PORT),
    ),
    event("network-activity", "linux/sshd/sessions", SSH_SERVER, rates(STEADY, 9_000), peer=inbound(SSH_PORT)),
    event(
        "network-activity", "linux/chronyd/time", TIME, rates(STEADY, 4_000), peer=outbound(DOMAIN_CONTROLLER, 123, UDP)
    ),
    event(
        "basic-communications",
        "linux/resolved/dns",
        RESOLVER,
        rates(STEADY, 16_000),
        peer=outbound(DOMAIN_CONTROLLER, 53, UDP),
    ),
    event(
        "basic-communications",
        "linux/klnagent/administration",
        NETWORK_AGENT,
        rates(STEADY, 8_000),
        peer=outbound(ADMINISTRATION_SERVER, 14_000),
    ),
)
"""The ambient events of every Linux installation, about 215 an hour."""


def linux_host(
    classes: Iterable[EventClass],
    *,
    system: str,
    services: tuple[Process, ...] = (),
    user_programs: tuple[Process, ...] = (),
    listeners: tuple[Listener, ...] = (),
) -> HostBase:
    """The host of a Linux image.

    It has the item types that a scan for indicators reads on Linux: files, processes, neighbours, ports, system
    information. `services` run besides every system's own, `user_programs` in the session of the device's user.
    """
    everything = (*_RESIDENTS, *services, *user_programs)
    pids = {process: 1 if not place else _FIRST_PID + _PID_STEP * place for place, process in enumerate(everything)}
    return host_base(
        "linux",
        {
            "ArpEntryItem": residents.neighbour_items("eth0", (parts.GATEWAY, DOMAIN_CONTROLLER, CLIENTS)),
            "FileItem": parts.files_of("linux", classes, everything, _FILES),
            "PortItem": residents.port_items((Listener(SSH_PORT, SSH_SERVER), *listeners), pids, NETWORK_AGENT),
            "ProcessItem": residents.process_items("linux", pids, session=frozenset(user_programs), account="root"),
            "SystemInfoItem": (residents.system_information(system),),
        },
    )
