"""IOC files: formats, size, identifiers, unsupported content (KEA-IOF).

The lists that the source lost are those of the vendor's published table of OpenIOC support (KEA 3.11 to 3.16).
Each check puts files to a device that holds a file, `C:\\Data\\Marker-File.exe` with 4,000 bytes.
"""

from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from conformance.agents import INDICATORS, AgentUnderTest
from conformance.judging import contains, equal, holds
from conformance.registry import clause
from conformance.trial import Trial

NEEDS: Final = (INDICATORS,)

PLANTED: Final = "C:\\Data\\Marker-File.exe"
MD5: Final = "0123456789abcdef0123456789abcdef"
SIZE_BYTES: Final = 4_000
ROOTS: Final = {
    "1.0": ("ioc", "definition", "urn:example:ioc-1.0"),
    "1.1": ("OpenIOC", "criteria", "urn:example:ioc-1.1"),
}
LIMIT_BYTES, BEYOND_BYTES = 3_000_000, 3_300_000
"""Sizes that are within, and beyond, 3 MB in either meaning of MB."""


def item(term: str, condition: str, content: str, kind: str = "string", **attributes: str) -> str:
    """One IndicatorItem; attributes have underscores for hyphens."""
    more = "".join(f" {name.replace('_', '-')}={quoteattr(value)}" for name, value in attributes.items())
    document = term.partition("/")[0]
    return (
        f"<IndicatorItem condition={quoteattr(condition)}{more}>"
        f"<Context document={quoteattr(document)} search={quoteattr(term)} type='mir'/>"
        f"<Content type={quoteattr(kind)}>{escape(content)}</Content></IndicatorItem>"
    )


def indicator(operator: str, *children: str) -> str:
    """One Indicator over items and further Indicators."""
    return f"<Indicator operator={quoteattr(operator)}>{''.join(children)}</Indicator>"


def document(*body: str, version: str = "1.1", id: str = "one") -> bytes:  # noqa: A002 - the attribute's name
    """One OpenIOC file."""
    root, holder, namespace = ROOTS[version]
    inside = f"<{holder}>{''.join(body)}</{holder}>"
    return f'<{root} xmlns="{namespace}" id={quoteattr(id)}>{inside}</{root}>'.encode()


GOOD: Final = indicator("OR", item("FileItem/FileName", "is", "Marker-File.exe"))
"""It is on the device."""
ABSENT: Final = indicator("OR", item("FileItem/FileName", "is", "no-such-file.exe"))
UNKNOWN: Final = item("FileItem/Md5sum", "resembles", MD5)
"""A condition that no version knows."""
UNKNOWN_TERM: Final = item("MailItem/Subject", "is", "hello")
YARA: Final = b'rule marker { strings: $a = "Marker-File" condition: $a }'


def scan(agent: AgentUnderTest, files: Mapping[str, bytes]) -> Trial:
    """A device that holds the file is scanned with these files."""
    steps = [
        {"at": "1min", "do": "place-file", "target": "all", "file": PLANTED, "size": f"{SIZE_BYTES} B", "md5": MD5},
        {"at": "5min", "do": "sweep", "target": "all", "indicators": "iocs"},
    ]
    content = {f"iocs/{name}": data for name, data in files.items()}
    return agent.attempt(duration="20min", steps=steps, files=content)


def found(trial: Trial) -> list[str]:
    """The files that matched, by name."""
    return sorted(str(detail["file"]) for _, _, detail in trial.told("ioc-match"))


def ended(trial: Trial) -> str:
    """How the task ended: finished, failed, or not at all."""
    kinds = {kind for kind in ("finished", "failed") if trial.told(f"sweep-{kind}")}
    return " and ".join(sorted(kinds)) or "not at all"


def matches(agent: AgentUnderTest, *body: str, version: str = "1.1") -> bool:
    """Whether a file with this body matches the device; a good file beside it has to, and the task to finish."""
    files = {"asked.ioc": document(*body, version=version), "control.ioc": document(GOOD, id="control")}
    trial = scan(agent, files)
    equal(ended(trial), "finished", "the end of the task")
    contains(found(trial), "control.ioc", "the control file matches in the same task")
    return "asked.ioc" in found(trial)


