import subprocess
import sys

import click
import pytest

import oyez
from oyez.cli.main import cli

from .conftest import Run

COMMANDS = ("demo", "serve", "transcribe", "listen", "models", "bench")
LIGHT = """
import sys
for name in ("uvicorn", "starlette", "numpy", "onnxruntime"):
    sys.modules[name] = None
from oyez.cli.main import main
main()
"""


def python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_version(run: Run) -> None:
    assert run("--version").output == f"oyez {oyez.__version__}\n"


def test_help_lists_the_commands(run: Run) -> None:
    output = run("--help").output
    assert all(f"\n  {name} " in output for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_help_and_a_variable(run: Run, command: str) -> None:
    assert run(command, "--help").exit_code == 0
    for option in cli.commands[command].params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert option.is_flag or str(option.envvar).startswith("OYEZ_"), option.name


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from oyez.cli.main import cli\n"
        "try: cli(['serve', '--help'])\n"
        "except SystemExit: pass\n"
        "print([n for n in ('numpy','pydantic','rich','websockets','uvicorn') if n in sys.modules])"
    )
    assert python(code).stdout.endswith("\n[]\n")


def test_module_is_the_command() -> None:
    command = [sys.executable, "-m", "oyez", "--version"]
    assert subprocess.check_output(command, text=True) == f"oyez {oyez.__version__}\n"


@pytest.mark.parametrize("arguments", [("serve",), ("demo",), ("models",)])
def test_without_the_server_parts_it_says_what_to_install(arguments: tuple[str, ...]) -> None:
    result = python(LIGHT, *arguments)
    assert result.returncode == 1
    assert "pip install 'oyez[server]'" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_closed_pipe_is_no_traceback() -> None:
    command = f"{sys.executable} -m oyez --help | true"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in result.stderr
