"""The trusted connection with KATA Central Node: pinned certificates and client certificates (KEA-CEN).

Whether there is a session is seen by what servers are asked and what they hold.
"""

import base64
from collections.abc import Mapping
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.agents import TELEMETRY, UNDER_POLICY, AgentUnderTest
from conformance.checks.central_node import GROUP, integration, read_refusal
from conformance.checks.security import UNAFFECTED
from conformance.checks.telemetry import HIGH, emit
from conformance.judging import at_least, equal, refused
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import MINUTE_MS, Trial
from emulator.policy.certificates import Certificate, made_up, made_up_archive
from emulator.policy.policies import PolicySettings, parse_policy_settings
from emulator.ports import Outcome

NEEDS: Final = (TELEMETRY,)
ONE, OTHER, OWN = "of-one", "of-another", "of-the-agents"
"""Names that made-up certificates stand for."""
EVENTS: Final = 3
ONLY_ONE: Final = {"telemetry": {"certificate": f"synthetic/{ONE}"}}
"""Servers that show the certificate of one."""


def pinned(certificate: str, **more: Any) -> dict[str, Any]:
    """Settings that pin a certificate: a made-up one by its name, a file, or its contents."""
    return {"use-pinned-certificate": True, "server-certificate": certificate, **more}


def client(name: str, password: str | None = None) -> dict[str, Any]:
    """Settings with the client certificate of a made-up archive."""
    archive = {"archive": made_up_archive(name), "password": name if password is None else password}
    return {"use-client-certificate": True, "client-certificate": archive}


def connecting(
    agent: AgentUnderTest, settings: Mapping[str, Any], *steps: Mapping[str, Any], servers: Any = ONLY_ONE, **more: Any
) -> Trial:
    """A device with these settings of the integration, on which something happens after ten minutes."""
    group = {GROUP: {**integration()[GROUP], **settings}}
    every = [emit(HIGH, EVENTS, "10min"), *steps]
    return agent.attempt(**{"duration": "30min", "steps": every, "settings": group, "servers": servers, **more})


def connects(trial: Trial, wanted: bool, told: str) -> None:
    """Judges whether there was a session: with one all events arrive; without one nothing is sent, nor heard."""
    at_least(len(trial.requests), 3, f"attempts to connect, {told}")
    equal(trial.count(HIGH), EVENTS if wanted else 0, f"events that arrive, {told}")
    outcomes = {one.outcome for one in trial.requests}
    equal(sorted(one.name for one in outcomes), ["OK" if wanted else "UNREACHABLE"], f"what attempts come to, {told}")


# --- the certificate of the server ------------------------------------------------------------------------------------


@clause("KEA-CEN-015")
def check_only_a_server_with_the_pinned_certificate_is_accepted(agent: AgentUnderTest) -> None:
    """A server that shows it has a session; with one that shows another there is none, and nothing is sent."""
    for shown, wanted in ((ONE, True), (OTHER, False)):
        servers = {"telemetry": {"certificate": f"synthetic/{shown}"}}
        trial = connecting(agent, pinned(f"synthetic/{ONE}"), servers=servers)
        connects(trial, wanted, f"the server showing the certificate {shown}, with {ONE} pinned")


@clause("KEA-CEN-016")
def check_a_certificate_is_added_from_a_file(agent: AgentUnderTest) -> None:
    """With the certificate from its file, as a text or in binary form, its server is accepted, and another is not."""
    for name, wanted in ((ONE, True), (OTHER, False)):
        text = made_up(name).pem
        binary = x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER)
        files = {"certificates/server.pem": text.encode(), "certificates/server.cer": binary}
        for file in files:
            trial = connecting(agent, pinned(file), files=files)
            connects(trial, wanted, f"with {name} pinned from {file}")


@clause("KEA-CEN-017")
def check_a_certificate_is_added_by_pasting_it(agent: AgentUnderTest) -> None:
    """With the contents of the file in the settings its server is accepted, and another is not."""
    for name, wanted in ((ONE, True), (OTHER, False)):
        trial = connecting(agent, pinned(made_up(name).pem))
        connects(trial, wanted, f"with the contents of the file of {name} pinned")


def stored(*added: str) -> Certificate | None:
    """The certificate that settings hold after some were added, one after the other."""
    settings = PolicySettings()
    for text in added:
        settings = parse_policy_settings({GROUP: {"server-certificate": text}}, settings)
    return settings.values.kata_integration.server_certificate


