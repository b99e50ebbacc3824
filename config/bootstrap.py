"""First start: an environment of the pinned packages in .local/venv, made with the standard library alone."""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
VENV = LOCAL / "venv"
PYTHON = VENV / "bin" / "python"
MARKER = VENV / "sluice.json"
UNFINISHED = LOCAL / "venv.unfinished"
REQUIREMENTS = ROOT / "config" / "requirements"

# Each set of pins holds the one before it, so the environment of a later one satisfies the earlier ones.
LEVELS = ("base", "demo", "dev")
LEVEL_OF_COMMAND = {"demo": "demo", "up": "demo", "test": "dev"}
# Commands that never open the database, or (test) see to it themselves.
NEEDS_NO_DATABASE = frozenset(
    {"", "help", "--help", "-h", "version", "--version", "check", "test"}
    | {"collectstatic", "findstatic", "compilemessages", "makemessages", "diffsettings"}
)
# Where packages come from is the person's affair; where and how they are installed is ours.
PACKAGE_SOURCES = re.compile(
    r"(PIP|UV)_(\w*INDEX\w*|FIND_LINKS|CERT|CLIENT_CERT|TRUSTED_HOST|PROXY|DEFAULT_TIMEOUT|TIMEOUT|RETRIES"
    r"|CACHE_DIR|NO_CACHE_DIR|NO_CACHE|CONFIG_FILE|KEYRING_PROVIDER|USE_FEATURE|NATIVE_TLS|SYSTEM_CERTS"
    r"|HTTP_TIMEOUT|HTTP_RETRIES|INSECURE_HOST|OFFLINE)"
)
NEVER_PASSED_ON = {"PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "__PYVENV_LAUNCHER__"}


class CannotPrepare(Exception):
    """The environment cannot be made; the message says what the person can do."""


def ensure_environment(argv: Sequence[str]) -> None:
    """Return when this interpreter has what the command needs; else prepare one and start over in it."""
    here = str(os.getpid())
    if os.environ.pop("SLUICE_ENTERED", "") == here and not inside():
        sys.exit(f"{PYTHON} does not start inside {VENV}. Delete that folder and run the command again.")
    level = level_for(argv)
    if own_environment(level) or (inside() and satisfied(level)):
        return
    try:
        prepare(level)
    except CannotPrepare as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit("\nStopped while installing; the next start begins again.")
    command = [str(PYTHON), *sys.orig_argv[1:]]
    os.execve(PYTHON, command, {**clean_environment(), "SLUICE_ENTERED": here})  # noqa: S606


def level_for(argv: Sequence[str]) -> str:
    """The set of pins a command line needs; the default database's program comes with the demo's."""
    command = argv[1] if len(argv) > 1 else ""
    if command in LEVEL_OF_COMMAND:
        return LEVEL_OF_COMMAND[command]
    provided = os.environ.get("DATABASE_URL") or os.environ.get("PG_BIN")
    return "base" if provided or command in NEEDS_NO_DATABASE else "demo"


def prepare(level: str) -> None:
    """Have the environment satisfy this level. Raises CannotPrepare with what the person can do."""
    if satisfied(level):
        return
    try:
        install(level)
    except PermissionError as problem:
        raise CannotPrepare(
            f"{problem.filename} cannot be written by this account, and Sluice keeps its packages in {VENV}. "
            "Use a checkout of your own, or the account that this one belongs to."
        ) from problem


def own_environment(level: str) -> bool:
    """Whether the person keeps the packages themselves: they say so, or what is needed is there already."""
    return os.environ.get("SLUICE_OWN_ENVIRONMENT") == "1" or (not inside() and suits(level))


def inside() -> bool:
    """Whether this interpreter is the one of our own environment."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def suits(level: str) -> bool:
    """Whether this interpreter, somebody's own, has every distribution in exactly the pinned version."""
    for name, (version, everywhere) in pinned(level).items():
        try:
            if importlib.metadata.version(name) != version:
                return False
        except importlib.metadata.PackageNotFoundError:
            if everywhere:
                return False
    return True


def pinned(level: str) -> dict[str, tuple[str, bool]]:
    """Name -> (version, whether every platform has it) of one set of pins."""
    lines = re.findall(r"^([\w.-]+)==(\S+)( ;)?", pins(level).read_text(), re.MULTILINE)
    return {name: (version, not condition) for name, version, condition in lines}


def pins(level: str) -> Path:
    """The file that holds the pins of a level."""
    return REQUIREMENTS / f"{level}.txt"


def digest(level: str) -> str:
    """What the marker remembers of a file of pins."""
    return hashlib.sha256(pins(level).read_bytes()).hexdigest()


def satisfied(level: str) -> bool:
    """Whether the environment was last completed with exactly these pins, for the Python it still runs on."""
    try:
        marker = json.loads(MARKER.read_text())
    except (OSError, ValueError):
        return False
    return (
        PYTHON.exists()
        and marker.get("python") == os.path.realpath(PYTHON)
        and marker.get(level) == digest(level)
    )


def install(level: str) -> None:
    """Make the environment whole for this level; one process at a time, and never half."""
    LOCAL.mkdir(exist_ok=True)
    with alone() as lock:
        if satisfied(level):  # whoever held the lock before us did it
            return
        if UNFINISHED.exists() or not PYTHON.exists() or version_changed():
            shutil.rmtree(VENV, ignore_errors=True)
        UNFINISHED.touch()
        MARKER.unlink(missing_ok=True)
        if not PYTHON.exists():
            make_environment(lock)
        fill_environment(level, lock)
        complete(level)


@contextmanager
def alone() -> Iterator[IO[str]]:
    """Hold the lock of the environment; a child that inherits it keeps it held when we are killed."""
    with open(LOCAL / "venv.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another start is installing the packages; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def version_changed() -> bool:
    """Whether the system's Python moved on under the environment, which leaves its packages unseen."""
    libraries = {path.name for path in (VENV / "lib").glob("python3*")}
    asked = subprocess.run(
        [PYTHON, "-I", "-c", "import sys; print('python%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() not in libraries


def make_environment(lock: IO[str]) -> None:
    """An empty environment, of the Python that lies under the one running this."""
    has_pip = importlib.util.find_spec("ensurepip") is not None
    if importlib.util.find_spec("venv") is None or not (has_pip or shutil.which("uv")):
        raise CannotPrepare(
            "This Python lacks the part that makes environments. On Debian or Ubuntu: "
            "apt install python3-venv (as root), then run the command again."
        )
    python = getattr(sys, "_base_executable", None) or sys.executable
    made = subprocess.run(
        [python, "-I", "-m", "venv", *([] if has_pip else ["--without-pip"]), VENV],
        env=clean_environment(),
        pass_fds=[lock.fileno()],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise CannotPrepare(
            f"{made.stdout}{made.stderr}\nThe environment {VENV} could not be made; see above."
        )


def fill_environment(level: str, lock: IO[str]) -> None:
    """Install the pins with uv when there is one, else (or when it fails) with pip."""
    count = len(pinned(level))
    say(f"Installing {count} packages into {VENV} (only when the pins change; a minute or so) ...")
    has_pip = (VENV / "bin" / "pip").exists()
    uv = shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "--python", str(PYTHON)]
        code, output = follow(command, level, lock)
        if code == 0 or not has_pip:
            return check(code, output, level)
        say("uv could not do it; trying pip.")
    quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    code, output = follow([str(PYTHON), "-I", "-m", "pip", "install", *quiet], level, lock)
    return check(code, output, level)


def follow(command: list[str], level: str, lock: IO[str]) -> tuple[int, list[str]]:
    """Run an installer and count its packages on the terminal; its exit code and everything it said."""
    total = len(pinned(level))
    seen = 0
    output: list[str] = []
    with subprocess.Popen(
        [*command, "--require-hashes", "-r", pins(level)],
        env=clean_environment(),
        pass_fds=[lock.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as installer:
        assert installer.stdout is not None
        for line in installer.stdout:
            output.append(line)
            seen += line.startswith(("Collecting ", "Requirement already satisfied: "))
            if sys.stderr.isatty() and seen:
                print(f"\r  {min(seen, total)} of {total}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty() and seen:
        print(file=sys.stderr)
    return installer.returncode, output


def check(code: int, output: list[str], level: str) -> None:
    """Complain with the installer's own last words; an environment it never touched is not rebuilt."""
    if code == 0:
        return
    if PYTHON.exists() and not any(line.startswith("Installing collected packages") for line in output):
        UNFINISHED.unlink(missing_ok=True)
    raise CannotPrepare(
        f"{''.join(output[-15:])}\nThe packages could not be installed; the lines above say why. "
        f"Run the command again when that is mended, or install {pins(level)} into an environment "
        "of your own, start from it and set SLUICE_OWN_ENVIRONMENT=1."
    )


def complete(level: str) -> None:
    """Write, in one move, that the environment holds these pins and those they include."""
    included = LEVELS[: LEVELS.index(level) + 1]
    marker = {"python": os.path.realpath(PYTHON), **{each: digest(each) for each in included}}
    draft = MARKER.with_suffix(".new")
    draft.write_text(json.dumps(marker, indent=1))
    draft.replace(MARKER)
    UNFINISHED.unlink(missing_ok=True)
    say("Installed.")


def clean_environment() -> dict[str, str]:
    """The variables that children get: none that would put other packages in, or ours elsewhere."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in NEVER_PASSED_ON
        and (not name.startswith(("PIP_", "UV_")) or PACKAGE_SOURCES.fullmatch(name))
    }


def say(sentence: str) -> None:
    """Tell the person, beside whatever the command itself prints."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    # `python3 config/bootstrap.py dev` prints the interpreter to run development tools with.
    try:
        wanted = sys.argv[1]
        if own_environment(wanted):
            print(sys.executable)
        else:
            prepare(wanted)
            print(PYTHON)
    except CannotPrepare as problem:
        sys.exit(str(problem))
