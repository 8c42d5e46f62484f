"""The image `linux-server`: a web application with its database, and a share for Windows clients."""

from typing import Final

from emulator.images import linux
from emulator.images.model import Image, in_order
from emulator.images.parts import DATABASE_SERVER, FILE_SERVER, event, inbound, outbound, program
from emulator.images.profiles import BACKUP, SERVING, STEADY, rates
from emulator.images.residents import Listener

_HTTPS_PORT, _DATABASE_PORT = 443, 5432
_BACKUP_SCRIPT: Final = "/usr/local/sbin/backup.sh"

_WEB: Final = program("/usr/sbin/nginx", "-g 'daemon on; master_process on;'", parent=linux.INIT.path)
_DATABASE: Final = program(
    "/usr/lib/postgresql/15/bin/postgres", "-D /var/lib/postgresql/15/main", parent=linux.INIT.path
)
_WORKER: Final = program("/usr/lib/postgresql/15/bin/postgres", "postgres: autovacuum worker", parent=_DATABASE.path)
_APPLICATION: Final = program("/usr/bin/python3.11", "-m application --workers 8", parent=linux.INIT.path)
_SHARES: Final = program("/usr/sbin/smbd", "--foreground --no-process-group", parent=linux.INIT.path)
_PROBE: Final = program("/usr/bin/curl", "-fsS https://localhost/health", parent=linux.HOURLY.path)
_SESSION: Final = program("/usr/sbin/sshd", "-R", parent=linux.SSH_SERVER.path)
_BACKUP: Final = program("/usr/bin/bash", _BACKUP_SCRIPT, parent=linux.CRON.path)
_COPY: Final = program("/usr/bin/rsync", "-a /var/lib/ backup-{site}:/srv/{host}/", parent=_BACKUP.path)

_CLASSES: Final = in_order(
    (
        *linux.CLASSES,
        event("process-start", "linux-server/curl", _PROBE, rates(STEADY, 30_000)),
        event("process-start", "linux-server/postgres/worker", _WORKER, rates(SERVING, 12_000)),
        event("process-start", "linux-server/sshd/session", _SESSION, rates(SERVING, 7_000)),
        event("process-start", "linux-server/rsync", _COPY, rates(BACKUP, 4_000)),
        event("script-run", "linux-server/bash/backup", _BACKUP, rates(BACKUP, 3_000), subject=_BACKUP_SCRIPT),
        event("system-event", "linux-server/sshd/sessions", _SESSION, rates(SERVING, 20_000), subject="auth.log/sshd"),
        event("process-end", "linux-server/curl", _PROBE, rates(STEADY, 30_000)),
        event("process-end", "linux-server/postgres/worker", _WORKER, rates(SERVING, 12_000)),
        event("process-end", "linux-server/sshd/session", _SESSION, rates(SERVING, 7_000)),
        event(
            "module-load",
            "linux-server/curl",
            _PROBE,
            rates(STEADY, 90_000),
            subject="/usr/lib/x86_64-linux-gnu/libcurl.so.4",
        ),
        event(
            "module-load",
            "linux-server/application",
            _APPLICATION,
            rates(SERVING, 45_000),
            subject="/usr/lib/python3.11/lib-dynload/_ssl.cpython-311-x86_64-linux-gnu.so",
        ),
        event(
            "file-change",
            "linux-server/nginx/access",
            _WEB,
            rates(SERVING, 75_000),
            subject="/var/log/nginx/access.log",
        ),
        event(
            "file-change",
            "linux-server/postgres/journal",
            _DATABASE,
            rates(SERVING, 70_000),
            subject="/var/lib/postgresql/15/main/pg_wal/000000010000000000000042",
        ),
        event(
            "file-change",
            "linux-server/rsync/journal",
            _COPY,
            rates(BACKUP, 15_000),
            subject="/var/log/backup.log",
        ),
        event("network-activity", "linux-server/nginx/web", _WEB, rates(SERVING, 100_000), peer=inbound(_HTTPS_PORT)),
        event(
            "network-activity",
            "linux-server/application/database",
            _APPLICATION,
            rates(SERVING, 45_000),
            peer=outbound(DATABASE_SERVER, _DATABASE_PORT),
        ),
        event(
            "network-activity",
            "linux-server/smbd/shares",
            _SHARES,
            rates(SERVING, 30_000),
            peer=inbound(linux.SMB_PORT),
        ),
        event(
            "network-activity",
            "linux-server/rsync/backup",
            _COPY,
            rates(BACKUP, 8_000),
            peer=outbound(FILE_SERVER, linux.SSH_PORT),
        ),
        event(
            "basic-communications", "linux-server/nginx/web", _WEB, rates(SERVING, 90_000), peer=inbound(_HTTPS_PORT)
        ),
        event(
            "basic-communications",
            "linux-server/application/database",
            _APPLICATION,
            rates(SERVING, 45_000),
            peer=outbound(DATABASE_SERVER, _DATABASE_PORT),
        ),
        event(
            "basic-communications",
            "linux-server/smbd/shares",
            _SHARES,
            rates(SERVING, 30_000),
            peer=inbound(linux.SMB_PORT),
        ),
    )
)

IMAGE: Final = Image(
    name="linux-server",
    os="linux",
    about="A web application, its database and a share: follows its users, never idle, backup at night.",
    classes=_CLASSES,
    host=linux.linux_host(
        _CLASSES,
        system="Debian GNU/Linux 12",
        services=(_WEB, _DATABASE, _APPLICATION, _SHARES),
        listeners=(
            Listener(_HTTPS_PORT, _WEB),
            Listener(_DATABASE_PORT, _DATABASE),
            Listener(linux.SMB_PORT, _SHARES),
        ),
    ),
)
"""Loaded by `emulator.images.IMAGES`."""
