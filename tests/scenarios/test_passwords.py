"""Weak passwords are warned of when a scenario is read, and taken."""

import json
from pathlib import Path

import pytest

from tests.scenarios.made import loaded, mistakes
from tests.scenarios.running import manifest, rows, run

STRONG = "wJ7!q2Lz$9Rk"


def protected(word: str, *users: str) -> dict[str, object]:
    granted = [{"user": user, "settings": ["write"]} for user in users]
    return {
        "password-protection": {"switch": "under-policy", "enabled": True, "password": word, "confirmation": word},
        "user-permissions": {"switch": "under-policy", "granted": granted},
    }


def warned(settings: dict[str, object]) -> list[str]:
    found = loaded(policies=[{"name": "p", "settings": settings}]).warnings
    assert all(warning.place.startswith("trial.yaml:") for warning in found)
    return [warning.cause.rpartition("(")[2].rstrip(")") for warning in found]


@pytest.mark.parametrize(
    ("word", "users", "clauses"),
    [
        (STRONG, (), []),
        ("a", (), ["KEA-SEC-014", "KEA-SEC-017", "KEA-SEC-018"]),
        (f"anna{STRONG}", ("CORP\\Anna",), ["KEA-SEC-015"]),
        ("OFFICE-00001", (), ["KEA-SEC-016", "KEA-SEC-017"]),
        ("office-00041", (), ["KEA-SEC-017"]),
    ],
)
def test_a_weak_password_of_a_policy_is_warned_of(word: str, users: tuple[str, ...], clauses: list[str]) -> None:
    assert warned(protected(word, *users)) == clauses


def test_a_weak_password_that_a_step_saves_is_warned_of_with_its_place() -> None:
    change = {"at": "1h", "do": "change-policy", "policy": "p", "settings": protected("hunter42")}
    policies = [{"name": "p", "settings": protected(STRONG)}]
    found = loaded(policies=policies, timeline=[change]).warnings
    assert [str(warning).count("KEA-SEC-") for warning in found] == [1, 1]
    assert "hunter42" not in " ".join(map(str, found))


def test_a_password_that_is_no_text_is_one_mistake_and_is_not_repeated() -> None:
    settings = {"password-protection": {"password": 471100, "confirmation": 471100}}
    (told,) = mistakes(policies=[{"name": "p", "settings": settings}])
    assert "471100" not in told
    assert "it is not a text" in told


def test_failure_diagnosis_of_a_policy_is_refused_with_the_reason() -> None:
    settings = {"failure-diagnosis": {"write-traces": True}}
    (told,) = mistakes(policies=[{"name": "p", "settings": settings}])
    assert "a policy has no settings group 'failure-diagnosis'" in told
    assert "KEA-DIA-003" in told


def test_a_run_folder_does_not_have_the_password(tmp_path: Path) -> None:
    settings = {**protected("hunter42"), "proxy": {"user": "svc", "password": "sesame-7"}}
    change = {"at": "30min", "do": "change-policy", "policy": "p", "settings": protected("hunter43")}
    run(loaded(duration="1h", policies=[{"name": "p", "settings": settings}], timeline=[change]), tmp_path)
    facts = rows(tmp_path, "facts")
    assert [row for row in facts if row["kind"] == "policy-applied"]
    told = json.dumps([manifest(tmp_path), facts, rows(tmp_path, "devices")], default=str)
    assert "hunter4" not in told
    assert "sesame" not in told
