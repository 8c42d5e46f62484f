"""The image `windows-office`: a workstation in an office, with a browser, mail and documents on a file server."""

from typing import Final

from emulator.events import Process
from emulator.images import windows
from emulator.images.model import Image, in_order
from emulator.images.parts import FILE_SERVER, MAIL_SERVER, MEETINGS, UDP, WEB, event, outbound, program
from emulator.images.profiles import LOGON, OFFICE, rates
from emulator.images.windows_host import Service, windows_host

_EDGE_FOLDER: Final = "C:\\Program Files (x86)\\Microsoft\\Edge\\Application"
_OFFICE_FOLDER: Final = "C:\\Program Files\\Microsoft Office\\root\\Office16"
_PROFILE: Final = "C:\\Users\\{user}"
_LOGON_SCRIPT: Final = "\\\\fs-{site}\\netlogon\\logon.vbs"


def _edge(arguments: str) -> Process:
    return program(
        f"{_EDGE_FOLDER}\\msedge.exe",
        arguments,
        parent=f"{_EDGE_FOLDER}\\msedge.exe",
        description="Microsoft Edge",
        original="msedge.exe",
        version="128.0.2739.42",
    )


def _office(name: str, arguments: str, description: str, original: str) -> Process:
    return program(
        f"{_OFFICE_FOLDER}\\{name}",
        arguments,
        parent=windows.EXPLORER.path,
        description=description,
        original=original,
        version="16.0.17928.20114",
    )


_EDGE_RENDERER: Final = _edge("--type=renderer --lang=en-GB --renderer-client-id=7")
_EDGE_UTILITY: Final = _edge("--type=utility --utility-sub-type=network.mojom.NetworkService --lang=en-GB")
_OUTLOOK: Final = _office("OUTLOOK.EXE", "", "Microsoft Outlook", "Outlook.exe")
_WORD: Final = _office("WINWORD.EXE", f'/n "{_PROFILE}\\Documents\\minutes.docx"', "Microsoft Word", "WinWord.exe")
_MEETINGS: Final = program(
    f"{_PROFILE}\\AppData\\Local\\Programs\\Meetings\\meetings.exe",
    "--background",
    parent=windows.EXPLORER.path,
    description="Meetings",
    original="meetings.exe",
    version="4.18.2",
)
_SEARCH: Final = windows.system_program(
    "SearchProtocolHost.exe",
    "Global\\UsGthrFltPipeMssGthrPipe",
    parent=f"{windows.SYSTEM32}\\SearchIndexer.exe",
    description="Microsoft Windows Search Protocol Host",
    original="SearchProtocolHost.exe",
)
_INDEXER: Final = windows.system_program(
    "SearchIndexer.exe",
    "/Embedding",
    parent=windows.SERVICES.path,
    description="Microsoft Windows Search Indexer",
    original="SearchIndexer.exe",
)
_LOGON: Final = windows.system_program(
    "wscript.exe",
    f"//B {_LOGON_SCRIPT}",
    parent=windows.USERINIT.path,
    description="Microsoft Windows Based Script Host",
    original="wscript.exe",
)

_CLASSES: Final = in_order(
    (
        *windows.CLASSES,
        event("process-start", "windows-office/msedge/renderer", _EDGE_RENDERER, rates(OFFICE, 46_000)),
        event("process-start", "windows-office/msedge/utility", _EDGE_UTILITY, rates(OFFICE, 14_000)),
        event("process-start", "windows-office/search-protocol-host", _SEARCH, rates(OFFICE, 30_000)),
        event("process-start", "windows-office/winword", _WORD, rates(OFFICE, 9_000)),
        event("process-start", "windows-office/wscript/logon", _LOGON, rates(LOGON, 2_000)),
        event("script-run", "windows-office/wscript/logon", _LOGON, rates(LOGON, 2_000), subject=_LOGON_SCRIPT),
        event("process-end", "windows-office/msedge", _EDGE_RENDERER, rates(OFFICE, 60_000)),
        event("process-end", "windows-office/search-protocol-host", _SEARCH, rates(OFFICE, 30_000)),
        event(
            "module-load",
            "windows-office/msedge",
            _EDGE_RENDERER,
            rates(OFFICE, 155_000),
            subject=f"{_EDGE_FOLDER}\\128.0.2739.42\\msedge.dll",
        ),
        event(
            "module-load",
            "windows-office/winword",
            _WORD,
            rates(OFFICE, 115_000),
            subject=f"{_OFFICE_FOLDER}\\WWLIB.DLL",
        ),
        event(
            "file-change",
            "windows-office/msedge/cache",
            _EDGE_UTILITY,
            rates(OFFICE, 120_000),
            subject=f"{_PROFILE}\\AppData\\Local\\Microsoft\\Edge\\User Data\\Default\\Cache\\Cache_Data\\data_1",
        ),
        event(
            "file-change",
            "windows-office/outlook/store",
            _OUTLOOK,
            rates(OFFICE, 75_000),
            subject=f"{_PROFILE}\\AppData\\Local\\Microsoft\\Outlook\\{{user}}.ost",
        ),
        event(
            "file-change",
            "windows-office/winword/document",
            _WORD,
            rates(OFFICE, 60_000),
            subject=f"{_PROFILE}\\Documents\\minutes.docx",
        ),
        event(
            "registry-change",
            "windows-office/explorer/recent",
            windows.EXPLORER,
            rates(OFFICE, 135_000),
            subject="HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\RecentDocs",
        ),
        event(
            "registry-change",
            "windows-office/winword/recent",
            _WORD,
            rates(OFFICE, 105_000),
            subject="HKEY_CURRENT_USER\\Software\\Microsoft\\Office\\16.0\\Word\\File MRU",
        ),
        event(
            "network-activity",
            "windows-office/msedge/web",
            _EDGE_UTILITY,
            rates(OFFICE, 150_000),
            peer=outbound(WEB, 443),
        ),
        event(
            "network-activity",
            "windows-office/outlook/mail",
            _OUTLOOK,
            rates(OFFICE, 45_000),
            peer=outbound(MAIL_SERVER, 443),
        ),
        event(
            "network-activity",
            "windows-office/system/smb-files",
            windows.KERNEL,
            rates(OFFICE, 50_000),
            peer=outbound(FILE_SERVER, windows.SMB_PORT),
        ),
        event(
            "network-activity",
            "windows-office/meetings/media",
            _MEETINGS,
            rates(OFFICE, 35_000),
            peer=outbound(MEETINGS, 3_478, UDP),
        ),
        event(
            "basic-communications",
            "windows-office/msedge/web",
            _EDGE_UTILITY,
            rates(OFFICE, 140_000),
            peer=outbound(WEB, 443),
        ),
        event(
            "basic-communications",
            "windows-office/system/smb-files",
            windows.KERNEL,
            rates(OFFICE, 75_000),
            peer=outbound(FILE_SERVER, windows.SMB_PORT),
        ),
    )
)

IMAGE: Final = Image(
    name="windows-office",
    os="windows",
    about="An office workstation: busy from eight to six, with a logon wave and a dip at noon.",
    classes=_CLASSES,
    host=windows_host(
        _CLASSES,
        system="Windows 10 Pro",
        build=19_045,
        services=(Service("WSearch", "Windows Search", _INDEXER),),
        # Meetings runs only now and then; as a resident below AppData it would be what indicators call an unusual path.
        user_programs=(_OUTLOOK, _EDGE_UTILITY),
    ),
)
"""Loaded by `emulator.images.IMAGES`."""
