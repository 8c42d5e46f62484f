"""Licences of Endpoint Agent: the keys of one device, what they come to at a moment, and how they are added.

One key is active, one more may stand by and take over when the active one runs out (KEA-LIC-010, KEA-LIC-011).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from emulator.ports import Refused, TimedOut, Unreachable
from emulator.services import Call
from emulator.told import Severity, Told

FOREVER_MS: Final = 2**62
"""The end of a key that outlives every run."""


class KeyKind(StrEnum):
    """Kinds of keys; a trial key can only be the active one (public help of the product)."""

    COMMERCIAL = "commercial"
    TRIAL = "trial"
    SUBSCRIPTION = "subscription"


@dataclass(frozen=True, slots=True)
class Key:
    """A licence key; it is good until `expires_ms`, unless the vendor has blocked it."""

    serial: str
    kind: KeyKind = KeyKind.COMMERCIAL
    expires_ms: int = FOREVER_MS
    blocked: bool = False

    def good(self, at_ms: int) -> bool:
        """True where the key licenses a device at a moment."""
        return not self.blocked and at_ms < self.expires_ms


class LicenceState(StrEnum):
    """What the keys of a device come to."""

    NOT_ACTIVATED = "not-activated"
    VALID = "valid"
    EXPIRED = "expired"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class AddingRefused:
    """A key that a device does not take, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Licence:
    """The keys of one device."""

    active: Key | None = None
    additional: Key | None = None

    def state(self, at_ms: int) -> LicenceState:
        """What the keys come to at a moment, the additional one included."""
        key = self.at(at_ms).active
        if key is None:
            return LicenceState.NOT_ACTIVATED
        if key.blocked:
            return LicenceState.BLOCKED
        return LicenceState.VALID if key.good(at_ms) else LicenceState.EXPIRED

    def at(self, at_ms: int) -> "Licence":
        """The keys at a moment: the additional one is the active one once the first has run out (KEA-LIC-010).

        A blocked key must be replaced by hand: it is not known that anything takes over for it.
        """
        if self.active and self.additional and at_ms >= self.active.expires_ms and not self.active.blocked:
            return Licence(self.additional)
        return self

    def next_change_ms(self, at_ms: int) -> int | None:
        """The next moment at which a key takes over or the licence runs out, None where nothing will happen."""
        key = self.at(at_ms).active
        if key is None or not key.good(at_ms) or key.expires_ms >= FOREVER_MS:
            return None
        return key.expires_ms

    def adding(self, key: Key, at_ms: int, *, additional: bool) -> "Licence | AddingRefused":
        """The keys with one more: as the active one, which replaces what was, or as the additional one.

        Public help of the product: an additional key needs an active one, a trial key is never additional, a blocked
        key must be replaced. A key that has run out is refused as well: an emulator's choice.
        """
        now = self.at(at_ms)
        if key.blocked:
            return AddingRefused("the key is blocked")
        if at_ms >= key.expires_ms:
            return AddingRefused("the key has expired")
        if not additional:
            return Licence(key, now.additional if now.additional != key else None)
        if now.active is None:
            return AddingRefused("an additional key needs an active key")
        if key.kind is KeyKind.TRIAL:
            return AddingRefused("a trial key can only be the active key")
        if key.serial == now.active.serial:
            return AddingRefused("the key is the active key already")
        return replace(now, additional=key)

    def blocking(self, serial: str) -> "Licence":
        """The keys once the vendor has blocked one of them."""

        def blocked(key: Key | None) -> Key | None:
            return replace(key, blocked=True) if key is not None and key.serial == serial else key

        return Licence(blocked(self.active), blocked(self.additional))


def installed_with(keys: tuple[Key, ...], at_ms: int) -> Licence:
    """The licence after an installation that found these keys: of several, the one that lasts longest is taken, and
    without one that is good the product is installed unactivated (public help of the product)."""
    good = [key for key in keys if key.good(at_ms)]
    return Licence(max(good, key=lambda key: (key.expires_ms, key.serial))) if good else Licence()


class ActivationMethod(StrEnum):
    """Where an activation task has its key from (KEA-LIC-004, KEA-LIC-009)."""

    CODE = "activation-code"
    KEY_FILE = "key-file-from-folder"
    STORAGE = "key-from-server-storage"


@dataclass(frozen=True, slots=True)
class Activation:
    """What an activation task asks for: a code, or a key by its serial number; a key may be added as additional."""

    method: ActivationMethod
    code: str = ""
    key: Key | None = None
    additional: bool = False


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """Data that is sent to the activation server to have a code verified (KEA-LIC-005)."""

    call: Call
    code: str


class ActivationServer(Protocol):
    """The activation port."""

    def verify(self, request: CodeRequest) -> Key | Refused | TimedOut | Unreachable:
        """The key that a code stands for, or why there is none."""


def activate(
    licence: Licence, wanted: Activation, server: ActivationServer, call: Call, blocked_keys: Collection[str] = ()
) -> tuple[Licence, tuple[Told, ...]]:
    """Carries out an activation: the licence afterwards, unchanged where it failed, and what is to be told.

    A code is verified by the activation server on the road of the call (KEA-LIC-005, KEA-LIC-006); a key asks nobody
    (KEA-LIC-007). `blocked_keys` are serial numbers that the device knows to be blocked.
    """
    about: dict[str, str | int | bool] = {"method": wanted.method.value}
    told: list[Told] = []
    key = wanted.key
    if wanted.method is ActivationMethod.CODE:
        told.append(Told("activation-requested", {"server": call.server, "via": call.road.via.value}))
        answer = server.verify(CodeRequest(call, wanted.code))
        if not isinstance(answer, Key):
            return licence, (*told, _failed(about, _cause(answer)))
        key = answer
    if key is None:
        return licence, (*told, _failed(about, "no such key"))
    about["key"] = key.serial
    if key.serial in blocked_keys:
        key = replace(key, blocked=True)
    after = licence.adding(key, call.at_ms, additional=wanted.additional)
    if isinstance(after, AddingRefused):
        return licence, (*told, _failed(about, after.reason))
    if wanted.additional:
        return after, (*told, Told("key-added", {**about, "additional": True}, Severity.INFO))
    return after, (*told, Told("activated", about, Severity.INFO))


def _failed(about: Mapping[str, str | int | bool], reason: str) -> Told:
    return Told("activation-failed", {**about, "reason": reason}, Severity.FAILURE)


def _cause(answer: Refused | TimedOut | Unreachable) -> str:
    match answer:
        case Refused(status, reason):
            return reason or f"refused with {status}"
        case TimedOut():
            return "time-out"
        case Unreachable(reason):
            return reason or "unreachable"
