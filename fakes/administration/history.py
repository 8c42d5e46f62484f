"""Revision history: what each policy was after each of its saves, so that it can be rolled back.

That there is one is known of the console; how many revisions it keeps is the emulator's choice.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from emulator.policy.errors import PolicyError
from emulator.policy.kinds import shown
from emulator.policy.policies import Policy

REVISIONS_MAX: Final = 100
"""Revisions of one policy that are kept, the newest."""


@dataclass(frozen=True, slots=True)
class Saved:
    """One revision: the policy as it was saved, the moment, and who saved it."""

    at_ms: int
    account: str
    policy: Policy

    @property
    def revision(self) -> int:
        """Its number."""
        return self.policy.revision


class RevisionHistory:
    """The revisions of all policies of one Administration Server."""

    def __init__(self) -> None:
        self._saved: dict[str, deque[Saved]] = {}

    def record(self, policy: Policy, at_ms: int, account: str) -> None:
        """Keeps a revision of a policy; a change of its status alone is none."""
        kept = self._saved.setdefault(policy.name, deque(maxlen=REVISIONS_MAX))
        if not kept or kept[-1].revision != policy.revision:
            kept.append(Saved(at_ms, account, policy))

    def forget(self, name: str) -> None:
        """Lets go of the revisions of a policy that is gone."""
        del self._saved[name]

    def of(self, name: str) -> tuple[Saved, ...]:
        """The revisions of a policy, the oldest first."""
        return tuple(self._saved[name])

    def revision(self, name: str, number: int) -> Policy:
        """A policy as it was saved; raises PolicyError where that revision is not kept."""
        for saved in self._saved[name]:
            if saved.revision == number:
                return saved.policy
        kept = self._saved[name]
        cause = f"the policy {shown(name)} has no revision {shown(number)}"
        raise PolicyError(cause, f"its revisions are {kept[0].revision} to {kept[-1].revision}")
