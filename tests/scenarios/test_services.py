"""Licences, updates, KSN, MDR, diagnosis and remote control, as a scenario has them."""

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.agents import resolve_agent
from scenarios.model import Scenario
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.running import digest, facts, rows, run

MIN, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = "2026-03-02T08:00:00+00:00"
PC = "pc-00001"
OWN_PROXY = {"mode": "specified", "host": "proxy.seatrial.example", "switch": "under-policy"}
PROXY = {"address": "proxy.seatrial.example:8080"}


def scenario(*timeline: dict[str, Any], licence: str | None = None, **sections: Any) -> Scenario:
    block = {"name": "pc", "image": "quiet", "count": 1, "group": "Managed devices/HQ"}
    own = sections.pop("block", {}) | ({} if licence is None else {"licence": licence})
    fleet = {"blocks": [{**block, **own}], "integrate": {"central-node": False}}
    return loaded(**{"fleet": fleet, "duration": "2d", "start": START, "timeline": list(timeline), **sections})


def policy(**settings: Any) -> list[dict[str, Any]]:
    groups = {key.replace("_", "-"): {"switch": "under-policy", **values} for key, values in settings.items()}
    return [{"name": "all", "settings": groups}]


def told(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [
        {**json.loads(row["detail"]), "at_ms": row["at_ms"]} for row in rows(folder, "facts") if row["kind"] == kind
    ]


def step(hours: float, do: str, target: Any = "all", **more: Any) -> dict[str, Any]:
    return {"at": f"{round(hours * 60)}min", "do": do, "target": target, **more}


def fault(hours: float, server: str, kind: str = "outage", **more: Any) -> dict[str, Any]:
    return {"at": f"{round(hours * 60)}min", "fault": {"server": server, "kind": kind, **more}}


def update(hours: float, **more: Any) -> dict[str, Any]:
    return step(hours, "create-task", task=f"update at {hours}", type="update", run=True, **more)


def activation(hours: float, **more: Any) -> dict[str, Any]:
    return step(hours, "create-task", task=f"activation at {hours}", type="activation", run=True, **more)


# --- licences ---------------------------------------------------------------------------------------------------------


def test_a_licence_that_runs_out_stops_telemetry_and_one_that_is_renewed_starts_it_again(tmp_path: Path) -> None:
    keys = [{"name": "first", "expires": "3h"}, {"name": "second", "expires": "20h"}]
    bursts = [step(hours, "emit", type="file-change", count=70) for hours in (2, 5, 8)]
    fleet = {"blocks": [{"name": "pc", "image": "quiet", "count": 1, "licence": "first"}]}
    run(scenario(*bursts, activation(6, key="second"), keys=keys, fleet=fleet, duration="10h"), tmp_path)
    assert [at_ms for at_ms, _ in facts(tmp_path, "licence-expired")] == [3 * HOUR]
    (row,) = rows(tmp_path, "devices")
    assert row["central_node_not_collected"] == 70
    assert row["acknowledged"] == 140


def test_an_additional_key_takes_over_when_the_active_one_runs_out(tmp_path: Path) -> None:
    keys = [{"name": "first", "expires": "5h"}, {"name": "second", "expires": "10h"}]
    run(scenario(activation(1, key="second", additional=True), keys=keys, licence="first", duration="12h"), tmp_path)
    assert [(one["at_ms"], one["key"]) for one in told(tmp_path, "key-took-over")] == [(5 * HOUR, "second")]
    assert [at_ms for at_ms, _ in facts(tmp_path, "licence-expired")] == [10 * HOUR]


@pytest.mark.parametrize(("server", "works"), [("activation", False), ("internet", False), ("ksn", True)])
def test_a_code_needs_the_activation_server_and_the_internet(tmp_path: Path, server: str, works: bool) -> None:
    keys = [{"name": "first", "code": "AAAA"}]
    steps = (fault(0, server), activation(1, code="AAAA"))
    run(scenario(*steps, keys=keys, licence="none", duration="4h"), tmp_path)
    assert bool(facts(tmp_path, "activated")) is works
    assert bool(facts(tmp_path, "activation-failed")) is not works


def test_a_key_asks_no_server(tmp_path: Path) -> None:
    steps = (fault(0, "internet"), activation(1, key="first"))
    run(scenario(*steps, keys=[{"name": "first"}], licence="none", duration="4h"), tmp_path)
    assert facts(tmp_path, "activated")
    assert not facts(tmp_path, "activation-requested")


def test_activation_goes_through_the_administration_server_where_the_option_says_so(tmp_path: Path) -> None:
    keys = [{"name": "first", "code": "AAAA"}]
    settings = policy(licensing={"activate-via-administration-server": True})
    steps = (fault(0, "internet"), activation(1, code="AAAA"))
    run(scenario(*steps, keys=keys, licence="none", policies=settings, duration="4h"), tmp_path)
    (asked,) = told(tmp_path, "activation-requested")
    assert asked["via"] == "administration-server"
    assert facts(tmp_path, "activated")


def test_a_key_that_is_blocked_is_known_with_the_databases_that_come_after(tmp_path: Path) -> None:
    keys = [{"name": "first", "blocked": "5h"}]
    run(scenario(update(3), update(12), keys=keys, licence="first", duration="16h"), tmp_path)
    updated = [at_ms for at_ms, _ in facts(tmp_path, "databases-updated")]
    assert [at_ms for at_ms, _ in facts(tmp_path, "licence-blocked")] == updated[1:]


def test_a_licence_that_a_user_deletes_is_gone(tmp_path: Path) -> None:
    attempt = step(2, "attempt", operation="delete-licence", user="anna")
    run(scenario(attempt, keys=[{"name": "first"}], licence="first", duration="4h"), tmp_path)
    assert [at_ms for at_ms, _ in facts(tmp_path, "licence-missing")] == [2 * HOUR]


# --- updates ----------------------------------------------------------------------------------------------------------


def test_sources_are_tried_in_their_order(tmp_path: Path) -> None:
    sources = ["http://mirror.seatrial.example/updates", "vendor-servers"]
    run(scenario(fault(0, "custom-updates"), update(1, sources=sources), duration="4h"), tmp_path)
    (failed,) = told(tmp_path, "update-source-failed")
    (took,) = told(tmp_path, "update-source")
    assert (failed["source"], took["source"]) == tuple(sources)
    assert facts(tmp_path, "databases-updated")


@pytest.mark.parametrize(
    "spoils",
    [fault(0, "administration", "corrupted-update"), {**step(1.3, "unplug"), "for": "3h"}],
    ids=["corrupted", "interrupted"],
)
def test_an_update_that_is_spoilt_keeps_the_old_databases(tmp_path: Path, spoils: dict[str, Any]) -> None:
    services = {"updates": {"download": "1h"}}
    trial = scenario(spoils, update(1, sources=["administration-server"]), services=services, duration="6h")
    run(trial, tmp_path)
    assert facts(tmp_path, "update-failed")
    assert facts(tmp_path, "task-failed")
    assert not facts(tmp_path, "databases-updated")


def test_databases_that_nobody_updates_are_out_of_date_after_three_days_and_badly_after_seven(tmp_path: Path) -> None:
    keys = [{"name": "first"}]
    run(scenario(keys=keys, licence="first", duration="9d"), tmp_path)
    assert [at_ms for at_ms, _ in facts(tmp_path, "databases-out-of-date")] == [3 * DAY]
    assert [at_ms for at_ms, _ in facts(tmp_path, "databases-badly-out-of-date")] == [7 * DAY]


# --- the proxy server -------------------------------------------------------------------------------------------------


def test_updates_take_the_road_that_the_proxy_settings_give(tmp_path: Path) -> None:
    for name, settings, via in (
        ("none", {"mode": "none", "switch": "under-policy"}, "direct"),
        ("specified", OWN_PROXY, "proxy"),
        ("detected", {"mode": "auto-detect", "switch": "under-policy"}, "proxy"),
        ("unaffected", {**OWN_PROXY, "switch": "unaffected-by-policy"}, "direct"),
    ):
        policies = [{"name": "all", "settings": {"proxy": settings}}]
        trial = scenario(
            update(1, sources=["vendor-servers"]), services={"proxy": PROXY}, policies=policies, duration="3h"
        )
        run(trial, tmp_path / name)
        (took,) = told(tmp_path / name, "update-source")
        assert took["via"] == via, name


@pytest.mark.parametrize("user", ["anna", None])
def test_a_proxy_server_that_demands_ntlm_lets_those_through_that_authenticate(
    tmp_path: Path, user: str | None
) -> None:
    own = {} if user is None else {"use-ntlm": True, "user": user, "password": "tide"}
    services = {"proxy": {**PROXY, "demands-ntlm": True}}
    policies = [{"name": "all", "settings": {"proxy": {**OWN_PROXY, **own}}}]
    trial = scenario(update(1, sources=["vendor-servers"]), services=services, policies=policies, duration="3h")
    run(trial, tmp_path)
    assert bool(facts(tmp_path, "databases-updated")) is (user is not None)
    assert bool(facts(tmp_path, "update-source-failed")) is (user is None)


# --- KSN --------------------------------------------------------------------------------------------------------------

KSN_ON = {"accept-statement": True, "enabled": True}


@pytest.mark.parametrize(("missing", "sent"), [(None, 1), ("accept-statement", 0), ("enabled", 0)])
def test_statistics_are_sent_while_both_options_are_on(tmp_path: Path, missing: str | None, sent: int) -> None:
    settings = {**KSN_ON, **({} if missing is None else {missing: False})}
    run(scenario(policies=policy(ksn=settings), duration="8h"), tmp_path)
    assert len(facts(tmp_path, "statistics-sent")) == sent


def test_ksn_tells_what_it_knows_of_a_file_that_is_started(tmp_path: Path) -> None:
    starts = (
        step(1, "start-process", process="synthetic/dropper"),
        step(20, "start-process", process="synthetic/dropper"),
    )
    off = {"at": "10h", "do": "change-policy", "policy": "all", "settings": {"ksn": {"enabled": False}}}
    run(scenario(starts[0], off, starts[1], policies=policy(ksn=KSN_ON), duration="30h"), tmp_path)
    (answer,) = told(tmp_path, "reputation")
    assert (answer["verdict"], answer["via"]) == ("unknown", "direct")
    assert len(facts(tmp_path, "file-submitted")) == 1
    known = {"reputations": {answer["sha256"]: "bad"}}
    run(scenario(starts[0], policies=policy(ksn=KSN_ON), duration="3h", services=known), tmp_path / "known")
    assert [one["verdict"] for one in told(tmp_path / "known", "reputation")] == ["bad"]
    assert not facts(tmp_path / "known", "file-submitted")


def test_ksn_goes_through_the_administration_server_where_the_option_says_so(tmp_path: Path) -> None:
    settings = policy(ksn={**KSN_ON, "via-administration-server": True})
    run(scenario(policies=settings, duration="8h"), tmp_path)
    assert {one["via"] for one in told(tmp_path, "statistics-sent")} == {"administration-server"}


@pytest.mark.parametrize("on", [True, False])
def test_kmp_goes_on_after_an_update_and_an_old_plug_in_can_only_turn_it_off(tmp_path: Path, on: bool) -> None:
    steps = (
        step(1, "upgrade-agent", version="3.12"),
        step(2, "set-kmp", plugin="3.16", enabled=not on),
        step(3, "set-kmp", plugin="3.9", enabled=False),
        step(4, "set-kmp", plugin="3.9", enabled=True),
        *({"at": f"{minutes}min", "do": "view", "what": "status"} for minutes in (100, 220)),
    )
    run(scenario(*steps, block={"version": "3.9", "kmp": on}, duration="5h"), tmp_path)
    assert [(one["version"], one["kmp"]) for one in told(tmp_path, "agent-upgraded")] == [("3.12", on)]
    assert [one["kmp"] for one in told(tmp_path, "kmp-policy-applied")] == [on, False, False]
    shown = ["kmp=4" in one["components"].split() for one in told(tmp_path, "status-viewed")]
    assert shown == [on, False]


# --- MDR --------------------------------------------------------------------------------------------------------------

MDR_ON = {"enabled": True, "blob": "synthetic configuration", "user-identifier": "42"}


def sent(folder: Path, by: str = "endpoint-agent") -> list[tuple[int, bool]]:
    return [(one["at_ms"] // HOUR, one["data"]) for one in told(folder, "mdr-contact") if one["by"] == by]


@pytest.mark.parametrize(("missing", "works"), [(None, True), ("enabled", False), ("blob", False)])
def test_mdr_works_with_the_option_on_and_a_configuration_loaded(
    tmp_path: Path, missing: str | None, works: bool
) -> None:
    settings = {key: value for key, value in MDR_ON.items() if key != missing}
    run(scenario(policies=policy(mdr=settings), duration="3h"), tmp_path)
    assert bool(sent(tmp_path)) is works
    assert bool(facts(tmp_path, "mdr-consent")) is (missing != "blob")


def test_the_operator_is_told_that_loading_a_configuration_is_the_consent(tmp_path: Path) -> None:
    change = {"do": "change-policy", "policy": "all"}
    steps = (
        {**change, "at": "1h", "settings": {"mdr": {"enabled": True}}},
        {**change, "at": "2h", "settings": {"mdr": {"blob": "synthetic configuration"}}},
        {**change, "at": "3h", "settings": {"mdr": {"user-identifier": "43"}}},
    )
    run(scenario(*steps, policies=policy(mdr={"enabled": False}), duration="4h"), tmp_path)
    assert [one["at_ms"] for one in told(tmp_path, "mdr-consent-told")] == [2 * HOUR]


def test_mdr_is_handed_over_quietly_and_comes_back_with_a_restart(tmp_path: Path) -> None:
    steps = (
        step(3, "install-protection", version="11.6"),
        step(8, "remove-protection"),
        {**step(12, "stop-agent"), "for": "5min"},
    )
    run(scenario(*steps, policies=policy(mdr=MDR_ON), duration="16h"), tmp_path)
    by_agent, by_protection = sent(tmp_path), sent(tmp_path, "endpoint-protection")
    assert {hour for hour, data in by_agent if data} == {1, 2, 3, 13, 14, 15} - {3} | {
        hour for hour, _ in by_agent if hour > 12
    }
    assert all(not data for hour, data in by_agent if 3 < hour < 12)
    assert {hour for hour, _ in by_protection} <= {3, 4, 5, 6, 7}
    assert all(data for _, data in by_protection)
    assert [one["user-notified"] for one in told(tmp_path, "mdr-handed-over")] == [False, False]


def test_what_is_configured_after_the_hand_over_does_not_concern_the_application_that_does_mdr(tmp_path: Path) -> None:
    off = {"at": "5h", "do": "change-policy", "policy": "all", "settings": {"mdr": {"enabled": False}}}
    stop = {**step(7, "stop-agent"), "for": "3h"}
    run(scenario(step(3, "install-protection", version="12"), off, stop, policies=policy(mdr=MDR_ON)), tmp_path)
    assert max(hour for hour, _ in sent(tmp_path)) == 5
    hours = [hour for hour, _ in sent(tmp_path, "endpoint-protection")]
    assert hours == list(range(hours[0], 48))


def test_an_application_that_finds_no_configuration_does_not_take_one_later(tmp_path: Path) -> None:
    on = {"at": "5h", "do": "change-policy", "policy": "all", "settings": {"mdr": MDR_ON}}
    steps = (step(3, "install-protection", version="12"), on)
    run(scenario(*steps, policies=policy(mdr={"enabled": False}), duration="9h"), tmp_path)
    assert not sent(tmp_path, "endpoint-protection")
    assert {data for _, data in sent(tmp_path)} == {False}


@pytest.mark.parametrize("current", [True, False])
def test_an_older_application_does_mdr_with_current_databases_only(tmp_path: Path, current: bool) -> None:
    install = step(3, "install-protection", version="11.0", **{"databases-current": current})
    run(scenario(install, step(6, "update-protection"), policies=policy(mdr=MDR_ON), duration="9h"), tmp_path)
    handed = [one["at_ms"] // HOUR for one in told(tmp_path, "mdr-handed-over")]
    assert handed == [3 if current else 6]


@pytest.mark.parametrize("tells", [True, False])
def test_events_of_kics_come_with_the_data_where_kics_interacts_with_the_server(tmp_path: Path, tells: bool) -> None:
    services = {"kics-tells-the-administration-server": tells}
    trial = scenario(step(2, "raise-kics-event"), policies=policy(mdr=MDR_ON), services=services, duration="5h")
    run(trial, tmp_path)
    assert sum(one["kics"] for one in told(tmp_path, "mdr-contact")) == int(tells)


# --- failure diagnosis ------------------------------------------------------------------------------------------------

TRACES = {"write-traces": True, "trace-folder": "C:\\Diagnosis", "overwrite-old-trace-files": True}
DUMPS = {"write-dumps": True, "dump-folder": "C:\\Diagnosis"}


@pytest.mark.parametrize("there", [True, False])
def test_traces_are_written_where_their_folder_is(tmp_path: Path, there: bool) -> None:
    folder = (step(0.5, "place-file", file="C:\\Diagnosis\\readme.txt"),) if there else ()
    edit = step(1, "edit-settings", settings={"failure-diagnosis": {**TRACES, "max-trace-files": 3}})
    steps = (*folder, edit, step(40, "view-diagnosis"))
    run(scenario(*steps, block={"image": "windows-office"}), tmp_path)
    viewed = told(tmp_path, "traces-viewed")
    assert [one["files"] for one in viewed] == ([3, 3] if there else [0])
    assert bool(facts(tmp_path, "traces-not-saved")) is not there


@pytest.mark.parametrize("there", [True, False])
def test_a_crash_leaves_a_dump_where_its_folder_is(tmp_path: Path, there: bool) -> None:
    folder = (step(0.5, "place-file", file="C:\\Diagnosis\\readme.txt"),) if there else ()
    edit = step(1, "edit-settings", settings={"failure-diagnosis": DUMPS})
    steps = (*folder, edit, {**step(2, "crash-agent"), "for": "10min"}, step(3, "view-diagnosis"))
    run(scenario(*steps, block={"image": "windows-office"}, duration="4h"), tmp_path)
    assert len(facts(tmp_path, "dump-written")) == int(there)
    assert len(facts(tmp_path, "dump-not-saved")) == int(not there)
    assert {one["files"] for one in told(tmp_path, "dumps-viewed")} == {int(there)}
    assert {one["there"] for one in told(tmp_path, "diagnosis-folder-viewed")} == {there}
    assert not facts(tmp_path, "traces-began")


# --- remote control ---------------------------------------------------------------------------------------------------


def test_endpoint_agent_is_installed_started_stopped_and_uninstalled_from_afar(tmp_path: Path) -> None:
    commands = [
        step(hours, "command-agent", command=command)
        for hours, command in ((1, "install"), (2, "stop"), (3, "start"), (4, "uninstall"), (5, "start"))
    ]
    views = [{"at": f"{minutes}min", "do": "view", "what": "status"} for minutes in (30, 100, 160, 220, 280, 340)]
    run(scenario(*commands, *views, block={"installed": False}, duration="6h"), tmp_path)
    kinds = ("agent-installed", "agent-stopped", "agent-started", "agent-removed")
    assert [len(facts(tmp_path, kind)) for kind in kinds] == [1, 1, 1, 1]
    seen = [(one["installed"], one["running"]) for one in told(tmp_path, "status-viewed")]
    assert seen == [(False, False), (True, True), (True, False), (True, True), (False, False), (False, False)]


def test_an_account_without_the_right_commands_nothing(tmp_path: Path) -> None:
    command = step(1, "command-agent", command="stop", account="anna")
    run(scenario(command, accounts=[{"name": "anna", "roles": [{"role": "reader"}]}], duration="3h"), tmp_path)
    (refused,) = told(tmp_path, "operation-refused")
    assert "operate-devices" in refused["reason"]
    assert not facts(tmp_path, "agent-stopped")


def test_events_are_kept_as_long_as_their_type_says(tmp_path: Path) -> None:
    view = {"at": "2d", "do": "view", "what": "events"}
    steps = (step(2, "command-agent", command="stop"), step(3, "command-agent", command="start"), view)
    storage: dict[str, Any] = {"event-storage": {"agent-stopped": 1}}
    run(scenario(*steps, duration="3d", **storage), tmp_path)
    assert {one["event"] for one in told(tmp_path, "event-viewed")} == {"agent-started"}


def test_components_are_shown_with_their_statuses(tmp_path: Path) -> None:
    view = {"at": "3h", "do": "view", "what": "status"}
    keys = [{"name": "short", "expires": "2h"}]
    for name, licence, code in (("licensed", None, 4), ("not", "short", 11)):
        run(scenario(view, licence=licence, keys=keys, policies=policy(mdr=MDR_ON), duration="4h"), tmp_path / name)
        (seen,) = told(tmp_path / name, "status-viewed")
        assert f"mdr={code}" in seen["components"].split()
        assert "ksn=1" in seen["components"].split()


def test_a_run_with_services_has_one_digest_on_any_number_of_workers(tmp_path: Path) -> None:
    fleet = {"blocks": [{"name": "pc", "image": "quiet", "count": 6, "licence": "first"}]}
    steps = (fault(1, "vendor-updates", share="50 %"), update(2, sources=["vendor-servers", "administration-server"]))
    settings = policy(mdr=MDR_ON, ksn=KSN_ON)
    trial = scenario(*steps, fleet=fleet, keys=[{"name": "first", "expires": "7h"}], policies=settings, duration="9h")
    one, two = (digest(trial, tmp_path / str(workers), workers=workers) for workers in (1, 3))
    assert one == two


@pytest.mark.parametrize(
    ("section", "cause"),
    [
        ({"keys": [{"name": "a"}, {"name": "a"}]}, "a second key 'a'"),
        ({"keys": [{"name": "none"}]}, "a key called 'none'"),
        ({"keys": [{"name": "a", "code": "x"}, {"name": "b", "code": "x"}]}, "the code stands for 'a' already"),
        (
            {"fleet": {"blocks": [{"name": "pc", "image": "quiet", "count": 1, "licence": "frist"}]}},
            "there is no key 'frist'",
        ),
        ({"services": {"reputations": {"abc": "bad"}}}, "does not have the right form"),
        ({"event-storage": {"licence-expird": 3}}, "there is no event 'licence-expird'"),
        ({"event-storage": {"licence-expired": -1}}, "-1 is negative"),
        ({"timeline": [fault(1, "ksn", "corrupted-update")]}, "'ksn' has no updates"),
    ],
)
def test_a_mistake_about_services_is_told(section: dict[str, Any], cause: str) -> None:
    assert cause in "\n".join(map(str, mistakes(**section)))


# --- telemetry through the proxy server -------------------------------------------------------------------------------


def proxied(
    *timeline: dict[str, Any], kata: bool = True, kics: bool = False, proxy: Any = None, **more: Any
) -> Scenario:
    """Both integrations, each with the option or without it; addresses are those of the scenario's servers."""
    link = {"enabled": True, "switch": "under-policy"}
    settings = {
        "proxy": {**OWN_PROXY, **(proxy or {})},
        "kata-integration": {
            **link,
            "servers": ["telemetry.seatrial.example:443"],
            "connect-using-general-proxy": kata,
        },
        "kics-integration": {**link, "servers": ["kics.seatrial.example:443"], "connect-using-general-proxy": kics},
    }
    fleet = {
        "blocks": [{"name": "pc", "image": "windows-office", "count": 3}],
        "integrate": {"central-node": False},
        "start": "cold",
    }
    sections = {"policies": [{"name": "all", "settings": settings}], "services": {"proxy": PROXY}, "fleet": fleet}
    return scenario(*timeline, duration="2h", **{**sections, **more})


def requests(folder: Path, server: str, outcome: str = "requests") -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows(folder, "servers"):
        if row["server"] == server:
            found[row["port"]] = found.get(row["port"], 0) + row[outcome]
    return {port: count for port, count in found.items() if count}


@pytest.mark.parametrize(("kata", "kics"), [(True, False), (False, True), (True, True), (False, False)])
def test_each_integration_uses_the_proxy_server_as_its_own_option_says(tmp_path: Path, kata: bool, kics: bool) -> None:
    run(proxied(kata=kata, kics=kics), tmp_path)
    wanted = {port for port, on in (("telemetry", kata), ("kics", kics)) if on}
    assert set(requests(tmp_path, "proxy")) == wanted
    assert all(requests(tmp_path, "proxy")[port] == requests(tmp_path, port)[port] for port in wanted)
    assert requests(tmp_path, "telemetry")
    assert requests(tmp_path, "kics")
    assert sum(row["acknowledged"] for row in rows(tmp_path, "devices")) > 0


def test_without_a_proxy_mode_nobody_uses_it_whatever_the_options_say(tmp_path: Path) -> None:
    run(proxied(kata=True, kics=True, proxy={"mode": "none"}), tmp_path)
    assert not requests(tmp_path, "proxy")


@pytest.mark.parametrize("discoverable", [True, False])
def test_a_proxy_server_that_is_found_by_itself_is_used(tmp_path: Path, discoverable: bool) -> None:
    services = {"proxy": {**PROXY, "discoverable": discoverable}}
    run(proxied(proxy={"mode": "auto-detect", "host": "proxy.seatrial.example"}, services=services), tmp_path)
    assert bool(requests(tmp_path, "proxy")) is discoverable
    assert requests(tmp_path, "telemetry")


def test_an_outage_of_the_proxy_server_cuts_off_those_that_use_it(tmp_path: Path) -> None:
    down = {"at": "30min", "fault": {"server": "proxy", "kind": "outage", "for": "30min"}}
    run(proxied(down), tmp_path)
    assert requests(tmp_path, "telemetry", "timed_out")["telemetry"] > 0
    assert "kics" not in requests(tmp_path, "kics", "timed_out")


@pytest.mark.parametrize("user", ["anna", None])
def test_telemetry_passes_a_proxy_server_that_demands_ntlm_with_a_user_only(tmp_path: Path, user: str | None) -> None:
    own = {} if user is None else {"use-ntlm": True, "user": user, "password": "tide"}
    run(proxied(proxy=own, services={"proxy": {**PROXY, "demands-ntlm": True}}), tmp_path)
    refused = requests(tmp_path, "proxy", "refused")
    assert bool(refused) is (user is None)
    stored = sum(row["central_node_acknowledged"] for row in rows(tmp_path, "devices"))
    assert (stored > 0) is (user is not None)


def test_a_proxy_server_of_another_name_lets_nothing_through(tmp_path: Path) -> None:
    run(proxied(proxy={"host": "elsewhere.seatrial.example"}), tmp_path)
    assert requests(tmp_path, "proxy", "unreachable")
    assert not sum(row["central_node_acknowledged"] for row in rows(tmp_path, "devices"))


def test_local_servers_are_reached_without_the_proxy_server_where_that_is_on(tmp_path: Path) -> None:
    servers = {"telemetry": {"nodes": ["10.0.0.5"]}}
    for bypass in (True, False):
        settings = {
            "proxy": {**OWN_PROXY, "bypass-local-addresses": bypass},
            "kata-integration": {
                "switch": "under-policy",
                "enabled": True,
                "servers": ["10.0.0.5:443"],
                "connect-using-general-proxy": True,
            },
        }
        policies = [{"name": "all", "settings": settings}]
        run(proxied(policies=policies, servers=servers), tmp_path / str(bypass))
        assert bool(requests(tmp_path / str(bypass), "proxy")) is not bypass
        assert requests(tmp_path / str(bypass), "10.0.0.5")


def test_both_agents_take_the_same_roads() -> None:
    link = {"enabled": True, "servers": ["telemetry.seatrial.example:443"], "connect-using-general-proxy": True}
    settings: dict[str, dict[str, Any]] = {"proxy": OWN_PROXY, "kata-integration": link}
    steps = [{"at": "10min", "fault": {"server": "proxy", "kind": "time-out", "share": "50 %", "for": "20min"}}]
    trials = [
        resolve_agent(name).attempt(
            duration="1h", settings=settings, steps=steps, services={"proxy": PROXY}, devices=4, image="windows-office"
        )
        for name in ("columns", "plain")
    ]
    one, other = ([(each.at_ms, each.device, each.server, each.outcome) for each in trial.requests] for trial in trials)
    assert sorted(one) == sorted(other)
    assert {server for _, _, server, _ in one} == {"telemetry.seatrial.example:443 via proxy.seatrial.example:8080"}
    assert trials[0].booked("acknowledged") == trials[1].booked("acknowledged") > 0
