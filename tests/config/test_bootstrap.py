"""The environment: made from the pins, by one start at a time, whole or not at all."""

import base64
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest

from config import bootstrap

ROOT = bootstrap.ROOT
SYSTEM_PYTHON = getattr(sys, "_base_executable", sys.executable)
PROBE = """
import sys
from config.bootstrap import ensure_environment
ensure_environment(sys.argv)
import toy
print(sys.executable, toy.__file__, toy.VERSION)
"""


class Checkout:
    """A small repository with the real bootstrap, and pins of packages that lie beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.wheels = root.parent / f"{root.name}-wheels"
        self.requirements = root / "config" / "requirements"
        self.requirements.mkdir(parents=True)
        self.wheels.mkdir()
        (root / "config" / "__init__.py").touch()
        (root / "probe.py").write_text(PROBE)
        shutil.copy(ROOT / "config" / "bootstrap.py", root / "config")
        self.pin(toy="1.0")

    @property
    def venv(self) -> Path:
        return self.root / ".local" / "venv"

    def pin(self, *, toy: str) -> None:
        """Pins of the three levels: the toy in all, and a tool of development."""
        base = self.line("toy", toy)
        for level in ("base", "demo"):
            (self.requirements / f"{level}.txt").write_text(base)
        (self.requirements / "dev.txt").write_text(base + self.line("tool", "2.0"))

    def line(self, name: str, version: str) -> str:
        wheel = make_wheel(self.wheels, name, version)
        return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"

    def start(
        self, command: str = "check", python: str = SYSTEM_PYTHON, **extra: str
    ) -> "subprocess.Popen[str]":
        """Begin a start of the probe, as `manage.py COMMAND`."""
        clean = {
            k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_", "SLUICE_", "PYTHON"))
        }
        sources = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": os.devnull}
        return subprocess.Popen(
            [python, "probe.py", command],
            cwd=self.root,
            env={**clean, **sources, "PATH": "/usr/bin:/bin", **extra},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, command: str = "check", python: str = SYSTEM_PYTHON, **extra: str) -> tuple[str, str]:
        """A whole start: what it printed and what it said on the way."""
        started = self.start(command, python, **extra)
        printed, said = started.communicate(timeout=120)
        assert started.returncode == 0, said
        return printed, said


def make_wheel(folder: Path, name: str, version: str) -> Path:
    """A package of one line, in a wheel that pip takes."""
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = '{version}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {path: hashlib.sha256(text.encode()).digest() for path, text in files.items()}
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(digests[path]).decode().rstrip('=')},{len(text)}\n"
        for path, text in files.items()
    )
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return wheel


def environment_with_toy(folder: Path, version: str) -> str:
    """Somebody's own environment; its Python."""
    subprocess.run([SYSTEM_PYTHON, "-m", "venv", "--without-pip", folder], check=True)
    site = next((folder / "lib").glob("python3*/site-packages"))
    with zipfile.ZipFile(make_wheel(folder, "toy", version)) as wheel:
        wheel.extractall(site)
    return str(folder / "bin" / "python")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A clone as it comes."""
    return Checkout(tmp_path / "checkout")


@pytest.fixture(scope="module")
def empty_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with pip alone, to be copied: making one takes seconds."""
    venv = tmp_path_factory.mktemp("empty") / "venv"
    subprocess.run([SYSTEM_PYTHON, "-m", "venv", venv], check=True)
    return venv


@pytest.fixture
def begun(checkout: Checkout, empty_environment: Path) -> Checkout:
    """A clone whose environment exists, and is not filled yet."""
    shutil.copytree(empty_environment, checkout.venv, symlinks=True)
    return checkout


def test_a_first_start_makes_the_environment_and_later_ones_follow_the_pins(checkout: Checkout) -> None:
    noise = checkout.root.parent / "noise"
    noise.mkdir()
    (noise / "toy.py").write_text("VERSION = 'a distribution of the past'\n")
    disturbed = {
        "PYTHONPATH": str(noise),
        "PIP_TARGET": str(noise / "t"),
        "PIP_USER": "1",
        "PIP_NO_DEPS": "0",
    }

    printed, said = checkout.run("check", **disturbed)
    python, module, version = printed.split()
    assert (python, version) == (str(checkout.venv / "bin" / "python"), "1.0")
    assert module.startswith(str(checkout.venv))
    assert said.count("Installing 1 packages") == 1

    assert checkout.run("check") == (printed, "")

    _, said = checkout.run("test")
    assert said.count("Installing 2 packages") == 1
    _, said = checkout.run("demo", python=str(checkout.venv / "bin" / "python3"))
    assert said == ""  # the larger set holds the smaller one

    checkout.pin(toy="1.1")
    printed, said = checkout.run("check", python=str(checkout.venv / "bin" / "python"))
    assert (printed.split()[2], said.count("Installing")) == ("1.1", 1)


