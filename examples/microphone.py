"""Transcribe the microphone: python microphone.py. Ctrl-C ends it, after the last words.

It needs the package sounddevice: pip install "oyez[mic]".
"""

import signal
import threading
from collections.abc import Iterator

import sounddevice

from oyez import OyezClient, RealtimeSTTConfig
from oyez.utils import start_audio_thread

RATE_HZ = 16_000
has_ended = threading.Event()
signal.signal(signal.SIGINT, lambda *_: has_ended.set())


def recording() -> Iterator[bytes]:
    """Yield what the microphone hears, a tenth of a second at a time."""
    with sounddevice.RawInputStream(samplerate=RATE_HZ, channels=1, dtype="int16") as microphone:
        while not has_ended.is_set():
            samples, _ = microphone.read(RATE_HZ // 10)
            yield bytes(samples)


client = OyezClient()  # reads OYEZ_API_KEY and OYEZ_BASE_URL
config = RealtimeSTTConfig(
    audio_format="pcm_s16le",
    sample_rate=RATE_HZ,
    num_channels=1,
    enable_endpoint_detection=True,
)
with client.realtime.stt.connect(config=config) as session:
    start_audio_thread(session, recording())
    for utterance in session.receive_utterances():
        print(utterance.text, flush=True)
