"""A clean device is clean: none of the published indicators is found on an image as it is."""

from pathlib import Path

import pytest

from emulator.identity import slots
from emulator.images import IMAGES
from emulator.ioc import evaluate, parse_file

PUBLISHED = Path(__file__).parents[4] / "shared" / "data" / "openioc"


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_no_published_indicator_is_found_on_a_clean_device(name: str) -> None:
    if not PUBLISHED.is_dir():
        pytest.skip("the published indicator files are not beside this checkout")
    device = IMAGES[name].host.device(slots(1, "clean", 0))
    files = [parse_file(path) for path in sorted(PUBLISHED.rglob("*.ioc"))]
    assert files
    assert [file.name for file in files if evaluate(file, device).matched] == []