def test_two_starts_at_once_install_once(begun: Checkout) -> None:
    both = [begun.start(), begun.start()]
    ends = [(each.communicate(timeout=120), each.returncode) for each in both]
    assert [code for _, code in ends] == [0, 0]
    assert ends[0][0][0] == ends[1][0][0]
    assert sum("Installing" in said for (_, said), _ in ends) == 1


def test_an_environment_whose_making_was_killed_is_made_anew(begun: Checkout) -> None:
    first = begun.start()
    wait_for(begun.root / ".local" / "venv.unfinished")
    first.send_signal(signal.SIGKILL)
    first.communicate()
    half = begun.venv / "half-written"
    half.touch()

    printed, said = begun.run()
    assert printed.split()[2] == "1.0"
    assert said.count("Installing") == 1
    assert not half.exists()
    assert json.loads((begun.venv / "sluice.json").read_text())["base"]


def test_a_package_that_is_not_the_pinned_one_is_refused_in_plain_words(begun: Checkout) -> None:
    pins = begun.requirements / "base.txt"
    pins.write_text(re.sub(r"sha256:\w{4}", "sha256:0000", pins.read_text()))
    failed = begun.start()
    _, said = failed.communicate(timeout=120)
    assert failed.returncode == 1
    assert "The packages could not be installed; the lines above say why." in said
    assert "Traceback" not in said
    assert not (begun.venv / "sluice.json").exists()
    assert not (begun.root / ".local" / "venv.unfinished").exists()  # nothing was touched

    begun.pin(toy="1.0")
    assert begun.run()[0].split()[2] == "1.0"


def test_an_environment_of_ones_own_with_the_pinned_packages_is_used_as_it_is(
    checkout: Checkout, tmp_path: Path
) -> None:
    python = environment_with_toy(tmp_path / "own", "1.0")
    printed, said = checkout.run(python=python)
    assert (printed.split()[0], said) == (python, "")
    assert not (checkout.root / ".local").exists()


def test_an_environment_for_something_else_gets_the_bootstrap_unless_told_otherwise(
    begun: Checkout, tmp_path: Path
) -> None:
    python = environment_with_toy(tmp_path / "other", "0.9")
    assert begun.run(python=python, SLUICE_OWN_ENVIRONMENT="1")[0].split()[2] == "0.9"
    assert begun.run(python=python)[0].split()[2] == "1.0"


def test_a_python_that_cannot_make_environments_is_told_what_to_install(checkout: Checkout) -> None:
    script = "import runpy, sys; sys.modules['ensurepip'] = None; runpy.run_path('probe.py')"
    told = subprocess.run(
        [SYSTEM_PYTHON, "-c", script],
        cwd=checkout.root,
        capture_output=True,
        text=True,
        env={"PATH": "/nowhere"},
    )
    assert told.returncode == 1
    assert "apt install python3-venv" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("line", "given", "level"),
    [
        ("test tests/config", {}, "dev"),
        ("demo", {}, "demo"),
        ("up --port 9000", {"DATABASE_URL": "postgres://u@h/d"}, "demo"),
        ("check", {}, "base"),
        ("", {}, "base"),
        ("migrate", {}, "demo"),
        ("migrate", {"DATABASE_URL": "postgres://u@h/d"}, "base"),
        ("migrate", {"PG_BIN": "/usr/lib/postgresql/17/bin"}, "base"),
    ],
)
def test_a_command_gets_the_packages_it_needs(
    monkeypatch: pytest.MonkeyPatch, line: str, given: dict[str, str], level: str
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("PG_BIN", raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert bootstrap.level_for(["manage.py", *line.split()]) == level


def test_every_dependency_is_pinned_with_hashes_and_without_addresses() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = {
        "base": project["dependencies"],
        "demo": project["dependencies"] + extras["demo"],
        "dev": project["dependencies"] + extras["demo"] + extras["dev"],
    }
    for level, requirements in asked.items():
        names = {re.split(r"[\[<>=~! ;]", each)[0].lower() for each in requirements}
        text = bootstrap.pins(level).read_text()
        assert names - set(bootstrap.pinned(level)) == set()
        assert re.findall(r"(?m)^(?!\s+--hash=sha256:)\s*-.*|.*://.*", text) == []
        assert all("--hash=sha256:" in block for block in re.split(r"\n(?=\S)", text) if block.strip())


def test_the_larger_sets_of_pins_hold_the_smaller_ones() -> None:
    base, demo, dev = (set(bootstrap.pinned(level).items()) for level in bootstrap.LEVELS)
    assert base < demo < dev


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.01)
