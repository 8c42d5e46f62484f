"""Event classes and values of slots for the tests of exclusions."""

from emulator.events import TYPE_INDEX, Direction, EventClass, Peer, Process

SVCHOST = Process(
    path=r"C:\Windows\System32\svchost.exe",
    command_line=r"C:\Windows\System32\svchost.exe -k netsvcs -p",
    parent_path=r"C:\Windows\System32\services.exe",
    description="Host Process for Windows Services",
    original_name="svchost.exe",
    version="10.0.19041.1",
    md5="0a" * 16,
    sha256="0b" * 32,
)
TOOL = Process(path=r"C:\Users\{user}\AppData\Local\Temp\tool.exe", command_line="tool --host {host} --site {site}")
NETWORK_AGENT = Process(path=r"C:\Program Files (x86)\Network Agent\klnagent.exe")
DAEMON = Process(path="/usr/sbin/daemon", command_line="/usr/sbin/daemon --user {user}")

ALICE = {"user": "alice", "host": "PC-1", "site": "north"}
BOB = {"user": "bob", "host": "PC-2", "site": "south"}


def event(process: Process = SVCHOST, kind: str = "process-start", peer: Peer | None = None) -> EventClass:
    return EventClass(f"{kind} of {process.path}", TYPE_INDEX[kind], process, rates=(0,) * 168, peer=peer)


def peer(
    remote_port: int = 443,
    *,
    local_port: int = 50_000,
    protocol: int = 6,
    direction: Direction = Direction.OUTBOUND,
    remote: str = "192.0.2.7",
    local: str = "198.51.100.1",
) -> Peer:
    return Peer(direction, protocol, local_port, remote_port, remote, local)
