"""Transcribe a WAV file although connections get lost: python reconnect.py talk.wav.

After a loss a new session gets the audio that is not final yet, so no word is lost or said twice.
Try it: end the server while this runs, and start it again.
"""

import sys
import time
import wave

from oyez import OyezClient, OyezRealtimeError, RealtimeSTTConfig
from oyez.types import TOKEN_TEXT_END
from oyez.utils import start_audio_thread, stream_audio

PATIENCE_S = 60.0

with wave.open(sys.argv[1]) as file:
    if file.getsampwidth() != 2:
        sys.exit("This example reads WAV files with 16-bit samples.")
    config = RealtimeSTTConfig(
        audio_format="pcm_s16le",
        sample_rate=file.getframerate(),
        num_channels=file.getnchannels(),
        enable_endpoint_detection=True,
    )
    rate, frame_bytes = file.getframerate(), 2 * file.getnchannels()
    audio = file.readframes(file.getnframes())

client = OyezClient()  # reads OYEZ_API_KEY and OYEZ_BASE_URL
done_ms = 0
heard_at = time.monotonic()

while rest := audio[done_ms * rate // 1000 * frame_bytes :]:
    session = client.realtime.stt.connect(config=config)
    try:
        with session:
            start_audio_thread(session, stream_audio(rest, pace="realtime", config=config))
            for event in session.receive_events():
                heard_at = time.monotonic()
                for token in event.tokens:
                    if token.is_final:
                        print("\n" if token.text == TOKEN_TEXT_END else token.text, end="")
                sys.stdout.flush()
        break
    except OyezRealtimeError as error:
        if not error.is_retryable or time.monotonic() - heard_at > PATIENCE_S:
            raise
        done_ms += session.account().final_audio_proc_ms
        print(" ", end="")  # the first word of a stream has no space before it
        print(f"[{error} Going on at {done_ms} ms.]", file=sys.stderr)
        time.sleep(1.0)
print()
