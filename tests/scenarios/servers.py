"""Backends of users, as small as they come: one that is in order, and some that are not."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import SecretStr

from emulator.ports import Ack, Backend, Credential, Device, Package, Port, Refused, Reply, RunInfo, Telemetry
from scenarios.backends import PROBE, Options
from scenarios.shard import BackendSpec


class Keeper(Backend, Telemetry):
    """Keeps what it gets, and answers as fast as the fakes do. `made` has every instance, that of the check first."""

    claims: Mapping[str, Any] = {"telemetry": "1.0", "kics": "1.0", "time": "simulated"}
    made: ClassVar[list["Keeper"]] = []

    def __init__(self) -> None:
        Keeper.made.append(self)
        self.calls: list[str] = []
        self.packages: dict[str, list[Package]] = {}
        self.sent = 0

    def open(self, run: RunInfo) -> None:
        self.calls.append(f"open {run.worker}")

    def enrol(self, device: Device) -> Credential:
        assert device.name not in self.packages
        self.packages[device.name] = []
        return Credential(device.name)

    def send(self, packages: Sequence[Package]) -> Sequence[Reply]:
        return [self.one(package) for package in packages]

    def one(self, package: Package) -> Reply:
        self.sent += 1
        self.packages[package.device].append(package)
        return Ack(20)

    def reset(self) -> None:
        self.calls.append("reset")
        self.packages.clear()
        self.sent = 0

    def close(self) -> None:
        self.calls.append("close")

    def ordinals(self, device: str) -> list[int]:
        """Of the events of a device, as they came."""
        return [event.ordinal for package in self.packages[device] for event in package.events]


class Moody(Keeper):
    """Refuses every fifth package of a run, and the first."""

    tries = 0

    def one(self, package: Package) -> Reply:
        self.tries += 1
        refused = self.tries % 5 == 1 and package.device != PROBE.name
        return Refused(503, "busy", 20) if refused else super().one(package)


class Observed(Keeper):
    """Lets checks look inside."""

    claims: Mapping[str, Any] = {**Keeper.claims, "observe.stored": True}

    def stored(self, device: str) -> Sequence[tuple[int, int]]:
        return [(package.first, package.first + package.count) for package in self.packages.get(device, ())]


class Forgetful(Observed):
    """Acknowledges the third package of a device and does not keep it, as nothing else would tell."""

    def stored(self, device: str) -> Sequence[tuple[int, int]]:
        held = list(super().stored(device))
        return held[:2] + held[3:] if device == "office-00002" else held


class Fragile(Keeper):
    """Breaks in the middle of a run."""

    def one(self, package: Package) -> Reply:
        if self.sent >= 40:
            raise OSError("the disk is gone")
        return super().one(package)


class Shy(Keeper):
    """Never passes its smoke check."""

    def one(self, package: Package) -> Reply:
        return Refused(401, "who are you")


class Stubborn(Keeper):
    """Cannot be closed after a run."""

    def close(self) -> None:
        super().close()
        if "reset" not in self.calls:
            raise OSError("still busy")


class Secretive(Keeper):
    """Has a secret among its options, and tells it in its error."""

    class Options(Options):
        """A token."""

        token: SecretStr

    options: Options

    def one(self, package: Package) -> Reply:
        if package.device != PROBE.name:
            raise OSError(f"{self.options.token.get_secret_value()} was refused")
        return super().one(package)


class Ender(Keeper):
    """Ends the process it is in, as a crash in foreign code does."""

    def one(self, package: Package) -> Reply:
        if package.device != PROBE.name:
            os._exit(7)
        return super().one(package)


def spec(server: type[Keeper], port: Port = Port.TELEMETRY, **options: Any) -> dict[Port, BackendSpec]:
    """What `--backend PORT=SPEC` comes to."""
    return {port: BackendSpec(f"{__name__}:{server.__name__}", options, f"--backend {port}={server.__name__}", Path())}
