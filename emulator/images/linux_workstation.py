"""The image `linux-workstation`: a developer's machine, with an editor, a compiler, a browser and remote shells."""

from typing import Final

from emulator.images import linux
from emulator.images.model import Image, in_order
from emulator.images.parts import CODE_SERVER, FILE_SERVER, LINUX_SERVER, WEB, event, outbound, program
from emulator.images.profiles import DEVELOPER, LOGON, rates

_HOME: Final = "/home/{user}"
_LOGON_SCRIPT: Final = "/etc/profile.d/site.sh"

_DESKTOP: Final = program("/usr/bin/gnome-shell", parent=linux.INIT.path)
_TERMINAL: Final = program("/usr/libexec/gnome-terminal-server", parent=_DESKTOP.path)
_SHELL: Final = program("/usr/bin/bash", "-l", parent=_TERMINAL.path)
_MAKE: Final = program("/usr/bin/make", "-j8", parent=_SHELL.path)
_STEP: Final = program("/usr/bin/bash", "-c 'set -e; ./configure --quiet'", parent=_MAKE.path)
_COMPILER: Final = program(
    "/usr/libexec/gcc/x86_64-linux-gnu/13/cc1", "-quiet -O2 src/main.c -o /tmp/main.s", parent=_MAKE.path
)
_GIT: Final = program("/usr/bin/git", "fetch --prune origin", parent=_SHELL.path)
_BROWSER: Final = program("/usr/lib/firefox/firefox", parent=_DESKTOP.path)
_TAB: Final = program("/usr/lib/firefox/firefox", "-contentproc -isForBrowser", parent=_BROWSER.path)
_EDITOR: Final = program("/usr/share/editor/editor", "--unity-launch", parent=_DESKTOP.path)
_SSH: Final = program("/usr/bin/ssh", "web-{site}", parent=_SHELL.path)
_SHARES: Final = program("/usr/libexec/gvfsd-smb", "--spawner :1.12", parent=_DESKTOP.path)

_CLASSES: Final = in_order(
    (
        *linux.CLASSES,
        event("process-start", "linux-workstation/bash/shell", _SHELL, rates(DEVELOPER, 6_000)),
        event("process-start", "linux-workstation/bash/build", _STEP, rates(DEVELOPER, 20_000)),
        event("process-start", "linux-workstation/cc1", _COMPILER, rates(DEVELOPER, 45_000)),
        event("process-start", "linux-workstation/firefox/tab", _TAB, rates(DEVELOPER, 14_000)),
        event("process-start", "linux-workstation/make", _MAKE, rates(DEVELOPER, 5_000)),
        event("process-start", "linux-workstation/git", _GIT, rates(DEVELOPER, 10_000)),
        event("script-run", "linux-workstation/bash/logon", _SHELL, rates(LOGON, 2_000), subject=_LOGON_SCRIPT),
        event("process-end", "linux-workstation/bash/build", _STEP, rates(DEVELOPER, 26_000)),
        event("process-end", "linux-workstation/cc1", _COMPILER, rates(DEVELOPER, 45_000)),
        event("process-end", "linux-workstation/firefox/tab", _TAB, rates(DEVELOPER, 14_000)),
        event(
            "module-load",
            "linux-workstation/cc1",
            _COMPILER,
            rates(DEVELOPER, 110_000),
            subject="/usr/lib/x86_64-linux-gnu/libmpfr.so.6",
        ),
        event(
            "module-load",
            "linux-workstation/firefox",
            _TAB,
            rates(DEVELOPER, 80_000),
            subject="/usr/lib/firefox/libxul.so",
        ),
        event(
            "file-change",
            "linux-workstation/cc1/object",
            _COMPILER,
            rates(DEVELOPER, 100_000),
            subject=f"{_HOME}/src/project/build/main.o",
        ),
        event(
            "file-change",
            "linux-workstation/editor/source",
            _EDITOR,
            rates(DEVELOPER, 40_000),
            subject=f"{_HOME}/src/project/src/main.c",
        ),
        event(
            "file-change",
            "linux-workstation/firefox/cache",
            _BROWSER,
            rates(DEVELOPER, 70_000),
            subject=f"{_HOME}/.cache/mozilla/firefox/default-release/cache2/index",
        ),
        event(
            "network-activity",
            "linux-workstation/firefox/web",
            _BROWSER,
            rates(DEVELOPER, 110_000),
            peer=outbound(WEB, 443),
        ),
        event(
            "network-activity",
            "linux-workstation/git/code",
            _GIT,
            rates(DEVELOPER, 16_000),
            peer=outbound(CODE_SERVER, 443),
        ),
        event(
            "network-activity",
            "linux-workstation/gvfsd/smb-files",
            _SHARES,
            rates(DEVELOPER, 14_000),
            peer=outbound(FILE_SERVER, linux.SMB_PORT),
        ),
        event(
            "network-activity",
            "linux-workstation/ssh/session",
            _SSH,
            rates(DEVELOPER, 12_000),
            peer=outbound(LINUX_SERVER, linux.SSH_PORT),
        ),
        event(
            "basic-communications",
            "linux-workstation/firefox/web",
            _BROWSER,
            rates(DEVELOPER, 105_000),
            peer=outbound(WEB, 443),
        ),
        event(
            "basic-communications",
            "linux-workstation/gvfsd/smb-files",
            _SHARES,
            rates(DEVELOPER, 16_000),
            peer=outbound(FILE_SERVER, linux.SMB_PORT),
        ),
    )
)

IMAGE: Final = Image(
    name="linux-workstation",
    os="linux",
    about="A developer's workstation: comes late, compiles, browses, and holds remote shells open.",
    classes=_CLASSES,
    host=linux.linux_host(
        _CLASSES,
        system="Ubuntu 22.04",
        user_programs=(_DESKTOP, _TERMINAL, _BROWSER, _EDITOR, _SHELL),
    ),
)
"""Loaded by `emulator.images.IMAGES`."""
