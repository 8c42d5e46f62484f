"""Addresses of servers: an IP address or a full domain name, and always a port."""

import ipaddress
from dataclasses import dataclass
from typing import Annotated, Final

import re2

from emulator.policy.errors import SettingError
from emulator.policy.kinds import Kind, shown, whole
from emulator.policy.records import Record, Setting, read_record

PORT_MAX: Final = 65_535
DOMAIN_MAX: Final = 253
_LABEL: Final = re2.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMERIC: Final = re2.compile(r"[0-9.:]*")
_REMEDY: Final = "write an IP address or a full domain name, such as kata.example.com (KEA-CEN-007)"


def _host(data: object) -> str:
    if not isinstance(data, str) or not data or len(data) > DOMAIN_MAX or not data.isascii():
        raise SettingError((), f"{shown(data)} is not an address", _REMEDY)
    if ":" in data or _NUMERIC.fullmatch(data):
        try:
            return str(ipaddress.ip_address(data))
        except ValueError as error:
            raise SettingError((), f"{shown(data)} is not an IP address", _REMEDY) from error
    labels = data.lower().split(".")
    if len(labels) < 2 or not _name(labels):
        raise SettingError((), f"{shown(data)} is not a full domain name", _REMEDY)
    return data.lower()


def _name(labels: list[str]) -> bool:
    return all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()


def server_name() -> Kind[str]:
    """The name of a server, with or without its domain, or an IP address; no port."""

    def read(data: object) -> str:
        if isinstance(data, str) and len(data) <= DOMAIN_MAX and data.isascii() and _name(data.lower().split(".")):
            return data.lower()
        return _host(data)

    return Kind("host", read)


@dataclass(frozen=True, slots=True)
class Address(Record):
    """One entry of a list of servers (KEA-CEN-007). There is no default port (KEA-CEN-035)."""

    host: Annotated[str, Setting(Kind("host", _host), "IP address or full domain name", clause="KEA-CEN-007")]
    port: Annotated[int, Setting(whole(1, PORT_MAX), "port of the server", clause="KEA-CEN-035")]

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address() -> Kind[Address]:
    """An address: `{host: …, port: …}`, or the same as a text `host:port`, with an IPv6 host in brackets."""

    def read(data: object) -> Address:
        return read_record(Address, _split(data) if isinstance(data, str) else data)

    return Kind("address", read, record=Address)


def _split(data: str) -> dict[str, object]:
    host, colon, port = data.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not (port.isascii() and port.isdigit() and len(port) <= 5) or (":" in host and not bracketed):
        remedy = "write host:port, with an IPv6 address in brackets; there is no default port (KEA-CEN-035)"
        raise SettingError((), f"the server {shown(data)} has no port", remedy)
    return {"host": host[1:-1] if bracketed else host, "port": int(port)}
