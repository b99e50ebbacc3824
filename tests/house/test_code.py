"""What the code itself promises: where queries begin, which way imports run, that migrations are complete."""

from __future__ import annotations

import ast
import gc
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("config", "teams", "projects", "labeling", "slices")
DOORS = {"views.py", "api.py", "admin.py", "handlers.py"}

# Places where a function must import late, each with the reason.
LATE_IMPORTS = {
    "apps.py": "models may be imported only once the apps are loaded",
}


@cache
def sources() -> list[tuple[Path, ast.Module]]:
    """Every file of the product, read once.

    Without the garbage collector: a finalizer that prints a traceback parses code itself, which CPython before
    3.11.5 cannot bear in the middle of parsing (python/cpython#106905).
    """
    paths = [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]
    gc.disable()
    try:
        return [
            (path.relative_to(ROOT), ast.parse(path.read_text()))
            for path in paths
            if "migrations" not in path.parts
        ]
    finally:
        gc.enable()


def offences(name: str, wanted: type[ast.AST]) -> list[str]:
    return [
        f"{path}:{node.lineno}"
        for path, tree in sources()
        if path.name in DOORS
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == name
    ]


def test_in_the_doors_every_query_starts_at_the_organization() -> None:
    assert offences("objects", ast.Attribute) == []
    assert offences("_default_manager", ast.Attribute) == []


def test_only_one_file_asks_guardian_for_many_rows() -> None:
    askers = {
        str(path)
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("guardian.shortcuts")
    }
    assert askers == {"teams/access/permissions.py"}


def test_nothing_is_imported_inside_a_function_to_dodge_a_circle() -> None:
    late = [
        f"{path}:{node.lineno}"
        for path, tree in sources()
        if path.parts[0] != "config" and path.name not in LATE_IMPORTS
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert late == []


def test_nobody_marks_text_as_safe_or_skips_the_forgery_check() -> None:
    bad = [
        f"{path}:{node.lineno} {node.id if isinstance(node, ast.Name) else ''}"
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in {"mark_safe", "csrf_exempt"}
    ]
    allowed = {"csrf_exempt": ("labeling/asks/",)}  # long-polls of machines: a token, no cookie
    assert [
        row for row in bad if not (row.endswith("csrf_exempt") and row.startswith(allowed["csrf_exempt"]))
    ] == []


def test_imports_run_one_way() -> None:
    """The contracts of pyproject.toml: between floors and between the rooms of a floor."""
    run = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


# Files that are long on purpose, each with the reason.
ONE_FILE = {"slices/runs/client/sluice.py": "pipelines fetch it with curl and run it where nothing else is"}


def test_no_file_has_outgrown_one_sitting() -> None:
    long = {
        str(path): n
        for path, _tree in sources()
        if str(path) not in ONE_FILE and (n := len((ROOT / path).read_text().splitlines())) > 400
    }
    assert long == {}
