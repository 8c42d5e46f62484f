"""What a scenario is given from outside: values of parameters and of dotted paths, the number of devices, the seed."""

from collections.abc import Mapping
from dataclasses import dataclass

from scenarios.errors import UserError
from scenarios.format import ScenarioFile
from scenarios.params import Param, Substitution, Value, hidden_params, read_param, set_path
from scenarios.problems import LocatedError, hint, shown
from scenarios.source import Plain, scalar
from scenarios.validation import Checker


@dataclass(frozen=True, slots=True)
class Given:
    """A value from outside of the file; `by` is the argument, or the place in a suite, that gives it."""

    value: Value
    by: str


def apply_arguments(
    checker: Checker, given: Mapping[str, Given], overrides: Mapping[str, int | None]
) -> tuple[dict[str, Value], frozenset[str]]:
    """Puts parameters and arguments into the checker's document.

    Returns the values of the parameters, and which of them go where secrets may be: no message shows the value of one
    of these.

    `given` holds parameters and dotted paths by name, `overrides` paths with the numbers that replace them (None: leave
    it). Mistakes go to the checker, as do parameters that nothing uses. Raises ScenarioErrors where a parameter has no
    value at all, so that the rest would be guesswork.
    """
    hidden = hidden_params(checker.document.data)
    declared = _declared(checker)
    values = {name: param.default for name, param in declared.items()}
    outside: dict[str, str] = {}
    for name, each in given.items():
        try:
            if name in declared:
                values[name] = declared[name].read(each.value)
                outside[name] = each.by
            else:
                _set(checker, name, each, declared)
        except LocatedError as error:
            cause = "the value that was given does not fit" if name in hidden else error.cause
            checker.argument(each.by, LocatedError((), cause, error.remedy))
    for path, number in overrides.items():
        if number is not None:
            argument = f"--{path.rpartition('.')[2]}"
            try:
                set_path(checker.document, path, number, argument)
            except LocatedError as error:
                checker.argument(argument, error)
    substitution = Substitution(values, outside)
    substitution.apply(checker.document)
    for wrong in substitution.wrong:
        checker.located((), wrong)
    checker.document.broken.update(wrong.loc for wrong in substitution.wrong)
    for name in values:
        if name not in substitution.used:
            cause = f"the parameter {name!r} is not used"
            checker.notice(("params", name), cause, f"write ${{{name}}} where it belongs, or drop it")
    return values, frozenset(substitution.hidden)


def parse_set(text: str) -> tuple[str, str]:
    """Name and value of one `--set name=value`. Raises UserError."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UserError(f"--set {text}", "this does not set anything", "write --set name=value")
    return name.strip(), value.strip()


def _declared(checker: Checker) -> dict[str, Param]:
    data = checker.document.data.get("params")
    if data is None:
        return {}
    if not isinstance(data, dict):
        checker.error(("params",), f"{shown(data)} is not a mapping", "write `name: {default: …}` entries")
        checker.finish()
    declared: dict[str, Param] = {}
    for name, declaration in data.items():
        if name in ScenarioFile.model_fields:
            checker.error(("params", name), f"{name!r} is a key of every scenario", "choose another name", key=True)
            continue
        param = _param(checker, name, declaration)
        if param is not None:
            declared[name] = param
    if len(declared) < len(data):
        checker.finish()
    return declared


def _param(checker: Checker, name: str, declaration: Plain) -> Param | None:
    return checker.attempt(lambda: read_param(name, declaration), ("params", name))


def _set(checker: Checker, name: str, given: Given, declared: Mapping[str, Param]) -> None:
    top = name.split(".")[0]
    if top not in ScenarioFile.model_fields or top == "params":
        known = [*declared, *(key for key in ScenarioFile.model_fields if key != "params")]
        raise LocatedError((), f"there is no parameter or key {shown(top)}", hint(top, known))
    try:
        value = scalar(given.value) if isinstance(given.value, str) else given.value
    except ValueError as error:
        raise LocatedError((), str(error), "give a shorter one") from error
    set_path(checker.document, name, value, given.by)
