"""The official SDK with an oyez server: python soniox_sdk_unchanged.py talk.wav.

Only the key and the address differ from a program that talks to Soniox.
"""

import os
import sys

from soniox import SonioxClient
from soniox.types import RealtimeSTTConfig, Token
from soniox.utils import render_tokens, start_audio_thread, throttle_audio

client = SonioxClient(
    api_key=os.environ["OYEZ_API_KEY"],
    websocket_base_url=os.environ.get("OYEZ_BASE_URL", "ws://127.0.0.1:8484"),
)
final_tokens: list[Token] = []

with client.realtime.stt.connect(config=RealtimeSTTConfig(model="stt-rt-v5")) as session:
    start_audio_thread(session, throttle_audio(sys.argv[1], delay_seconds=0.1))
    for event in session.receive_events():
        if event.error_code:
            sys.exit(f"{event.error_code}: {event.error_message}")
        final_tokens += [token for token in event.tokens if token.is_final]

print(render_tokens(final_tokens, []))
