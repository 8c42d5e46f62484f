"""The published indicator files, where a checkout has them beside it."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "openioc"


@pytest.fixture(scope="session")
def published() -> list[Path]:
    if not FOLDER.is_dir():
        pytest.skip("the published indicator files are not beside this checkout (../shared/data/openioc)")
    return sorted(
        path for path in FOLDER.glob("*/*.*") if path.suffix in (".ioc", ".xml") and path.parent.name != "schemas"
    )
