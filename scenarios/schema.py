"""The JSON Schema of scenarios and suites, for editors: generated from the models and from the settings of policies."""

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from emulator.exclusions.network import NetworkRule
from emulator.policy.kinds import UNIT_BYTES, UNIT_MS
from emulator.policy.records import Record
from emulator.policy.settings import (
    LOCAL_KEYS,
    GroupDescription,
    SettingDescription,
    Switch,
    describe,
    describe_record,
)
from emulator.response.prevention import PreventionRule
from emulator.tasks.ioc_scan import Retrospective
from emulator.tasks.scan_scope import ScanScope
from emulator.tasks.schedule import Schedule
from emulator.tasks.task import Storage
from scenarios.actions import ACTIONS, FAULTS, about
from scenarios.entries import ENTRIES
from scenarios.fields import RECORD_FORMAT, SELECTOR_FORMAT, Model
from scenarios.format import ScenarioFile
from scenarios.params import PARAM_KEYS
from scenarios.parts import EXTENDS, INCLUDE, SUITE
from scenarios.selectors import COLUMNS, STATE, STATES
from scenarios.source import parse
from scenarios.suite import SuiteFile
from scenarios.timeline import DoNothing, Timing

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
REFERENCE: Final = "#/$defs/{model}"

Schema = dict[str, Any]  # JSON

UNITS: Final = {"duration": "|".join(UNIT_MS), "size": "|".join(UNIT_BYTES)}
"""Kinds of settings that take a text with a unit, and a pattern of their units."""
_REPLACEABLE: Final = ("integer", "number", "boolean")
"""Types of which a value may be one `${name}` instead."""


_VERBATIM: Final = ("examples", "default", "enum", "propertyNames")


PARTIAL: Final = "partial-"
"""Before the name of a definition: for files that need not be whole, since they are merged with others."""
WHOLE: Final = ("selector", "parameter")
"""Definitions of what is replaced as a whole."""
RECORDS: Final[dict[str, type[Record]]] = {
    "schedule": Schedule,
    "storage": Storage,
    "scan-scope": ScanScope,
    "retrospective": Retrospective,
    "exclusion": NetworkRule,
    "prevention-rule": PreventionRule,
}
"""Records of the emulator that fields of the format hold."""
_RECORD_FORMATS: Final = tuple(RECORD_FORMAT.format(name=name) for name in RECORDS)
OF_DEVICES: Final = ("EditSettings", "Attempt")
"""Actions whose settings are those of devices: they have no switches."""


def scenario_schema() -> Schema:
    """The schema, draft 2020-12. A file that loads is valid under it; names and references are not judged by it.

    It has three definitions for files: `scenario`, `partial-scenario` for one that extends or includes others, or is
    included itself, and `suite`.
    """
    models: list[type[Model]] = [
        ScenarioFile,
        SuiteFile,
        Timing,
        DoNothing,
        *ACTIONS.values(),
        *FAULTS.values(),
        *ENTRIES.values(),
    ]
    _, generated = models_json_schema([(model, "validation") for model in models], ref_template=REFERENCE)
    parts: dict[str, Schema] = generated["$defs"]
    parts["selector"] = _selector()
    parts["settings"] = _settings()
    parts["local-settings"] = _local_settings()
    parts["declaration"] = _declaration()
    for name, record in RECORDS.items():
        described = describe_record(record)
        required = [setting.key for setting in described if setting.required]
        properties = {setting.key: _setting(setting) for setting in described}
        parts[RECORD_FORMAT.format(name=name)] = _object(properties, required, (record.__doc__ or "").splitlines()[0])
    _steps(parts)
    _expectations(parts)
    parts["suite"] = parts.pop("SuiteFile")
    root = parts["scenario"] = parts.pop("ScenarioFile")
    root["properties"]["timeline"]["items"] = {"$ref": "#/$defs/step"}
    root["properties"]["expect"]["items"] = {"$ref": "#/$defs/expectation"}
    root["properties"]["params"]["additionalProperties"] = {"$ref": "#/$defs/declaration"}
    for name in ("PolicyEntry", "ChangePolicy", "CreatePolicy", *OF_DEVICES):
        settings = parts[name]["properties"]["settings"]
        parts[name]["properties"]["settings"] = {
            "$ref": "#/$defs/local-settings" if name in OF_DEVICES else "#/$defs/settings",
            "description": settings.get("description", ""),
        }
    definitions = _finished({"$defs": parts})["$defs"]
    definitions["parameter"] = {
        "type": "string",
        "pattern": r"\$\{[A-Za-z][A-Za-z0-9_-]*\}",
        "description": "a parameter of the scenario",
    }
    partial = {PARTIAL + name: _partial(part) for name, part in definitions.items() if name not in (*WHOLE, "suite")}
    partial[PARTIAL + "scenario"]["properties"] |= _reuse()
    not_whole: list[Schema] = [{"required": [key]} for key in (EXTENDS, INCLUDE)]
    not_whole.append({"not": {"anyOf": [{"required": ["name"]}, {"required": ["duration"]}]}})
    return {
        "$schema": DRAFT,
        "description": "a scenario or a suite of Seatrial",
        "if": {"required": [SUITE]},
        "then": {"$ref": "#/$defs/suite"},
        "else": {
            "if": {"anyOf": not_whole},
            "then": {"$ref": f"#/$defs/{PARTIAL}scenario"},
            "else": {"$ref": "#/$defs/scenario"},
        },
        "$defs": {**definitions, **partial},
    }


