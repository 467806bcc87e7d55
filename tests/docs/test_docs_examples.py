"""The programs that the documentation shows do what it says."""

import re
import tomllib
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from docs_pages import PATHS, Example, examples, name_of, plug_in, read

from oyez import OyezClient
from oyez.engines.registry import recognizer_names
from oyez.engines.scripted import (
    DEFAULT_SCRIPT,
    ScriptedVad,
    ScriptedWord,
    script_audio,
)
from oyez.server.run import ServerThread
from oyez.server.settings import Settings

KEY = "key-of-the-examples"

# The official SDK opens its socket in a way that websockets wants given up.
NOT_OURS = pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning")
EXAMPLES = [
    pytest.param(
        example, id=example.name, marks=[NOT_OURS] if "from soniox" in example.code else []
    )
    for example in examples()
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    store_url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'oyez.db'}"
    settings = Settings(api_key=KEY, port=0, model="scripted", store_url=store_url)
    with ServerThread(settings) as running:
        yield running


def pcm(script: tuple[ScriptedWord, ...], duration_ms: int) -> bytes:
    return (script_audio(script, duration_ms) * 32_767).astype(np.int16).tobytes()


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording in the folder in which the examples run."""
    with wave.open(str(tmp_path / "talk.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(pcm(DEFAULT_SCRIPT, 1_500))
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("talk")
@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_run(
    server: ServerThread,
    example: Example,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OYEZ_API_KEY", KEY)
    monkeypatch.setenv("OYEZ_BASE_URL", f"http://127.0.0.1:{server.port}")
    code = example.code.replace("127.0.0.1:8484", f"127.0.0.1:{server.port}")
    exec(compile(code, example.name, "exec"), {"__name__": "__main__"})
    assert example.expected in capsys.readouterr().out


@pytest.mark.parametrize("path", PATHS, ids=name_of)
def test_every_python_block_is_python(path: Path) -> None:
    page = read(name_of(path))
    for code in re.findall(r"^```python\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE):
        compile(code, str(path), "exec")


def test_the_engine_of_the_documentation_can_be_installed_and_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = plug_in()
    project = tomllib.loads(files["pyproject.toml"])["project"]
    (tmp_path / "oyez_knocks.py").write_text(files["oyez_knocks.py"], encoding="utf-8")
    # What an installer would write.
    info = tmp_path / f"oyez_knocks-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n",
        encoding="utf-8",
    )
    ((group, entries),) = project["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {goal}" for name, goal in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "knocks" in recognizer_names()

    monkeypatch.setattr("oyez.server.app.load_vad", lambda _name: ScriptedVad())
    knocks = tuple(ScriptedWord("", start, start + 200) for start in (500, 1_000, 1_500))
    config = {"audio_format": "pcm_s16le", "sample_rate": 16_000, "num_channels": 1}
    with ServerThread(Settings(api_key=KEY, port=0, model="knocks")) as server:
        client = OyezClient(api_key=KEY, base_url=server.websocket_url)
        with client.realtime.stt.connect(config={**config, "model": "knocks"}) as session:
            session.send_bytes(pcm(knocks, 3_000))
            tokens = [token for event in session.receive_events() for token in event.tokens]
    finals = [token for token in tokens if token.is_final]
    assert "".join(token.text for token in finals) == "knock knock knock"
    assert [token.start_ms for token in finals] == pytest.approx([500, 1_000, 1_500], abs=20)
