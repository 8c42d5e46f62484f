"""Defects of the trust between Endpoint Agent and the Central Node."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.defects.central_node import True_
from conformance.defects.security import always_under_policy
from conformance.defects.telemetry import kata
from conformance.planting import Plant, defect
from emulator.policy import certificates, policies
from emulator.policy.certificates import ClientCertificate, made_up
from emulator.policy.errors import SettingError
from emulator.policy.settings import AgentSettings, KataIntegration
from fakes.certificates import Certificates
from scenarios import certificates as given_certificates

UNKNOWN = "nobody"
"""The name of a certificate that no check knows."""
END = "-----END CERTIFICATE-----"


def trusting(plant: Plant, change: Callable[[KataIntegration], dict[str, Any]]) -> None:
    """Has Endpoint Agent follow other settings of the trust than those it was given."""

    def wrong(given: AgentSettings) -> AgentSettings:
        return kata(given, **change(given.kata_integration))

    plant.settings(wrong)


# --- the certificate of the server ------------------------------------------------------------------------------------


@defect("KEA-CEN-015", "every server is accepted")
def every_server_is_accepted(plant: Plant) -> None:
    """Whatever is pinned."""
    trusting(plant, lambda _: {"use_pinned_certificate": False})


@defect("KEA-CEN-015", "with a pinned certificate no server is accepted")
def no_server_is_accepted(plant: Plant) -> None:
    """Not even the one that shows it."""
    trusting(plant, lambda given: {"server_certificate": None} if given.use_pinned_certificate else {})


@defect("KEA-CEN-016", "another certificate than that of the file is stored")
def files_are_not_read(plant: Plant) -> None:
    """Whatever is in it."""
    plant.replace(given_certificates, "pem_of", lambda _: made_up(UNKNOWN).pem)


@defect("KEA-CEN-017", "another certificate than the one that is pasted is stored")
def pasted_text_is_not_read(plant: Plant) -> None:
    """Whatever it is."""

    def make(true: True_) -> True_:
        def wrong(checker: Any, text: str, *more: Any) -> Any:
            return made_up(UNKNOWN).pem if END in text else true(checker, text, *more)

        return wrong

    plant.around(given_certificates, "_pem_text", make)


@defect("KEA-CEN-018", "of several certificates the first is taken")
def first_of_several_is_taken(plant: Plant) -> None:
    """The others are passed over."""
    plant.around(certificates, "_read_pem", lambda true: lambda text: true(text.partition(END)[0] + END))


@defect("KEA-CEN-019", "the first certificate that was added stays")
def first_certificate_stays(plant: Plant) -> None:
    """Later ones are passed over."""

    def make(true: True_) -> True_:
        def wrong(key: str, data: Any, base: Any = None) -> Any:
            has_one = isinstance(base, KataIntegration) and base.server_certificate is not None
            if has_one:
                data = {name: value for name, value in data.items() if name != "server-certificate"}
            return true(key, data, base)

        return wrong

    plant.around(policies, "parse_group", make)


@defect("KEA-CEN-020", "the subject of a certificate is not shown")
def subject_is_not_shown(plant: Plant) -> None:
    """The rest is."""
    plant.around(certificates, "_read_pem", lambda true: lambda text: replace(true(text), subject=""))


# --- the certificate of the client ------------------------------------------------------------------------------------


@defect("KEA-CEN-021", "the client certificate is not shown")
def client_certificate_is_not_shown(plant: Plant) -> None:
    """Though the option is on."""
    trusting(plant, lambda _: {"use_client_certificate": False})


@defect("KEA-CEN-021", "the client certificate is shown whether or not the option is on")
def client_certificate_is_always_shown(plant: Plant) -> None:
    """Once there is one."""
    trusting(plant, lambda _: {"use_client_certificate": True})


@defect("KEA-CEN-021", "a server that demands a client certificate lets everybody in")
def servers_demand_no_client_certificate(plant: Plant) -> None:
    """Whatever is shown."""
    plant.replace(Certificates, "demand", lambda *_: None)


@defect("KEA-CEN-022", "the format of an archive is not looked at")
def any_archive_will_do(plant: Plant) -> None:
    """As long as it can be opened."""
    plant.replace(certificates, "_is_pfx", lambda _: True)


@defect("KEA-CEN-023", "any password opens an archive")
def any_password_opens(plant: Plant) -> None:
    """Also a wrong one."""

    def make(true: True_) -> True_:
        def wrong(content: bytes, password: str) -> ClientCertificate:
            try:
                opened: ClientCertificate = true(content, password)
            except SettingError:
                return ClientCertificate(made_up(UNKNOWN))
            return opened

        return wrong

    plant.around(certificates, "_opened", make)


@defect("KEA-CEN-024", "a pinned certificate needs a client certificate beside it")
def pinned_needs_a_client_certificate(plant: Plant) -> None:
    """Without one no server is accepted."""
    trusting(plant, lambda given: {} if given.use_client_certificate else {"server_certificate": None})


@defect("KEA-CEN-024", "a client certificate stands in for the pinned one")
def client_certificate_replaces_the_pinned_one(plant: Plant) -> None:
    """With one every server is accepted."""
    trusting(plant, lambda given: {"use_pinned_certificate": False} if given.use_client_certificate else {})


@defect("KEA-CEN-026", "the trust takes effect while its group is unaffected")
def trust_needs_no_switch(plant: Plant) -> None:
    """As soon as the policy holds it."""
    always_under_policy(plant, "kata-integration")
