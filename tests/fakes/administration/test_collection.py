"""IOC collections as ZIP files (KEA-IOC-036 to KEA-IOC-039)."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import UserError
from emulator.ioc.document import parse
from emulator.ioc.limits import FILE_SIZE_MAX_BYTES
from emulator.tasks.task import TaskError
from fakes.administration import collection, export_collection, import_collection

NAMES = st.text("abc.", min_size=1, max_size=6).map(lambda stem: f"f{stem}.ioc")


@given(st.lists(st.tuples(NAMES, st.binary(max_size=200)), max_size=6))
def test_what_is_imported_is_what_was_exported_byte_for_byte(given: list[tuple[str, bytes]]) -> None:
    files = tuple(parse(content, name) for name, content in given)
    again = import_collection(export_collection(files), source="c.zip")
    assert [file.content for file in again] == [content for _, content in given]
    assert len({file.name for file in again}) == len(again)


def test_it_is_a_zip_file_that_is_the_same_each_time() -> None:
    files = (parse(b"<a/>", "a.ioc"), parse(b"rule x {}", "b.yar"))
    data = export_collection(files)
    assert data == export_collection(files)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {"a.ioc": b"<a/>", "b.yar": b"rule x {}"}


def test_a_file_that_is_too_large_is_not_exported() -> None:
    with pytest.raises(TaskError):
        export_collection((parse(b" " * (FILE_SIZE_MAX_BYTES + 1), "a.ioc"),))


def packed(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "/"), content)
    return made.getvalue()


@pytest.mark.parametrize(
    "data",
    [b"", b"no zip", packed(a=b"x")[:-8], packed(a_b=b"x"), packed(**{".._b": b"x"})],
    ids=["empty", "no zip", "truncated", "a folder", "a path upwards"],
)
def test_what_is_no_such_file_is_refused(data: bytes) -> None:
    with pytest.raises(UserError):
        import_collection(data, source="c.zip")


def test_a_bomb_is_unpacked_no_further_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "COLLECTION_MAX_BYTES", 4 * FILE_SIZE_MAX_BYTES)
    bomb = packed(**{f"f{number}.ioc": b"\0" * (FILE_SIZE_MAX_BYTES + 10) for number in range(6)})
    with pytest.raises(UserError, match="COLLECTION_MAX_BYTES"):
        import_collection(bomb, source="c.zip")


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "FILES_MAX", 2)
    with pytest.raises(UserError, match="FILES_MAX"):
        import_collection(packed(a=b"1", b=b"2", c=b"3"), source="c.zip")


def test_an_encrypted_file_is_refused_in_words() -> None:
    data = bytearray(packed(a=b"x"))
    data[6] |= 1  # the flag of encryption, in the local header and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UserError):
        import_collection(bytes(data), source="c.zip")