def judged(agent: AgentUnderTest, cases: Mapping[str, tuple[bool, str]], *, version: str = "1.1") -> None:
    """Each case, by its name, is a body that has to match, or must not; all of them in one task."""
    files = {f"{name}.ioc": document(body, version=version, id=name) for name, (_, body) in cases.items()}
    trial = scan(agent, {**files, "control.ioc": document(GOOD, id="control")})
    equal(ended(trial), "finished", "the end of the task")
    wanted = sorted(["control.ioc", *(f"{name}.ioc" for name, (match, _) in cases.items() if match)])
    equal(found(trial), wanted, f"files (OpenIOC {version}) that match the device")


def one(term: str, condition: str, content: str, kind: str = "string", **attributes: str) -> str:
    """A body with one item."""
    return indicator("OR", item(term, condition, content, kind, **attributes))


@clause("KEA-IOF-001")
def check_files_end_in_ioc_or_xml(agent: AgentUnderTest) -> None:
    """The same content counts as `.ioc` and as `.xml`, and as nothing under other names."""
    names = ("a.ioc", "b.xml", "c.txt", "d.ioc.bak", "e")
    trial = scan(agent, {name: document(GOOD, id=name) for name in names})
    equal(found(trial), ["a.ioc", "b.xml"], "files that match, of five with the same content")


@clause("KEA-IOF-002")
def check_versions_1_0_and_1_1_are_supported(agent: AgentUnderTest) -> None:
    """Files of both versions match; one of another version is left out."""
    other = document(GOOD, id="c").replace(b"OpenIOC", b"OpenIOC2")
    files = {"a.ioc": document(GOOD, version="1.0", id="a"), "b.ioc": document(GOOD, id="b"), "c.ioc": other}
    trial = scan(agent, files)
    equal(found(trial), ["a.ioc", "b.ioc"], "files of 1.0, 1.1 and another version that match")
    equal(ended(trial), "finished", "the end of the task")


@clause("KEA-IOF-003", "KEA-IOF-004")
def check_only_supported_files_take_part(agent: AgentUnderTest) -> None:
    """Of good and unsupported files together the good ones are used, and the others are no error."""
    files = {"good.ioc": document(GOOD), "yara.ioc": YARA, "torn.xml": document(GOOD)[:-9], "notes.txt": b"hello"}
    trial = scan(agent, files)
    equal(found(trial), ["good.ioc"], "files that match")
    equal(ended(trial), "finished", "the end of the task")


@clause("KEA-IOF-005", "KEA-IOF-006")
def check_with_no_supported_file_the_task_runs_and_finds_nothing(agent: AgentUnderTest) -> None:
    """The task starts and ends without an error, and detects nothing on a device that holds the indicator."""
    unsupported = {"yara.ioc": YARA, "notes.txt": document(GOOD)}
    trial = scan(agent, unsupported)
    equal(ended(trial), "finished", "the end of a task without a supported file")
    equal(found(trial), [], "files that match")
    control = scan(agent, {**unsupported, "good.ioc": document(GOOD)})
    equal(found(control), ["good.ioc"], "files that match on the same device once one is supported")


@clause("KEA-IOF-007")
def check_a_semantic_error_is_no_error_of_the_task(agent: AgentUnderTest) -> None:
    """A number that is none, an empty Indicator, an unknown operator: the task completes, and finds the rest."""
    cases = {
        "number": (False, one("FileItem/SizeInBytes", "is", "many", "int")),
        "empty": (False, indicator("AND")),
        "operator": (False, indicator("XOR", item("FileItem/FileName", "is", "Marker-File.exe"))),
    }
    judged(agent, cases)


