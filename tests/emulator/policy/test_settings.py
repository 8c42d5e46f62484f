from dataclasses import FrozenInstanceError, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import SeatrialError
from emulator.exclusions.network import NetworkRule, Ports
from emulator.exclusions.process import ProcessRule
from emulator.policy.addresses import Address
from emulator.policy.errors import SettingError
from emulator.policy.records import Basis
from emulator.policy.settings import (
    DEFAULTS,
    LOCAL_KEYS,
    AgentSettings,
    DataSubmission,
    KataIntegration,
    RequestThrottling,
    SettingDescription,
    describe,
    key_of,
    parse_group,
)
from tests.emulator.policy.catalogue import clauses

DESCRIBED = {(group.key, setting.key): setting for group in describe(LOCAL_KEYS) for setting in group.settings}


def refusal(key: str, data: object) -> SettingError:
    with pytest.raises(SettingError) as caught:
        parse_group(key, data)
    return caught.value


DOCUMENTED_DEFAULTS = [
    ("KEA-TEL-001", "data-submission", "events-transmission-period", 30, "s"),
    ("KEA-TEL-003", "data-submission", "max-events-per-package", 1024, "events"),
    ("KEA-TEL-010", "request-throttling", "enabled", True, ""),
    ("KEA-TEL-011", "request-throttling", "max-events-per-hour", 3000, "events/h"),
    ("KEA-TEL-017", "request-throttling", "percentage-of-event-limit-excess", 15, "per cent"),
    ("KEA-TEL-020", "kata-integration", "use-ttl", False, ""),
    ("KEA-TEL-024", "kata-integration", "ttl-period", 1440, "min"),
    ("KEA-CEN-011", "kata-integration", "connect-using-general-proxy", False, ""),
    ("KEA-CEN-027", "kata-integration", "response-timeout", 10, "s"),
    ("KEA-CEN-029", "kata-integration", "sync-interval", 5, "min"),
    ("KEA-SBX-006", "kics-integration", "connect-using-general-proxy", False, ""),
    ("KEA-SBX-004", "sandbox-integration", "connect-using-general-proxy", False, ""),
    ("KEA-QUA-022", "quarantine", "folder", "%SOYUZAPPDATA%\\Quarantine\\", "characters"),
    ("KEA-QUA-035", "quarantine", "restored-folder", "%SOYUZAPPDATA%\\Restored\\", "characters"),
    ("KEA-QUA-016", "administration-synchronisation", "send-quarantine-data-to-server", True, ""),
    ("KEA-SEC-024", "self-defense", "enabled", True, ""),
    ("KEA-PRX-009", "proxy", "port", 8080, ""),
    ("KEA-KSN-002", "ksn", "enabled", False, ""),
    ("KEA-DIA-007", "failure-diagnosis", "max-trace-file-size", 50, "MB"),
    ("KEA-DIA-010", "failure-diagnosis", "max-trace-files", 1, "files"),
]


@pytest.mark.parametrize(("clause", "group", "key", "default", "unit"), DOCUMENTED_DEFAULTS)
def test_documented_defaults(clause: str, group: str, key: str, default: object, unit: str) -> None:
    setting = DESCRIBED[group, key]
    assert (setting.default, setting.unit, setting.default_clause) == (default, unit, clause)
    assert setting.documented
    field = next(f.name for f in fields(DEFAULTS.group(group)) if f.name.replace("_", "-").startswith(key))  # type: ignore[arg-type]  # a group is a dataclass
    assert getattr(DEFAULTS.group(group), field) == default


ISOLATIONS = ("network-isolation", "network-isolation-on-demand")
ISOLATION = ("notify-user", "release-automatically", "release-after", "profiles", "exclusions")


