"""docs/sdk.md: complete, and its examples run."""

import inspect
import re
from pathlib import Path

import pytest

import oyez
import oyez.types
import oyez.utils
from oyez.client.async_session import AsyncRealtimeSTTSession
from oyez.client.sync_session import RealtimeSTTSession
from oyez.protocol.messages import ClientKind, Finished

from .canned import CannedServer, results
from .test_pacing import wav

PAGE = (Path(__file__).parents[2] / "docs" / "sdk.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def test_every_public_name_is_documented() -> None:
    words = set(re.findall(r"\w+", PAGE))
    names = {*oyez.__all__, *oyez.types.__all__, *oyez.utils.__all__}
    for session in (RealtimeSTTSession, AsyncRealtimeSTTSession):
        names.add(session.__name__)
        names |= {name for name, _ in inspect.getmembers(session) if not name.startswith("_")} - {
            "aenter"
        }
    assert names - words == set()


@pytest.mark.parametrize("example", EXAMPLES, ids=["sync", "async", "utterances"])
def test_examples_run(
    server: CannedServer,
    example: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "talk.wav").write_bytes(wav(80))
    server.script = {
        ClientKind.AUDIO: [results("Hello.", final_ms=100, is_final=True)],
        ClientKind.END: [Finished(100)],
    }
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OYEZ_API_KEY", "key")
    monkeypatch.setenv("OYEZ_BASE_URL", server.base_url)
    exec(compile(example, "docs/sdk.md", "exec"), {})
    assert "Hello." in capsys.readouterr().out
