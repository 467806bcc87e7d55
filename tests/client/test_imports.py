"""What importing costs, and which names there are."""

import subprocess
import sys

import pytest

import oyez
import oyez.types
import oyez.utils
from oyez import errors

HEAVY = ("pydantic", "websockets", "asyncio", "httpx", "numpy", "starlette", "onnxruntime")


def loaded(statement: str) -> set[str]:
    """Return which of the heavy modules a statement loads."""
    script = f"{statement}\nimport sys\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


def test_importing_oyez_loads_nothing_heavy() -> None:
    assert loaded("import oyez, oyez.errors") == set()


def test_the_client_stays_light() -> None:
    statement = (
        "from oyez import OyezClient, AsyncOyezClient, RealtimeSTTConfig\n"
        "import oyez.types, oyez.utils\n"
        "OyezClient(api_key='k').realtime.stt.connect(config={})\n"
        "AsyncOyezClient(api_key='k').realtime.stt.connect(config={})"
    )
    assert loaded(statement) == {"pydantic", "websockets", "asyncio"}


def test_the_first_look_at_the_rest_api_loads_what_it_needs() -> None:
    statement = (
        "from oyez import OyezClient, AsyncOyezClient\n"
        "OyezClient(api_key='k').close()\n"
        "OyezClient(api_key='k').auth, AsyncOyezClient(api_key='k').auth"
    )
    assert loaded(statement) == {"pydantic", "websockets", "asyncio", "httpx"}


@pytest.mark.parametrize("module", [oyez, oyez.types, oyez.utils])
def test_every_exported_name_is_there(module: object) -> None:
    names: list[str] = module.__all__  # type: ignore[attr-defined]
    assert names == sorted(set(names), key=lambda name: (not name.isupper(), name))
    for name in names:
        assert getattr(module, name) is not None
        assert name in dir(module)


def test_every_error_a_client_can_meet_is_exported() -> None:
    named = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception) and name.startswith("Oyez")
    }
    assert named <= set(oyez.__all__)


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = oyez.nonsense


def test_the_version_is_the_installed_one() -> None:
    assert oyez.__version__.split(".")[0].isdigit()