@clause("KEA-CEN-017", needs=[ADMINISTRATION])
def check_pasted_text_is_stored_as_the_certificate(server: ServerUnderTest) -> None:
    """The certificate that is stored is that of the file, also with blanks and remarks around it."""
    for text in (made_up(ONE).pem, f"Certificate of the server\n\n{made_up(ONE).pem}\n\n"):
        held = stored(text)
        equal(None if held is None else held.sha256, fingerprint(ONE), "fingerprint of the certificate that is stored")


def fingerprint(name: str) -> str:
    """The SHA-256 fingerprint of a made-up certificate, worked out from its text."""
    return x509.load_pem_x509_certificate(made_up(name).pem.encode()).fingerprint(SHA256()).hex()


@clause("KEA-CEN-018", needs=[ADMINISTRATION])
def check_there_is_one_certificate_at_a_time(server: ServerUnderTest) -> None:
    """After two additions the second one is what is stored; two at once are refused."""
    held = stored(made_up(ONE).pem, made_up(OTHER).pem)
    equal(isinstance(held, Certificate), True, "whether one certificate is stored after two additions")
    equal(None if held is None else held.sha256, fingerprint(OTHER), "its fingerprint")
    error = read_refusal({"server-certificate": made_up(ONE).pem + made_up(OTHER).pem})
    refused(error, "two certificates at once", names="server-certificate", because="2 certificates")


