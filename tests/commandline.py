"""What tests of the command line share: how a command ended, small scenarios, a server of one's own."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.scenarios.made import text_of

FEW = {"blocks": [{"name": "office", "image": "windows-office", "count": 6, "group": "Managed devices/HQ"}]}
WRONG: dict[str, Any] = {"expect": [{"name": "silence", "total": "telemetry.generated", "is": 0}]}
RIGHT: dict[str, Any] = {"expect": [{"name": "life", "total": "telemetry.generated", "is": "> 0"}]}

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
"""For processes that are to run the code of this checkout, wherever they are started."""

OWN = '''
"""A server of one's own."""
import json
import seatrial

class Server(seatrial.Backend, seatrial.Telemetry):
    claims = {"telemetry": "1.0", "time": "simulated"}

    def open(self, run):
        self.held = {}

    def enrol(self, device):
        self.held[device.name] = []
        return seatrial.Credential(device.name)

    def send(self, packages):
        return [self.one(package) for package in packages]

    def one(self, package):
        self.held[package.device] += [event.ordinal for event in package.events]
        return seatrial.Ack(20)

    def reset(self):
        self.held.clear()

    def close(self):
        with open("held.json", "w") as file:
            json.dump(self.held, file)

class Moody(Server):
    count = 0

    def one(self, package):
        self.count += 1
        return seatrial.Refused(503) if self.count % 4 == 3 else super().one(package)

class Observed(Server):
    claims = {**Server.claims, "observe.stored": True}

    def stored(self, device):
        return [(ordinal, ordinal + 1) for ordinal in self.held.get(device, ())]

class Losing(Observed):
    """Acknowledges the first events of one device, and keeps them not."""

    def one(self, package):
        reply = super().one(package)
        if package.device == "office-00002" and package.first == 0:
            self.held[package.device] = self.held[package.device][:-2]
        return reply

class Secretly(Losing):
    """The same, and nobody can look."""

    claims = Server.claims
    stored = None

class Shy(Server):
    def one(self, package):
        return seatrial.Refused(401, "who are you")

class Broken(Server):
    def one(self, package):
        if package.first > 20:
            raise KeyError("no such tenant")
        return super().one(package)
'''


@dataclass(frozen=True)
class Done:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Command = Callable[..., Done]


def trial(name: str = "trial", **sections: Any) -> Path:
    """The file of a small scenario, in the folder in hand."""
    path = Path(f"{name}.yaml")
    path.write_text(text_of(**{"name": name, "fleet": FEW, "duration": "10min", **sections}), encoding="utf-8")
    return path


def own(name: str) -> str:
    """A `--backend` of one's own, in a module beside the scenario that no other test has."""
    module = f"own_{name.lower()}"
    Path(f"{module}.py").write_text(OWN, encoding="utf-8")
    return f"telemetry={module}:{name}"
