"""Make .venv what a requirements file says: python tools/install.py run|dev. Needs nothing but Python 3.11.

Does nothing when the file has not changed since last time. Uses uv if there is one, else uv from PyPI at a pinned hash,
else pip; every way checks the hash of everything that it installs.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
FILES = {"run": ("requirements.txt",), "dev": ("requirements.txt", "requirements-dev.txt")}
LAUNCHER = """#!{python}
import sys

from app.cli import main

if __name__ == "__main__":
    sys.exit(main())
"""


def main(argv: list[str]) -> int:
    if len(argv) != 1 or argv[0] not in FILES:
        print(f"use: python tools/install.py {'|'.join(FILES)}", file=sys.stderr)
        return 2
    if sys.version_info < OLDEST:
        print(f"Tavola needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}.", file=sys.stderr)
        return 2
    wanted = argv[0]
    try:
        make_venv()
        if not is_present(wanted):
            install(FILES[wanted][-1])
            for kind in ("run", "dev")[: len(FILES[wanted])]:
                stamp(kind).write_text(digest(kind))
        link_project()
        subprocess.run([PYTHON, "-m", "compileall", "-q", "app", "migrations"], cwd=ROOT, check=True)
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"The installation stopped: {error}", file=sys.stderr)
        return 1
    return 0


def make_venv() -> None:
    """Create .venv; anew if its Python is gone or of another version."""
    if PYTHON.exists():
        asked = subprocess.run(
            [PYTHON, "-c", "import sys; print(sys.version_info[:2])"], check=False, capture_output=True, text=True
        )
        if asked.returncode == 0 and asked.stdout.strip() == str(sys.version_info[:2]):
            return
        shutil.rmtree(VENV)
    print("Making .venv", flush=True)
    try:
        venv.create(VENV, with_pip=True)
    except subprocess.CalledProcessError:  # Debian without python3-venv has no pip to put in
        shutil.rmtree(VENV, ignore_errors=True)
        uv = shutil.which("uv")
        if not uv:
            raise OSError("this Python has no ensurepip: install python3-venv, or uv") from None
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, VENV], check=True)


def digest(kind: str) -> str:
    """What an installation depends on: the Python that it was made for and the text of the files."""
    told = hashlib.sha256(f"{sys.version_info[:2]} {VENV}\n".encode())
    for name in FILES[kind]:
        told.update((ROOT / name).read_bytes())
    return told.hexdigest()


def stamp(kind: str) -> Path:
    return VENV / f".installed-{kind}"


def is_present(kind: str) -> bool:
    return stamp(kind).exists() and stamp(kind).read_text() == digest(kind)


def install(requirements: str) -> None:
    print(f"Installing {requirements} (once; a minute or so)", flush=True)
    rules: list[str | Path] = ["--quiet", "--no-deps", "--require-hashes", "-r", requirements]
    uv = find_uv()
    if uv:
        try:
            command: list[str | Path] = [uv, "pip", "install", "--python", PYTHON, "--compile-bytecode", *rules]
            subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "UV_LINK_MODE": "copy"})
        except subprocess.CalledProcessError:
            if not (VENV / "bin" / "pip").exists():
                raise
            print("uv did not manage; trying pip", file=sys.stderr, flush=True)
        else:
            return
    pip: list[str | Path] = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--compile", *rules]
    subprocess.run(pip, cwd=ROOT, check=True)


def find_uv() -> str | None:
    """The uv on this machine, or the pinned one put into .venv, or None where neither can be had."""
    for found in (shutil.which("uv"), shutil.which("uv", path=str(VENV / "bin"))):
        if found and subprocess.run([found, "--version"], check=False, capture_output=True).returncode == 0:
            return found
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--require-hashes"]
    done = subprocess.run([*pip, "-r", "requirements-uv.txt"], cwd=ROOT, check=False, capture_output=True)
    return str(VENV / "bin" / "uv") if done.returncode == 0 else None


def link_project() -> None:
    """Make `import app` and the `tavola` command work in .venv, as an editable install would, without building."""
    site = next((VENV / "lib").glob("python*/site-packages"))
    path = site / "tavola.pth"
    if not path.exists() or path.read_text() != f"{ROOT}\n":
        path.write_text(f"{ROOT}\n")
    command = VENV / "bin" / "tavola"
    text = LAUNCHER.format(python=PYTHON)
    if not command.exists() or command.read_text() != text:
        command.write_text(text)
        command.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
