"""Who does MDR on a device (KEA-MDR-006 to KEA-MDR-020)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.mdr import ComponentStatus, EndpointProtection, MdrComponent, Worker
from emulator.policy.sections.cloud import Mdr

ON = Mdr(enabled=True, blob="BLOB")
FRESH = EndpointProtection((11, 6, 0))


@pytest.mark.parametrize(
    ("version", "current", "supports"),
    [
        ((10, 3), True, False),
        ((11, 0), False, False),
        ((11, 0), True, True),
        ((11, 5, 9), False, False),
        ((11, 6, 0), False, True),
        ((12, 4), False, True),
    ],
)
def test_support_depends_on_the_version_and_below_11_6_on_databases(
    version: tuple[int, ...], current: bool, supports: bool
) -> None:
    assert EndpointProtection(version, current).supports_mdr is supports


def test_mdr_needs_the_option_and_the_blob() -> None:
    component = MdrComponent()
    assert component.sends_data(ON)
    assert not component.sends_data(Mdr(enabled=True))
    assert not component.sends_data(Mdr(blob="BLOB"))


def test_an_application_that_supports_mdr_takes_it_over_quietly() -> None:
    before = MdrComponent()
    after = before.installed(FRESH)
    assert after.worker is Worker.ENDPOINT_PROTECTION
    assert not after.sends_data(ON)
    assert after.contacts(ON)
    assert after.status(ON) is ComponentStatus.RUNNING
    assert [one.values["user-notified"] for one in before.changed_to(after)] == [False]


def test_current_databases_have_the_same_effect_below_11_6() -> None:
    waiting = MdrComponent().installed(EndpointProtection((11, 1)))
    assert waiting.worker is Worker.ENDPOINT_AGENT
    assert waiting.databases_updated().worker is Worker.ENDPOINT_PROTECTION


def test_endpoint_agent_takes_mdr_back_only_when_its_service_restarts() -> None:
    gone = MdrComponent().installed(FRESH).removed()
    assert not gone.sends_data(ON)
    assert gone.service_started().sends_data(ON)


def test_a_restart_does_not_take_mdr_from_an_application_that_is_there() -> None:
    assert MdrComponent().installed(FRESH).service_started().worker is Worker.ENDPOINT_PROTECTION


@given(st.lists(st.sampled_from(["install", "update", "remove", "restart"])))
def test_data_comes_from_one_place_at_most_and_never_from_an_agent_beside_a_supporting_application(
    events: list[str],
) -> None:
    component = MdrComponent()
    for event in events:
        match event:
            case "install":
                component = component.installed(EndpointProtection((11, 1)))
            case "update":
                component = component.databases_updated()
            case "remove":
                component = component.removed()
            case _:
                component = component.service_started()
        if component.protection is not None and component.protection.supports_mdr:
            assert not component.sends_data(ON)
        assert component.contacts(ON)