def test_defaults_that_no_clause_gives_are_marked_as_the_emulators_choice() -> None:
    chosen = {place for place, setting in DESCRIBED.items() if not setting.documented}
    assert chosen == {
        ("kata-integration", "enabled"),
        ("kata-integration", "servers"),
        ("kata-integration", "use-pinned-certificate"),
        ("kata-integration", "server-certificate"),
        ("kata-integration", "use-client-certificate"),
        ("kata-integration", "client-certificate"),
        ("kics-integration", "enabled"),
        ("kics-integration", "servers"),
        ("excluded-processes", "use-exclusions"),
        ("excluded-processes", "optimise-telemetry"),  # KEA-EDX-029
        ("excluded-processes", "rules"),
        ("excluded-network-communications", "use-exclusions"),
        ("excluded-network-communications", "rules"),
        ("sandbox-integration", "enabled"),
        ("sandbox-integration", "servers"),
        ("sandbox-integration", "response-timeout"),
        ("sandbox-integration", "request-queue"),
        *(("threat-response", key) for group, key in DESCRIBED if group == "threat-response"),
        ("quarantine", "limit-size"),
        ("quarantine", "max-size"),
        ("quarantine", "use-threshold"),
        ("quarantine", "threshold"),
        ("user-permissions", "granted"),
        ("password-protection", "enabled"),
        ("password-protection", "password"),
        ("password-protection", "confirmation"),
        ("proxy", "mode"),
        ("proxy", "host"),
        ("proxy", "use-ntlm"),
        ("proxy", "user"),
        ("proxy", "password"),
        ("proxy", "bypass-local-addresses"),
        ("licensing", "activate-via-administration-server"),
        ("ksn", "accept-statement"),
        ("ksn", "via-administration-server"),
        ("mdr", "enabled"),
        ("mdr", "blob"),
        ("mdr", "user-identifier"),
        ("failure-diagnosis", "write-traces"),
        ("failure-diagnosis", "trace-folder"),
        ("failure-diagnosis", "overwrite-old-trace-files"),
        ("failure-diagnosis", "write-dumps"),
        ("failure-diagnosis", "dump-folder"),
        ("network-isolation", "enabled"),
        *((group, key) for group in ISOLATIONS for key in ISOLATION),
    }


def test_only_two_ranges_are_documented() -> None:
    ranges = {place: setting.range_clause for place, setting in DESCRIBED.items() if setting.range_clause}
    assert ranges == {
        ("request-throttling", "percentage-of-event-limit-excess"): "KEA-TEL-016",
        ("kata-integration", "sync-interval"): "KEA-CEN-030",
    }


def test_rule_fields_are_not_presented_as_documented() -> None:
    # KEA-EDX-023, KEA-EDX-035: the fields of both kinds of rule are not in the documentation.
    for group, basis in (("excluded-processes", Basis.SIBLING), ("excluded-network-communications", Basis.RECALLED)):
        assert {field.basis for field in DESCRIBED[group, "rules"].items} == {basis}


def every_setting() -> list[tuple[str, SettingDescription]]:
    top = [(f"{group}.{key}", setting) for (group, key), setting in DESCRIBED.items()]
    return top + [(f"{place}.{item.key}", item) for place, setting in top for item in setting.items]


def test_every_clause_named_is_in_the_catalogue() -> None:
    known = clauses()
    named = {clause for group in describe(LOCAL_KEYS) for clause in (group.switch_clause, group.device_only) if clause}
    for _, setting in every_setting():
        named |= {setting.clause, setting.default_clause, setting.range_clause} - {None}  # type: ignore[arg-type]  # set of optional
    assert named <= known.keys()


def test_a_documented_setting_names_its_clause_and_only_it() -> None:
    for place, setting in every_setting():
        assert (setting.clause is not None) == (setting.basis is Basis.DOCUMENTED), place


def test_defaults_and_ranges_agree_with_the_catalogue() -> None:
    known = clauses(
        "telemetry", "central-node", "sandbox-and-kics", "quarantine", "security", "proxy", "ksn", "diagnostics"
    )
    words = {"enabled": True, "disabled": False}
    compared = 0
    for place, setting in every_setting():
        if setting.default_clause:
            value = known[setting.default_clause]["value"]
            assert isinstance(value, dict)
            assert setting.default == words.get(value["default"], value["default"]), place
            assert (
                value.get("setting", "").removesuffix("-setting").endswith(setting.key) or setting.key == "enabled"
            ), place
            compared += 1
        if setting.range_clause:
            value = known[setting.range_clause]["value"]
            assert isinstance(value, dict)
            assert (setting.minimum, setting.maximum) == (value["min"], value["max"]), place
            compared += 1
    assert compared == len(DOCUMENTED_DEFAULTS) + 2


