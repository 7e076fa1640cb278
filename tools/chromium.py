"""Make sure that there is a Chromium for the browser tests: from CHROMIUM, the system, or the system's packages."""

import os
import shutil
import subprocess
import sys

# Phones and computers have one of the fonts that ours are fitted to (Arial, Roboto, Liberation); bare servers none.
PACKAGES = ("chromium", "fonts-liberation")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of a browser that can be started, or None."""
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        return shutil.which(chosen)
    return next(filter(None, map(shutil.which, NAMES)), None)


def main() -> int:
    if find():
        return 0
    if os.environ.get("CHROMIUM"):
        print(f"CHROMIUM is {os.environ['CHROMIUM']!r}, which cannot be started.", file=sys.stderr)
        return 1
    if apt := shutil.which("apt-get"):
        before = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        print("Installing Chromium from the system's packages", flush=True)
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *PACKAGES]):
            try:
                done = subprocess.run(
                    [*before, apt, *command], check=False, env=environment, capture_output=True, text=True
                )
            except OSError as error:
                print(error, file=sys.stderr)
                break
            if done.returncode:
                print(done.stderr.strip(), file=sys.stderr)
        if find():
            return 0
    print("No Chromium: install it with your system's packages, or set CHROMIUM to its path.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
