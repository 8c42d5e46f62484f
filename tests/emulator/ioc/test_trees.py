"""Files, Indicators and what has to be one instance: points 1 to 6 and 21, whose number each name carries."""

import pytest

from emulator.ioc import FILE_SIZE_MAX_BYTES, Instance, Snapshot, evaluate, parse
from tests.emulator.ioc.documents import document, holds, indicator, item, judge, read

NAME_A = item("FileItem/FileName", "is", "a.exe", id="name-a")
NAME_B = item("FileItem/FileName", "is", "b.exe", id="name-b")
SIZE_1 = item("FileItem/SizeInBytes", "is", "1", "int", id="size-1")
SIZE_2 = item("FileItem/SizeInBytes", "is", "2", "int", id="size-2")
PROCESS = item("ProcessItem/name", "is", "a.exe", id="process-a")
BROKEN = item("FileItem/FileName", "no-such-condition", "a.exe", id="broken")
FILE_A: Instance = {"FileName": "a.exe"}
FILE_A1: Instance = {"FileName": "a.exe", "SizeInBytes": 1}
FILE_A2: Instance = {"FileName": "a.exe", "SizeInBytes": 2}
FILE_B1: Instance = {"FileName": "b.exe", "SizeInBytes": 1}


# 1: which files are supported


@pytest.mark.parametrize("name", ["x.ioc", "x.xml", "X.IOC", "x.Xml", "x.txt.ioc"])
def test_01_a_name_that_ends_in_ioc_or_xml_is_supported(name: str) -> None:
    assert parse(document("1.0", indicator("OR", NAME_A)), name).supported


@pytest.mark.parametrize("name", ["x.txt", "x.ioc.txt", "ioc", "x.ioc ", "x"])
def test_01_any_other_name_is_unsupported_with_the_reason(name: str) -> None:
    file = parse(document("1.0", indicator("OR", NAME_A)), name)
    assert not file.supported
    assert file.reason == "the name ends neither in .ioc nor in .xml"
    assert not file.oversized


def test_01_a_file_of_exactly_the_limit_is_used() -> None:
    data = document("1.0", indicator("OR", NAME_A))
    padded = data + b" " * (FILE_SIZE_MAX_BYTES - len(data))
    assert evaluate(parse(padded, "x.ioc"), Snapshot.of({"FileItem": [FILE_A]})).matched


def test_01_one_byte_more_is_oversized_and_does_not_match() -> None:
    data = document("1.0", indicator("OR", NAME_A))
    file = parse(data + b" " * (FILE_SIZE_MAX_BYTES - len(data) + 1), "x.ioc")
    assert file.oversized
    assert not file.supported
    assert "fails the task" in str(file.reason)
    assert not evaluate(file, Snapshot.of({"FileItem": [FILE_A]})).matched


def test_01_a_large_file_of_another_kind_is_only_unsupported() -> None:
    assert not parse(b" " * (FILE_SIZE_MAX_BYTES + 1), "x.bin").oversized


@pytest.mark.parametrize(("version", "other"), [("1.0", "criteria"), ("1.1", "definition")])
def test_01_each_version_has_its_own_root_and_body(version: str, other: str) -> None:
    file = read(version, indicator("OR", NAME_A))
    assert (file.supported, file.version, file.id) == (True, version, "file-1")
    root = "ioc" if version == "1.0" else "OpenIOC"
    body = indicator("OR", NAME_A)
    crossed = parse(f"<{root}><{other}>{body}</{other}></{root}>".encode(), "x.ioc")
    assert not evaluate(crossed, Snapshot.of({"FileItem": [FILE_A]})).matched
    assert crossed.faults[0].reason.startswith("there is no ")


def test_01_the_identifier_may_be_missing() -> None:
    file = parse(document("1.1", indicator("OR", NAME_A), id=None), "x.ioc")
    assert file.supported
    assert file.id is None


@pytest.mark.parametrize("root", ["IOC", "openioc", "Rules", "definition"])
def test_01_another_root_is_unsupported(root: str) -> None:
    file = parse(f"<{root}><definition>{indicator('OR', NAME_A)}</definition></{root}>".encode(), "x.ioc")
    assert not file.supported
    assert str(file.reason).startswith(f"the root element is '{root}'")


@pytest.mark.parametrize("data", [b"", b"rule a { condition: true }", b"<ioc>", b"<ioc/><ioc/>", b"<ioc a='&b;'/>"])
def test_01_what_does_not_parse_is_unsupported(data: bytes) -> None:
    file = parse(data, "x.ioc")
    assert not file.supported
    assert str(file.reason).startswith("not well-formed XML: ")


def test_01_a_document_type_declaration_is_unsupported() -> None:
    file = parse(b"<!DOCTYPE ioc>" + document("1.0", indicator("OR", NAME_A)), "x.ioc")
    assert not file.supported
    assert file.reason == "a document type declaration is not accepted"


