"""Exchange of policies: a policy as a file, and a file as a policy.

The product's own format is not public: this is a JSON document of Seatrial's, with the settings as a scenario writes
them. What is read is not trusted. Secrets are not written: a settings group that has one stands at its defaults and at
Unaffected by policy in the file, which names it.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from emulator.errors import UserError
from emulator.policy.addresses import Address
from emulator.policy.certificates import Certificate, ClientCertificate
from emulator.policy.errors import SettingError
from emulator.policy.kinds import choice, flag, nearest, shown
from emulator.policy.policies import Policy, PolicySettings, parse_policy_settings
from emulator.policy.records import Record, declared
from emulator.policy.secrets import NONE, Secret
from emulator.policy.settings import GROUP_KEYS
from emulator.policy.types import PolicyType

FORMAT: Final = "seatrial-policy"
VERSION: Final = 1
FILE_SIZE_MAX: Final = 1_000_000
"""Bytes of one file."""

_KEYS: Final = (
    "format",
    "version",
    "name",
    "application",
    "type",
    "inherit-from-parent",
    "force-inheritance",
    "without-secrets",
    "settings",
)
_REMEDY: Final = "give a file that was exported"


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """What a file holds: a policy without its place. `without_secrets` names the groups whose secrets are missing."""

    name: str
    application: str
    type: PolicyType | None
    settings: PolicySettings
    inherit_from_parent: bool
    force_inheritance: bool
    without_secrets: tuple[str, ...]


def export_policy(policy: Policy) -> bytes:
    """A policy as a file: UTF-8, its settings in full with their switches, without its group and status."""
    settings: dict[str, Any] = {}
    secrets = []
    for key in GROUP_KEYS:
        group = policy.settings.values.group(key)
        if _has_secret(group):
            secrets.append(key)
        else:
            settings[key] = {"switch": str(policy.settings.switch(key)), **_plain(group)}
    document = {
        "format": FORMAT,
        "version": VERSION,
        "name": policy.name,
        "application": policy.application,
        "type": None if policy.type is None else str(policy.type),
        "inherit-from-parent": policy.inherit_from_parent,
        "force-inheritance": policy.force_inheritance,
        "without-secrets": secrets,
        "settings": settings,
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def import_policy(data: bytes, *, source: str) -> PolicyFile:
    """The policy of a file. `source` is how messages call it. Raises UserError where the file is not one."""
    if len(data) > FILE_SIZE_MAX:
        raise UserError(source, f"the file has more than {FILE_SIZE_MAX} bytes (FILE_SIZE_MAX)", _REMEDY)
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        told = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UserError(source, f"this is no JSON document: {told}", _REMEDY) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UserError(source, "this is not an exported policy", _REMEDY)
    if document.get("version") != VERSION:
        cause = f"the version {shown(document.get('version'))} of the format is not known"
        raise UserError(source, cause, f"export the policy again; known is {VERSION}")
    for key in document:
        if key not in _KEYS:
            raise UserError(source, f"unknown key {shown(key)}", nearest(key, _KEYS))
    for key in _KEYS:
        if key not in document:
            raise UserError(source, f"the key {key!r} is missing", _REMEDY)
    try:
        return _read(document)
    except SettingError as error:
        where = ".".join(map(str, error.path))
        raise UserError(f"{source}: {where}" if where else source, error.cause, error.remedy) from error


def _read(document: dict[str, Any]) -> PolicyFile:
    texts = {}
    for key in ("name", "application"):
        if not isinstance(document[key], str) or not 0 < len(document[key]) <= 200:
            raise SettingError((key,), f"{shown(document[key])} is not a name", "write a text of up to 200 characters")
        texts[key] = document[key]
    flags = {key: _flag(key, document[key]) for key in ("inherit-from-parent", "force-inheritance")}
    secrets = document["without-secrets"]
    if not isinstance(secrets, list) or any(key not in GROUP_KEYS for key in secrets):
        raise SettingError(("without-secrets",), "this does not name settings groups", _REMEDY)
    kind = None if document["type"] is None else _type(document["type"])
    try:
        settings = parse_policy_settings(document["settings"], PolicySettings.fresh(kind))
    except SettingError as error:
        raise SettingError(("settings", *error.path), error.cause, error.remedy) from error
    return PolicyFile(
        texts["name"],
        texts["application"],
        kind,
        settings,
        flags["inherit-from-parent"],
        flags["force-inheritance"],
        tuple(secrets),
    )


def _type(data: object) -> PolicyType:
    try:
        return choice(PolicyType).read(data)
    except SettingError as error:
        raise SettingError(("type",), error.cause, error.remedy) from error


def _flag(key: str, data: object) -> bool:
    try:
        return flag().read(data)
    except SettingError as error:
        raise SettingError((key,), error.cause, error.remedy) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number of JSON")


def _plain(value: Any) -> Any:  # a value of a setting
    """A setting's value as plain data that its kind reads back."""
    if isinstance(value, Address):
        return str(value)
    if isinstance(value, Certificate):
        return value.pem
    if isinstance(value, Record):
        fields = ((field, getattr(value, field.name)) for field in declared(type(value)))
        # What stands for nothing is no value that its kind would take back; it is what an absent setting comes to.
        return {
            field.key: _plain(content)
            for field, content in fields
            if not (content in (None, (), "", NONE) and content == field.default)
        }
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return value


def _has_secret(value: Any) -> bool:  # as above
    if isinstance(value, Secret):
        return bool(value)
    if isinstance(value, ClientCertificate):
        return True
    if isinstance(value, Record):
        return any(_has_secret(getattr(value, field.name)) for field in declared(type(value)))
    return isinstance(value, tuple) and any(map(_has_secret, value))
