"""Text that a spreadsheet would run as a formula, kept harmless in files and taken back unchanged.

Out: what begins with = + - @, a tab or a line break, behind any number of ', gets one more ' in front. In: one ' less.
Each text has exactly one writing and each writing one text. Source: OWASP, CSV Injection.
"""

import re

_DANGEROUS = re.compile(r"'*[=+\-@\t\r\n]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r\n]")


def is_formula(text: str) -> bool:
    return text[:1] in {"=", "+", "-", "@", "\t", "\r"}


def out(text: str) -> str:
    return f"'{text}" if _DANGEROUS.match(text) else text


def back(text: str) -> str:
    return text[1:] if _ESCAPED.match(text) else text
