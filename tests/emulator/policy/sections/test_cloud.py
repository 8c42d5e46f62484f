import pytest

from emulator.policy.settings import DEFAULTS, Ksn, Mdr, offered_by, parse_group


@pytest.mark.parametrize("accept", [True, False])
@pytest.mark.parametrize("enabled", [True, False])
def test_ksn_is_in_use_only_with_both_options(accept: bool, enabled: bool) -> None:
    ksn = Ksn(accept_statement=accept, enabled=enabled)
    assert ksn.in_use is (accept and enabled)  # KEA-KSN-008, KEA-KSN-009


def test_ksn_and_mdr_are_not_in_use_by_default() -> None:
    assert not DEFAULTS.ksn.in_use  # KEA-KSN-002
    assert not DEFAULTS.mdr.in_use


@pytest.mark.parametrize(("enabled", "blob", "in_use"), [(True, "b", True), (True, "", False), (False, "b", False)])
def test_mdr_is_in_use_with_the_option_and_a_blob(enabled: bool, blob: str, in_use: bool) -> None:
    assert Mdr(enabled=enabled, blob=blob).in_use is in_use  # KEA-MDR-001, KEA-MDR-006


@pytest.mark.parametrize("value", ["", "x", "\x00 <&>", "ä" * 1024])
def test_the_user_identifier_is_stored_unchanged(value: str) -> None:
    assert parse_group("mdr", {"user-identifier": value}) == Mdr(user_identifier=value)  # KEA-MDR-009


@pytest.mark.parametrize(
    ("plugin", "offered"), [((3, 9, 1), False), ((3, 9), False), ((3, 9, 2), True), ((3, 10), True)]
)
def test_mdr_is_offered_from_one_version_of_the_plug_in_on(plugin: tuple[int, ...], offered: bool) -> None:
    assert ("mdr" in offered_by(plugin)) is offered  # KEA-MDR-004
    assert "ksn" in offered_by(plugin)