@clause("KEA-IOF-008")
def check_unsupported_terms_and_tags_are_no_error_of_the_task(agent: AgentUnderTest) -> None:
    """An unknown term and an unknown tag: the task completes, and finds the rest."""
    cases = {
        "term": (False, indicator("OR", UNKNOWN_TERM)),
        "tag": (False, indicator("OR", "<Guess>Marker-File.exe</Guess>")),
        "condition": (False, indicator("OR", UNKNOWN)),
    }
    judged(agent, cases)


@clause("KEA-IOF-009", "KEA-IOF-010")
def check_a_bad_branch_never_matches_and_spoils_no_other(agent: AgentUnderTest) -> None:
    """Bad OR good matches; bad alone and bad AND good do not, whatever makes the branch bad."""
    good = item("FileItem/FileName", "is", "Marker-File.exe")
    bad = {
        "term": UNKNOWN_TERM,
        "condition": UNKNOWN,
        "number": item("FileItem/SizeInBytes", "is", "many", "int"),
        "tag": "<Guess/>",
    }
    cases: dict[str, tuple[bool, str]] = {}
    for name, part in bad.items():
        cases[f"{name}-alone"] = (False, indicator("OR", part))
        cases[f"{name}-and"] = (False, indicator("AND", part, good))
        cases[f"{name}-or"] = (True, indicator("OR", indicator("AND", part, good), good))
    judged(agent, cases)


@clause("KEA-IOF-012")
def check_duplicate_identifiers_do_not_fail_the_task(agent: AgentUnderTest) -> None:
    """Two files with one identifier: the task completes; its results are not relied upon."""
    trial = scan(agent, {"a.ioc": document(GOOD, id="same"), "b.ioc": document(ABSENT, id="same")})
    equal(ended(trial), "finished", "the end of a task with two files of one identifier")


def padded(size_bytes: int, body: str = GOOD, name: str = "big") -> bytes:
    """A file of exactly this size."""
    plain = document(body, id=name)
    head, root, rest = plain.rpartition(b"</OpenIOC>")
    return head + b"<!--" + b"x" * (size_bytes - len(plain) - 7) + b"-->" + root + rest


@clause("KEA-IOF-013")
def check_a_file_of_3_mb_is_used(agent: AgentUnderTest) -> None:
    """A file of 3,000,000 bytes is used, and the task does not fail."""
    trial = scan(agent, {"big.ioc": padded(LIMIT_BYTES)})
    equal(ended(trial), "finished", f"the end of a task with a file of {LIMIT_BYTES} bytes")
    equal(found(trial), ["big.ioc"], "files that match")


@clause("KEA-IOF-014")
def check_a_larger_file_fails_the_task(agent: AgentUnderTest) -> None:
    """One file of 3,300,000 bytes among good ones: the task fails, and names the file."""
    files = {"good.ioc": document(GOOD), "big.ioc": padded(BEYOND_BYTES), "small.ioc": document(ABSENT, id="small")}
    trial = scan(agent, files)
    equal(ended(trial), "failed", f"the end of a task with a file of {BEYOND_BYTES} bytes")
    equal([detail["file"] for _, _, detail in trial.told("sweep-failed")], ["big.ioc"], "the file that is named")


@clause("KEA-IOF-015")
def check_a_collection_may_exceed_3_mb(agent: AgentUnderTest) -> None:
    """Three files of 2 MB each: the task runs as usual."""
    files = {f"{name}.ioc": padded(2_000_000, name=name) for name in ("a", "b", "c")}
    trial = scan(agent, files)
    equal(ended(trial), "finished", "the end of a task with 6 MB of files")
    equal(found(trial), sorted(files), "files that match")


NAME, PATH, SIZE = "FileItem/FileName", "FileItem/FullPath", "FileItem/SizeInBytes"