def test_every_default_of_a_clause_is_held() -> None:
    held = {setting.default_clause for _, setting in every_setting()} | {group.switch_clause for group in describe()}
    known = clauses("telemetry", "security", "ksn", "diagnostics", "sandbox-and-kics")
    stated = {name for name, clause in known.items() if clause["kind"] == "default"}
    assert stated <= held


@pytest.mark.parametrize("percentage", [5, 6, 100])
def test_percentage_inside_the_range_is_accepted(percentage: int) -> None:
    values = parse_group("request-throttling", {"percentage-of-event-limit-excess": percentage})
    assert values == RequestThrottling(percentage_of_event_limit_excess=percentage)


@pytest.mark.parametrize("percentage", [4, 101, 0, -5, 10**30])
def test_percentage_outside_the_range_is_refused_with_range_and_clause(percentage: int) -> None:
    error = refusal("request-throttling", {"percentage-of-event-limit-excess": percentage})
    assert error.path == ("percentage-of-event-limit-excess",)
    assert "out of range" in error.cause
    assert error.remedy == "write a whole number, from 5 to 100 per cent (KEA-TEL-016)"


@pytest.mark.parametrize("interval", [1, 60, "60min", "1h", "60 s"])
def test_synchronisation_interval_inside_the_range_is_accepted(interval: object) -> None:
    parse_group("kata-integration", {"sync-interval": interval})  # KEA-CEN-030


@pytest.mark.parametrize("interval", [0, 61, "61min", "2h"])
def test_synchronisation_interval_outside_the_range_is_refused(interval: object) -> None:
    assert "from 1 to 60 min (KEA-CEN-030)" in refusal("kata-integration", {"sync-interval": interval}).remedy


@pytest.mark.parametrize(
    ("group", "key", "least"),
    [
        ("data-submission", "events-transmission-period", 1),
        ("data-submission", "max-events-per-package", 1),
        ("request-throttling", "max-events-per-hour", 1),
        ("kata-integration", "response-timeout", 1),
        ("kata-integration", "ttl-period", 1),
    ],
)
def test_a_range_of_the_emulator_says_that_it_is_one(group: str, key: str, least: int) -> None:
    parse_group(group, {key: least})
    assert "the documentation gives none" in refusal(group, {key: least - 1}).remedy


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("30 s", 30), ("5min", 300), ("1h", 3600), ("2d", 172_800), ("2000ms", 2)]
)
def test_a_duration_with_a_unit_is_converted(text: str, seconds: int) -> None:
    assert parse_group("data-submission", {"events-transmission-period": text}) == DataSubmission(seconds)


def test_a_duration_of_the_same_value_in_another_unit_is_equal() -> None:
    assert parse_group("kata-integration", {"ttl-period": "1440 min"}) == DEFAULTS.kata_integration
    assert parse_group("kata-integration", {"ttl-period": "1d"}) == DEFAULTS.kata_integration


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1500ms", "not a whole number of s"),
        ("30", "not a duration"),
        ("1.5min", "not a duration"),
        ("-5s", "not a duration"),
        ("s", "not a duration"),
        ("٣s", "not a duration"),
        ("", "not a duration"),
        ("30sec", "not a unit of time"),
        ("30S", "not a unit of time"),
        ("0s", "out of range"),
        ("999999999999d", "out of range"),
        ("9" * 10_000 + "s", "not a duration"),
    ],
)
def test_a_wrong_duration_is_refused(text: str, says: str) -> None:
    assert says in refusal("data-submission", {"events-transmission-period": text}).cause


def test_an_unknown_unit_names_the_nearest() -> None:
    assert "'min'" in refusal("data-submission", {"events-transmission-period": "5mins"}).remedy


def test_an_unknown_setting_names_the_nearest() -> None:
    error = refusal("request-throttling", {"max-event-per-hour": 5})
    assert error.path == ("max-event-per-hour",)
    assert error.remedy == "did you mean 'max-events-per-hour'?"


def test_an_unknown_setting_far_from_all_lists_them() -> None:
    assert "enabled, max-events-per-hour" in refusal("request-throttling", {"zzz": 5}).remedy


def test_the_names_of_python_are_not_keys() -> None:
    refusal("data-submission", {"events_transmission_period_s": 5})
    refusal("data-submission", {"events-transmission-period-s": 5})


