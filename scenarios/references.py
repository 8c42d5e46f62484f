"""References of steps: the servers, policies and folders that their actions name have to be there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from emulator.errors import UserError
from emulator.exclusions.xml import XML_SIZE_MAX, import_rules
from emulator.policy.policies import Policy
from emulator.ports import Port
from scenarios.actions import LIBRARY, Action, ChangePolicy
from scenarios.fields import Refers
from scenarios.library import INDICATORS
from scenarios.model import Server
from scenarios.problems import Loc, LocatedError, hint, shown
from scenarios.sections import check_addresses, read_settings
from scenarios.timeline import Step
from scenarios.validation import Checker


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What steps can refer to; None where a mistake keeps it from being known. `folder` is the scenario's."""

    folder: Path
    policies: Mapping[str, Policy] | None
    servers: Mapping[Port, Server] | None

    def names(self, kind: str) -> tuple[str, ...] | None:
        """The names of a kind that `Refers` marks, None where they are not known."""
        if kind == "server" and self.servers is not None:
            ports = [port.value for port in self.servers]
            return tuple(dict.fromkeys([*ports, *(node for server in self.servers.values() for node in server.nodes)]))
        if kind == "policy" and self.policies is not None:
            return tuple(self.policies)
        return None


def checked(checker: Checker, step: Step, around: Surroundings) -> Step | None:
    """The step with its folder of indicators as a full path; None where it names what is not there."""
    before = checker.found
    action = step.action
    for field, info in type(action).model_fields.items():
        for refers in (item for item in info.metadata if isinstance(item, Refers)):
            loc = (*step.action_loc, field)
            value: str = getattr(action, field)
            if refers.kind == "indicators":
                action = _with_folder(checker, action, value, loc, around.folder)
                continue
            if refers.kind == "exclusions":
                action = _with_file(checker, action, value, loc, around.folder)
                continue
            names = around.names(refers.kind)
            if names is not None and value not in names:
                checker.error(loc, f"there is no {refers.kind} {shown(value)}", hint(value, names))
    if isinstance(action, ChangePolicy):
        _check_settings(checker, action, (*step.action_loc, "settings"), around)
    return step.doing(action) if checker.found == before else None


def _check_settings(checker: Checker, action: ChangePolicy, loc: Loc, around: Surroundings) -> None:
    policy = (around.policies or {}).get(action.policy)
    if policy is None:
        return
    settings = read_settings(checker, action.settings, loc, policy.settings)
    if settings is not None and around.servers is not None:
        check_addresses(checker, action.settings, loc, around.servers)


def _with_folder(checker: Checker, action: Action, text: str, loc: Loc, folder: Path) -> Action:
    """The action with its folder of indicators as a full path."""
    if text == LIBRARY:
        return action.model_copy(update={"indicators": str(INDICATORS)})

    def look(path: Path) -> str:
        if not path.is_dir():
            cause = f"{shown(text)} is not a folder" if path.exists() else f"there is no folder {shown(text)}"
            raise LocatedError((), cause, f"give a folder of IOC files, or `{LIBRARY}`")
        next(path.iterdir(), None)
        return str(path.resolve())

    found = _looked(checker, text, loc, folder, look)
    return action if found is None else action.model_copy(update={"indicators": found})


def _with_file(checker: Checker, action: Action, text: str, loc: Loc, folder: Path) -> Action:
    """The action with its file of exclusions as a full path; the file has been read once."""

    def look(path: Path) -> str:
        if not path.is_file():
            raise LocatedError((), f"there is no file {shown(text)}", "give an XML file of excluded processes")
        with path.open("rb") as file:
            import_rules(file.read(XML_SIZE_MAX + 1), source=text)
        return str(path.resolve())

    found = _looked(checker, text, loc, folder, look)
    return action if found is None else action.model_copy(update={"file": found})


def _looked(checker: Checker, text: str, loc: Loc, folder: Path, look: Callable[[Path], str]) -> str | None:
    """What `look` finds at a path; None where it is not there, cannot be read, or lies outside of the folder.

    A path from the command line is relative to where the user stands. One in a file is relative to the file and cannot
    leave its folder: whoever wrote the file does not choose what is read elsewhere.
    """
    given = loc in checker.document.arguments
    folder = checker.document.folder_of(loc) or folder
    try:
        path = Path(text) if given else folder / text
        if not given and not path.resolve().is_relative_to(folder.resolve()):
            raise LocatedError(
                (), f"{shown(text)} leads out of the scenario's folder", "name a path below it, or give it with --set"
            )
        return look(path)
    except LocatedError as error:
        checker.located(loc, error)
    except UserError as error:
        checker.error(loc, f"{error.place}: {error.cause}", error.remedy)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be a path"
        checker.error(loc, f"{shown(text)} cannot be read ({reason})", "check its permissions")
    return None
