"""The image `windows-jump-host`: where administrators log on to reach other machines."""

from typing import Final

from emulator.images import windows
from emulator.images.model import Image, in_order
from emulator.images.parts import FILE_SERVER, LINUX_SERVER, event, inbound, outbound, program
from emulator.images.profiles import ADMIN, rates
from emulator.images.residents import Listener
from emulator.images.windows_host import Service, windows_host

_PROFILE: Final = "C:\\Users\\{user}"
_SCRIPT: Final = f"{_PROFILE}\\Scripts\\check-servers.ps1"

_SHELL: Final = windows.powershell("-NoLogo", windows.EXPLORER)
_CHECK: Final = windows.powershell(f"-NoProfile -File {_SCRIPT}", windows.EXPLORER)
_REMOTE_DESKTOP: Final = windows.system_program(
    "mstsc.exe",
    "/v:fs-{site}",
    parent=windows.EXPLORER.path,
    description="Remote Desktop Connection",
    original="mstsc.exe",
)
_CONSOLE: Final = windows.system_program(
    "mmc.exe",
    f"{windows.SYSTEM32}\\dsa.msc",
    parent=windows.EXPLORER.path,
    description="Microsoft Management Console",
    original="mmc.exe",
)
_SSH: Final = program(
    f"{windows.SYSTEM32}\\OpenSSH\\ssh.exe",
    "admin@web-{site}",
    parent=_SHELL.path,
    description="OpenSSH for Windows",
    original="ssh.exe",
    version="8.6.0.1",
)
_CLIPBOARD: Final = windows.system_program(
    "rdpclip.exe",
    parent=windows.REMOTE_DESKTOP.path,
    description="RDP Clipboard Monitor",
    original="rdpclip.exe",
)

_CLASSES: Final = in_order(
    (
        *windows.CLASSES,
        event("process-start", "windows-jump-host/mstsc", _REMOTE_DESKTOP, rates(ADMIN, 12_000)),
        event("process-start", "windows-jump-host/powershell/shell", _SHELL, rates(ADMIN, 9_000)),
        event("process-start", "windows-jump-host/powershell/check", _CHECK, rates(ADMIN, 7_000)),
        event("process-start", "windows-jump-host/ssh", _SSH, rates(ADMIN, 9_000)),
        event("process-start", "windows-jump-host/rdpclip", _CLIPBOARD, rates(ADMIN, 2_000)),
        event("script-run", "windows-jump-host/powershell/check", _CHECK, rates(ADMIN, 8_000), subject=_SCRIPT),
        event(
            "system-event",
            "windows-jump-host/lsass/remote-logon",
            windows.LSASS,
            rates(ADMIN, 12_000),
            subject="Security/4624",
        ),
        event("process-end", "windows-jump-host/mstsc", _REMOTE_DESKTOP, rates(ADMIN, 12_000)),
        event("process-end", "windows-jump-host/ssh", _SSH, rates(ADMIN, 9_000)),
        event(
            "module-load",
            "windows-jump-host/mmc",
            _CONSOLE,
            rates(ADMIN, 55_000),
            subject=f"{windows.SYSTEM32}\\mmcbase.dll",
        ),
        event(
            "module-load",
            "windows-jump-host/powershell",
            _SHELL,
            rates(ADMIN, 50_000),
            subject=f"{windows.SYSTEM32}\\WindowsPowerShell\\v1.0\\pspluginwkr.dll",
        ),
        event(
            "file-change",
            "windows-jump-host/powershell/history",
            _SHELL,
            rates(ADMIN, 60_000),
            subject=f"{_PROFILE}\\AppData\\Roaming\\Microsoft\\Windows\\PowerShell\\PSReadLine\\ConsoleHost_history.txt",
        ),
        event(
            "file-change",
            "windows-jump-host/mstsc/cache",
            _REMOTE_DESKTOP,
            rates(ADMIN, 35_000),
            subject=f"{_PROFILE}\\AppData\\Local\\Microsoft\\Terminal Server Client\\Cache\\Cache0000.bin",
        ),
        event(
            "registry-change",
            "windows-jump-host/mstsc/servers",
            _REMOTE_DESKTOP,
            rates(ADMIN, 45_000),
            subject="HKEY_CURRENT_USER\\Software\\Microsoft\\Terminal Server Client\\Servers\\fs-{site}",
        ),
        event(
            "registry-change",
            "windows-jump-host/mmc/recent",
            _CONSOLE,
            rates(ADMIN, 35_000),
            subject="HKEY_CURRENT_USER\\Software\\Microsoft\\Microsoft Management Console\\Recent File List",
        ),
        event(
            "network-activity",
            "windows-jump-host/svchost/remote-desktop",
            windows.REMOTE_DESKTOP,
            rates(ADMIN, 22_000),
            peer=inbound(windows.RDP_PORT),
        ),
        event(
            "network-activity",
            "windows-jump-host/mstsc/session",
            _REMOTE_DESKTOP,
            rates(ADMIN, 26_000),
            peer=outbound(FILE_SERVER, windows.RDP_PORT),
        ),
        event(
            "network-activity",
            "windows-jump-host/powershell/winrm",
            _CHECK,
            rates(ADMIN, 34_000),
            peer=outbound(FILE_SERVER, windows.WINRM_PORT),
        ),
        event(
            "network-activity",
            "windows-jump-host/ssh/session",
            _SSH,
            rates(ADMIN, 16_000),
            peer=outbound(LINUX_SERVER, 22),
        ),
        event(
            "basic-communications",
            "windows-jump-host/powershell/winrm",
            _CHECK,
            rates(ADMIN, 40_000),
            peer=outbound(FILE_SERVER, windows.WINRM_PORT),
        ),
        event(
            "basic-communications",
            "windows-jump-host/mstsc/session",
            _REMOTE_DESKTOP,
            rates(ADMIN, 40_000),
            peer=outbound(FILE_SERVER, windows.RDP_PORT),
        ),
    )
)

IMAGE: Final = Image(
    name="windows-jump-host",
    os="windows",
    about="A host from which administrators reach servers: remote desktops, remote shells, consoles.",
    classes=_CLASSES,
    host=windows_host(
        _CLASSES,
        system="Windows Server 2022 Standard",
        build=20_348,
        services=(Service("TermService", "Remote Desktop Services", windows.REMOTE_DESKTOP, "termsrv.dll"),),
        user_programs=(_SHELL, _REMOTE_DESKTOP, _CONSOLE),
        listeners=(Listener(windows.RDP_PORT, windows.REMOTE_DESKTOP),),
    ),
)
"""Loaded by `emulator.images.IMAGES`."""
