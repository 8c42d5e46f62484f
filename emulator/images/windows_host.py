"""The items of a Windows host that indicators are judged against, consistent with the image's event classes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from emulator.events import EventClass, Process
from emulator.host import HostBase, dns_entry_item, host_base, registry_item
from emulator.images import parts, residents, windows
from emulator.images.residents import Listener
from emulator.images.windows import SYSTEM32
from emulator.ioc.snapshot import Instance

_KERNEL_PID: Final = 4
_FIRST_PID, _PID_STEP = 312, 148
_LOCAL_SYSTEM: Final = "NT AUTHORITY\\SYSTEM"
_MACHINE, _CLASSES_ROOT = "HKEY_LOCAL_MACHINE", "HKEY_CLASSES_ROOT"
_CURRENT: Final = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion"
_NT: Final = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
_CONTROL: Final = "SYSTEM\\CurrentControlSet\\Control"
_SERVICES: Final = "SYSTEM\\CurrentControlSet\\Services"
_REGISTRY_CHANGED: Final = "2025-10-14T18:40:00Z"

_RESIDENTS: Final = (
    windows.KERNEL,
    windows.SMSS,
    windows.CSRSS,
    windows.WININIT,
    windows.WINLOGON,
    windows.SERVICES,
    windows.LSASS,
    windows.DCOM,
    windows.SCHEDULE,
    windows.EVENT_LOG,
    windows.DNS_CLIENT,
    windows.TIME,
    windows.SPOOLER,
    windows.NETWORK_AGENT,
)
_FILES: Final = (
    "C:\\Windows\\System32\\drivers\\etc\\hosts",
    "C:\\Windows\\System32\\kernel32.dll",
    "C:\\Windows\\System32\\ntdll.dll",
    "C:\\Windows\\System32\\user32.dll",
    "C:\\Windows\\System32\\cmd.exe",
    "C:\\Windows\\System32\\drivers\\tcpip.sys",
    "C:\\Windows\\System32\\drivers\\ntfs.sys",
    "C:\\Windows\\Tasks\\cleanup.job",
    "C:\\Windows\\Temp\\setup.log",
    "C:\\ProgramData\\Microsoft\\Windows\\Start Menu\\desktop.ini",
    f"{windows.NETWORK_AGENT_FOLDER}\\klcsnagt.dll",
)


@dataclass(frozen=True, slots=True)
class Service:
    """A Windows service: its name, what it is called, the process that holds it, its DLL where that is svchost.exe."""

    name: str
    title: str
    process: Process
    library: str = ""


_NEIGHBOURS: Final = (parts.GATEWAY, parts.DOMAIN_CONTROLLER, parts.FILE_SERVER)
_LISTENERS: Final = (
    Listener(135, windows.DCOM),
    Listener(windows.SMB_PORT, windows.KERNEL),
    Listener(49_664, windows.LSASS),
    Listener(15_000, windows.NETWORK_AGENT, "UDP"),
)
_SERVICE_LIST: Final = (
    Service("DcomLaunch", "DCOM Server Process Launcher", windows.DCOM, "rpcss.dll"),
    Service("Dnscache", "DNS Client", windows.DNS_CLIENT, "dnsrslvr.dll"),
    Service("EventLog", "Windows Event Log", windows.EVENT_LOG, "wevtsvc.dll"),
    Service("klnagent", "Network Agent", windows.NETWORK_AGENT),
    Service("SamSs", "Security Accounts Manager", windows.LSASS),
    Service("Schedule", "Task Scheduler", windows.SCHEDULE, "schedsvc.dll"),
    Service("Spooler", "Print Spooler", windows.SPOOLER),
    Service("W32Time", "Windows Time", windows.TIME, "w32time.dll"),
)


def windows_host(
    classes: Iterable[EventClass],
    *,
    system: str,
    build: int,
    services: tuple[Service, ...] = (),
    user_programs: tuple[Process, ...] = (),
    listeners: tuple[Listener, ...] = (),
    volumes: tuple[str, ...] = ("C:",),
) -> HostBase:
    """The host of a Windows image.

    `services` and `listeners` come on top of every system's; `user_programs` run in the session of the device's user;
    the files are those of the programs, what the classes touch, and a core of the system's.
    """
    all_services = tuple(sorted((*_SERVICE_LIST, *services), key=lambda item: item.name.casefold()))
    session = (windows.EXPLORER, *user_programs) if user_programs else ()
    running = (*_RESIDENTS, *dict.fromkeys(item.process for item in services), *session)
    pids = {
        process: _KERNEL_PID if not place else _FIRST_PID + _PID_STEP * place for place, process in enumerate(running)
    }
    programs = (*running, windows.USERINIT, windows.INVENTORY)
    return host_base(
        "windows",
        {
            "ArpEntryItem": residents.neighbour_items("Ethernet", _NEIGHBOURS),
            "DnsEntryItem": _names(),
            "EventLogItem": _records(),
            "FileItem": parts.files_of("windows", classes, programs, _FILES),
            "PortItem": residents.port_items((*_LISTENERS, *listeners), pids, windows.NETWORK_AGENT),
            "ProcessItem": residents.process_items("windows", pids, session=frozenset(session), account=_LOCAL_SYSTEM),
            "RegistryItem": _registry(
                all_services, remote_desktop=any(item.port == windows.RDP_PORT for item in listeners)
            ),
            "ServiceItem": (_service(item, pids[item.process]) for item in all_services),
            "SystemInfoItem": (residents.system_information(system, build),),
            "UserItem": _users(),
            "VolumeItem": (_volume(number, letter) for number, letter in enumerate(volumes, start=1)),
        },
    )


def _service(item: Service, pid: int) -> Instance:
    found: dict[str, str | int] = {
        "name": item.name,
        "descriptiveName": item.title,
        "description": item.title,
        "path": item.process.path,
        "arguments": item.process.command_line,
        "startedAs": _LOCAL_SYSTEM,
        "status": "SERVICE_RUNNING",
        "mode": "SERVICE_AUTO_START",
        "type": "SERVICE_WIN32_SHARE_PROCESS" if item.library else "SERVICE_WIN32_OWN_PROCESS",
        "pid": pid,
    }
    if item.library:
        found["serviceDLL"] = f"{SYSTEM32}\\{item.library}"
    return found


def _registry(services: Iterable[Service], *, remote_desktop: bool) -> Iterator[Instance]:
    """Values below the keys that a scan reads.

    Winlogon is left out: indicators made by sandboxes name its key alone, and would be found on every device.
    """
    texts = (
        (f"{_CURRENT}\\Run", "SecurityHealth", "%windir%\\system32\\SecurityHealthSystray.exe"),
        ("SOFTWARE\\Wow6432Node\\Microsoft\\Windows\\CurrentVersion\\Run", "Help desk", "C:\\Tools\\helpdesk.exe"),
        (f"{_NT}\\Windows", "AppInit_DLLs", ""),
        (f"{_NT}\\AeDebug", "Debugger", '"C:\\Windows\\system32\\vsjitdebugger.exe" -p %ld -e %ld'),
        (f"{_CONTROL}\\Lsa", "Authentication Packages", "msv1_0"),
        (f"{_CONTROL}\\Lsa", "Security Packages", "kerberos msv1_0 schannel"),
        (f"{_CONTROL}\\NetworkProvider\\Order", "ProviderOrder", "RDPNP,LanmanWorkstation,webclient"),
        (f"{_CONTROL}\\Print\\Monitors\\Local Port", "Driver", "localspl.dll"),
        (f"{_CONTROL}\\SecurityProviders", "SecurityProviders", "credssp.dll"),
        (f"{_CONTROL}\\Session Manager", "BootExecute", "autocheck autochk *"),
        ("SOFTWARE\\Classes\\exefile\\shell\\open\\command", "(Default)", '"%1" %*'),
    )
    numbers = (
        (f"{_CONTROL}\\Lsa", "RunAsPPL", 1),
        (f"{_CONTROL}\\Terminal Server", "fDenyTSConnections", int(not remote_desktop)),
        (f"{_NT}\\Image File Execution Options\\svchost.exe", "MinimumStackCommitInBytes", 32_768),
        (f"{_NT}\\Windows", "LoadAppInit_DLLs", 0),
    )
    for key_path, name, text in texts:
        yield registry_item(_MACHINE, key_path, name, text, kind="REG_SZ", modified=_REGISTRY_CHANGED)
    for key_path, name, number in numbers:
        yield registry_item(_MACHINE, key_path, name, number, kind="REG_DWORD", modified=_REGISTRY_CHANGED)
    for extension in ("batfile", "comfile", "exefile"):
        key_path = f"{extension}\\shell\\open\\command"
        yield registry_item(_CLASSES_ROOT, key_path, "(Default)", '"%1" %*', kind="REG_SZ", modified=_REGISTRY_CHANGED)
    for item in services:
        key_path, command = f"{_SERVICES}\\{item.name}", item.process.command_line
        yield registry_item(_MACHINE, key_path, "ImagePath", command, kind="REG_EXPAND_SZ", modified=_REGISTRY_CHANGED)
        yield registry_item(_MACHINE, key_path, "Start", 2, kind="REG_DWORD", modified=_REGISTRY_CHANGED)


def _names() -> Iterator[Instance]:
    for host in ("dc.example", "administration.example", "time.example", "www.example"):
        yield dns_entry_item(host, record_type="A", time_to_live_s=3_600)


def _records() -> Iterator[Instance]:
    for index, (log, source, number, message) in enumerate(
        (
            ("Security", "Microsoft-Windows-Security-Auditing", 4_624, "An account was successfully logged on."),
            ("Security", "Microsoft-Windows-Security-Auditing", 4_672, "Special privileges assigned to new logon."),
            ("System", "Service Control Manager", 7_036, "The Windows Time service entered the running state."),
            ("System", "EventLog", 6_005, "The Event log service was started."),
            ("Application", "MsiInstaller", 1_033, "Windows Installer installed the product."),
        ),
        start=1,
    ):
        yield {
            "EID": number,
            "index": index,
            "log": log,
            "source": source,
            "message": message,
            "type": "Information",
            "user": _LOCAL_SYSTEM,
            "genTime": residents.STARTED,
            "writeTime": residents.STARTED,
        }


def _users() -> Iterator[Instance]:
    for name, number, disabled in (("Administrator", 500, True), ("Guest", 501, True), ("{user}", 1_104, False)):
        yield {
            "Username": name,
            "fullname": name,
            "SecurityID": f"S-1-5-21-1000000001-1000000002-1000000003-{number}",
            "disabled": disabled,
            "lockedout": False,
        }


def _volume(number: int, letter: str) -> Instance:
    return {
        "Name": "System" if number == 1 else "Data",
        "DriveLetter": letter,
        "DevicePath": f"\\Device\\HarddiskVolume{number}",
        "Type": "DRIVE_FIXED",
        "FileSystemName": "NTFS",
        "IsMounted": True,
    }
