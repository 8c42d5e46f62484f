import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.errors import UserError
from emulator.events import EVENT_TYPES
from emulator.exclusions import xml
from emulator.exclusions.process import ProcessRule
from emulator.exclusions.xml import XML_SIZE_MAX, export_rules, import_rules
from emulator.policy.kinds import LIST_MAX, xml_can_hold

RULE = "<Rule><Name>r</Name><Path>x</Path></Rule>"


def text(content: str) -> bytes:
    return f"<ExcludedProcesses>\n{content}\n</ExcludedProcesses>".encode()


def test_an_export_is_readable_and_complete() -> None:
    rule = ProcessRule("backup", path=r"C:\*\b.exe", sha256="ab" * 32, event_types=("file-change", "process-end"))
    assert export_rules([rule]).decode().splitlines() == [
        "<?xml version='1.0' encoding='UTF-8'?>",
        "<ExcludedProcesses>",
        "  <Rule>",
        "    <Name>backup</Name>",
        r"    <Path>C:\*\b.exe</Path>",
        f"    <Sha256>{'ab' * 32}</Sha256>",
        "    <EventTypes>",
        "      <EventType>file-change</EventType>",
        "      <EventType>process-end</EventType>",
        "    </EventTypes>",
        "  </Rule>",
        "</ExcludedProcesses>",
    ]


texts = st.text(st.characters(codec="utf-8").filter(xml_can_hold), min_size=1, max_size=20)
paths = texts.filter(lambda value: "%" not in value)
hexadecimal = st.text("0123456789abcdef", min_size=32, max_size=32)
rules = st.builds(
    ProcessRule,
    name=texts,
    path=st.none() | paths,
    command_line=texts,
    parent_path=st.none() | paths | st.just(r"%TEMP%\*"),
    description=st.none() | texts,
    original_name=st.none() | texts,
    version=st.none() | texts,
    md5=st.none() | hexadecimal,
    sha256=st.none() | hexadecimal.map(lambda half: half * 2),
    event_types=st.lists(st.sampled_from([kind.name for kind in EVENT_TYPES])).map(tuple),
)


@given(st.lists(rules, max_size=4))
@example([])
@example([ProcessRule(" \t\r\n", command_line="\r\n <&>\"']]>")])
def test_an_import_restores_what_was_exported(exported: list[ProcessRule]) -> None:
    assert list(import_rules(export_rules(exported), source="rules.xml")) == exported  # KEA-EDX-025, KEA-EDX-026


def test_a_byte_order_mark_and_another_encoding_are_read() -> None:
    plain = export_rules([ProcessRule("é", path="x")]).decode().replace("UTF-8", "UTF-16")
    assert import_rules(plain.encode("utf-16"), source="f") == (ProcessRule("é", path="x"),)


def test_comments_are_passed_over() -> None:
    assert import_rules(text(f"<!-- x -->{RULE}<?pi?>"), source="f") == (ProcessRule("r", path="x"),)


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))

REFUSED = [
    (b"", "f:1", "cannot be read"),
    (b"\x00", "f:1", "cannot be read"),
    (b"<ExcludedProcesses>", "f:1", "cannot be read"),
    (text("&x;"), "f:2", "cannot be read"),
    (b"<!DOCTYPE ExcludedProcesses>\n" + text(RULE), "f:1", "document type"),
    (b'<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd">\n' + text(RULE), "f:1", "document type"),
    (b'<!DOCTYPE a [<!ENTITY x "y">]>\n' + text("<Rule><Name>&x;</Name></Rule>"), "f:1", "document type"),
    (b'<!DOCTYPE a [<!ENTITY x SYSTEM "f">]>\n' + text("<Rule><Name>&x;</Name></Rule>"), "f:1", "document type"),
    (f'<!DOCTYPE a [<!ENTITY e0 "x">{ENTITIES}]><a b="&e9;"/>'.encode(), "f:1", "cannot be read"),
    (f'<!DOCTYPE a [<!ENTITY e0 "x">{ENTITIES}]><a>&e9;</a>'.encode(), "f:1", "cannot be read"),
    (b"<ExcludedProcesses>" + b"<Rule>" * 5_000, "f:1", "cannot be read"),
    (b"<Rules/>", "f:1", "the root is 'Rules'"),
    (b'<x:ExcludedProcesses xmlns:x="u"/>', "f:1", "the root is"),
    (b'<ExcludedProcesses a="b"/>', "f:1", "has attributes"),
    (text("stray"), "f:1", "holds a text"),
    (text(f"{RULE} stray"), "f:1", "holds a text"),
    (text("<Rul/>"), "f:2", "unknown element 'Rul'"),
    (text("<Rule>\n<Pth>x</Pth></Rule>"), "f:3", "unknown element 'Pth'"),
    (text("<Rule a='b'/>"), "f:2", "has attributes"),
    (text("<Rule>stray</Rule>"), "f:2", "holds a text"),
    (text("<Rule>\n<Name a='b'>x</Name></Rule>"), "f:3", "has attributes"),
    (text("<Rule>\n<Name><b/></Name></Rule>"), "f:3", "holds other elements"),
    (text("<Rule><Name>r</Name>\n<Path>x</Path>\n<Path>y</Path></Rule>"), "f:4", "given twice"),
    (text("<Rule><Name>r</Name>\n<Path/></Rule>"), "f:3", "empty"),
    (text("<Rule><Name>r</Name>\n<Md5>x</Md5></Rule>"), "f:3", "not such a hash"),
    (text("<Rule><Name>r</Name>\n</Rule>"), "f:2", "no criterion"),
    (text("<Rule><Path>x</Path></Rule>"), "f:2", "'name' is missing"),
    (text("<Rule><Name>r</Name><Path>x</Path>\n<EventTypes/></Rule>"), "f:3", "0 entries"),
    (text("<Rule><Name>r</Name><Path>x</Path>\n<EventTypes><Typ/></EventTypes></Rule>"), "f:3", "unknown element"),
    (
        text("<Rule><Name>r</Name><Path>x</Path>\n<EventTypes><EventType>x</EventType></EventTypes></Rule>"),
        "f:3",
        "'x' is not known here",
    ),
    (text(RULE * (LIST_MAX + 1)), "f:1", f"{LIST_MAX + 1} rules"),
    (b" " * (XML_SIZE_MAX + 1), "f", "bytes"),
]


@pytest.mark.parametrize(("data", "place", "says"), REFUSED, ids=[says for _, _, says in REFUSED])
def test_a_wrong_file_is_refused_with_place_cause_and_remedy(data: bytes, place: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        import_rules(data, source="f")
    assert caught.value.place == place
    assert says in caught.value.cause
    assert caught.value.remedy


def test_an_unknown_element_names_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'CommandLine'"):
        import_rules(text("<Rule><Commandline>x</Commandline></Rule>"), source="f")


@given(st.binary(max_size=60) | st.text("<>/&RuleNamePath! ", max_size=60).map(str.encode))
def test_whatever_is_given_either_is_read_or_refused(data: bytes) -> None:
    for content in (data, b"<ExcludedProcesses>" + data + b"</ExcludedProcesses>"):
        try:
            import_rules(content, source="f")
        except UserError as error:
            assert error.place.startswith("f")  # noqa: PT017  # either outcome is right


def test_network_rules_have_no_xml() -> None:
    # KEA-EDX-037
    assert not [name for name in vars(xml) if "network" in name.lower()]
