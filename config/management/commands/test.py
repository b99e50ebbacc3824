"""`manage.py test`: pytest with the arguments given, and a browser for the pages that need one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from django.core.management.base import BaseCommand

from config.bootstrap import ROOT

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = (
    "No Chromium was found and none could be installed, so the browser tests cannot run: "
    "install it (Debian: apt install chromium) or set CHROMIUM to its program."
)
# The whole suite leaves out what takes minutes, and uses every core; pytest takes the last of two arguments.
WHOLE = ("-m", "not slow", "--numprocesses", "auto", "--maxprocesses", "4", "--dist", "loadfile")
ASK = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


class Command(BaseCommand):
    """Replaces Django's runner."""

    help = "Run the tests with pytest; all arguments are pytest's."

    def run_from_argv(self, argv: list[str]) -> None:
        """Become pytest, so that it has signals, exit code and database to itself."""
        arguments = argv[2:]
        browser = find_browser() or (install_browser() if may_need_browser(arguments) else None)
        if browser:
            os.environ["CHROMIUM"] = browser
        elif may_need_browser(arguments):
            self.stderr.write(NO_BROWSER)
        if not paths_among(arguments):
            os.chdir(ROOT)
            arguments = [*WHOLE, *arguments]
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606


def may_need_browser(arguments: Sequence[str]) -> bool:
    """Whether browser tests may be among those asked for: the whole suite, or their folder by name."""
    paths = paths_among(arguments)
    return not paths or any("browser" in word or word.rstrip("/") == "tests" for word in paths)


def paths_among(arguments: Sequence[str]) -> list[str]:
    """The arguments that name files or folders of tests."""
    return [word for word in arguments if Path(word.partition("::")[0]).exists()]


def find_browser() -> str | None:
    """The Chromium that CHROMIUM, the PATH or an earlier installation of Playwright's names."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    return next(filter(None, map(shutil.which, BROWSERS)), None) or playwright_browser()


def install_browser() -> str | None:
    """Debian's package where we may install one, else Playwright's own build."""
    if os.geteuid() == 0 and shutil.which("apt-get") and Path("/etc/debian_version").exists():
        print("Installing Chromium for the browser tests ...", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
        for command in (["apt-get", "update", "-qq"], install):
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    found = find_browser()
    if found is None:
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        subprocess.run(command, capture_output=True, check=False)
    return found or find_browser()


def playwright_browser() -> str | None:
    """The program that Playwright installed, if it did."""
    asked = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False)
    path = asked.stdout.strip()
    return path if path and Path(path).exists() else None