@clause("KEA-CEN-018", "KEA-CEN-019")
def check_the_last_certificate_that_was_added_counts(agent: AgentUnderTest) -> None:
    """One is added and then another: the server that shows the other one is in use, and the first has no session."""
    nodes = [ONE, OTHER]  # servers that show certificates of their own names
    listed = [{"host": f"{name}.seatrial.example", "port": 443} for name in nodes]
    added = {GROUP: {"server-certificate": f"synthetic/{OTHER}"}}
    steps = [
        {"at": "15min", "do": "change-policy", "policy": "check", "settings": added},
        emit(HIGH, EVENTS, "40min"),
    ]
    servers = {"telemetry": {"nodes": nodes}}
    settings = pinned(f"synthetic/{ONE}", servers=listed)
    trial = connecting(agent, settings, *steps, servers=servers, duration="60min")
    used = [(one.server, one.at_ms // MINUTE_MS) for one in trial.requests if one.outcome is Outcome.OK]
    early = {server for server, minute in used if minute < 15}
    late = {server for server, minute in used if minute >= 35}
    equal((early, late), ({ONE}, {OTHER}), "servers in use before and after the second certificate")
    equal(trial.count(HIGH), 2 * EVENTS, "events that arrive")


@clause("KEA-CEN-020", needs=[ADMINISTRATION])
def check_settings_show_data_of_the_certificate(server: ServerUnderTest) -> None:
    """Subject, validity and fingerprint of what is stored are those of the certificate that was added."""
    for name in (ONE, OTHER):
        held = stored(made_up(name).pem)
        known = x509.load_pem_x509_certificate(made_up(name).pem.encode())
        seen = None if held is None else (held.subject, held.valid_from[:10], held.valid_until[:10], held.sha256)
        days = (f"{known.not_valid_before_utc:%Y-%m-%d}", f"{known.not_valid_after_utc:%Y-%m-%d}")
        wanted = (known.subject.rfc4514_string(), *days, fingerprint(name))
        equal(seen, wanted, f"subject, validity and fingerprint that are shown of {name}")


# --- the certificate of the client ------------------------------------------------------------------------------------

DEMANDING: Final = {"telemetry": {"client-certificates": [f"synthetic/{OWN}"]}}
"""Servers that only let in who shows this certificate."""


@clause("KEA-CEN-021")
def check_a_server_can_demand_a_client_certificate(agent: AgentUnderTest) -> None:
    """A server that demands one lets the agent in that shows it, and no other: not with another one, not without."""
    cases = {"the one that is known": client(OWN), "another one": client(OTHER), "none": {}}
    for told, settings in cases.items():
        trial = connecting(agent, settings, servers=DEMANDING)
        connects(trial, told == "the one that is known", f"the device showing {told}")


@clause("KEA-CEN-021")
def check_a_client_certificate_is_only_shown_where_that_is_selected(agent: AgentUnderTest) -> None:
    """With the archive in the settings and the option off the agent is not let in."""
    settings = {**client(OWN), "use-client-certificate": False}
    connects(connecting(agent, settings, servers=DEMANDING), False, "the option being off")
    connects(connecting(agent, client(OWN), servers=DEMANDING), True, "the option being on")


@clause("KEA-CEN-024")
def check_a_client_certificate_is_optional_beside_a_pinned_one(agent: AgentUnderTest) -> None:
    """A server that demands none has a session without one and with one; the pinned one is to be right all the same."""
    for settings, name, wanted in (({}, ONE, True), (client(OWN), ONE, True), (client(OWN), OTHER, False)):
        trial = connecting(agent, {**pinned(f"synthetic/{name}"), **settings})
        connects(trial, wanted, f"{name} being pinned, {'a' if settings else 'no'} client certificate")
    both = {"telemetry": {**ONLY_ONE["telemetry"], **DEMANDING["telemetry"]}}
    trial = connecting(agent, {**pinned(f"synthetic/{ONE}"), **client(OWN)}, servers=both)
    connects(trial, True, "both being shown and demanded")


def taken(**given: Any) -> str | None:
    """The fingerprint of the client certificate that settings hold; None where it is not taken."""
    settings = parse_policy_settings({GROUP: {"client-certificate": given}})
    held = settings.values.kata_integration.client_certificate
    return None if held is None else held.certificate.sha256


@clause("KEA-CEN-022", needs=[ADMINISTRATION])
def check_a_client_certificate_comes_as_a_pfx_archive(server: ServerUnderTest) -> None:
    """A PFX archive is taken; a certificate without its key, and anything else, is refused for its format."""
    equal(read_refusal({"client-certificate": pfx(made_up_archive(OWN))}), None, "refusal of a PFX archive")
    equal(taken(**pfx(made_up_archive(OWN))), fingerprint(OWN), "fingerprint of the certificate that is stored")
    text = made_up(OWN).pem.encode()
    binary = x509.load_pem_x509_certificate(text).public_bytes(Encoding.DER)
    for name, content in {"a text (PEM)": text, "a binary file (DER)": binary, "nothing at all": b""}.items():
        error = read_refusal({"client-certificate": pfx(base64.b64encode(content).decode())})
        refused(error, f"a client certificate as {name}", names="client-certificate", because="not a PFX archive")


def pfx(archive: str) -> dict[str, str]:
    """An archive with the password of the made-up one."""
    return {"archive": archive, "password": OWN}


@clause("KEA-CEN-023", needs=[ADMINISTRATION])
def check_the_password_of_the_archive_is_needed(server: ServerUnderTest) -> None:
    """With its password the certificate is stored; with another one, an empty one or none it is refused for it."""
    archive = made_up_archive(OWN)
    equal(taken(archive=archive, password=OWN), fingerprint(OWN), "fingerprint of the certificate that is stored")
    cases = {"another password": {"password": OWN.upper()}, "an empty one": {"password": ""}, "none": {}}
    for told, password in cases.items():
        error = read_refusal({"client-certificate": {"archive": archive, **password}})
        refused(error, f"an archive with {told}", names="client-certificate", because="password")


# --- the group of settings --------------------------------------------------------------------------------------------


@clause("KEA-CEN-026")
def check_the_trust_takes_effect_once_its_group_is_under_policy(agent: AgentUnderTest) -> None:
    """A certificate that no server shows: while the group is unaffected there is a session, under policy there is none.

    A policy that is saved with the switch at Under policy has the same effect from then on.
    """
    strange = pinned(f"synthetic/{OTHER}")
    for switch, wanted in ((UNAFFECTED, True), (UNDER_POLICY, False)):
        trial = connecting(agent, {**strange, "switch": switch})
        connects(trial, wanted, f"with the group {switch}")
    save = {"at": "15min", "do": "change-policy", "policy": "check", "settings": {GROUP: {"switch": UNDER_POLICY}}}
    trial = connecting(agent, {**strange, "switch": UNAFFECTED}, save, emit(HIGH, EVENTS, "40min"), duration="60min")
    equal(trial.count(HIGH), EVENTS, "events that arrive: those from before the group was under policy")
