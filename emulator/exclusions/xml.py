"""The list of excluded processes as an XML file, out and in again (KEA-EDX-025, KEA-EDX-026).

The product's own format is not documented: this one is the emulator's. A list of network exclusions has none
(KEA-EDX-037).
"""

from collections.abc import Sequence
from typing import Final

from lxml import etree

from emulator.errors import UserError
from emulator.exclusions.process import ProcessRule
from emulator.policy.errors import SettingError
from emulator.policy.kinds import LIST_MAX, nearest, shown
from emulator.policy.records import declared, read_record

XML_SIZE_MAX: Final = 4 * 2**20
"""Bytes of a file to import."""
ROOT: Final = "ExcludedProcesses"
RULE: Final = "Rule"

_TAGS: Final = {"".join(word.capitalize() for word in field.key.split("-")): field for field in declared(ProcessRule)}
_LIST: Final = "EventTypes"
_ENTRY: Final = "EventType"


def export_rules(rules: Sequence[ProcessRule]) -> bytes:
    """The rules as XML, in their order; `import_rules` gives the same ones back."""
    root = etree.Element(ROOT)
    for rule in rules:
        element = etree.SubElement(root, RULE)
        for tag, field in _TAGS.items():
            value = getattr(rule, field.name)
            if value == field.default:
                continue
            child = etree.SubElement(element, tag)
            if tag == _LIST:
                for entry in value:
                    etree.SubElement(child, _ENTRY).text = entry
            else:
                child.text = value
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def import_rules(data: bytes, *, source: str) -> tuple[ProcessRule, ...]:
    """The rules of an exported file; whether they replace or extend a list is the caller's choice.

    Raises UserError with `source` and the line: not well-formed, too large, a document type or entities, another
    root, an unknown or repeated element, an attribute, a stray text, a value that a rule refuses.
    """
    if len(data) > XML_SIZE_MAX:
        raise UserError(source, f"the file has {len(data)} bytes", f"import at most {XML_SIZE_MAX}")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line = f"{source}:{error.lineno or 1}"
        raise UserError(line, f"the XML cannot be read ({error.msg})", "import a file made by the export") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise UserError(f"{source}:1", "the file has a document type", "leave DOCTYPE and entities out")
    if root.tag != ROOT:
        raise _refusal(source, root, f"the root is {shown(root.tag)}", f"import a list with the root {ROOT}")
    _check_shape(source, root)
    elements = list(root)
    if len(elements) > LIST_MAX:
        raise _refusal(source, root, f"the list has {len(elements)} rules", f"import at most {LIST_MAX}")
    return tuple(_rule(source, element) for element in elements)


def _rule(source: str, element: etree._Element) -> ProcessRule:
    if element.tag != RULE:
        raise _refusal(source, element, f"unknown element {shown(element.tag)}", f"write {RULE}")
    _check_shape(source, element)
    given: dict[str, object] = {}
    places = {}
    for child in element:
        tag = str(child.tag)
        field = _TAGS.get(tag)
        if field is None:
            raise _refusal(source, child, f"unknown element {shown(tag)}", nearest(tag, _TAGS))
        if field.key in given:
            raise _refusal(source, child, f"the element {tag} is given twice", "leave one out")
        places[field.key] = child
        given[field.key] = _entries(source, child) if tag == _LIST else _text(source, child)
    try:
        return read_record(ProcessRule, given)
    except SettingError as error:
        place = places.get(str(error.path[0]), element) if error.path else element
        raise _refusal(source, place, error.cause, error.remedy) from error


def _entries(source: str, element: etree._Element) -> list[str]:
    _check_shape(source, element)
    for child in element:
        if child.tag != _ENTRY:
            raise _refusal(source, child, f"unknown element {shown(child.tag)}", f"write {_ENTRY}")
    return [_text(source, child) for child in element]


def _text(source: str, element: etree._Element) -> str:
    if len(element):
        raise _refusal(source, element[0], f"the element {element.tag} holds other elements", "write a text")
    if element.attrib:
        raise _refusal(source, element, f"the element {element.tag} has attributes", "leave them out")
    return element.text or ""


def _check_shape(source: str, element: etree._Element) -> None:
    """An element that holds elements: no attributes, and nothing but blanks between them."""
    if element.attrib:
        raise _refusal(source, element, f"the element {element.tag} has attributes", "leave them out")
    if any((text or "").strip() for text in (element.text, *(child.tail for child in element))):
        raise _refusal(source, element, f"the element {element.tag} holds a text", "leave it out")


def _refusal(source: str, element: etree._Element, cause: str, remedy: str) -> UserError:
    return UserError(f"{source}:{element.sourceline or 1}", cause, remedy)
