"""How the components of an Endpoint Agent are, as the Administration Server shows it."""

from collections.abc import Mapping

from emulator.ksn import Kmp
from emulator.mdr import ComponentStatus as MdrStatus
from emulator.mdr import MdrComponent
from emulator.policy.settings import AgentSettings
from emulator.reporting import ComponentStatus


def statuses(
    settings: AgentSettings, mdr: MdrComponent, kmp: Kmp, *, running: bool, licensed: bool
) -> Mapping[str, ComponentStatus]:
    """The status of each component by the name of its settings group; which there are is the emulator's choice.

    MDR stays Running when the endpoint-protection application has taken it over (KEA-MDR-019). KMP is among them only
    where it is on, since most devices have none.
    """
    on = {
        "kata-integration": settings.kata_integration.enabled,
        "kics-integration": settings.kics_integration.enabled,
        "sandbox-integration": settings.sandbox_integration.enabled,
        "ksn": settings.ksn.in_use,
        "mdr": mdr.status(settings.mdr) is MdrStatus.RUNNING,
        **({"kmp": True} if kmp.enabled else {}),
    }
    works = ComponentStatus.RUNNING if licensed else ComponentStatus.NO_LICENSE
    return {name: works if enabled and running else ComponentStatus.STOPPED for name, enabled in on.items()}
