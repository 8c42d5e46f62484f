"""What all Windows images share: the system's programs, and the events of its services."""

from typing import Final

from emulator.events import EventClass, Process
from emulator.images.parts import ADMINISTRATION_SERVER, DOMAIN_CONTROLLER, UDP, event, outbound, program
from emulator.images.profiles import STEADY, rates
from emulator.images.residents import ADMINISTRATION_PORT

SYSTEM32: Final = "C:\\Windows\\System32"
NETWORK_AGENT_FOLDER: Final = "C:\\Program Files (x86)\\Kaspersky Lab\\NetworkAgent"
SMB_PORT: Final = 445
WINRM_PORT: Final = 5985
RDP_PORT: Final = 3389
_VERSION: Final = "10.0.20348.1006"


def system_program(name: str, arguments: str = "", *, parent: str = "", description: str, original: str) -> Process:
    """A program of the system's folder."""
    return program(
        f"{SYSTEM32}\\{name}",
        arguments,
        parent=parent,
        description=description,
        original=original,
        version=_VERSION,
    )


def service_host(arguments: str) -> Process:
    """svchost.exe with the services that its command line names."""
    return system_program(
        "svchost.exe",
        arguments,
        parent=SERVICES.path,
        description="Host Process for Windows Services",
        original="svchost.exe",
    )


def powershell(arguments: str, parent: Process) -> Process:
    """powershell.exe, started by another program."""
    return system_program(
        "WindowsPowerShell\\v1.0\\powershell.exe",
        arguments,
        parent=parent.path,
        description="Windows PowerShell",
        original="PowerShell.EXE",
    )


KERNEL: Final = system_program("ntoskrnl.exe", description="NT Kernel & System", original="ntkrnlmp.exe")
SMSS: Final = system_program("smss.exe", parent=KERNEL.path, description="Windows Session Manager", original="smss.exe")
CSRSS: Final = system_program(
    "csrss.exe",
    "ObjectDirectory=\\Windows SharedSection=1024,20480,768 Windows=On SubSystemType=Windows",
    parent=SMSS.path,
    description="Client Server Runtime Process",
    original="CSRSS.Exe",
)
WININIT: Final = system_program(
    "wininit.exe", parent=SMSS.path, description="Windows Start-Up Application", original="WinInit.exe"
)
WINLOGON: Final = system_program(
    "winlogon.exe", parent=SMSS.path, description="Windows Logon Application", original="WINLOGON.EXE"
)
SERVICES: Final = system_program(
    "services.exe", parent=WININIT.path, description="Services and Controller app", original="services.exe"
)
LSASS: Final = system_program(
    "lsass.exe", parent=WININIT.path, description="Local Security Authority Process", original="lsass.exe"
)
USERINIT: Final = system_program(
    "userinit.exe", parent=WINLOGON.path, description="Userinit Logon Application", original="USERINIT.EXE"
)
SPOOLER: Final = system_program(
    "spoolsv.exe", parent=SERVICES.path, description="Spooler SubSystem App", original="spoolsv.exe"
)
EXPLORER: Final = program(
    "C:\\Windows\\explorer.exe",
    parent=USERINIT.path,
    description="Windows Explorer",
    original="EXPLORER.EXE",
    version=_VERSION,
)
NETWORK_AGENT: Final = program(
    f"{NETWORK_AGENT_FOLDER}\\klnagent.exe",
    parent=SERVICES.path,
    description="Network Agent",
    original="klnagent.exe",
    version="14.2.0.26967",
)
SCHEDULE: Final = service_host("-k netsvcs -p -s Schedule")
EVENT_LOG: Final = service_host("-k LocalServiceNetworkRestricted -p -s EventLog")
DNS_CLIENT: Final = service_host("-k NetworkService -p -s Dnscache")
TIME: Final = service_host("-k LocalService -s W32Time")
WINRM: Final = service_host("-k NetworkService -p -s WinRM")
DCOM: Final = service_host("-k DcomLaunch -p")
REMOTE_DESKTOP: Final = service_host("-k NetworkService -s TermService")
TASK_HOST: Final = system_program(
    "taskhostw.exe",
    "SYSTEM",
    parent=SCHEDULE.path,
    description="Host Process for Windows Tasks",
    original="taskhostw.exe",
)
WMI_HOST: Final = system_program(
    "wbem\\WmiPrvSE.exe",
    "-secured -Embedding",
    parent=DCOM.path,
    description="WMI Provider Host",
    original="Wmiprvse.exe",
)
INVENTORY_SCRIPT: Final = f"{NETWORK_AGENT_FOLDER}\\scripts\\inventory.ps1"
INVENTORY: Final = powershell(f'-NoProfile -File "{INVENTORY_SCRIPT}"', NETWORK_AGENT)

