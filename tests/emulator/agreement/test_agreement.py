"""The columns agree with the plain agent: every term, every mark of a server, every request that was listened to."""

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from emulator.plain import PlainSimulation
from emulator.ports import Target, TelemetryColumns
from emulator.simulation import Simulation
from emulator.world import Agents, World
from tests.emulator.agreement.cases import CASES
from tests.emulator.agreement.scenes import Scene
from tests.emulator.agreement.strategies import scenes

EXAMPLES = 20
SLOW = {"three weeks": pytest.mark.slow}


def columns(scene: Scene) -> list[str]:
    """Where the columns differ from the plain agent in a scene, in words."""

    def build(world: World, servers: Mapping[Target, TelemetryColumns]) -> Agents:
        return Simulation(world, servers, recorded=frozenset(Target) if scene.listened else frozenset())

    return scene.live(PlainSimulation).differences(scene.live(build))


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    # A scene takes too long to be made smaller within the time of a test; `Phase.shrink` does it when looking closer.
    phases=(Phase.explicit, Phase.generate),
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(scene=scenes())
def test_the_columns_live_any_scene_as_the_plain_agent_does(scene: Scene) -> None:
    assert columns(scene) == []


@pytest.mark.parametrize("name", [pytest.param(name, marks=SLOW.get(name, ())) for name in sorted(CASES)])
def test_the_columns_live_this_scene_as_the_plain_agent_does(name: str) -> None:
    assert columns(CASES[name]()) == []
