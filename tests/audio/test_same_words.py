"""The same speech in every format is the same words, by name and by its first bytes."""

from collections.abc import Iterator

import numpy as np
import pytest

import oyez
from engines.speech import word_error_rate, words
from oyez.server.run import ServerThread
from oyez.server.settings import Settings

from .media import CLIPS, RECIPES, Recipe, encoded, speech
from .pieces import RAW_FORMATS, every
from .writing import write_raw

pytestmark = pytest.mark.real

KEY = "test-key"
SPEECH_S = 4.0
CHUNK_BYTES = 1_500
SAID = "It was the best of times, it was the worst of times."

FIRST_OF_A_CONTAINER = list({recipe.name: recipe for recipe in reversed(RECIPES)}.values())
"""For all of them `test_containers.py` holds that decoders make the same of their first bytes."""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(Settings(api_key=KEY, port=0, model="moonshine-tiny")) as running:
        yield running


def hear(server: ServerThread, data: bytes, **config: object) -> str:
    """Send a file as fast as the socket takes it; the final words."""
    client = oyez.OyezClient(api_key=KEY, websocket_base_url=server.websocket_url)
    with client.realtime.stt.connect(config={"model": "stt-rt-v5", **config}) as session:
        for chunk in every(data, CHUNK_BYTES):
            session.send_byte_chunk(chunk)
        session.finish()
        tokens = [token for event in session.receive_events() for token in event.tokens]
    return "".join(token.text for token in tokens if token.is_final)


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_containers(server: ServerThread, recipe: Recipe) -> None:
    data = encoded(recipe, SPEECH_S)
    by_name = hear(server, data, audio_format=recipe.name)
    if recipe in FIRST_OF_A_CONTAINER:
        assert hear(server, data, audio_format="auto") == by_name
    # AMR keeps half of the band at a tenth of the bits, and a word or two of the twelve may suffer.
    assert word_error_rate(SAID, by_name) <= (0.17 if "amr" in recipe.codec else 0.0), by_name


@pytest.mark.parametrize("audio_format", RAW_FORMATS)
def test_raw_formats(server: ServerThread, audio_format: str) -> None:
    data = write_raw(audio_format, speech(SPEECH_S))
    text = hear(server, data, audio_format=audio_format, sample_rate=16_000, num_channels=1)
    assert words(text) == words(SAID)


@pytest.mark.parametrize("name", ["best_of_times.awb", "best_of_times.spx"])
def test_codecs_that_only_others_can_encode(server: ServerThread, name: str) -> None:
    text = hear(server, (CLIPS / name).read_bytes(), audio_format="auto")
    assert words(text) == words(SAID)


def test_stereo_is_one_voice(server: ServerThread) -> None:
    both = np.repeat(speech(SPEECH_S), 2)
    data = write_raw("pcm_s16le", both)
    text = hear(server, data, audio_format="pcm_s16le", sample_rate=16_000, num_channels=2)
    assert words(text) == words(SAID)