@pytest.mark.parametrize("namespace", ["", "xmlns='urn:any'", "xmlns:p='urn:any'"])
def test_01_namespaces_are_not_compared(namespace: str) -> None:
    p = "p:" if "xmlns:p" in namespace else ""
    text = (
        f"<{p}ioc {namespace}><{p}definition><{p}Indicator operator='OR'><{p}IndicatorItem condition='is'>"
        f"<{p}Context search='FileItem/FileName'/><{p}Content type='string'>a.exe</{p}Content>"
        f"</{p}IndicatorItem></{p}Indicator></{p}definition></{p}ioc>"
    )
    assert evaluate(parse(text.encode(), "x.xml"), Snapshot.of({"FileItem": [FILE_A]})).matched


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "windows-1251"])
def test_01_encodings_are_read(encoding: str) -> None:
    one = item("FileItem/FileName", "is", "файл")
    declared = f"<?xml version='1.0' encoding='{encoding.removesuffix('-sig')}'?>"
    text = declared + document("1.0", indicator("OR", one)).decode()
    assert evaluate(parse(text.encode(encoding), "x.ioc"), Snapshot.of({"FileItem": [{"FileName": "ФАЙЛ"}]})).matched


# 2: alternatives


def test_02_several_indicators_under_the_body_are_alternatives() -> None:
    body = indicator("AND", NAME_B) + indicator("AND", NAME_A)
    assert holds("1.0", body, FILE_A)
    assert not holds("1.0", body, {"FileName": "c.exe"})


def test_02_an_item_directly_under_the_body_is_no_alternative() -> None:
    file = read("1.0", NAME_A)
    assert file.supported
    assert [fault.reason for fault in file.faults] == ["'IndicatorItem' stands directly under definition"]
    assert not holds("1.0", NAME_A, FILE_A)


# 3: operators and foreign children


@pytest.mark.parametrize("operator", ["AND", "and", "OR", "oR"])
def test_03_an_operator_is_read_in_any_case(operator: str) -> None:
    assert holds("1.1", indicator(operator, NAME_A), FILE_A)


@pytest.mark.parametrize("operator", [None, "", "XOR", "NOT", " AND", "ANDOR"])
def test_03_any_other_operator_never_matches(operator: str | None) -> None:
    assert not holds("1.1", indicator(operator, NAME_A), FILE_A)
    file = read("1.1", indicator(operator, NAME_A))
    assert len(file.faults) == 1
    assert "operator" in file.faults[0].reason


@pytest.mark.parametrize("inside", ["", "<Comment>empty</Comment>"])
def test_03_an_indicator_without_children_never_matches(inside: str) -> None:
    for operator in ("AND", "OR"):
        assert not holds("1.1", indicator(operator, inside), FILE_A)
    assert not holds("1.1", indicator("AND", NAME_A, indicator("AND", inside)), FILE_A)
    assert holds("1.1", indicator("OR", NAME_A, indicator("AND", inside)), FILE_A)


def test_03_a_comment_changes_nothing() -> None:
    assert holds("1.1", indicator("AND", "<Comment>why</Comment>", NAME_A, "<!-- why -->"), FILE_A)


def test_03_a_foreign_child_sinks_an_and_and_leaves_an_or() -> None:
    assert not holds("1.1", indicator("AND", NAME_A, "<Other/>"), FILE_A)
    assert holds("1.1", indicator("OR", NAME_A, "<Other/>"), FILE_A)
    assert not holds("1.1", indicator("OR", "<Other/>"), FILE_A)


def test_03_a_broken_branch_sinks_an_and_and_leaves_an_or() -> None:
    dead = indicator("XOR", NAME_A)
    assert not holds("1.1", indicator("AND", NAME_A, dead), FILE_A)
    assert holds("1.1", indicator("OR", NAME_A, dead), FILE_A)


# 4 to 6: what has to be the same instance


def test_04_or_holds_for_an_item_satisfied_by_any_instance() -> None:
    body = indicator("OR", NAME_B, SIZE_2)
    assert holds("1.1", body, FILE_A1, FILE_A2)
    assert not holds("1.1", body, FILE_A1)


def test_04_or_holds_for_an_indicator_that_holds() -> None:
    body = indicator("OR", NAME_B, indicator("AND", NAME_A, SIZE_1))
    assert holds("1.1", body, FILE_A1)
    assert not holds("1.1", body, FILE_A2)


def test_05_and_needs_one_instance_for_all_items_of_a_type() -> None:
    body = indicator("AND", NAME_A, SIZE_1)
    assert holds("1.1", body, FILE_A2, FILE_A1)
    assert not holds("1.1", body, FILE_A2, FILE_B1)


