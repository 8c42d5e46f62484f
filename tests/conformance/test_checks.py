"""The checks: the reference passes each of them, and so does the plain agent, and every reading that is an option."""

import pytest

from conformance.agents import resolve_agent
from conformance.registry import Check, Judge, registry
from conformance.servers import ServerUnderTest
from conformance.session import put
from conformance.verdicts import Verdict

OF_AGENTS = [check for check in registry().checks if check.judge is Judge.AGENT]
OF_SERVERS = [check for check in registry().checks if check.judge is Judge.SERVER]
ABOUT_OPTIMISATION = [check for check in OF_AGENTS if check.id.startswith("edr-exclusions/") and check.random]


def named(check: Check) -> str:
    return check.id


@pytest.mark.parametrize("name", ["columns", "plain"])
@pytest.mark.parametrize("check", OF_AGENTS, ids=named)
def test_both_agents_pass(check: Check, name: str) -> None:
    subject = resolve_agent(name)
    result = put(check, subject, subject.claims)
    wanted = Verdict.OBSERVED if check.observes else Verdict.PASS
    if not set(check.needs) <= subject.claims:
        assert name == "plain"
        wanted = Verdict.NOT_APPLICABLE
    assert result.verdict is wanted, f"{result.reason}\n{result.detail}"


@pytest.mark.parametrize("check", ABOUT_OPTIMISATION, ids=named)
def test_the_other_reading_of_winrm_passes(check: Check) -> None:
    subject = resolve_agent("columns", readings={"winrm-with-optimisation": "not-sent"})
    result = put(check, subject, subject.claims)
    assert result.verdict is Verdict.PASS, result.reason


@pytest.mark.parametrize("check", OF_SERVERS, ids=named)
def test_the_fakes_pass(check: Check) -> None:
    subject = ServerUnderTest({})
    result = put(check, subject, subject.claims)
    wanted = Verdict.OBSERVED if check.observes else Verdict.PASS
    if not set(check.needs) <= subject.claims:
        assert set(check.needs) - subject.claims == {"restart"}
        wanted = Verdict.NOT_APPLICABLE
    assert result.verdict is wanted, f"{result.reason}\n{result.detail}"


@pytest.mark.parametrize("check", [check for check in OF_AGENTS if check.random], ids=named)
def test_checks_that_draw_pass_for_another_seed(check: Check) -> None:
    subject = resolve_agent("plain", seed=20_261)
    assert put(check, subject, subject.claims).verdict is Verdict.PASS