@clause("KEA-IOF-017")
def check_the_conditions_of_1_0(agent: AgentUnderTest) -> None:
    """`is`, `isnot`, `contains`, `containsnot` are evaluated, negations within one file; those of 1.1 are not."""
    this = item(PATH, "is", PLANTED)
    cases = {
        "is": (True, one(NAME, "is", "Marker-File.exe")),
        "is-other": (False, one(NAME, "is", "Marker")),
        "contains": (True, one(NAME, "contains", "ker-Fi")),
        "contains-other": (False, one(NAME, "contains", "ker-Fo-absent")),
        "isnot": (True, indicator("AND", this, item(NAME, "isnot", "other.exe"))),
        "isnot-same": (False, indicator("AND", this, item(NAME, "isnot", "Marker-File.exe"))),
        "containsnot": (True, indicator("AND", this, item(NAME, "containsnot", "other"))),
        "containsnot-same": (False, indicator("AND", this, item(NAME, "containsnot", "Marker"))),
        "starts-with": (False, one(NAME, "starts-with", "Marker-F")),
        "greater-than": (False, one(SIZE, "greater-than", "3999", "int")),
    }
    judged(agent, cases, version="1.0")


@clause("KEA-IOF-018")
def check_the_conditions_of_1_1(agent: AgentUnderTest) -> None:
    """All seven are evaluated, each with a value that matches and one that does not; those of 1.0 alone are not."""
    this = item(PATH, "is", PLANTED)

    def sized(condition: str, content: str) -> str:
        return indicator("AND", this, item(SIZE, condition, content, "int"))

    cases = {
        "is": (True, one(NAME, "is", "Marker-File.exe")),
        "is-other": (False, one(NAME, "is", "Marker")),
        "contains": (True, one(NAME, "contains", "ker-Fi")),
        "contains-other": (False, one(NAME, "contains", "ker-absent")),
        "starts-with": (True, one(NAME, "starts-with", "Marker-F")),
        "starts-with-other": (False, one(NAME, "starts-with", "arker-F")),
        "ends-with": (True, one(NAME, "ends-with", "-File.exe")),
        "ends-with-other": (False, one(NAME, "ends-with", "-File.ex")),
        "matches": (True, one(NAME, "matches", "^Mark.*-F[a-z]+\\.exe$")),
        "matches-other": (False, one(NAME, "matches", "^Mark[0-9]+-F")),
        "greater-than": (True, sized("greater-than", "3999")),
        "greater-than-same": (False, sized("greater-than", "4000")),
        "less-than": (True, sized("less-than", "4001")),
        "less-than-same": (False, sized("less-than", "4000")),
        "isnot": (False, indicator("AND", this, item(NAME, "isnot", "other.exe"))),
    }
    judged(agent, cases)


@clause("KEA-IOF-019")
def check_the_attributes_of_1_1(agent: AgentUnderTest) -> None:
    """`preserve-case` and `negate` are honoured in 1.1 files; without them case does not count."""
    this = item(PATH, "is", PLANTED)
    cases = {
        "folded": (True, one(NAME, "is", "MARKER-file.EXE")),
        "preserved": (False, one(NAME, "is", "MARKER-file.EXE", preserve_case="true")),
        "preserved-same": (True, one(NAME, "is", "Marker-File.exe", preserve_case="true")),
        "negated": (True, indicator("AND", this, item(NAME, "is", "other.exe", negate="true"))),
        "negated-same": (False, indicator("AND", this, item(NAME, "is", "Marker-File.exe", negate="true"))),
    }
    judged(agent, cases)


@clause("KEA-IOF-020")
def check_and_and_or_combine_branches(agent: AgentUnderTest) -> None:
    """AND holds where all branches do, OR where one does, also inside one another."""
    yes, no = item(NAME, "is", "Marker-File.exe"), item(NAME, "is", "no-such-file.exe")
    cases = {
        "and-both": (True, indicator("AND", yes, item(SIZE, "is", "4000", "int"))),
        "and-one": (False, indicator("AND", yes, no)),
        "or-one": (True, indicator("OR", no, yes)),
        "or-none": (False, indicator("OR", no, no)),
        "and-of-ors": (True, indicator("AND", indicator("OR", no, yes), indicator("OR", yes, no))),
        "and-of-ors-one": (False, indicator("AND", indicator("OR", no, yes), indicator("OR", no, no))),
        "or-of-ands": (True, indicator("OR", indicator("AND", no, yes), indicator("AND", yes, yes))),
    }
    judged(agent, cases)