def test_05_and_ties_items_of_a_type_that_do_not_stand_together() -> None:
    body = indicator("AND", NAME_A, PROCESS, SIZE_1)
    processes = [{"name": "a.exe"}]
    assert judge("1.1", body, {"FileItem": [FILE_A1], "ProcessItem": processes}).matched
    assert not judge("1.1", body, {"FileItem": [FILE_A2, FILE_B1], "ProcessItem": processes}).matched


def test_05_and_takes_unrelated_instances_of_different_types() -> None:
    body = indicator("AND", NAME_A, PROCESS)
    assert judge("1.1", body, {"FileItem": [FILE_A], "ProcessItem": [{"name": "a.exe", "pid": 4}]}).matched
    assert not judge("1.1", body, {"FileItem": [FILE_A], "ProcessItem": [{"name": "b.exe"}]}).matched
    assert not judge("1.1", body, {"FileItem": [FILE_A]}).matched


def test_05_and_needs_every_indicator_inside() -> None:
    body = indicator("AND", NAME_A, indicator("OR", SIZE_1, SIZE_2), indicator("OR", PROCESS))
    assert judge("1.1", body, {"FileItem": [FILE_A1], "ProcessItem": [{"name": "a.exe"}]}).matched
    assert not judge("1.1", body, {"FileItem": [FILE_A1]}).matched


@pytest.mark.parametrize("operator", ["AND", "OR"])
def test_06_an_indicator_inside_is_a_question_of_its_own(operator: str) -> None:
    apart: list[Instance] = [FILE_A, {"FileName": "c.exe", "SizeInBytes": 1}]
    assert holds("1.1", indicator("AND", NAME_A, indicator(operator, SIZE_1)), *apart)
    assert not holds("1.1", indicator("AND", NAME_A, SIZE_1), *apart)


def test_06_items_inside_the_inner_indicator_are_tied_among_themselves() -> None:
    body = indicator("AND", NAME_A, indicator("AND", NAME_B, SIZE_1))
    assert holds("1.1", body, FILE_A, FILE_B1)
    assert not holds("1.1", body, FILE_A1, {"FileName": "b.exe"})


# 21 and the items that are named


def test_21_files_are_judged_one_by_one() -> None:
    device = Snapshot.of({"FileItem": [FILE_A]})
    verdicts = [evaluate(read("1.1", indicator("OR", one)), device).matched for one in (NAME_A, NAME_B)]
    assert verdicts == [True, False]


def test_the_items_of_an_and_and_of_the_indicators_inside_are_named_in_document_order() -> None:
    body = indicator("AND", NAME_A, indicator("OR", SIZE_2, SIZE_1, NAME_B), PROCESS)
    verdict = judge("1.1", body, {"FileItem": [FILE_A1], "ProcessItem": [{"name": "a.exe"}]})
    assert verdict.matched_items == ("name-a", "size-1", "process-a")


def test_items_of_a_branch_that_does_not_hold_are_not_named() -> None:
    body = indicator("OR", NAME_A, indicator("AND", SIZE_1, PROCESS), BROKEN)
    assert judge("1.1", body, {"FileItem": [FILE_A1]}).matched_items == ("name-a",)
    assert judge("1.1", indicator("AND", NAME_A, PROCESS), {"FileItem": [FILE_A1]}).matched_items == ()


def test_an_item_satisfied_only_by_another_instance_is_not_named() -> None:
    body = indicator("OR", PROCESS, indicator("AND", NAME_A, SIZE_1))
    device: dict[str, list[Instance]] = {"FileItem": [FILE_A2, FILE_B1], "ProcessItem": [{"name": "a.exe"}]}
    assert judge("1.1", body, device).matched_items == ("process-a",)


def test_items_without_an_identifier_match_and_repeated_ones_are_named_once() -> None:
    nameless = item("FileItem/FileName", "is", "a.exe")
    verdict = judge("1.1", indicator("OR", nameless), {"FileItem": [FILE_A]})
    assert verdict.matched
    assert verdict.matched_items == ()
    assert judge("1.1", indicator("OR", NAME_A, NAME_A), {"FileItem": [FILE_A]}).matched_items == ("name-a",)


def test_terms_are_those_of_all_items_and_faults_name_theirs() -> None:
    file = read("1.1", indicator("OR", SIZE_1, NAME_A, item("Network/DNS", "is", "x", id="n")))
    assert file.terms == ("FileItem/FileName", "FileItem/SizeInBytes", "Network/DNS")
    assert file.item_types() == ("FileItem",)
    assert file.item_count == 3
    (fault,) = file.faults
    assert (fault.element, fault.id, fault.term) == ("IndicatorItem", "n", "Network/DNS")
    assert fault.reason == "item type 'Network' is not supported"
