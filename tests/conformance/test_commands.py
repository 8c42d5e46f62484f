"""`seatrial spec`, `conform` and `prove`: what they print, their exit codes, and a server and an agent of one's own."""

import json
import re
from pathlib import Path

import pytest

from tests.commandline import ROOT, Command

DOCUMENT = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
TITLES = ("Bring your own server", "Bring your own agent")
SERVER, AGENT = (re.search(rf"## {title}.*?```python\n(.*?)```", DOCUMENT, re.DOTALL) for title in TITLES)


@pytest.fixture
def own(tmp_path: Path) -> str:
    """A module with the server of the documentation, one without a memory, and one that breaks."""
    assert SERVER is not None
    more = """

class Forgetful(Server):
    def stored(self, device):
        return super().stored(device)[:-1]


class Silent(Server):
    claims = {"telemetry": "1.0", "time": "simulated"}
    stored = None


class Restarting(Server):
    version = "1.4"

    def restart(self):
        self.held.clear()


class Broken(Server):
    def send(self, packages):
        raise RuntimeError("oh")
"""
    (tmp_path / "own_server.py").write_text(SERVER[1] + more, encoding="utf-8")
    return "own_server"


def test_examples_of_the_documentation_are_short() -> None:
    for example in (SERVER, AGENT):
        assert example is not None
        assert len(example[1].splitlines()) <= 40


def test_the_clauses_are_listed_and_told(command: Command) -> None:
    done = command("spec", "list", "--area", "telemetry")
    assert done.code == 0
    assert "KEA-TEL-008  negative, derived, judged by 1 check" in done.out
    document = json.loads(command("spec", "list", "--format", "json").out)
    assert len(document["clauses"]) == 460
    told = command("spec", "show", "KEA-TEL-028")
    assert "telemetry/the-restriction-of-a-type-follows-the-percentage" in told.out
    assert "defect percentage-stays" in told.out
    plain = json.loads(command("spec", "show", "KEA-EDX-021", "--format", "json").out)
    assert plain["judged"].startswith("by the operator")
    assert command("spec", "show", "KEA-LIC-001").code == 0


def test_a_clause_or_area_that_there_is_not_is_a_mistake(command: Command) -> None:
    for arguments in (("spec", "show", "KEA-TEL-99"), ("spec", "list", "--area", "telemetri")):
        done = command(*arguments)
        assert done.code == 2
        assert "did you mean" in done.err
        assert "Traceback" not in done.err


def test_coverage_is_told_for_each_area(command: Command) -> None:
    done = command("spec", "coverage")
    assert re.search(r"telemetry\s+29\s+23\s+29", done.out)
    document = json.loads(command("spec", "coverage", "--format", "json").out)
    assert document["areas"]["telemetry"]["clauses"] == 29
    assert document["contract"]["telemetry-port"]["clauses"] == 11


def test_the_fakes_are_judged_where_nothing_else_is_named(command: Command) -> None:
    done = command("conform", "--format", "json")
    document = json.loads(done.out)
    assert done.code == 0
    assert (document["judge"], document["subject"]) == ("server", "fake")
    assert document["verdicts"]["fail"] == 0
    assert sum(document["verdicts"].values()) == len(document["checks"])


def test_one_requirement_of_one_agent(command: Command) -> None:
    done = command("conform", "--agent", "plain", "--requirement", "KEA-TEL-018")
    assert (done.code, done.out) == (0, "PASS: agent plain: 1 pass\n")


def test_the_server_of_the_documentation_passes(command: Command, own: str) -> None:
    done = command("conform", "--backend", f"telemetry={own}:Server", "--format", "json")
    document = json.loads(done.out)
    assert done.code == 0, document
    assert document["subject"] == f"telemetry={own}:Server"
    assert {check["verdict"] for check in document["checks"] if check["id"].startswith("ports/")} == {
        "pass",
        "not-applicable",
    }


def test_a_server_that_forgets_fails_with_the_line_that_repeats_it(command: Command, own: str) -> None:
    done = command("conform", "--backend", f"telemetry={own}:Forgetful")
    assert done.code == 3  # its smoke check reads back what was stored
    assert "did not pass its smoke check" in done.err


