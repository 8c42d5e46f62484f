"""A hostile file beside a valid one: the valid one is still found, and the scan comes to its end in time."""

import time

import pytest

from emulator.ioc import parse
from emulator.ioc.card import card
from emulator.ioc.limits import FILE_SIZE_MAX_BYTES
from emulator.ioc.snapshot import Changes, Snapshot
from emulator.ioc.sweep import Sweep
from tests.emulator.ioc.documents import document, indicator, item

VALID = document("1.1", indicator("OR", item("FileItem/FileName", "is", "dropper.exe")), id="valid")
HOST = Snapshot.of({"FileItem": [{"FileName": "dropper.exe", "FullPath": "C:\\" + "a" * 5_000}]})
DEADLINE_S = 20
"""Far above what any of these takes, far below what backtracking or expansion would."""


def nested(depth: int) -> bytes:
    inner = item("FileItem/FileName", "is", "x")
    for _ in range(depth):
        inner = indicator("OR", inner)
    return document("1.1", inner)


HOSTILE = {
    "deep nesting": nested(5_000),
    "nesting up to the limit": nested(200),
    "100,000 items": document("1.1", indicator("OR", item("FileItem/F", "is", "x") * 24_000)) + b" " * 10,
    "100,000 elements": b"<OpenIOC>" + b"<a/>" * 100_000 + b"</OpenIOC>",
    "catastrophic expression": document("1.1", indicator("OR", item("FileItem/FullPath", "matches", "(a+)+$|(a|a)*b"))),
    "nested quantifiers": document(
        "1.1", indicator("OR", item("FileItem/FullPath", "matches", "((a{1,99}){1,99}){1,99}"))
    ),
    "entity bomb": b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><ioc>&b;</ioc>',
    "billion laughs": b"<!DOCTYPE lolz [<!ENTITY l0 'lol'>"
    + b"".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>".encode() for n in range(1, 10))
    + b"]><ioc>&l9;</ioc>",
    "external entity": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///nowhere">]><ioc>&a;</ioc>',
    "wrong encoding": VALID.decode().encode("utf-16")[1:],
    "declared otherwise": b'<?xml version="1.0" encoding="utf-7"?>' + VALID,
    "truncated": VALID[: len(VALID) // 2],
    "empty": b"",
    "zero bytes": b"\0" * 1_000,
    "another language": b"rule synthetic { condition: false }",
    "a duplicate": VALID,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_keeps_nobody_from_finding_the_valid_one(name: str) -> None:
    began = time.process_time()
    files = (parse(HOSTILE[name], "hostile.ioc"), parse(VALID, "valid.ioc"))
    match = Sweep(files).on_device(HOST, Changes())[1]
    assert match.matched
    assert card(files[1], HOST) is not None
    assert time.process_time() - began < DEADLINE_S


def test_all_of_them_together_too() -> None:
    files = [parse(data, f"{number}.ioc") for number, data in enumerate(HOSTILE.values())]
    files.insert(len(files) // 2, parse(VALID, "valid.ioc"))
    found = [file.name for file, match in zip(files, Sweep(files).on_image(HOST), strict=True) if match.matched]
    assert "valid.ioc" in found


@pytest.mark.parametrize(("extra", "oversized"), [(-1, False), (0, False), (1, True)])
def test_the_limit_of_a_file_is_exact_to_the_byte(extra: int, oversized: bool) -> None:
    file = parse(VALID.ljust(FILE_SIZE_MAX_BYTES + extra), "valid.ioc")
    assert file.oversized is oversized
    assert file.supported is not oversized
    assert Sweep((file,)).on_image(HOST)[0].matched is not oversized
