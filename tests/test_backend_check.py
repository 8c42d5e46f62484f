"""`seatrial backend check` as users meet it: each step, the claims, the exit codes; secrets stay out."""

from pathlib import Path

from seatrial import ExitCode
from tests.commandline import Command, own, trial

WITH_OPTIONS = """
from pydantic import SecretStr
import seatrial

class Server(seatrial.Backend, seatrial.Telemetry):
    claims = {"telemetry": "1.0", "time": "wall"}

    class Options(seatrial.Options):
        token: SecretStr

    def open(self, run): ...
    def enrol(self, device): return seatrial.Credential(device.name)
    def send(self, packages): return [seatrial.Refused(401, self.options.token.get_secret_value()) for _ in packages]
    def reset(self): ...
    def close(self): ...
"""


def test_each_step_is_told_and_what_is_claimed(command: Command) -> None:
    done = command("backend", "check", own("Observed"))
    assert (done.code, done.err) == (ExitCode.OK, "")
    lines = done.out.splitlines()
    assert lines[:3] == ["claims  telemetry: 1.0", "claims  time: simulated", "claims  observe.stored: True"]
    assert [line.split()[:2] for line in lines[3:]] == [
        ["ok", step] for step in ("open", "enrol", "send", "stored", "reset", "close")
    ]


def test_a_step_that_fails_ends_with_3_after_the_others_were_told(command: Command) -> None:
    done = command("backend", "check", own("Shy"))
    assert done.code == ExitCode.HARNESS
    assert "ok      enrol" in done.out
    assert "FAILED  send    refused with status 401 (who are you)" in done.out
    assert "did not pass its smoke check" in done.err


def test_an_adapter_that_raises_ends_with_3_and_its_traceback(command: Command) -> None:
    done = command("backend", "check", own("Server"))
    assert done.code == ExitCode.OK
    Path("own_raising.py").write_text(
        "from own_server import Server as S\nclass Raising(S):\n    def open(self, run): 1 / 0\n"
    )
    done = command("backend", "check", "telemetry=own_raising:Raising")
    assert done.code == ExitCode.HARNESS
    assert "ZeroDivisionError" in done.err


def test_what_names_no_backend_ends_with_2(command: Command) -> None:
    for pair, told in (
        ("telemetry", "write --backend PORT=SPEC"),
        ("telemtry=a:b", "did you mean 'telemetry'"),
        ("telemetry=fake", "the fake needs no check"),
        ("telemetry=own_nowhere:Server", "there is no module 'own_nowhere'"),
    ):
        done = command("backend", "check", pair)
        assert done.code == ExitCode.USER
        assert told in done.err


def test_options_are_set_and_secrets_are_masked(command: Command) -> None:
    Path("own_options.py").write_text(WITH_OPTIONS)
    assert "'token' is missing" in command("backend", "check", "telemetry=own_options:Server").err
    done = command("backend", "check", "telemetry=own_options:Server", "--set", "token=hunter2")
    assert done.code == ExitCode.HARNESS
    assert "refused with status 401 (**********)" in done.out
    assert "hunter2" not in done.out + done.err


def test_a_secret_of_a_run_that_breaks_is_in_no_report(command: Command) -> None:
    """Nobody has asked the backend yet which of its options are secret."""
    option = "servers.telemetry.options.token"
    path = trial(servers={"telemetry": {"backend": "own_nowhere:Server", "options": {"token": "x"}}})
    for words in (["--set", f"{option}=hunter2"], [f"--set={option}=hunter2"]):
        done = command("run", path, *words, "--junit", "j.xml", "--summary", "s.md")
        assert done.code == ExitCode.USER
        for name in ("j.xml", "s.md"):
            text = Path(name).read_text()
            assert f"{option}=**********" in text
            assert "hunter2" not in text + done.out + done.err
    command("run", path, "--set", f"{option}=${{env:TOKEN}}", "--junit", "j.xml")
    assert f"{option}=${{env:TOKEN}}" in Path("j.xml").read_text()
