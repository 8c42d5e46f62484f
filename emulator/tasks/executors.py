"""What the tasks of each type do on a device: activation, and update of databases and modules."""

from collections.abc import Callable
from typing import Final, Protocol

from emulator.licensing import Activation, ActivationServer, CodeRequest, Key, Licence, activate
from emulator.ports import Refused, TimedOut, Unreachable
from emulator.services import Call
from emulator.tasks.device import Execution, TaskResult
from emulator.tasks.task import Task
from emulator.told import Severity, Told
from emulator.updates import Databases, Roads, UpdateServers, UpdateSettings, choose

ACTIVATION_MS: Final = 2_000
"""How long an activation takes; the emulator's."""
NO_LINK: Final = "no link"
"""Why a server cannot be asked."""


class Activatable(Protocol):
    """What an activation needs of its device."""

    licence: Licence
    databases: Databases

    def activation_call(self, at_ms: int) -> Call | None:
        """The call to the activation server at a moment, None where the device has no link."""


class Updatable(Protocol):
    """What an update needs of its device."""

    licence: Licence
    databases: Databases

    @property
    def update_roads(self) -> Roads:
        """How the device reaches sources of updates."""


class ActivationExecutor:
    """Activates with a code or a key (KEA-LIC-004); what comes of it is known at the end of the run."""

    def __init__(self, server: ActivationServer) -> None:
        self._server = server

    def begin(self, owner: Activatable, task: Task, at_ms: int) -> Execution:
        """Begins an activation."""
        wanted = task.settings
        assert isinstance(wanted, Activation)

        def finish(at_ms: int) -> TaskResult:
            call = owner.activation_call(at_ms)
            server = _Unreached() if call is None else self._server
            owner.licence, told = activate(
                owner.licence, wanted, server, call or Call("", -1, at_ms), owner.databases.blocked_keys
            )
            failed = told[-1].kind == "activation-failed"
            return TaskResult(str(told[-1].values["reason"]) if failed else "", told=told)

        return Execution(ACTIVATION_MS, finish)


class UpdateExecutor:
    """Updates databases and modules from the first source that answers (KEA-UPD-010).

    What a source has is settled when the run begins; it is applied at the end of the download, unless the device has
    lost its link by then. Either way of failing keeps the old databases.
    """

    def __init__(self, servers: UpdateServers) -> None:
        self._servers = servers

    def begin(self, owner: Updatable, task: Task, at_ms: int) -> Execution:
        """Begins an update."""
        wanted = task.settings
        assert isinstance(wanted, UpdateSettings)
        release, told = choose(wanted.sources, self._servers, owner.update_roads, at_ms)
        if release is None:
            return Execution(0, _failing(str(told[-1].values["reason"])), told)

        def finish(at_ms: int) -> TaskResult:
            if all(owner.update_roads.call(source, at_ms) is None for source in wanted.sources):
                reason = "the download was interrupted"
                return TaskResult(reason, told=(Told("update-failed", {"reason": reason}, Severity.FAILURE),))
            before = owner.databases
            owner.databases, told = before.applying(release, wanted.modules)
            for serial in owner.databases.blocked_keys:
                owner.licence = owner.licence.blocking(serial)
            failed = [one for one in told if one.kind == "update-failed"]
            return TaskResult(
                reason=str(failed[0].values["reason"]) if failed else "",
                values={"release": owner.databases.release},
                told=told,
                databases_updated=owner.databases.release > before.release,
            )

        return Execution(release.download_ms, finish, told)


class _Unreached:
    def verify(self, request: CodeRequest) -> Key | Refused | TimedOut | Unreachable:
        return Unreachable(NO_LINK)


def _failing(reason: str) -> Callable[[int], TaskResult]:
    return lambda _: TaskResult(reason)
