"""Trust in the Central Node, as a scenario has it: who connects with whom, what is told of it, what is shown."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.agents import resolve_agent
from emulator.policy.certificates import made_up, made_up_archive
from scenarios.model import Scenario
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.running import digest, facts, rows, run

MIN = 60_000
PC = "pc-00001"
NODE = "telemetry.seatrial.example:443"
OTHER = "synthetic/other"
SHOWN = "synthetic/telemetry"
"""What the only node shows where nothing else is said."""


def integration(switch: str = "under-policy", **values: Any) -> dict[str, Any]:
    group = {key.replace("_", "-"): value for key, value in values.items()}
    return {"kata-integration": {"switch": switch, "enabled": True, "servers": [NODE], **group}}


def pinned(certificate: str = SHOWN, **values: Any) -> dict[str, Any]:
    return integration(use_pinned_certificate=True, server_certificate=certificate, **values)


def client(name: str, **values: Any) -> dict[str, Any]:
    archive = {"archive": f"synthetic/{name}", "password": name}
    return integration(use_client_certificate=True, client_certificate=archive, **values)


def scenario(settings: dict[str, Any] | None, *timeline: dict[str, Any], **sections: Any) -> Scenario:
    policies = [] if settings is None else [{"name": "link", "settings": settings}]
    fleet = {"start": "cold", "blocks": [{"name": "pc", "image": "quiet", "count": 1}]}
    emit = {"name": "event", "at": "10min", "do": "emit", "target": "all", "type": "threat-detection", "count": 3}
    sections = {"duration": "1h", "fleet": fleet, "policies": policies, **sections}
    return loaded(timeline=[emit, *timeline], **sections)


def told(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [
        {**json.loads(row["detail"]), "at_ms": row["at_ms"]} for row in rows(folder, "facts") if row["kind"] == kind
    ]


def refusals(folder: Path) -> list[tuple[str, str]]:
    return [(one["by"], one["reason"]) for one in told(folder, "certificate-refused")]


def stored(folder: Path) -> int:
    return sum(row["events"] for row in rows(folder, "servers") if row["kind"] == "send")


ANOTHER = ("device", "the server shows another certificate than the pinned one")
NONE = ("server", "the device shows no client certificate")
UNKNOWN = ("server", "the server does not know the client certificate")


@pytest.mark.parametrize(
    ("settings", "server", "refused"),
    [
        (None, {}, []),
        (integration(), {}, []),
        (pinned(), {}, []),
        (pinned(OTHER), {}, [ANOTHER]),
        (pinned(OTHER), {"certificate": OTHER}, []),
        (integration(use_pinned_certificate=True), {}, [ANOTHER]),
        (integration(server_certificate=OTHER), {}, []),
        (None, {"client-certificates": ["synthetic/me"]}, [NONE]),
        (client("me"), {"client-certificates": ["synthetic/you", "synthetic/me"]}, []),
        (client("me"), {"client-certificates": ["synthetic/you"]}, [UNKNOWN]),
        (client("me"), {}, []),
        (client("me", use_pinned_certificate=True, server_certificate=OTHER), {}, [ANOTHER]),
    ],
)
def test_who_connects(
    tmp_path: Path, settings: dict[str, Any] | None, server: dict[str, Any], refused: list[tuple[str, str]]
) -> None:
    """KEA-CEN-015, KEA-CEN-021, KEA-CEN-024, KEA-CEN-025."""
    run(scenario(settings, servers={"telemetry": server}), tmp_path)
    assert refusals(tmp_path) == refused
    assert stored(tmp_path) == (0 if refused else 3)
    sent = sum(row["bytes_wire"] for row in rows(tmp_path, "servers") if row["server"] == "telemetry")
    assert (sent == 0) is bool(refused)


def test_settings_of_a_group_that_is_unaffected_are_not_used(tmp_path: Path) -> None:
    """KEA-CEN-026."""
    settings = integration("unaffected-by-policy", use_pinned_certificate=True, server_certificate=OTHER)
    run(scenario(settings), tmp_path)
    assert (refusals(tmp_path), stored(tmp_path)) == ([], 3)


def test_a_refused_server_is_followed_by_the_next_of_the_list(tmp_path: Path) -> None:
    settings = pinned("synthetic/b", servers=[f"{name}.seatrial.example:443" for name in "ab"])
    run(scenario(settings, servers={"telemetry": {"nodes": ["a", "b"]}}), tmp_path)
    assert [one["server"] for one in told(tmp_path, "certificate-refused")] == ["a.seatrial.example:443"]
    assert {row["server"] for row in rows(tmp_path, "servers") if row["events"]} == {"b"}


@pytest.mark.parametrize(("port", "found"), [(8_443, 3), (443, 0)])
def test_a_server_is_found_at_its_port_and_at_no_other(tmp_path: Path, port: int, found: int) -> None:
    """KEA-CEN-007."""
    nodes = ["192.0.2.7:8443", "192.0.2.7", "kata.example.com:8443", "kata.example.com"]
    down = [{"at": "0s", "fault": {"server": node, "kind": "refused-connection"}} for node in nodes[1::2]]
    for host in ("192.0.2.7", "kata.example.com"):
        settings = integration(servers=[f"{host}:{port}"])
        run(scenario(settings, *down, servers={"telemetry": {"nodes": nodes}}), tmp_path / host)
        assert stored(tmp_path / host) == found


def test_the_last_certificate_that_was_added_counts(tmp_path: Path) -> None:
    """KEA-CEN-018, KEA-CEN-019: with A and then B, a server with B is accepted and one with A is not."""
    add = {"at": "5min", "do": "change-policy", "policy": "link"}
    added = {**add, "settings": {"kata-integration": {"server-certificate": OTHER}}}
    back = {"at": "40min", "do": "present-certificate", "server": "telemetry", "certificate": OTHER}
    look = {"at": "30min", "do": "view", "what": "policies"}
    run(scenario(pinned(), added, look, back, duration="2h"), tmp_path)
    assert refusals(tmp_path) == [ANOTHER]
    (accepted,) = told(tmp_path, "certificate-accepted")
    assert 40 * MIN <= accepted["at_ms"] <= 45 * MIN
    assert stored(tmp_path) == 3
    (shown,) = told(tmp_path, "certificate-viewed")
    assert (shown["subject"], shown["sha256"], shown["of"]) == ("CN=other", made_up("other").sha256, "server")


def test_what_a_policy_holds_is_shown_without_its_secrets(tmp_path: Path) -> None:
    """KEA-CEN-020."""
    look = {"at": "30min", "do": "view", "what": "policies"}
    settings = client("me", use_pinned_certificate=True, server_certificate=SHOWN)
    run(scenario(settings, look), tmp_path)
    assert [(one["of"], one["subject"]) for one in told(tmp_path, "certificate-viewed")] == [
        ("server", "CN=telemetry"),
        ("client", "CN=me"),
    ]


def test_a_renewed_certificate_is_told_and_a_reaction_may_be_what_renews_it(tmp_path: Path) -> None:
    renew = {"when": {"fact": "off-line"}, "do": "present-certificate", "server": "telemetry", "certificate": OTHER}
    unplug = {"at": "20min", "do": "unplug", "target": "all", "for": "1min"}
    run(scenario(pinned(), unplug, {"name": "renewed", **renew}), tmp_path)
    (presented,) = told(tmp_path, "certificate-presented")
    assert (presented["server"], presented["subject"]) == ("telemetry", "CN=other")
    assert refusals(tmp_path) == [ANOTHER]


def test_a_certificate_comes_from_a_file_or_is_pasted(tmp_path: Path) -> None:
    """KEA-CEN-016, KEA-CEN-017."""
    one = x509.load_pem_x509_certificate(made_up("other").pem.encode())
    (tmp_path / "cn.pem").write_text(made_up("other").pem)
    (tmp_path / "cn.cer").write_bytes(one.public_bytes(Encoding.DER))
    for given in ("cn.pem", "cn.cer", made_up("other").pem, OTHER):
        made = scenario(pinned(given), servers={"telemetry": {"certificate": given}}, folder=tmp_path)
        (policy,) = made.policies
        assert policy.settings.values.kata_integration.server_certificate == made_up("other")
        assert {sha256 for server in made.servers.values() for sha256 in server.certificates} > {
            made_up("other").sha256
        }


def test_an_archive_comes_from_a_file_and_needs_its_password(tmp_path: Path) -> None:
    """KEA-CEN-022, KEA-CEN-023."""
    (tmp_path / "me.pfx").write_bytes(base64.b64decode(made_up_archive("me")))
    pasted = made_up_archive("me")
    for archive in ("me.pfx", pasted, "synthetic/me"):
        settings = integration(client_certificate={"archive": archive, "password": "me"})
        (policy,) = scenario(settings, folder=tmp_path).policies
        held = policy.settings.values.kata_integration.client_certificate
        assert held is not None
        assert held.certificate == made_up("me")
        wrong = integration(client_certificate={"archive": archive, "password": "you"})
        (mistake,) = mistakes(policies=[{"name": "link", "settings": wrong}], folder=tmp_path)
        assert "client-certificate.password" in mistake
        assert "you" not in mistake


def test_a_policy_with_a_client_certificate_is_exported_without_it(tmp_path: Path) -> None:
    export = {"at": "20min", "do": "export-policy", "policy": "link", "to": "link.json"}
    again = {"at": "21min", "do": "import-policy", "exported": "link.json", "policy": "copy"}
    for settings, digits in ((pinned(), 1), (client("me"), 0)):
        folder = tmp_path / str(digits)
        look = {"at": "30min", "do": "view", "what": "policies"}
        run(scenario(settings, export, again, look), folder)
        copies = [one for one in told(folder, "certificate-viewed") if one["policy"] == "copy"]
        assert len(copies) == digits


def test_nothing_depends_on_the_number_of_shards(tmp_path: Path) -> None:
    fleet = {"blocks": [{"name": "pc", "image": "windows-office", "count": 12}]}
    renew = {"at": "20min", "do": "present-certificate", "server": "telemetry", "certificate": OTHER}
    change = {"at": "25min", "do": "change-policy", "policy": "link"}
    changed = {**change, "settings": {"kata-integration": {"server-certificate": OTHER}}}
    made = scenario(pinned(), renew, changed, fleet=fleet)
    assert digest(made, tmp_path / "1") == digest(made, tmp_path / "3", workers=3, buckets=3)
    assert len(facts(tmp_path / "1", "certificate-accepted")) == 12


def test_the_plain_agent_comes_to_the_same() -> None:
    renew = {"at": "20min", "do": "present-certificate", "server": "telemetry", "certificate": OTHER}
    back = {"at": "50min", "do": "present-certificate", "server": "telemetry", "certificate": SHOWN}
    bursts = {"at": "5min", "every": "5min", "until": "80min", "do": "emit", "type": "file-change", "count": 7}
    steps: list[dict[str, Any]] = [renew, back, {**bursts, "target": "all"}]
    columns, plain = (
        resolve_agent(name).attempt(duration="90min", settings=pinned(), steps=steps) for name in ("columns", "plain")
    )
    for kind in ("send", "synchronise"):
        assert [one.outcome for one in columns.asked(kind)] == [one.outcome for one in plain.asked(kind)]
    assert "UNREACHABLE" in {one.outcome.name for one in columns.asked("synchronise")}
    for target, terms in columns.figures.terms.items():
        assert {term: values.tolist() for term, values in terms.items()} == {
            term: values.tolist() for term, values in plain.figures.terms[target].items()
        }
