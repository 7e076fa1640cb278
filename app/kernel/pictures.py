"""In which widths a picture is kept. A file's name tells its true width, so what a page offers always exists."""

from collections.abc import Sequence

WIDTHS = (160, 320, 640, 1280)  # pixels


def widths_of(width: int) -> tuple[int, ...]:
    """The widths kept of a picture that is `width` wide, the least first: no picture is blown up."""
    largest = min(width, WIDTHS[-1])
    return (*(kept for kept in WIDTHS if kept < largest), largest)


def fitting(width: int, wanted: int) -> int:
    """The kept width that is enough for `wanted` pixels, else the largest there is."""
    return next((kept for kept in widths_of(width) if kept >= wanted), min(width, WIDTHS[-1]))


def between(width: int, wanted: Sequence[int]) -> list[int]:
    """The kept widths to offer a browser that needs about those `wanted`; at least one."""
    kept = widths_of(width)
    return [one for one in kept if min(wanted) <= one <= max(wanted)] or [fitting(width, min(wanted))]
