import pytest

from emulator.policy.errors import SettingError
from emulator.policy.secrets import MASK, NONE, Secret
from emulator.policy.settings import SECRET_KEYS, PasswordProtection, ServiceRight, SettingsRight, parse_group

TWICE = {"password": "tide", "confirmation": "tide"}


def refusal(key: str, data: object) -> SettingError:
    with pytest.raises(SettingError) as caught:
        parse_group(key, data)
    return caught.value


@pytest.mark.parametrize("word", ["a", "office-00001", " ", "\x00", "ä" * 1024])
def test_any_password_is_accepted(word: str) -> None:
    read = parse_group("password-protection", {"enabled": True, "password": word, "confirmation": word})
    assert read == PasswordProtection(True, Secret(word), Secret(word))  # KEA-SEC-012


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"enabled": True}, "password"),
        ({"enabled": True, "password": "tide"}, "confirmation"),
        ({"enabled": True, "password": "tide", "confirmation": "Tide"}, "confirmation"),
        ({"confirmation": "tide"}, "confirmation"),
        ({"enabled": True, "password": "", "confirmation": ""}, "password"),
        ({"password": 4711}, "password"),
        ({"password": "x" * 1025, "confirmation": "x" * 1025}, "password"),
    ],
)
def test_protection_without_password_or_confirmation_is_refused(data: object, path: str) -> None:
    assert refusal("password-protection", data).path == (path,)  # KEA-SEC-011


def test_no_message_and_no_picture_of_the_settings_has_the_password() -> None:
    for data in ({"password": "hunter2", "confirmation": "hunter3"}, {"password": ["hunter2"]}, {"password": 222}):
        error = refusal("password-protection", data)
        assert "hunter" not in str(error)
        assert "222" not in str(error)
    read = parse_group("password-protection", {"enabled": True, **TWICE})
    assert "tide" not in repr(read)
    assert repr(Secret("tide")) == f"Secret({MASK!r})"
    assert (str(NONE), bool(NONE), bool(Secret("a"))) == ("", False, True)


def test_a_new_password_needs_a_new_confirmation() -> None:
    before = parse_group("password-protection", {"enabled": True, **TWICE})
    with pytest.raises(SettingError, match="confirmation"):
        parse_group("password-protection", {"password": "ebb"}, before)
    after = parse_group("password-protection", {"password": "ebb", "confirmation": "ebb"}, before)
    assert after == PasswordProtection(True, Secret("ebb"), Secret("ebb"))
    assert parse_group("password-protection", {"enabled": False}, before) == PasswordProtection(
        False, Secret("tide"), Secret("tide")
    )


def test_secret_settings_are_known_by_their_keys() -> None:
    assert SECRET_KEYS == ("confirmation", "password")


def test_a_grant_is_of_a_user_or_of_a_group_with_items_apart() -> None:
    entries = [
        {"user": "CORP\\anna", "settings": ["read", "write"]},
        {"group": "Operators", "service": ["query", "start", "stop"]},
    ]
    (anna, operators) = parse_group("user-permissions", {"granted": entries}).granted  # type: ignore[attr-defined]  # of this group
    assert (anna.user, anna.group) == ("CORP\\anna", None)  # KEA-SEC-002
    assert (anna.settings, anna.service) == ((SettingsRight.READ, SettingsRight.WRITE), ())  # KEA-SEC-027
    assert (operators.user, operators.group, operators.service) == (None, "Operators", tuple(ServiceRight))


@pytest.mark.parametrize(
    ("entry", "path", "says"),
    [
        ({"settings": ["read"]}, (), "neither a user nor a group"),
        ({"user": "a", "group": "b", "settings": ["read"]}, (), "both a user and a group"),
        ({"user": "a"}, (), "it grants nothing"),
        ({"user": "a", "settings": ["reed"]}, ("settings", 0), "not known"),
        ({"user": "a", "service": ["write"]}, ("service", 0), "not known"),
        ({"user": "", "service": ["stop"]}, ("user",), "empty"),
    ],
)
def test_a_wrong_grant_is_refused(entry: object, path: tuple[object, ...], says: str) -> None:
    error = refusal("user-permissions", {"granted": [entry]})
    assert error.path == ("granted", 0, *path)
    assert says in error.cause
