"""The image `quiet`: a Windows host without ambient events, for checks that bring their own."""

from typing import Final

from emulator.images.model import Image
from emulator.images.windows_host import windows_host

IMAGE: Final = Image(
    name="quiet",
    os="windows",
    about="A Windows host on which nothing happens but what a scenario brings; a long check costs next to nothing.",
    classes=(),
    host=windows_host((), system="Windows 10 Pro", build=19_045),
)
"""Loaded by `emulator.images.IMAGES`."""