def test_an_unknown_group_names_the_nearest() -> None:
    error = refusal("request-throtling", {})
    assert (error.path, error.remedy) == ((), "did you mean 'request-throttling'?")


@pytest.mark.parametrize("value", [True, False, "5", 5.0, None, [5], {}])
def test_only_a_whole_number_is_one(value: object) -> None:
    assert "is not a whole number" in refusal("request-throttling", {"max-events-per-hour": value}).cause


@pytest.mark.parametrize("value", [0, 1, "on", "off", "yes", "true", None])
def test_only_true_and_false_are_taken_for_a_switch(value: object) -> None:
    assert "write true or false" in refusal("request-throttling", {"enabled": value}).remedy


@pytest.mark.parametrize("data", [None, [], "x", 5, True])
def test_a_group_that_is_no_mapping_is_refused(data: object) -> None:
    assert "is not a mapping" in refusal("data-submission", data).cause


@pytest.mark.parametrize("key", [5, None, True, 1.5, ("a",)])
def test_a_key_that_is_no_text_is_refused(key: object) -> None:
    assert "is not a text" in refusal("data-submission", {key: 5}).cause


def test_what_is_not_given_keeps_the_default() -> None:
    assert parse_group("request-throttling", {"max-events-per-hour": 500}) == RequestThrottling(True, 500, 15)
    assert parse_group("request-throttling", {}) == RequestThrottling()


def test_what_is_not_given_keeps_what_the_base_has() -> None:
    base = RequestThrottling(False, 500, 80)
    assert parse_group("request-throttling", {"enabled": True}, base) == RequestThrottling(True, 500, 80)


def test_servers_are_read_in_their_order() -> None:
    # KEA-CEN-007, KEA-CEN-008: IP addresses and full domain names, each with its port.
    data = ["192.0.2.7:443", "KATA-2.Example.com:8443", {"host": "2001:DB8::1", "port": 443}, "[2001:db8::2]:80"]
    values = parse_group("kata-integration", {"servers": data})
    assert isinstance(values, KataIntegration)
    assert [str(server) for server in values.servers] == [
        "192.0.2.7:443",
        "kata-2.example.com:8443",
        "[2001:db8::1]:443",
        "[2001:db8::2]:80",
    ]


@pytest.mark.parametrize(
    "entry", ["192.0.2.7", "kata.example.com", "kata.example.com:", "2001:db8::1", "[2001:db8::1]", "", ":", "443"]
)
def test_a_server_without_a_port_is_refused(entry: str) -> None:
    error = refusal("kata-integration", {"servers": ["192.0.2.1:1", entry]})
    assert error.path == ("servers", 1)
    assert "no port" in error.cause
    assert "KEA-CEN-035" in error.remedy


def test_a_server_mapping_without_a_port_is_refused() -> None:
    error = refusal("kata-integration", {"servers": [{"host": "192.0.2.7"}]})
    assert error.path == ("servers", 0)
    assert error.cause == "'port' is missing"
    assert "KEA-CEN-035" in error.remedy


def test_a_refused_server_leaves_the_stored_list_unchanged() -> None:
    base = KataIntegration(servers=(Address("192.0.2.1", 443),))
    with pytest.raises(SettingError):
        parse_group("kata-integration", {"servers": ["192.0.2.2"]}, base)
    assert base.servers == (Address("192.0.2.1", 443),)  # KEA-CEN-035


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("10.0.0.256", "not an IP address"),
        ("10.0.0", "not an IP address"),
        ("10.0.0.010", "not an IP address"),
        ("2001:db8::zz", "not an IP address"),
        ("kata", "not a full domain name"),
        ("kata_1.example.com", "not a full domain name"),
        ("-kata.example.com", "not a full domain name"),
        ("kata..example.com", "not a full domain name"),
        ("kata.example.7", "not a full domain name"),
        ("käta.example.com", "not an address"),
        ("a" * 64 + ".example.com", "not a full domain name"),
        ("a." * 130 + "com", "not an address"),
        ("", "not an address"),
        (7, "not an address"),
    ],
)
def test_a_wrong_host_is_refused(host: object, says: str) -> None:
    error = refusal("kata-integration", {"servers": [{"host": host, "port": 443}]})
    assert error.path == ("servers", 0, "host")
    assert says in error.cause


