"""Operations of a scenario: facts without a device about what was done or refused, and lists as accounts see them."""

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.clock import HOUR_MS
from scenarios.model import Scenario
from tests.scenarios.made import loaded
from tests.scenarios.running import digest, facts, rows, run

FLEET: dict[str, Any] = {
    "blocks": [
        {"name": "office", "image": "quiet", "count": 6, "group": "Managed devices/HQ"},
        {"name": "db", "image": "linux-server", "count": 2, "group": "Managed devices/Branch"},
    ]
}
POLICIES: list[dict[str, Any]] = [
    {"name": "office", "group": "Managed devices/HQ"},
    {"name": "branch", "group": "Managed devices/Branch", "type": "kaspersky-sandbox"},
]
ACCESS: dict[str, Any] = {
    "roles": [{"name": "editor", "rights": ["read-policies", "change-policies"]}],
    "accounts": [
        {"name": "anna", "roles": [{"role": "editor", "group": "Managed devices/HQ"}]},
        {"name": "ben", "roles": [{"role": "reader", "group": "Managed devices/Branch"}]},
    ],
}


def scenario(*timeline: dict[str, Any], **sections: Any) -> Scenario:
    steps = [{"at": f"{number}min", **step} for number, step in enumerate(timeline, start=1)]
    whole = {"fleet": FLEET, "policies": POLICIES, "duration": "1h", **ACCESS, **sections}
    return loaded(timeline=steps, **whole)


def details(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(row["detail"]) for row in rows(folder, "facts") if row["kind"] == kind]


def change(policy: str, **fields: Any) -> dict[str, Any]:
    settings = {"data-submission": {"switch": "under-policy", "max-events-per-package": 7}}
    return {"do": "change-policy", "policy": policy, "settings": settings, **fields}


def test_an_operation_tells_who_did_what(tmp_path: Path) -> None:
    run(scenario(change("office", account="anna"), {"do": "create-group", "group": "Managed devices/New"}), tmp_path)
    assert details(tmp_path, "operation-done") == [
        {"operation": "change-policy", "account": "anna", "subject": "office"},
        {"operation": "create-group", "account": "administrator", "subject": "Managed devices/New"},
    ]
    assert details(tmp_path, "operation-refused") == []
    assert {device for _, device in facts(tmp_path, "policy-applied")} == {f"office-{n:05}" for n in range(1, 7)}


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (change("branch", account="anna"), "lacks the right change-policies"),
        (change("office", account="ben"), "lacks the right change-policies"),
        ({"do": "create-group", "account": "anna", "group": "Managed devices/HQ/New"}, "lacks the right change-groups"),
        (change("branch"), "does not have the settings group 'data-submission'"),
        ({"do": "create-policy", "policy": "office"}, "there is a policy 'office' already"),
        ({"do": "create-policy", "policy": "new", "application": "other"}, "no management plug-in"),
        ({"do": "roll-back-policy", "policy": "office", "revision": 2}, "no revision 2"),
        ({"do": "import-policy", "policy": "new", "exported": "nothing"}, "nothing was exported"),
        ({"do": "view", "what": "policies", "account": "anna", "group": "Managed devices/Later"}, "no group"),
    ],
)
def test_a_refused_operation_tells_why_and_changes_nothing(step: dict[str, Any], reason: str, tmp_path: Path) -> None:
    views = [{"do": "view", "what": what} for what in ("policies", "groups")]
    later = {"do": "create-group", "group": "Managed devices/Later"}
    run(scenario(*views, step, *views, later), tmp_path)
    (refused,) = details(tmp_path, "operation-refused")
    assert reason in refused["reason"]
    seen = [*details(tmp_path, "policy-viewed"), *details(tmp_path, "group-viewed")]
    assert seen[:2] == seen[2:4]
    assert len(details(tmp_path, "group-viewed")) == 2 * 3
    assert facts(tmp_path, "policy-applied") == []


def test_an_operation_on_what_is_deleted_is_refused_and_the_run_goes_on(tmp_path: Path) -> None:
    result = run(scenario({"do": "delete-policy", "policy": "office"}, change("office")), tmp_path)
    assert result.verdict != "error"
    assert [one["operation"] for one in details(tmp_path, "operation-refused")] == ["change-policy"]


def test_the_wizard_of_a_step_makes_what_the_step_says(tmp_path: Path) -> None:
    create = {
        "do": "create-policy",
        "policy": "lab",
        "take-over": "office",
        "group": "Managed devices/HQ",
        "new-subgroup": "Lab",
        "status": "out-of-office",
        "open-properties": True,
        "settings": {"data-submission": {"switch": "under-policy"}},
    }
    run(scenario({"do": "view", "what": "policies"}, create, {"do": "view", "what": "groups"}), tmp_path)
    listed = details(tmp_path, "policy-viewed")
    assert [one["policy"] for one in listed] == ["branch", "office", "lab"]
    made = listed[-1]
    assert (made["group"], made["status"], made["type"]) == (
        "Managed devices/HQ/Lab",
        "out-of-office",
        "kata-edr-and-kics-for-networks",
    )
    assert made["under_policy"].split()[0] == "data-submission"
    assert made["sections"].split()[0] == "kata-edr-and-kics-integration"
    assert listed[0]["sections"].split()[0] == "sandbox-integration"
    groups = {one["group"]: (one["devices"], one["policies"]) for one in details(tmp_path, "group-viewed")}
    assert groups["Managed devices/HQ/Lab"] == (0, 1)
    assert groups["Managed devices/HQ"] == (6, 1)