def _reuse() -> Schema:
    """The keys that name other files."""
    return {
        EXTENDS: {
            "type": "string",
            "description": "a scenario that this one is like: a path below the scenario's folder, or `library:NAME`",
        },
        INCLUDE: {
            "type": "array",
            "items": {"type": "string"},
            "description": "files with parts of this scenario, below its folder; what stands here is put over them",
        },
    }


def _partial(schema: Any, *, name: bool = False) -> Any:  # JSON
    """A definition with nothing required, and with `~` allowed for every key: it takes away what is merged with it.

    `name` tells that the keys of a mapping are names of properties and no words of JSON Schema.
    """
    if isinstance(schema, list):
        return [_partial(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if name:
        return {key: {"anyOf": [_partial(value), {"type": "null"}]} for key, value in schema.items()}
    done = {}
    for key, value in schema.items():
        if key == "$ref":
            own = value.rpartition("/")[2]
            done[key] = value if own in WHOLE else REFERENCE.format(model=PARTIAL + own)
        elif key == "additionalProperties" and isinstance(value, dict):
            done[key] = {"anyOf": [_partial(value), {"type": "null"}]}
        elif key != "required":
            done[key] = value if key in _VERBATIM else _partial(value, name=key == "properties")
    return done


def _steps(parts: dict[str, Schema]) -> None:
    """Puts the parts of a step together: the fields of its time beside those of its action."""
    timing = parts.pop("Timing")["properties"]
    parts.pop("DoNothing")
    faults = [parts.pop(model.__name__) | _told(model) for model in FAULTS.values()]
    parts["fault"] = {"anyOf": faults, "description": "something is wrong with a server"}
    steps = []
    for model in ACTIONS.values():
        action = parts[model.__name__]
        action["properties"] = {**timing, **action["properties"]}
        action.update(_told(model))
        steps.append({"$ref": f"#/$defs/{model.__name__}"})
    fault = {**timing, "fault": {"$ref": "#/$defs/fault"}}
    steps.append(_object(fault, required=["fault"], description="a fault of a server"))
    steps.append(_object(timing, required=["name"], description="a mark that others refer to"))
    parts["step"] = {"anyOf": steps, "description": "something that happens"}


def _expectations(parts: dict[str, Schema]) -> None:
    for model in ENTRIES.values():
        parts[model.__name__].update(_told(model))
    references = [{"$ref": f"#/$defs/{model.__name__}"} for model in ENTRIES.values()]
    parts["expectation"] = {"anyOf": references, "description": "what the run is judged by"}


def _told(model: Any) -> Schema:  # a model with an `example`
    example = parse(model.example.encode(), model.__name__).data
    return {"description": about(model), "examples": [example]}


def _selector() -> Schema:
    own = {"$ref": "#/$defs/selector"}
    properties: dict[str, Schema] = {column: {"type": "string"} for column in COLUMNS}
    properties[STATE] = {"enum": list(STATES)}
    properties |= {key: {"type": "array", "items": own, "minItems": 1} for key in ("all", "any")}
    properties |= dict.fromkeys(("not", "from", "except"), own)
    properties["pick"] = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "%"}]}
    mapping = _object(properties, required=[], description="what all of these terms name")
    return {
        "anyOf": [{"type": "string"}, {**mapping, "minProperties": 1}],
        "description": "devices: `all`, a name, or a mapping of terms",
    }


