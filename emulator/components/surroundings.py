"""What Endpoint Agents of a fleet find around them."""

from collections.abc import Callable
from dataclasses import dataclass

from emulator.control.sweeps import Sweeps
from emulator.ksn import Kmp, KsnService
from emulator.licensing import ActivationServer, Licence
from emulator.mdr import MdrService
from emulator.sandbox import SandboxService
from emulator.updates import UpdateServers


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The services that agents ask, and what each device (fleet index) was installed with.

    `discovered_proxy` is the proxy server that devices find by themselves (`host:port`), empty where there is none.
    """

    activation: ActivationServer
    updates: UpdateServers
    ksn: KsnService
    mdr: MdrService
    sandbox: SandboxService
    sweeps: Sweeps
    installed_licence: Callable[[int], Licence]
    installed_kmp: Callable[[int], Kmp]
    discovered_proxy: str = ""
