import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.policy.effective import LocalSettings, Source, effective
from emulator.policy.groups import ROOT, GroupTree
from emulator.policy.policies import Governing, Policy, PolicySet, PolicySettings, PolicyStatus
from emulator.policy.secrets import NONE, Secret
from emulator.policy.settings import Group, PasswordProtection, RequestThrottling, Switch
from emulator.security.password import Answer, answer, checksum, kept_password, weaknesses

STRONG = "wJ7!q2Lz$9Rk"


def protection(word: str) -> PasswordProtection:
    return PasswordProtection(True, Secret(word), Secret(word))


def governed(values: Group) -> Governing | None:
    settings = PolicySettings().having(values, Switch.UNDER_POLICY)
    return PolicySet(GroupTree(), [Policy("p", ROOT, PolicyStatus.ACTIVE, settings)]).governing(ROOT)


def test_the_prompt_takes_the_password_and_no_other() -> None:
    own = protection("tide")
    assert answer(own, Secret("tide")) is Answer.RIGHT  # KEA-SEC-009
    assert answer(own, Secret("Tide")) is Answer.WRONG  # KEA-SEC-010
    assert answer(own, Secret("")) is Answer.WRONG
    assert answer(own, None) is Answer.MISSING  # KEA-SEC-008
    assert answer(PasswordProtection(), None) is Answer.NOT_ASKED  # KEA-SEC-020
    assert answer(PasswordProtection(False, Secret("a"), Secret("a")), Secret("b")) is Answer.NOT_ASKED


def test_the_right_password_is_taken_at_once_after_a_thousand_wrong_ones() -> None:
    own = protection("tide")  # KEA-SEC-013
    assert {answer(own, Secret(f"try {number}")) for number in range(1_000)} == {Answer.WRONG}
    assert answer(own, Secret("tide")) is Answer.RIGHT


def test_what_a_device_keeps_is_a_checksum() -> None:
    assert checksum(Secret("a")) == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert checksum(NONE) == ""


@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_a_password_is_right_exactly_where_it_is_the_same_text(word: str, other: str) -> None:
    own = protection(word)
    assert (answer(own, Secret(other)) is Answer.RIGHT) == (other == word)
    assert answer(own, Secret(word)) is Answer.RIGHT


def test_the_password_stays_where_its_policy_goes() -> None:
    own = LocalSettings()
    before = effective(governed(protection("tide")), own)
    after = kept_password(before, None, own)
    result = effective(None, after)
    assert result.settings.password_protection == protection("tide")
    assert result.origin("password-protection").source is Source.LOCAL
    assert kept_password(before, governed(RequestThrottling(False)), own) == after


def test_a_password_that_is_the_devices_own_or_is_replaced_is_left_alone() -> None:
    own = LocalSettings((protection("own"),))
    assert kept_password(effective(None, own), None, own) is own
    before = effective(governed(protection("tide")), own)
    assert kept_password(before, governed(protection("ebb")), own) is own


def clauses(word: str, accounts: tuple[str, ...] = ()) -> list[str]:
    return [weakness.clause for weakness in weaknesses(Secret(word), accounts, lambda name: name == "office-00001")]


@pytest.mark.parametrize(
    ("word", "accounts", "found"),
    [
        (STRONG, (), []),
        ("wJ7!q2L", (), ["KEA-SEC-014", "KEA-SEC-018"]),
        ("xxAnna7!q2Lzzzz", ("CORP\\anna",), ["KEA-SEC-015"]),
        ("xxAnna7!q2Lzzzz", ("al", "bo"), []),
        ("office-00001", (), ["KEA-SEC-016", "KEA-SEC-017"]),
        ("wJqLzRkwJqLzRk", (), ["KEA-SEC-017"]),
        ("wJ7qLz2RkwJq", (), []),
        ("wq!7lz2rkwjq", (), []),
        ("12345678", (), ["KEA-SEC-017", "KEA-SEC-018"]),
        ("a", (), ["KEA-SEC-014", "KEA-SEC-017", "KEA-SEC-018"]),
    ],
)
def test_a_weak_password_is_told_by_clause(word: str, accounts: tuple[str, ...], found: list[str]) -> None:
    assert clauses(word, accounts) == found


def test_no_weakness_repeats_the_password() -> None:
    told = repr(list(weaknesses(Secret("zzzz"), ("zzzz",), lambda _: True)))
    assert told.count("KEA-SEC-") == 5
    assert "zzzz" not in told
