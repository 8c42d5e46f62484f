"""Policies as files: what is exported is read back, secrets stay behind, and nothing that is not one is taken."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import UserError
from emulator.policy.errors import PolicyError
from emulator.policy.groups import ROOT, GroupTree
from emulator.policy.policies import Policy, PolicySettings, PolicyStatus, parse_policy_settings
from emulator.policy.settings import GROUP_KEYS
from emulator.policy.types import PolicyType
from fakes.administration import AdministrationServer, export_policy, import_policy
from fakes.administration.exchange import FILE_SIZE_MAX
from fakes.administration.history import REVISIONS_MAX
from fakes.faults import FaultSchedule
from tests.fakes.batches import column, keys

RICH: dict[str, Any] = {
    "request-throttling": {"switch": "unaffected-by-policy", "max-events-per-hour": 77},
    "kata-integration": {"switch": "under-policy", "enabled": True, "servers": ["a.example.com:443", "[::1]:8443"]},
    "excluded-processes": {
        "rules": [
            {"name": "one", "path": "C:\\Windows\\*.exe", "event-types": ["file-change"]},
            {"name": "zwei", "description": "ü*"},
        ]
    },
}
SECRET = {"password-protection": {"enabled": True, "password": "hunter2", "confirmation": "hunter2"}}


def policy(data: dict[str, Any], **fields: Any) -> Policy:
    return Policy("office", ROOT, PolicyStatus.ACTIVE, parse_policy_settings(data), **fields)


def damaged(**changes: Any) -> bytes:
    document = json.loads(export_policy(policy(RICH)))
    for key, value in changes.items():
        document[key.replace("_", "-")] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize("kind", [None, *PolicyType])
def test_a_file_is_the_policy_without_its_place(kind: PolicyType | None) -> None:
    stored = parse_policy_settings(RICH if kind is None else {}, PolicySettings.fresh(kind))
    before = Policy("office", ROOT, PolicyStatus.ACTIVE, stored, False, True, type=kind)
    after = import_policy(export_policy(before), source="office.json")
    assert (after.name, after.application, after.type) == (before.name, before.application, kind)
    assert after.settings == before.settings
    assert (after.inherit_from_parent, after.force_inheritance) == (False, True)
    assert after.without_secrets == ()


@given(under=st.frozensets(st.sampled_from(GROUP_KEYS)))
def test_every_mix_of_switches_survives(under: frozenset[str]) -> None:
    stored = PolicySettings(under_policy=under)
    file = import_policy(export_policy(Policy("a", ROOT, PolicyStatus.ACTIVE, stored)), source="a.json")
    assert file.settings == stored


def test_a_secret_is_not_written_and_its_group_is_named() -> None:
    data = export_policy(policy({**RICH, **SECRET}))
    assert b"hunter2" not in data
    file = import_policy(data, source="office.json")
    assert file.without_secrets == ("password-protection",)
    assert "password-protection" not in file.settings.under_policy
    assert not file.settings.values.password_protection.enabled


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[1, 2]", "not an exported policy"),
        (b"{}", "not an exported policy"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": NaN}', "not a number"),
        (b"[" * 100_000, "nested too deeply"),
        (b" " * (FILE_SIZE_MAX + 1), "FILE_SIZE_MAX"),
        (damaged(version=2), "version"),
        (damaged(nonsense=1), "unknown key"),
        (damaged(name=""), "name"),
        (damaged(name=5), "name"),
        (damaged(type="other"), "type"),
        (damaged(settings={"nonsense": {}}), "settings.nonsense"),
        (damaged(settings={"request-throttling": {"max-events-per-hour": -1}}), "max-events-per-hour"),
        (damaged(settings=[]), "settings"),
        (damaged(without_secrets=["nonsense"]), "without-secrets"),
        (damaged(inherit_from_parent="yes"), "inherit-from-parent"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_place(data: bytes, told: str) -> None:
    with pytest.raises(UserError, match=r"bad\.json") as error:
        import_policy(data, source="bad.json")
    assert told in str(error.value)


@given(
    data=st.binary(max_size=200) | st.builds(lambda at, byte: _flipped(at, byte), st.integers(0), st.integers(0, 255))
)
def test_no_data_raises_anything_but_a_user_error(data: bytes) -> None:
    with suppress(UserError):
        import_policy(data, source="bad.json")


def _flipped(at: int, byte: int) -> bytes:
    data = bytearray(export_policy(policy(RICH)))
    data[at % len(data)] = byte
    return bytes(data)


def test_a_missing_key_is_named() -> None:
    document = json.loads(export_policy(policy(RICH)))
    del document["settings"]
    with pytest.raises(UserError, match="'settings' is missing"):
        import_policy(json.dumps(document).encode(), source="bad.json")


# --- at the server ----------------------------------------------------------------------------------------------------


def server(*policies: Policy) -> AdministrationServer:
    return AdministrationServer(
        GroupTree([f"{ROOT}/HQ"]),
        policies,
        keys=keys(1),
        group_names=(ROOT,),
        group=column([0]),
        faults=FaultSchedule(),
    )


def test_an_imported_policy_and_a_copy_are_inactive_and_equal_to_the_first() -> None:
    on = server(policy(RICH))
    on.import_file(on.export("office"), f"{ROOT}/HQ", name="imported", at_ms=5)
    on.copy("office", "copied", f"{ROOT}/HQ", at_ms=6)
    for name in ("imported", "copied"):
        made = on.policy(name)
        assert (made.status, made.group, made.revision) == (PolicyStatus.INACTIVE, f"{ROOT}/HQ", 1)
        assert made.settings == on.policy("office").settings
    on.save("copied", force_inheritance=True, at_ms=7)
    assert not on.policy("office").force_inheritance


def test_an_import_without_a_name_has_that_of_the_file() -> None:
    on = server(policy(RICH))
    data = on.export("office")
    with pytest.raises(PolicyError, match="already"):
        on.import_file(data, ROOT, at_ms=5)
    on.delete("office", at_ms=5)
    on.import_file(data, ROOT, at_ms=6)
    assert [one.name for one in on.policies()] == ["office"]


# --- revisions --------------------------------------------------------------------------------------------------------


def test_a_roll_back_is_a_save_of_what_was() -> None:
    on = server(policy({}))
    first = on.policy("office")
    on.save("office", settings=parse_policy_settings(RICH), force_inheritance=True, at_ms=5)
    on.deactivate("office", at_ms=6)
    on.roll_back("office", 1, at_ms=7)
    now = on.policy("office")
    assert (now.settings, now.force_inheritance) == (first.settings, False)
    assert (now.revision, now.status) == (3, PolicyStatus.INACTIVE)
    assert [(saved.revision, saved.at_ms) for saved in on.history("office")] == [(1, 0), (2, 5), (3, 7)]


def test_the_newest_revisions_are_kept() -> None:
    on = server(policy({}))
    for number in range(REVISIONS_MAX + 5):
        on.save("office", force_inheritance=bool(number % 2), at_ms=number)
    kept = [saved.revision for saved in on.history("office")]
    assert kept == list(range(7, REVISIONS_MAX + 7))
    with pytest.raises(PolicyError, match="no revision 6"):
        on.roll_back("office", 6, at_ms=1_000)
    on.delete("office", at_ms=1_000)
    on.create(policy({}), at_ms=1_001)
    assert [saved.revision for saved in on.history("office")] == [1]