def test_a_server_that_nobody_can_look_into_is_unknown_and_never_passes(command: Command, own: str) -> None:
    done = command("conform", "--backend", f"telemetry={own}:Silent", "--requirement", "PORT-TEL-001")
    assert done.code == 1
    assert "unknown        ports/what-is-acknowledged-is-held" in done.out
    line = f"again      seatrial conform --judge server --backend=telemetry={own}:Silent --requirement PORT-TEL-001"
    assert line in done.out


def test_an_adapter_that_breaks_is_told_once(command: Command, own: str) -> None:
    done = command("conform", "--backend", f"telemetry={own}:Broken")
    assert done.code == 3
    assert "RuntimeError: oh" in done.err


def test_a_claim_that_fails_is_a_failure_and_what_is_not_claimed_a_warning(
    command: Command, own: str, tmp_path: Path
) -> None:
    backend = f"telemetry={own}:Restarting"
    done = command("conform", "--backend", backend, "--requirement", "PORT-TEL-009")
    assert done.code == 2
    assert "NOTHING JUDGED" in done.out
    assert "`restart` answers, and restart is not claimed" in done.err
    (tmp_path / "profile.yaml").write_text("claims: {restart: true}\n", encoding="utf-8")
    done = command("conform", "--backend", backend, "--requirement", "PORT-TEL-009", "--profile", "profile.yaml")
    assert done.code == 1
    assert "what is held after a restart" in done.out


def test_the_agent_of_the_documentation_is_judged(command: Command, tmp_path: Path) -> None:
    assert AGENT is not None
    (tmp_path / "own_agent.py").write_text(AGENT[1], encoding="utf-8")
    clauses = ("KEA-TEL-018", "KEA-TEL-003", "KEA-IOF-001", "KEA-TEL-007")
    arguments = [argument for clause in clauses for argument in ("--requirement", clause)]
    done = command("conform", "--agent", "own_agent:Agent", "--format", "json", *arguments)
    verdicts = {check["id"]: check["verdict"] for check in json.loads(done.out)["checks"]}
    assert done.code == 1
    assert verdicts["telemetry/a-package-holds-1024-events-by-default"] == "fail"
    assert verdicts["telemetry/an-overload-of-low-importance-is-cut-and-a-calm-flow-is-not"] == "fail"
    assert verdicts["telemetry/with-throttling-off-nothing-is-withheld"] == "blocked"
    assert verdicts["ioc-files/files-end-in-ioc-or-xml"] == "not-applicable"


def test_waivers_are_drafted_filled_in_and_hold(command: Command, own: str, tmp_path: Path) -> None:
    arguments = ("conform", "--backend", f"telemetry={own}:Silent", "--requirement", "PORT-TEL-001")
    waivers = ("--waivers", "waivers.yaml")
    assert command(*arguments, *waivers, "--write-waivers").code == 1
    refused = command(*arguments, *waivers)
    assert refused.code == 2
    assert "waivers.yaml:5:11: waivers.0.reason: it is not filled in" in refused.err
    file = tmp_path / "waivers.yaml"
    text = file.read_text(encoding="utf-8").replace("reason: ''", "reason: soon").replace("owner: ''", "owner: Kim")
    file.write_text(text, encoding="utf-8")
    held = command(*arguments, *waivers)
    assert (held.code, "1 waived" in held.out) == (0, True)
    stale = command("conform", "--requirement", "PORT-TEL-001", *waivers)
    assert "1 pass" in stale.out  # it is a waiver of another backend
    file.write_text(text.replace(f"telemetry={own}:Silent", "fake"), encoding="utf-8")
    stale = command("conform", "--requirement", "PORT-TEL-001", *waivers)
    assert (stale.code, "stale-waiver" in stale.out) == (1, True)