def _declaration() -> Schema:
    value: Schema = {"type": ["string", "number", "boolean"]}
    properties = {key: {"type": "string"} if key in ("unit", "about") else value for key in PARAM_KEYS}
    return _object(properties, required=["default"], description="a parameter")


def _settings() -> Schema:
    return _object({group.key: _group(group) for group in describe()}, required=[], description="settings of a policy")


def _local_settings() -> Schema:
    groups = {group.key: _values(group) for group in describe(LOCAL_KEYS)}
    return _object(groups, required=[], description="settings of a device")


def _values(group: GroupDescription) -> Schema:
    properties = {setting.key: _setting(setting) for setting in group.settings}
    return _object(properties, required=[], description=f"{group.title}: {group.about}")


def _group(group: GroupDescription) -> Schema:
    switch = {
        "enum": [position.value for position in Switch],
        "default": group.switch.value,
        "description": f"whether the policy applies this group ({group.switch_clause})",
    }
    values = _values(group)
    return {**values, "properties": {"switch": switch, **values["properties"]}}


def _setting(setting: SettingDescription) -> Schema:
    clause = f" ({setting.clause})" if setting.clause else ""
    described: Schema = {"description": f"{setting.about}{clause}"}
    if not setting.required and setting.default is not None:
        described["default"] = setting.default
    return _kind(setting, setting.kind) | described


def _kind(setting: SettingDescription, kind: str) -> Schema:
    bounds = {
        key: bound for key, bound in (("minimum", setting.minimum), ("maximum", setting.maximum)) if bound is not None
    }
    if kind == "boolean":
        return {"type": "boolean"}
    if kind == "integer":
        return {"type": "integer", **bounds}
    if kind in UNITS:
        return {"anyOf": [{"type": "integer", **bounds}, {"type": "string", "pattern": f"^[0-9]+ ?({UNITS[kind]})$"}]}
    if kind in ("text", "secret", "host", "certificate", "archive"):
        return {"type": "string"}
    if kind == "choice":
        return {"enum": list(setting.choices)}
    if kind == "list":
        return {"type": "array", "items": _item(setting)}
    if kind == "client-certificate":
        return _mapping(setting, "a client certificate")
    return {"type": ["string", "integer", "object"]}


def _item(setting: SettingDescription) -> Schema:
    if not setting.items:
        return {"enum": list(setting.choices)} if setting.choices else {"type": ["string", "integer"]}
    mapping = _mapping(setting, "an entry of the list")
    return {"anyOf": [{"type": "string"}, mapping]} if setting.item_kind == "address" else mapping


def _mapping(setting: SettingDescription, description: str) -> Schema:
    properties = {item.key: _setting(item) for item in setting.items}
    return _object(properties, [item.key for item in setting.items if item.required], description)


def _object(properties: Schema, required: list[str], description: str) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        "description": description,
    }


def _finished(schema: Any, *, name: bool = False) -> Any:  # JSON
    """With selectors in their place, and with `${name}` allowed wherever a single value stands.

    `name` tells that the keys of a mapping are names of properties and no words of JSON Schema.
    """
    if isinstance(schema, list):
        return [_finished(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if name:
        return {key: _finished(value) for key, value in schema.items()}
    done = {
        key: value if key in _VERBATIM else _finished(value, name=key in ("properties", "$defs"))
        for key, value in schema.items()
        if key != "title"
    }
    default = done.get("default", "")
    if default is None or isinstance(default, dict) or (done.get("type") == "string" and not isinstance(default, str)):
        del done["default"]  # as the model keeps it, which is not as it is written
    if str(done.get("format")) in _RECORD_FORMATS:
        return {"$ref": REFERENCE.format(model=done.pop("format")), **done}
    if done.get("format") == SELECTOR_FORMAT:
        del done["format"]
        return {"$ref": "#/$defs/selector", **done}
    if done.get("type") in _REPLACEABLE or "enum" in done or ("pattern" in done and "const" not in done):
        kept = {key: done.pop(key) for key in ("description", "default") if key in done}
        return {"anyOf": [done, {"$ref": "#/$defs/parameter"}], **kept}
    return done