CLASSES: Final[tuple[EventClass, ...]] = (
    event("process-start", "windows/svchost/netsvcs", SCHEDULE, rates(STEADY, 10_000)),
    event("process-start", "windows/svchost/local-service", TIME, rates(STEADY, 7_000)),
    event("process-start", "windows/taskhostw", TASK_HOST, rates(STEADY, 8_000)),
    event("process-start", "windows/powershell/inventory", INVENTORY, rates(STEADY, 2_000)),
    event("script-run", "windows/powershell/inventory", INVENTORY, rates(STEADY, 2_000), subject=INVENTORY_SCRIPT),
    event(
        "driver-load",
        "windows/kernel",
        KERNEL,
        rates(STEADY, 400),
        subject=f"{SYSTEM32}\\drivers\\usbhub3.sys",
    ),
    event("system-event", "windows/lsass/audit", LSASS, rates(STEADY, 14_000), subject="Security/4624"),
    event("system-event", "windows/services/state", SERVICES, rates(STEADY, 5_000), subject="System/7036"),
    event("process-end", "windows/svchost/netsvcs", SCHEDULE, rates(STEADY, 17_000)),
    event("process-end", "windows/taskhostw", TASK_HOST, rates(STEADY, 10_000)),
    event(
        "module-load",
        "windows/svchost/netsvcs",
        SCHEDULE,
        rates(STEADY, 55_000),
        subject=f"{SYSTEM32}\\taskschd.dll",
    ),
    event(
        "file-change",
        "windows/svchost/event-log",
        EVENT_LOG,
        rates(STEADY, 55_000),
        subject=f"{SYSTEM32}\\winevt\\Logs\\Security.evtx",
    ),
    event(
        "registry-change",
        "windows/svchost/activity",
        SCHEDULE,
        rates(STEADY, 42_000),
        subject="HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\bam\\State\\UserSettings",
    ),
    event(
        "registry-change",
        "windows/klnagent/state",
        NETWORK_AGENT,
        rates(STEADY, 14_000),
        subject="HKEY_LOCAL_MACHINE\\SOFTWARE\\WOW6432Node\\KasperskyLab\\Components\\34\\1103\\1.0.0.0\\Statistics",
    ),
    event(
        "network-activity",
        "windows/svchost/dns",
        DNS_CLIENT,
        rates(STEADY, 28_000),
        peer=outbound(DOMAIN_CONTROLLER, 53, UDP),
    ),
    event(
        "network-activity",
        "windows/lsass/kerberos",
        LSASS,
        rates(STEADY, 10_000),
        peer=outbound(DOMAIN_CONTROLLER, 88),
    ),
    event(
        "network-activity",
        "windows/system/smb-policies",
        KERNEL,
        rates(STEADY, 8_000),
        peer=outbound(DOMAIN_CONTROLLER, SMB_PORT),
    ),
    event(
        "network-activity",
        "windows/klnagent/administration",
        NETWORK_AGENT,
        rates(STEADY, 8_000),
        peer=outbound(ADMINISTRATION_SERVER, ADMINISTRATION_PORT),
    ),
    event(
        "network-activity",
        "windows/svchost/time",
        TIME,
        rates(STEADY, 1_000),
        peer=outbound(DOMAIN_CONTROLLER, 123, UDP),
    ),
    event(
        "basic-communications",
        "windows/svchost/dns",
        DNS_CLIENT,
        rates(STEADY, 16_000),
        peer=outbound(DOMAIN_CONTROLLER, 53, UDP),
    ),
    event(
        "basic-communications",
        "windows/system/smb-policies",
        KERNEL,
        rates(STEADY, 8_000),
        peer=outbound(DOMAIN_CONTROLLER, SMB_PORT),
    ),
    event(
        "basic-communications",
        "windows/klnagent/administration",
        NETWORK_AGENT,
        rates(STEADY, 8_000),
        peer=outbound(ADMINISTRATION_SERVER, 14_000),
    ),
)
"""The ambient events of every Windows installation, about 330 an hour."""
