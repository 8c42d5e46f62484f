"""Failure diagnosis of an Endpoint Agent: fed with what happens to it, looking at the folders of its host."""

from collections.abc import Mapping

from emulator.components.part import Part
from emulator.control.agent import EndpointAgent
from emulator.diagnostics import Diagnosis, HasFolder
from emulator.host import HostBase
from emulator.policy.settings import AgentSettings


class DiagnosisKeeper(Part):
    """Traces and dumps of one device: `key` is its own, `host` what its image holds, `slots` fill that."""

    def __init__(self, agent: EndpointAgent, *, key: int, host: HostBase, slots: Mapping[str, str], at_ms: int) -> None:
        self._agent = agent
        self._host = host
        self._slots = slots
        self._diagnosis = Diagnosis(key, host.os)
        self._follow(at_ms)

    def started(self, at_ms: int) -> None:
        """Its processes are traced."""
        self._agent.tell(at_ms, self._diagnosis.started(at_ms, self._folders(at_ms)))

    def stopped(self, at_ms: int, *, crashed: bool) -> None:
        """The traces end; a crash leaves a dump."""
        if crashed:
            self._agent.tell(at_ms, self._diagnosis.crashed(at_ms, self._folders(at_ms)))
        else:
            self._agent.tell(at_ms, self._diagnosis.stopped(at_ms))

    def settings_changed(self, at_ms: int, before: AgentSettings) -> None:
        """In force at once for what runs (KEA-DIA-017)."""
        self._follow(at_ms)

    def view(self, at_ms: int) -> None:
        """Somebody looks at the trace and dump files of the device."""
        self._agent.tell(at_ms, self._diagnosis.viewed(at_ms, self._folders(at_ms)))

    def _follow(self, at_ms: int) -> None:
        settings, running = self._agent.settings.failure_diagnosis, self._agent.runs(at_ms)
        told = self._diagnosis.saved(at_ms, settings, running=running, has_folder=self._folders(at_ms))
        self._agent.tell(at_ms, told)

    def _folders(self, at_ms: int) -> HasFolder:
        changes = self._agent.host(at_ms, self._host.os)
        return lambda folder: self._host.has_folder(folder, self._slots, changes)
