"""Where settings groups are: their sections, steps and switches in the console."""

from emulator.policy.sections.group import Step, Switch
from emulator.policy.settings import GROUP_KEYS, LOCAL_KEYS, describe

DESCRIBED = {(group.key, setting.key): setting for group in describe() for setting in group.settings}


def test_the_default_switch_is_unaffected_but_for_three_groups() -> None:
    # KEA-POL-025, KEA-TEL-019, KEA-EDX-028, KEA-EDX-038
    under = {group.key: group.switch_clause for group in describe() if group.switch is Switch.UNDER_POLICY}
    assert under == {
        "request-throttling": "KEA-TEL-019",
        "excluded-processes": "KEA-EDX-028",
        "excluded-network-communications": "KEA-EDX-038",
    }
    assert {group.switch_clause for group in describe() if group.switch is Switch.UNAFFECTED} == {"KEA-POL-025"}
    named = {"proxy", "ksn", "self-defense"}  # by the clause itself
    assert named <= {group.key for group in describe() if group.switch is Switch.UNAFFECTED}


def test_the_groups_are_where_the_console_has_them() -> None:
    # KEA-TEL-006, KEA-TEL-026, KEA-CEN-034, KEA-EDX-040
    places = {group.key: (group.section, group.title) for group in describe()}
    general = "Telemetry collection servers / General settings"
    assert places["data-submission"] == (general, "Data submission settings")
    assert places["request-throttling"] == (general, "Request throttling")
    assert places["kata-integration"] == ("Telemetry collection servers / Integration with KATA", "Connection settings")
    assert places["excluded-processes"] == ("EDR telemetry / Excluded processes", "Exclusions")
    assert places["excluded-network-communications"] == (
        "EDR telemetry / Excluded network communications",
        "Exclusions",
    )


def test_security_proxy_and_licensing_are_where_the_console_has_them() -> None:
    # KEA-SEC-006, KEA-SEC-019, KEA-SEC-026, KEA-PRX-015, KEA-LIC-002, KEA-DIA-003
    places = {group.key: (group.section, group.title) for group in describe(LOCAL_KEYS)}
    assert [key for key, (section, _) in places.items() if section == "Application settings / Security settings"] == [
        "user-permissions",
        "password-protection",
        "self-defense",
    ]
    assert [key for key, (section, _) in places.items() if section == "Application settings / General settings"] == [
        "proxy",
        "licensing",
    ]
    assert places["failure-diagnosis"] == ("Application settings / Failure diagnosis", "Failure diagnosis")


def test_the_groups_stand_in_the_order_of_the_settings_steps() -> None:
    # KEA-POL-011
    steps = [group.step for group in describe() if group.step is not None]
    assert steps == sorted(steps, key=list(Step).index)
    without = [group.key for group in describe() if group.step is None]
    assert without == list(GROUP_KEYS[-len(without) :])


def test_optimisation_is_in_the_section_of_processes_only() -> None:
    # KEA-EDX-040, KEA-EDX-039
    assert [group for group, key in DESCRIBED if key == "optimise-telemetry"] == ["excluded-processes"]
    assert [group for group, key in DESCRIBED if key == "use-exclusions"] == [
        "excluded-processes",
        "excluded-network-communications",
    ]


def test_there_is_no_setting_for_the_importance_of_an_event() -> None:
    assert not [key for _, key in DESCRIBED if "importance" in key]  # KEA-TEL-009


def test_quarantine_and_what_the_server_hears_of_it_are_among_the_repositories() -> None:
    # KEA-QUA-038, KEA-QUA-039, KEA-QUA-041
    places = {group.key: group.section for group in describe()}
    assert places["quarantine"] == "Repositories / Quarantine"
    assert places["administration-synchronisation"] == "Repositories / Synchronization with Administration Server"