@pytest.mark.parametrize("port", [0, 65_536, "443", True, None])
def test_a_wrong_port_is_refused(port: object) -> None:
    error = refusal("kata-integration", {"servers": [{"host": "192.0.2.7", "port": port}]})
    assert error.path == ("servers", 0, "port")


def test_too_long_a_list_is_refused() -> None:
    assert "write at most 64" in refusal("kata-integration", {"servers": ["192.0.2.7:1"] * 65}).remedy


def test_process_rules_are_read() -> None:
    data = {"rules": [{"name": "backup", "path": r"%ProgramFiles%\Backup\*.exe", "md5": "AB" * 16}]}
    values = parse_group("excluded-processes", data)
    rule = ProcessRule("backup", path=r"%ProgramFiles%\Backup\*.exe", md5="ab" * 16)
    assert values == DEFAULTS.excluded_processes.__class__(rules=(rule,))


def test_network_rules_are_read() -> None:
    rule = {"name": "dns", "direction": "outbound", "protocol": "udp", "remote-ports": [53, "5353-5354"]}
    values = parse_group("excluded-network-communications", {"rules": [rule]})
    (read,) = values.rules  # type: ignore[attr-defined]  # of this group
    assert read == NetworkRule(
        "dns", direction=read.direction, protocol=17, remote_ports=(Ports(53, 53), Ports(5353, 5354))
    )


@pytest.mark.parametrize(
    ("rule", "path", "says"),
    [
        ({"path": "x"}, (), "'name' is missing"),
        ({"name": "r"}, (), "no criterion"),
        ({"name": "r", "event-types": ["process-start"]}, (), "no criterion"),
        ({"name": "r", "path": ""}, ("path",), "empty"),
        ({"name": "r", "path": 5}, ("path",), "not a text"),
        ({"name": "r", "path": "a" * 1025}, ("path",), "1025 characters"),
        ({"name": "r", "path": "a\x00b"}, ("path",), "character 2 is the control character U+0000"),
        ({"name": "r", "path": "\ud800"}, ("path",), "U+D800"),
        ({"name": "r\x1f", "path": "a"}, ("name",), "U+001F"),
        ({"name": "r", "path": "%SytemRoot%\\x"}, ("path",), "unknown environment variable"),
        ({"name": "r", "parent-path": "%PATH%\\x"}, ("parent-path",), "unknown environment variable"),
        ({"name": "r", "md5": "ab"}, ("md5",), "not such a hash"),
        ({"name": "r", "sha256": "g" * 64}, ("sha256",), "not such a hash"),
        ({"name": "r", "path": "x", "event-types": []}, ("event-types",), "0 entries"),
        ({"name": "r", "path": "x", "event-types": ["procss-start"]}, ("event-types", 0), "not known"),
        ({"name": "r", "pth": "x"}, ("pth",), "unknown setting"),
    ],
)
def test_a_wrong_process_rule_is_refused(rule: object, path: tuple[object, ...], says: str) -> None:
    error = refusal("excluded-processes", {"rules": [{"name": "fine", "path": "x"}, rule]})
    assert error.path == ("rules", 1, *path)
    assert says in error.cause


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"name": "r"}, ()),
        ({"name": "r", "direction": "both"}, ("direction",)),
        ({"name": "r", "protocol": "tpc"}, ("protocol",)),
        ({"name": "r", "protocol": 256}, ("protocol",)),
        ({"name": "r", "protocol": True}, ("protocol",)),
        ({"name": "r", "local-ports": 53}, ("local-ports",)),
        ({"name": "r", "local-ports": []}, ("local-ports",)),
        ({"name": "r", "local-ports": [True]}, ("local-ports", 0)),
        ({"name": "r", "local-ports": [70_000]}, ("local-ports", 0)),
        ({"name": "r", "local-ports": [10**5000]}, ("local-ports", 0)),
        ({"name": "r", "protocol": 10**5000}, ("protocol",)),
        ({"name": "r", "local-ports": ["9-5"]}, ("local-ports", 0)),
        ({"name": "r", "local-ports": ["5-"]}, ("local-ports", 0)),
        ({"name": "r", "remote-addresses": ["10.0.0.1/8"]}, ("remote-addresses", 0)),
        ({"name": "r", "remote-addresses": ["host.example"]}, ("remote-addresses", 0)),
        ({"name": "r", "remote-addresses": [7]}, ("remote-addresses", 0)),
        ({"name": "r", "program": "%Nope%"}, ("program",)),
    ],
)
def test_a_wrong_network_rule_is_refused(rule: object, path: tuple[object, ...]) -> None:
    assert refusal("excluded-network-communications", {"rules": [rule]}).path == ("rules", 0, *path)