def test_of_each_finding_is_kept_what_was_tried_and_seen(command: Command, own: str, tmp_path: Path) -> None:
    assert AGENT is not None
    (tmp_path / "own_agent.py").write_text(AGENT[1], encoding="utf-8")
    done = command("conform", "--agent", "own_agent:Agent", "--requirement", "KEA-TEL-003", "--out", "kept")
    assert done.code == 1
    (folder,) = (tmp_path / "kept").iterdir()
    finding = json.loads((folder / "finding.json").read_text(encoding="utf-8"))
    assert (finding["verdict"], finding["clauses"]) == ("fail", ["KEA-TEL-003"])
    assert finding["again"].endswith("--requirement KEA-TEL-003")
    assert {path.name for path in (folder / "trial-1").iterdir()} == {
        "scenario.yaml",
        "requests.jsonl",
        "events.jsonl",
        "facts.jsonl",
        "books.json",
    }
    first = (folder / "trial-1" / "requests.jsonl").read_text(encoding="utf-8").splitlines()[0]
    assert json.loads(first)["kind"] in ("send", "synchronise")
    done = command("conform", "--backend", f"telemetry={own}:Silent", "--requirement", "PORT-TEL-001", "--out", "more")
    (folder,) = (tmp_path / "more").iterdir()
    assert "answered" in (folder / "messages.jsonl").read_text(encoding="utf-8")


def test_what_passes_leaves_nothing_behind(command: Command, tmp_path: Path) -> None:
    assert command("conform", "--requirement", "KEA-POL-017", "--out", "kept").code == 0
    assert not (tmp_path / "kept").exists()


def test_reports_are_written(command: Command, tmp_path: Path) -> None:
    files = {"--junit": "out.xml", "--summary": "out.md", "--html": "out.html"}
    done = command("conform", "--requirement", "KEA-POL-017", *(part for pair in files.items() for part in pair))
    assert done.code == 0
    for name in files.values():
        assert "policies/there-are-three-statuses" in (tmp_path / name).read_text(encoding="utf-8") or name == "out.md"
    assert "PASS" in (tmp_path / "out.md").read_text(encoding="utf-8")
    assert command("conform", "--requirement", "KEA-POL-017", "--junit", "no/such/folder/x.xml").code == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--judge", "nobody"), "there is no such judge"),
        (("--agent", "nobody"), "there is no agent 'nobody'"),
        (("--agent", "no_such:Agent"), "there is no module 'no_such'"),
        (("--agent", "json:dumps"), "is no implementation of Endpoint Agent"),
        (("--agent", "plain", "--backend", "telemetry=x:Y"), "an agent is not judged together with servers"),
        (("--judge", "agent", "--backend", "telemetry=x:Y"), "agents are judged against the fakes"),
        (("--requirement", "KEA-TEL-9"), "there is no clause 'KEA-TEL-9'"),
        (("--waivers", "none.yaml"), "there is no such file"),
        (("--write-waivers",), "name the file with --waivers FILE"),
        (("--backend", "telemetry=no_such:Server"), "there is no module 'no_such'"),
    ],
)
def test_mistakes_are_told_in_a_line(command: Command, arguments: tuple[str, ...], told: str) -> None:
    done = command("conform", *arguments)
    assert done.code == 2
    assert told in done.err
    assert "Traceback" not in done.err


def test_a_selection_that_runs_nothing_is_never_green(command: Command) -> None:
    done = command("conform", "--judge", "agent", "--requirement", "PORT-TEL-001")
    assert (done.code, done.out.startswith("NOTHING RAN")) == (2, True)


def test_one_defect_is_put_to_the_checks(command: Command) -> None:
    done = command("prove", "--defect", "percentage-of-4", "--format", "json")
    document = json.loads(done.out)
    assert document["defects"] == [
        {
            "name": "percentage-of-4",
            "clause": "KEA-TEL-016",
            "killed_by": "telemetry/the-percentage-is-from-5-to-100",
        }
    ]
    assert document["must_killed"] == 1
    assert document["must_clauses"] > 100
    assert done.code == 1  # the other clauses were not put to the proof
    assert command("prove", "--defect", "percentage-of-5").code == 2
