"""What a mask stands for, said slowly: the judge of the product's masks. It shares no code with them."""

from collections.abc import Mapping
from functools import cache

VARIABLES = {
    "%SystemRoot%": r"C:\Windows",
    "%ProgramFiles%": r"C:\Program Files",
    "%ProgramData%": r"C:\ProgramData",
    "%TEMP%": r"C:\Users\{user}\AppData\Local\Temp",
    "%USERPROFILE%": r"C:\Users\{user}",
}


def filled(text: str, slots: Mapping[str, str]) -> str:
    """A template on one device, left to right, so that a value that looks like a slot stays as it is."""
    out = ""
    while text:
        for name, value in slots.items():
            if text.startswith("{" + name + "}"):
                out, text = out + value, text[len(name) + 2 :]
                break
        else:
            out, text = out + text[0], text[1:]
    return out


def stands_for(mask: str, text: str, slots: Mapping[str, str], *, windows: bool, path: bool) -> bool:
    """True where the mask stands for the whole text on a device with these slots."""
    pieces: list[str] = []
    while mask:
        name = next((n for n in VARIABLES if windows and path and mask.lower().startswith(n.lower())), "")
        if name:
            pieces += list(filled(VARIABLES[name], slots))
            mask = mask[len(name) :]
        elif mask[0] == "*":
            stars = len(mask) - len(mask.lstrip("*"))
            pieces.append("name*" if path and stars == 1 else "any*")
            mask = mask[stars:]
        else:
            pieces.append(("name?" if path else "any?") if mask[0] == "?" else mask[0])
            mask = mask[1:]

    @cache
    def rest(piece: int, place: int) -> bool:
        if piece == len(pieces):
            return place == len(text)
        wanted = pieces[piece]
        if wanted.endswith("*") and len(wanted) > 1 and rest(piece + 1, place):
            return True
        if place == len(text):
            return False
        letter = text[place]
        if len(wanted) > 1:
            if wanted.startswith("name") and letter in "\\/":
                return False
            return rest(piece if wanted.endswith("*") else piece + 1, place + 1)
        same = wanted.lower() == letter.lower() if windows else wanted == letter
        return same and rest(piece + 1, place + 1)

    return rest(0, 0)