def test_settings_are_frozen_hashable_and_compare_by_value() -> None:
    assert hash(AgentSettings()) == hash(AgentSettings())
    assert AgentSettings() == DEFAULTS
    changed = DEFAULTS.having(RequestThrottling(max_events_per_hour=1), DataSubmission(60))
    assert changed != DEFAULTS
    assert changed.group("data-submission") == DataSubmission(60)
    assert changed.having(RequestThrottling(), DataSubmission()) == DEFAULTS
    with pytest.raises(FrozenInstanceError):
        DEFAULTS.data_submission.max_events_per_package = 5  # type: ignore[misc]  # the point


def test_a_group_cannot_be_built_with_a_value_that_is_refused() -> None:
    with pytest.raises(SettingError, match=r"percentage-of-event-limit-excess: 4 is out of range"):
        RequestThrottling(percentage_of_event_limit_excess=4)
    with pytest.raises(SettingError, match=r"no criterion"):
        ProcessRule("all of it")


def test_every_group_is_reached_by_its_key() -> None:
    assert [key_of(DEFAULTS.group(key)) for key in LOCAL_KEYS] == list(LOCAL_KEYS)


def test_a_setting_error_is_one_of_seatrials() -> None:
    error = refusal("kata-integration", {"servers": [{"host": "x", "port": 1}]})
    assert isinstance(error, SeatrialError)
    assert str(error).startswith("servers.0.host: 'x' is not a full domain name; write an IP address")


def test_numbers_beyond_the_columns_are_refused_and_shown_short() -> None:
    error = refusal("request-throttling", {"max-events-per-hour": 10**5000})
    assert error.cause == "a number of more than 64 bits is out of range"
    refusal("kata-integration", {"ttl-period": 65_536})


keys = [setting.key for _, setting in every_setting()]
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(2**200) | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(keys) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


def items(group: str, key: str) -> st.SearchStrategy[object]:
    """Entries of a list of mappings that are nearly right."""
    names = [setting.key for setting in DESCRIBED[group, key].items]
    scalars = st.integers(-1, 70_000) | st.just(2**200) | st.text(max_size=5) | st.booleans() | st.none()
    return st.dictionaries(st.sampled_from(names), scalars | st.lists(scalars, max_size=3), max_size=5)


nearly = st.sampled_from(
    [
        ("excluded-processes", "rules"),
        ("excluded-network-communications", "rules"),
        ("kata-integration", "servers"),
        ("user-permissions", "granted"),
    ]
).flatmap(lambda place: st.tuples(st.just(place[0]), st.lists(items(*place), max_size=3).map(lambda x: {place[1]: x})))


@given(nearly | st.tuples(st.sampled_from(LOCAL_KEYS) | st.text(max_size=10), plain))
def test_whatever_is_given_either_is_read_or_refused(entry: tuple[str, object]) -> None:
    key, data = entry
    refused = None
    try:
        values = parse_group(key, data)
    except SettingError as error:
        refused = error
    if refused is None:
        assert key_of(values) == key
    else:
        assert len(str(refused.cause)) < 400
        assert len(str(refused.remedy)) < 400


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "events-transmission-period": st.integers(-5, 2**33),
            "max-events-per-package": st.integers(-5, 2**33),
        },
    )
)
def test_a_number_is_accepted_exactly_inside_its_range(data: dict[str, int]) -> None:
    inside = all(1 <= value < 2**31 for value in data.values())
    try:
        values = parse_group("data-submission", data)
    except SettingError:
        assert not inside
    else:
        assert inside
        assert values == DataSubmission(
            data.get("events-transmission-period", 30), data.get("max-events-per-package", 1024)
        )
