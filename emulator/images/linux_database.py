"""The image `linux-database`: a database that its applications reach over a pool of lasting connections."""

from typing import Final

from emulator.images import linux
from emulator.images.model import Image, in_order
from emulator.images.parts import FILE_SERVER, event, inbound, outbound, program
from emulator.images.profiles import BACKUP, SERVING, STEADY, rates
from emulator.images.residents import Listener

_DATABASE_PORT, _METRICS_PORT = 5432, 9187
_DUMP_SCRIPT: Final = "/usr/local/sbin/dump.sh"
_JOURNAL_FILE: Final = "/var/lib/postgresql/15/data/pg_wal/000000010000000000000017"

_DATABASE: Final = program(
    "/usr/lib/postgresql/15/bin/postgres", "-D /var/lib/postgresql/15/data", parent=linux.INIT.path
)
_VACUUM: Final = program("/usr/lib/postgresql/15/bin/postgres", "postgres: autovacuum worker", parent=_DATABASE.path)
_BACKEND: Final = program("/usr/lib/postgresql/15/bin/postgres", "postgres: pool backend", parent=_DATABASE.path)
_METRICS: Final = program("/usr/bin/postgres_exporter", "--web.listen-address=:9187", parent=linux.INIT.path)
_SESSION: Final = program("/usr/sbin/sshd", "-R", parent=linux.SSH_SERVER.path)
_DUMP: Final = program("/usr/bin/bash", _DUMP_SCRIPT, parent=linux.CRON.path)
_COPY: Final = program("/usr/bin/smbclient", "//files-{site}/dumps -c 'put {host}.dump'", parent=_DUMP.path)

_CLASSES: Final = in_order(
    (
        *linux.CLASSES,
        event("process-start", "linux-database/postgres/vacuum", _VACUUM, rates(SERVING, 4_000)),
        event("process-start", "linux-database/postgres/backend", _BACKEND, rates(SERVING, 2_000)),
        event("process-start", "linux-database/smbclient", _COPY, rates(BACKUP, 1_000)),
        event("script-run", "linux-database/bash/dump", _DUMP, rates(BACKUP, 1_000), subject=_DUMP_SCRIPT),
        event("system-event", "linux-database/sshd/sessions", _SESSION, rates(SERVING, 3_000), subject="auth.log/sshd"),
        event("process-end", "linux-database/postgres", _VACUUM, rates(SERVING, 6_000)),
        event(
            "module-load",
            "linux-database/postgres",
            _DATABASE,
            rates(SERVING, 6_000),
            subject="/usr/lib/postgresql/15/lib/pg_stat_statements.so",
        ),
        event(
            "file-change", "linux-database/postgres/journal", _DATABASE, rates(SERVING, 6_000), subject=_JOURNAL_FILE
        ),
        event(
            "file-change",
            "linux-database/bash/dump",
            _DUMP,
            rates(BACKUP, 2_000),
            subject="/var/backups/{host}.dump",
        ),
        event(
            "network-activity",
            "linux-database/postgres/clients",
            _DATABASE,
            rates(SERVING, 16_000),
            peer=inbound(_DATABASE_PORT),
        ),
        event(
            "network-activity",
            "linux-database/exporter/metrics",
            _METRICS,
            rates(STEADY, 8_000),
            peer=inbound(_METRICS_PORT),
        ),
        event(
            "network-activity",
            "linux-database/smbclient/dump",
            _COPY,
            rates(BACKUP, 2_000),
            peer=outbound(FILE_SERVER, linux.SMB_PORT),
        ),
        event(
            "basic-communications",
            "linux-database/postgres/clients",
            _DATABASE,
            rates(SERVING, 16_000),
            peer=inbound(_DATABASE_PORT),
        ),
        event(
            "basic-communications",
            "linux-database/smbclient/dump",
            _COPY,
            rates(BACKUP, 2_000),
            peer=outbound(FILE_SERVER, linux.SMB_PORT),
        ),
    )
)

IMAGE: Final = Image(
    name="linux-database",
    os="linux",
    about="A database behind a pool of lasting connections: few process starts, a calm log, a dump at night.",
    classes=_CLASSES,
    host=linux.linux_host(
        _CLASSES,
        system="Debian GNU/Linux 12",
        services=(_DATABASE, _METRICS),
        listeners=(Listener(_DATABASE_PORT, _DATABASE), Listener(_METRICS_PORT, _METRICS)),
    ),
)
"""Loaded by `emulator.images.IMAGES`."""