@clause("KEA-IOF-021")
def check_values_are_compared_as_their_type(agent: AgentUnderTest) -> None:
    """A number is compared as a number and a date as a date, where the same text as a string would not match."""
    this = item(PATH, "is", PLANTED)

    def typed(term: str, condition: str, content: str, kind: str) -> str:
        return indicator("AND", this, item(term, condition, content, kind))

    cases = {
        "int": (True, typed(SIZE, "is", "+04000", "int")),
        "int-order": (True, typed(SIZE, "less-than", "10000", "int")),
        "string": (False, typed(SIZE, "is", "+04000", "string")),
        "date": (True, typed("FileItem/Created", "greater-than", "2025-12-31T23:59:59Z", "date")),
        "date-other": (False, typed("FileItem/Created", "greater-than", "2026-01-01T00:00:00Z", "date")),
    }
    judged(agent, cases)


@clause("KEA-IOF-022")
def check_other_types_are_strings(agent: AgentUnderTest) -> None:
    """`md5` and other names of types compare as strings: part of a hash is found, and its order is not asked for."""
    cases = {
        "md5": (True, one("FileItem/Md5sum", "is", MD5.upper(), "md5")),
        "md5-part": (True, one("FileItem/Md5sum", "contains", MD5[4:12], "md5")),
        "md5-other": (False, one("FileItem/Md5sum", "contains", "ffffeeeedddd", "md5")),
        "ip": (False, one(SIZE, "greater-than", "1", "IP")),
    }
    judged(agent, cases)


@clause("KEA-IOF-023")
def check_each_version_has_its_own_forms(agent: AgentUnderTest) -> None:
    """An interval of numbers holds in both; `isnot` is of 1.0, `negate` of 1.1, and neither is of the other."""
    this = item(PATH, "is", PLANTED)
    interval = indicator("AND", this, item(SIZE, "is", "[3999 TO 4001]", "int"))
    beside = indicator("AND", this, item(SIZE, "is", "[1 TO 3999]", "int"))
    isnot = indicator("AND", this, item(NAME, "isnot", "other.exe"))
    negated = indicator("AND", this, item(NAME, "is", "other.exe", negate="true"))
    ends = {"interval": (True, interval), "interval-beside": (False, beside)}
    judged(agent, {**ends, "isnot": (True, isnot), "negated": (False, negated)}, version="1.0")
    judged(agent, {**ends, "isnot": (False, isnot), "negated": (True, negated)}, version="1.1")


@clause("KEA-IOF-024")
def check_terms_of_the_documents_are_evaluated_and_others_never_match(agent: AgentUnderTest) -> None:
    """Terms about files match; a document that is not among the supported ones matches nothing and is no error."""
    cases = {
        "name": (True, one(NAME, "is", "Marker-File.exe")),
        "path": (True, one(PATH, "is", PLANTED)),
        "size": (True, indicator("AND", item(PATH, "is", PLANTED), item(SIZE, "is", "4000", "int"))),
        "md5": (True, one("FileItem/Md5sum", "is", MD5)),
        "mail": (False, indicator("OR", UNKNOWN_TERM)),
        "cookie": (False, one("CookieHistoryItem/HostName", "contains", "e")),
    }
    judged(agent, cases)


@clause("KEA-IOF-009")
def check_a_file_with_unsupported_parts_reports_only_what_matched(agent: AgentUnderTest) -> None:
    """Of two files, one all unsupported and one good, only the good one is reported, once."""
    holds(not matches(agent, indicator("OR", UNKNOWN_TERM, UNKNOWN)), "no match of unsupported parts alone", "a match")
    holds(matches(agent, indicator("OR", UNKNOWN_TERM), GOOD), "a match of the good alternative beside them", "none")


OPERATOR_ONLY: Final = {
    "KEA-IOF-011": "Whoever puts a collection together gives every file an identifier of its own; `seatrial ioc check` "
    "names those that are not unique.",
    "KEA-IOF-016": "Whoever writes indicators keeps one threat to a file; Endpoint Agent takes other files too.",
}
