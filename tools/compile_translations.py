"""Compile the catalogues that are older than their .po file: python tools/compile_translations.py"""

import os
import sys
from pathlib import Path

CATALOGUES = Path(__file__).resolve().parents[1] / "translations"


def is_old(po: Path) -> bool:
    mo = po.with_suffix(".mo")
    return not mo.exists() or mo.stat().st_mtime_ns < po.stat().st_mtime_ns


def compile_one(po: Path) -> None:
    """Write the .mo beside its .po in one step, so that a running process never reads half of it."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415  (slow, and seldom needed)
    from babel.messages.pofile import read_po  # noqa: PLC0415

    with po.open("rb") as source:
        catalogue = read_po(source, locale=po.parents[1].name)
    half = po.with_suffix(f".mo.{os.getpid()}")
    with half.open("wb") as target:
        write_mo(target, catalogue)
    half.replace(po.with_suffix(".mo"))


def main(folder: Path = CATALOGUES) -> int:
    for po in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        if is_old(po):
            compile_one(po)
    return 0


if __name__ == "__main__":
    sys.exit(main())
