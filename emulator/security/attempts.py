"""Attempts at operations on Endpoint Agent, and the one decision on each of them."""

from dataclasses import dataclass
from enum import StrEnum

from emulator.policy.secrets import Secret
from emulator.policy.settings import AgentSettings
from emulator.security.operations import Operation, Way
from emulator.security.password import Answer, answer
from emulator.security.permissions import Standing, standing
from emulator.security.self_defense import refusal
from emulator.told import Severity, Told

ALLOWED = "attempt-allowed"
REFUSED = "attempt-refused"


class Reason(StrEnum):
    """Why an attempt is refused."""

    NO_PERMISSION = "no-permission"
    PASSWORD_REQUIRED = "password-required"  # noqa: S105  # the reason that a password is missing, no password
    WRONG_PASSWORD = "wrong-password"  # noqa: S105  # as above
    SELF_DEFENSE = "self-defense"
    NOT_LOCAL_ACCOUNT = "not-the-local-account"
    NO_RESPONSES = "no-responses-at-the-command-line"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody tries an operation on a device: `user` with the groups that the user is in, or a program.

    `way` None is the usual way of the operation. `password` is what is given where one may be asked for; None where
    nothing is. `responds` tells whether a scan is to respond to what it finds.
    """

    operation: Operation
    user: str
    groups: tuple[str, ...] = ()
    password: Secret | None = None
    way: Way | None = None
    responds: bool = False

    @property
    def through(self) -> Way:
        """How it is tried."""
        return self.operation.ways[0] if self.way is None else self.way


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an attempt goes through; if not, why, and by which clause. `told` is what the journal gets of it."""

    allowed: bool
    reason: Reason | None
    clause: str
    told: tuple[Told, ...]


def decide(
    attempt: Attempt, settings: AgentSettings, *, os: str, running: bool = True, local_user: str = ""
) -> Decision:
    """Decides on an attempt under the settings that hold on the device; nothing is remembered from one to the next.

    `running` tells whether Endpoint Agent runs, `local_user` is the account of the device's user. On a device whose
    `os` is not "windows" nothing is refused: the pages on protection are about Windows, and what holds elsewhere is not
    known.

    Other programs meet self-defense alone. Users on the device need the right (KEA-SEC-003), then the password where
    the operation asks for it (KEA-SEC-008). What comes from the Administration Server needs no right on the device.
    """
    reason, clause = (None, "") if os != "windows" else _refusal(attempt, settings, running, local_user)
    values: dict[str, str | int | bool] = {
        "operation": attempt.operation.name,
        "user": attempt.user,
        "through": str(attempt.through),
    }
    if reason is None:
        return Decision(True, None, "", (Told(ALLOWED, values),))
    told = Told(REFUSED, {**values, "reason": str(reason), "clause": clause}, Severity.WARNING)
    return Decision(False, reason, clause, (told,))


def _refusal(attempt: Attempt, settings: AgentSettings, running: bool, local_user: str) -> tuple[Reason | None, str]:
    operation, way = attempt.operation, attempt.through
    if operation.defended is not None:
        clause = refusal(settings.self_defense, operation.defended, running=running)
        return (None, "") if clause is None else (Reason.SELF_DEFENSE, clause)
    if operation.right is not None and way is not Way.CONSOLE:
        stands = standing(settings.user_permissions, operation.right, attempt.user, attempt.groups)
        if stands is not Standing.GRANTED:
            return Reason.NO_PERMISSION, _NOT_GRANTED[stands]
    if operation.local_account and attempt.user.casefold() != local_user.casefold():
        return Reason.NOT_LOCAL_ACCOUNT, "KEA-QUA-020"
    if attempt.responds:
        return Reason.NO_RESPONSES, "KEA-IOC-010"
    if way in operation.asks:
        match answer(settings.password_protection, attempt.password):
            case Answer.MISSING:
                return Reason.PASSWORD_REQUIRED, "KEA-SEC-008"
            case Answer.WRONG:
                return Reason.WRONG_PASSWORD, "KEA-SEC-010"
            case Answer.RIGHT | Answer.NOT_ASKED:
                pass
    return None, ""


_NOT_GRANTED = {
    Standing.UNLISTED: "KEA-SEC-004",
    Standing.OTHER_KIND: "KEA-SEC-027",
    Standing.OTHER_ITEM: "KEA-SEC-005",
}
