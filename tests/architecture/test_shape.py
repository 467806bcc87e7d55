"""The shape of the source: who may import whom, how long a module may be, what is explained."""

import ast
import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from oyez import errors

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "oyez"
MODULES = sorted(SOURCE.rglob("*.py"))
PACKAGES = [path for path in MODULES if path.name == "__init__.py"]

MAX_LINES = 400

LINT = (
    "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
)


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def run(script: str, *, cwd: Path = ROOT, source: Path = ROOT / "src") -> tuple[int, str]:
    """Run a script in a fresh interpreter; return its exit status and what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(source)},
    )
    return done.returncode, done.stdout + done.stderr


def test_imports_keep_to_the_contracts() -> None:
    status, printed = run(LINT)
    assert status == 0, printed
    assert "0 broken" in printed


def test_every_contract_would_notice(tmp_path: Path) -> None:
    """One forbidden import a contract is planted in a copy of the source."""
    shutil.copytree(SOURCE, tmp_path / "src" / "oyez", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = {
        "audio/pcm.py": "import oyez.cli.main",
        "turns/policy.py": "import time",
        "session/rules.py": "import threading",
        "client/timings.py": "import numpy",
    }
    for name, statement in planted.items():
        with (tmp_path / "src" / "oyez" / name).open("a", encoding="utf-8") as module:
            module.write(f"\n{statement}\n")
    status, printed = run(LINT, cwd=tmp_path, source=tmp_path / "src")
    assert status != 0
    assert "0 kept, 4 broken" in printed, printed


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_LINES, f"{name_of(path)} has {lines} lines: give part of it a module"


@pytest.mark.parametrize("path", PACKAGES, ids=name_of)
def test_every_package_says_what_it_is_for(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert text
    assert text.splitlines()[0].endswith(".")


def test_every_folder_with_modules_is_a_package() -> None:
    assert {path.parent for path in MODULES} == {path.parent for path in PACKAGES}


def drawn_errors() -> dict[str, tuple[str, set[str]]]:
    """Return, for each class in the tree of `oyez.errors`, its parent and its builtin bases."""
    drawn: dict[str, tuple[str, set[str]]] = {}
    path: list[str] = []
    for line in inspect.getdoc(errors).splitlines():  # type: ignore[union-attr]
        label = line.lstrip(" │├└─")
        if not line.startswith("    ") or not label:
            continue
        depth = (len(line) - len(label) - 4) // 4
        name, _, bases = label.split()[0].partition("(")
        del path[depth:]
        drawn[name] = (path[-1] if path else "Exception", set(bases.rstrip(")").split(",")) - {""})
        path.append(name)
    return drawn


def test_the_tree_of_exceptions_is_drawn_as_it_is() -> None:
    real = {
        name: (value.__bases__[0].__name__, {base.__name__ for base in value.__bases__[1:]})
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, Exception)
    }
    assert drawn_errors() == real
    assert len(real) > 15


def test_every_exception_that_oyez_defines_is_in_the_tree() -> None:
    for path in MODULES:
        if path.parent.name == "errors":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                bases = {ast.unparse(base).split(".")[-1] for base in node.bases}
                assert not bases & {"Exception", "BaseException"}, f"{name_of(path)}: {node.name}"
                is_error = any(base.endswith("Error") for base in bases)
                assert not is_error, f"{name_of(path)}: {node.name}"


@pytest.mark.parametrize(
    "module", ["oyez", "oyez.client", "oyez.types", "oyez.utils", "oyez.client.async_client"]
)
def test_the_sdk_needs_neither_numpy_nor_a_server(module: str) -> None:
    """Not even when they are not installed."""
    status, printed = run(
        "import sys\n"
        "server = 'numpy', 'starlette', 'uvicorn', 'onnxruntime', 'sqlalchemy'\n"
        "for name in (*server, 'sounddevice'):\n"
        "    sys.modules[name] = None\n"
        f"import {module}"
    )
    assert status == 0, printed
