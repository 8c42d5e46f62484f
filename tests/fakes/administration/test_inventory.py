"""The inventory: devices with believable contents, their applications and how they are protected."""

import pytest

from emulator.identity import Identity, identity
from emulator.images import IMAGES, Image
from emulator.reporting import ComponentStatus, StateReport
from fakes.administration import GeneralStatus, InstalledApplication, Inventory
from fakes.administration.inventory import ENDPOINT_AGENT_NAME, NETWORK_AGENT_NAME, protection

NAMES = tuple(IMAGES)
"""Device n has the n-th image."""


def identified(device: int) -> tuple[Identity, Image]:
    return identity(1_000 + device, NAMES[device], 0, "berlin"), IMAGES[NAMES[device]]


def applications(inventory: Inventory, device: int, now_ms: int = 0) -> dict[str, str]:
    found = inventory.record(device, "Managed devices", now_ms).applications
    assert [one.name for one in found] == sorted((one.name for one in found), key=str.casefold)
    return {one.name: one.version for one in found}


@pytest.mark.parametrize("device", range(len(NAMES)), ids=NAMES)
def test_a_device_is_who_its_identity_and_image_say(device: int) -> None:
    who, image = identified(device)
    record = Inventory(identified).record(device, "Managed devices/HQ", 0)
    assert (record.name, record.host_name, record.address, record.mac) == (
        who.name,
        who.host_name,
        who.address,
        who.mac,
    )
    assert (record.group, record.domain, record.os, record.users) == (
        "Managed devices/HQ",
        "berlin.example",
        image.os,
        (who.user,),
    )
    assert record.os_name.startswith(("Windows", "Debian", "Ubuntu"))
    assert (record.os_build is not None) is (image.os == "windows")


@pytest.mark.parametrize("device", range(len(NAMES)), ids=NAMES)
def test_both_agents_are_among_the_applications(device: int) -> None:
    found = applications(Inventory(identified), device)
    assert {ENDPOINT_AGENT_NAME, NETWORK_AGENT_NAME} <= found.keys()
    assert all(found.values())


def test_applications_are_those_that_the_image_runs() -> None:
    found = applications(Inventory(identified), NAMES.index("windows-office"))
    assert {"Microsoft Edge", "Microsoft Outlook", "Microsoft Word"} <= found.keys()
    assert not [name for name in found if "Explorer" in name or "Host Process" in name]
    assert "openssh-server" in applications(Inventory(identified), NAMES.index("linux-server"))


def test_endpoint_agent_is_listed_once_it_is_installed() -> None:
    inventory = Inventory(identified)
    inventory.receive(0, 100, StateReport(installed=False, running=False))
    inventory.receive(0, 200, StateReport(installed=True, running=True, version="3.17.0.1"))
    assert ENDPOINT_AGENT_NAME not in applications(inventory, 0, 199)
    assert applications(inventory, 0, 200)[ENDPOINT_AGENT_NAME] == "3.17.0.1"
    assert InstalledApplication(ENDPOINT_AGENT_NAME, "3.17.0.1") in inventory.record(0, "", 300).applications


@pytest.mark.parametrize(
    ("installed", "running", "components", "status"),
    [
        (False, False, {}, GeneralStatus.CRITICAL),
        (True, False, {}, GeneralStatus.CRITICAL),
        (True, True, {}, GeneralStatus.OK),
        (True, True, {"ksn": ComponentStatus.RUNNING, "mdr": ComponentStatus.NOT_INSTALLED}, GeneralStatus.OK),
        (True, True, {"ksn": ComponentStatus.STARTING}, GeneralStatus.INFO),
        (True, True, {"ksn": ComponentStatus.STOPPED, "mdr": ComponentStatus.STARTING}, GeneralStatus.WARNING),
        (True, True, {"ksn": ComponentStatus.NO_LICENSE}, GeneralStatus.CRITICAL),
        (True, True, {"ksn": ComponentStatus.PAUSED, "mdr": ComponentStatus.FAILED}, GeneralStatus.CRITICAL),
    ],
)
def test_the_status_of_a_device_is_that_of_its_worst_part(
    installed: bool, running: bool, components: dict[str, ComponentStatus], status: GeneralStatus
) -> None:
    found, reason = protection(StateReport(installed, running, components=components))
    assert found is status
    assert bool(reason) is (status is not GeneralStatus.OK)


def test_the_codes_are_those_of_the_console() -> None:
    assert [int(status) for status in ComponentStatus] == [0, 1, 2, 3, 4, 9, 10, 11]
    assert [int(status) for status in GeneralStatus] == [0, 1, 2, 3]
