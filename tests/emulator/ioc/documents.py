"""Writes small OpenIOC documents for the tests, and judges them."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from emulator.ioc import IndicatorFile, Instance, Match, Snapshot, evaluate, parse

NAMESPACES = {
    "1.0": ("ioc", "definition", "http://schemas.mandiant.com/2010/ioc"),
    "1.1": ("OpenIOC", "criteria", "http://openioc.org/schemas/OpenIOC_1.1"),
}


def attributes(values: Mapping[str, str | None]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items() if value is not None)


def item(
    term: str,
    condition: str | None,
    content: str,
    kind: str | None = "string",
    *,
    id: str | None = None,  # noqa: A002  # the attribute's own name
    negate: str | None = None,
    preserve_case: str | None = None,
) -> str:
    own = attributes({"id": id, "condition": condition, "negate": negate, "preserve-case": preserve_case})
    context = attributes({"document": "other", "search": term, "type": "mir"})
    return (
        f"<IndicatorItem{own}><Context{context}/>"
        f"<Content{attributes({'type': kind})}>{escape(content)}</Content></IndicatorItem>"
    )


def indicator(operator: str | None, *children: str) -> str:
    return f"<Indicator{attributes({'operator': operator})}>{''.join(children)}</Indicator>"


def document(version: str, *body: str, id: str | None = "file-1") -> bytes:  # noqa: A002  # the attribute's own name
    root, holder, namespace = NAMESPACES[version]
    own = attributes({"xmlns": namespace, "id": id})
    return f"<{root}{own}><{holder}>{''.join(body)}</{holder}></{root}>".encode()


def read(version: str, *body: str) -> IndicatorFile:
    return parse(document(version, *body), "test.ioc")


def judge(version: str, body: str, items: Mapping[str, Sequence[Instance]]) -> Match:
    return evaluate(read(version, body), Snapshot.of(items))


def holds(version: str, body: str, *files: Instance) -> bool:
    """Whether a document with that body matches a device with these FileItems."""
    return judge(version, body, {"FileItem": files}).matched


def alone(
    condition: str,
    content: str,
    kind: str | None = "string",
    *,
    version: str = "1.1",
    negate: str | None = None,
    preserve_case: str | None = None,
) -> IndicatorFile:
    """A file with one item, about the field F of FileItem."""
    one = item("FileItem/F", condition, content, kind, negate=negate, preserve_case=preserve_case)
    return read(version, indicator("OR", one))


def meets(file: IndicatorFile, *values: object) -> bool:
    """Whether a device with one FileItem, whose field F holds these values, matches."""
    field = list(values) if len(values) != 1 else values[0]
    return evaluate(file, Snapshot.of({"FileItem": [{"F": field}]})).matched  # type: ignore[dict-item]  # any value
