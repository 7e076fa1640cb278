"""Text as FatturaPA takes it: Latin-1 letters, or plain ASCII, and only so long."""

import unicodedata

_INSTEAD = str.maketrans(
    {
        **dict.fromkeys("’‘‚", "'"),
        **dict.fromkeys("“”„", '"'),
        **dict.fromkeys("–—−•", "-"),
        "…": "...",
        "€": "EUR",
        "™": "(TM)",
        "œ": "oe",
        "Œ": "OE",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ı": "i",
    }
)


def latin(text: str, most: int) -> str:
    """With the letters of Latin-1 (é, ß, ø); others lose their marks, or are left out. "-" when nothing is left."""
    return _fitting(text, most, "\xff")


def ascii_only(text: str, most: int) -> str:
    """The same without any accent."""
    return _fitting(text, most, "\x7e")


def _fitting(text: str, most: int, last: str) -> str:
    kept = "".join(_letter(letter, last) for letter in unicodedata.normalize("NFC", text.translate(_INSTEAD)))
    return " ".join(kept.split())[:most].rstrip() or "-"


def _letter(letter: str, last: str) -> str:
    if letter.isspace():
        return " "
    if letter > last:
        bare = unicodedata.normalize("NFKD", letter)
        return "".join(sign for sign in bare if " " <= sign <= "\x7e")
    return letter if " " <= letter <= "\x7e" or letter >= "\xa1" else ""
