"""What an attempt comes to: the decision on it, and the settings of the device where it changes some."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from emulator.policy.effective import EditRefused, LocalSettings, edit_local
from emulator.policy.policies import Governing
from emulator.policy.settings import AgentSettings, Group, PasswordProtection, SelfDefense, key_of
from emulator.security.attempts import Attempt, Decision, decide
from emulator.told import Told

EDITED: Final = "settings-edited"
EDIT_REFUSED: Final = "edit-refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The decision, the device's own settings afterwards, and all there is to tell.

    `done` is True where the operation goes on to have its effect: it was let through, and no policy stood against it.
    """

    decision: Decision
    own: LocalSettings
    told: tuple[Told, ...]
    done: bool


_ENTERED: Final[Mapping[str, Callable[[AgentSettings], Group]]] = {
    "disable-sandbox": lambda settings: replace(settings.sandbox_integration, enabled=False),
    "enable-sandbox-without-tls": lambda settings: replace(settings.sandbox_integration, enabled=True),
    "enable-sandbox-with-certificate": lambda settings: replace(settings.sandbox_integration, enabled=True),
    "reset-password": lambda settings: PasswordProtection(),
    "change-self-defense": lambda settings: SelfDefense(not settings.self_defense.enabled),
}
"""What operations enter that leave their user no choice."""


def try_out(
    attempt: Attempt,
    values: Group | None,
    *,
    settings: AgentSettings,
    own: LocalSettings,
    governing: Governing | None,
    os: str,
    running: bool = True,
) -> Outcome:
    """Decides on an attempt and, where it is let through and changes settings, edits them.

    `values` are what the user enters, None for an operation that enters nothing or has no choice. What a policy locks
    is not edited, whoever tries (KEA-POL-034). Starting, stopping and the like are left to the caller.
    """
    decision = decide(attempt, settings, os=os, running=running)
    entered = _ENTERED.get(attempt.operation.name)
    if entered is not None:
        values = entered(settings)
    if not decision.allowed or values is None:
        return Outcome(decision, own, decision.told, decision.allowed)
    edited = edit_local(own, governing, values)
    detail: dict[str, str | int | bool] = {"group": key_of(values), "user": attempt.user}
    if isinstance(edited, EditRefused):
        refused = Told(EDIT_REFUSED, {**detail, "policy": edited.policy, "reason": edited.reason})
        return Outcome(decision, own, (*decision.told, refused), False)
    return Outcome(decision, edited, (*decision.told, Told(EDITED, detail)), True)
