"""The image `windows-server`: a member server of a domain that serves files."""

from typing import Final

from emulator.images import windows
from emulator.images.model import Image, in_order
from emulator.images.parts import DOMAIN_CONTROLLER, FILE_SERVER, UPDATE_SERVER, event, inbound, outbound
from emulator.images.profiles import BACKUP, SERVING, rates
from emulator.images.residents import Listener
from emulator.images.windows_host import Service, windows_host

_SHARE: Final = "D:\\Shares\\Departments"

_REPLICATION: Final = windows.system_program(
    "dfsrs.exe",
    parent=windows.SERVICES.path,
    description="Distributed File System Replication",
    original="dfsr.exe",
)
_REMOTE_SHELL: Final = windows.system_program(
    "wsmprovhost.exe",
    "-Embedding",
    parent=windows.DCOM.path,
    description="Host process for WinRM plug-ins",
    original="wsmprovhost.exe",
)
_COPY: Final = windows.system_program(
    "Robocopy.exe",
    f"{_SHARE} \\\\fs-{{site}}\\backup /MIR /R:1 /NP",
    parent=windows.SCHEDULE.path,
    description="Microsoft Robocopy",
    original="robocopy.exe",
)
_UPDATES: Final = windows.service_host("-k netsvcs -p -s wuauserv")
_SHARES: Final = windows.service_host("-k smbsvcs -s LanmanServer")

_CLASSES: Final = in_order(
    (
        *windows.CLASSES,
        event("process-start", "windows-server/wmiprvse", windows.WMI_HOST, rates(SERVING, 14_000)),
        event("process-start", "windows-server/wsmprovhost", _REMOTE_SHELL, rates(SERVING, 9_000)),
        event("process-start", "windows-server/robocopy", _COPY, rates(BACKUP, 4_000)),
        event(
            "system-event",
            "windows-server/lsass/network-logon",
            windows.LSASS,
            rates(SERVING, 64_000),
            subject="Security/4624",
        ),
        event("process-end", "windows-server/wmiprvse", windows.WMI_HOST, rates(SERVING, 14_000)),
        event("process-end", "windows-server/wsmprovhost", _REMOTE_SHELL, rates(SERVING, 9_000)),
        event(
            "module-load",
            "windows-server/wmiprvse",
            windows.WMI_HOST,
            rates(SERVING, 60_000),
            subject=f"{windows.SYSTEM32}\\wbem\\cimwin32.dll",
        ),
        event(
            "module-load",
            "windows-server/wsmprovhost",
            _REMOTE_SHELL,
            rates(SERVING, 30_000),
            subject=f"{windows.SYSTEM32}\\WsmSvc.dll",
        ),
        event(
            "file-change",
            "windows-server/system/shares",
            windows.KERNEL,
            rates(SERVING, 145_000),
            subject=f"{_SHARE}\\plan.xlsx",
        ),
        event(
            "file-change",
            "windows-server/dfsrs/staging",
            _REPLICATION,
            rates(SERVING, 25_000),
            subject="D:\\System Volume Information\\DFSR\\Private\\staging.xml",
        ),
        event(
            "file-change",
            "windows-server/robocopy/backup",
            _COPY,
            rates(BACKUP, 40_000),
            subject="D:\\Backup\\journal.log",
        ),
        event(
            "registry-change",
            "windows-server/svchost/sessions",
            _SHARES,
            rates(SERVING, 65_000),
            subject="HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\LanmanServer\\Shares",
        ),
        event(
            "registry-change",
            "windows-server/dfsrs/state",
            _REPLICATION,
            rates(SERVING, 25_000),
            subject="HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\DFSR\\Parameters\\Replication Groups",
        ),
        event(
            "network-activity",
            "windows-server/system/smb-shares",
            windows.KERNEL,
            rates(SERVING, 130_000),
            peer=inbound(windows.SMB_PORT),
        ),
        event(
            "network-activity",
            "windows-server/svchost/winrm",
            windows.WINRM,
            rates(SERVING, 28_000),
            peer=inbound(windows.WINRM_PORT),
        ),
        event(
            "network-activity",
            "windows-server/lsass/ldap",
            windows.LSASS,
            rates(SERVING, 24_000),
            peer=outbound(DOMAIN_CONTROLLER, 389),
        ),
        event(
            "network-activity",
            "windows-server/svchost/updates",
            _UPDATES,
            rates(BACKUP, 4_000),
            peer=outbound(UPDATE_SERVER, 8_530),
        ),
        event(
            "network-activity",
            "windows-server/system/smb-backup",
            windows.KERNEL,
            rates(BACKUP, 15_000),
            peer=outbound(FILE_SERVER, windows.SMB_PORT),
        ),
        event(
            "basic-communications",
            "windows-server/system/smb-shares",
            windows.KERNEL,
            rates(SERVING, 110_000),
            peer=inbound(windows.SMB_PORT),
        ),
        event(
            "basic-communications",
            "windows-server/svchost/winrm",
            windows.WINRM,
            rates(SERVING, 26_000),
            peer=inbound(windows.WINRM_PORT),
        ),
    )
)

IMAGE: Final = Image(
    name="windows-server",
    os="windows",
    about="A member server with file shares: follows its users, never idle, backup and updates at night.",
    classes=_CLASSES,
    host=windows_host(
        _CLASSES,
        system="Windows Server 2022 Standard",
        build=20_348,
        services=(
            Service("DFSR", "DFS Replication", _REPLICATION),
            Service("LanmanServer", "Server", _SHARES, "srvsvc.dll"),
            Service("WinRM", "Windows Remote Management (WS-Management)", windows.WINRM, "WsmSvc.dll"),
            Service("wuauserv", "Windows Update", _UPDATES, "wuaueng.dll"),
        ),
        listeners=(Listener(windows.WINRM_PORT, windows.WINRM),),
        volumes=("C:", "D:"),
    ),
)
"""Loaded by `emulator.images.IMAGES`."""
