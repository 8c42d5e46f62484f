"""Device images: what devices of one installation have in common. An image is loaded when it is first asked for."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final

from emulator.images.model import Image

__all__ = ["IMAGES", "Image", "image"]

_MODULES: Final = MappingProxyType(
    {
        "linux-database": "emulator.images.linux_database",
        "linux-server": "emulator.images.linux_server",
        "linux-workstation": "emulator.images.linux_workstation",
        "quiet": "emulator.images.quiet",
        "windows-jump-host": "emulator.images.windows_jump_host",
        "windows-office": "emulator.images.windows_office",
        "windows-server": "emulator.images.windows_server",
    }
)


class _Images(Mapping[str, Image]):
    """The shipped images by name; iterating over the names loads none."""

    def __getitem__(self, name: str) -> Image:
        found: Image = import_module(_MODULES[name]).IMAGE
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)

    def __contains__(self, name: object) -> bool:
        return name in _MODULES


IMAGES: Final[Mapping[str, Image]] = _Images()
"""The shipped images by name, in the order of names."""


def image(name: str) -> Image:
    """The image of this name, always the same object; raises `KeyError` for a name that is not in `IMAGES`."""
    return IMAGES[name]