def test_a_policy_goes_out_as_a_file_and_comes_back(tmp_path: Path) -> None:
    steps = [
        change("office"),
        {"do": "export-policy", "policy": "office", "to": "a.json"},
        {"do": "delete-policy", "policy": "office"},
        {"do": "import-policy", "policy": "again", "exported": "a.json", "group": "Managed devices/HQ"},
        {"do": "activate-policy", "policy": "again"},
        {"do": "view", "what": "policies"},
    ]
    run(scenario(*steps), tmp_path)
    (exported,) = details(tmp_path, "policy-exported")
    assert (exported["policy"], exported["file"]) == ("office", "a.json")
    assert exported["bytes"] > 1_000
    seen = {one["policy"]: one for one in details(tmp_path, "policy-viewed")}
    assert (seen["again"]["status"], seen["again"]["revision"]) == ("active", 1)
    assert "data-submission" in seen["again"]["under_policy"]


@pytest.mark.parametrize(("account", "block"), [("administrator", None), ("ben", "db")])
def test_lists_of_devices_show_those_that_the_account_may_see(account: str, block: str | None, tmp_path: Path) -> None:
    steps = [{"do": "view", "what": what, "account": account} for what in ("devices", "status", "events")]
    run(scenario(*steps), tmp_path)
    wanted = {row["device"] for row in rows(tmp_path, "devices") if block in (None, row["device"].split("-")[0])}
    for kind in ("device-viewed", "status-viewed"):
        assert {device for _, device in facts(tmp_path, kind)} == wanted
    assert facts(tmp_path, "event-viewed") == []
    shown = next(one for one in details(tmp_path, "device-viewed") if one["host"] == "DB-00002")
    assert shown["os"] == "Debian GNU/Linux 12"
    assert "Endpoint Agent" in shown["applications"]
    assert details(tmp_path, "status-viewed")[-1]["status"] == 0


def test_devices_that_are_moved_hear_of_the_policies_where_they_come_to(tmp_path: Path) -> None:
    move = {"do": "move-devices", "target": {"block": "db"}, "group": "Managed devices/HQ"}
    run(scenario(change("office"), move, {"do": "view", "what": "groups"}), tmp_path)
    groups = {one["group"]: one["devices"] for one in details(tmp_path, "group-viewed")}
    assert (groups["Managed devices/HQ"], groups["Managed devices/Branch"]) == (8, 0)
    assert len({device for _, device in facts(tmp_path, "policy-applied")}) == 8


def test_devices_of_others_are_not_moved(tmp_path: Path) -> None:
    move = {"do": "move-devices", "account": "anna", "target": {"block": "db"}, "group": "Managed devices/HQ"}
    run(scenario(change("office"), move, {"do": "view", "what": "groups"}), tmp_path)
    assert len(details(tmp_path, "operation-refused")) == 1
    assert len({device for _, device in facts(tmp_path, "policy-applied")}) == 6


def test_a_list_of_devices_is_refused_without_the_right(tmp_path: Path) -> None:
    run(scenario({"do": "view", "what": "devices", "account": "anna"}), tmp_path)
    assert facts(tmp_path, "device-viewed") == []
    assert len(details(tmp_path, "operation-refused")) == 1


def test_without_the_plug_in_no_policy_is_made(tmp_path: Path) -> None:
    create = {"do": "create-policy", "policy": "new"}
    run(scenario(create, plugins={}), tmp_path / "without")
    run(scenario(create), tmp_path / "with")
    assert len(details(tmp_path / "without", "operation-refused")) == 1
    assert len(details(tmp_path / "with", "operation-done")) == 1


STEPS = (
    change("office"),
    {"do": "view", "what": "devices"},
    {
        "do": "create-policy",
        "policy": "lab",
        "settings": {"data-submission": {"switch": "under-policy", "events-transmission-period": "45s"}},
    },
    {"do": "view", "what": "policies", "account": "anna"},
    {"do": "delete-policy", "policy": "lab"},
)


def test_shards_and_buckets_do_not_change_what_is_seen(tmp_path: Path) -> None:
    trial = scenario(*STEPS)
    assert len({digest(trial, tmp_path / str(n), workers=n, buckets=n) for n in (1, 2, 3)}) == 1


def test_a_reaction_that_puts_operations_off_changes_nothing(tmp_path: Path) -> None:
    never = {"when": {"fact": "agent-crashed"}, "do": "delete-policy", "policy": "branch"}
    plain = scenario(*STEPS)
    steps = [{"at": f"{number}min", **step} for number, step in enumerate(STEPS, start=1)]
    waiting = loaded(fleet=FLEET, policies=POLICIES, duration="1h", timeline=[*steps, never], **ACCESS)
    assert digest(plain, tmp_path / "0") == digest(waiting, tmp_path / "1")


def test_what_an_operation_makes_is_the_servers_and_not_the_scenarios(tmp_path: Path) -> None:
    trial = scenario({"do": "create-group", "group": "Managed devices/New"})
    first, second = (digest(trial, tmp_path / str(number)) for number in range(2))
    assert first == second
    assert "Managed devices/New" not in trial.groups
    assert trial.duration_ms == HOUR_MS
