"""Write captions of a recording: python captions.py talk.mp3 talk.srt (or talk.vtt)."""

import sys
from pathlib import Path

from oyez import OyezClient
from oyez.utils import render_srt, render_vtt, start_audio_thread, stream_audio

recording, captions = Path(sys.argv[1]), Path(sys.argv[2])
render = {".srt": render_srt, ".vtt": render_vtt}[captions.suffix]

client = OyezClient()  # reads OYEZ_API_KEY and OYEZ_BASE_URL
with client.realtime.stt.connect(config={"enable_endpoint_detection": True}) as session:
    start_audio_thread(session, stream_audio(recording))
    tokens = [token for event in session.receive_events() for token in event.tokens]

captions.write_text(render(token for token in tokens if token.is_final), encoding="utf-8")
