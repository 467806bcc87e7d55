"""Print the utterances of a WAV file, each when it ends: python transcribe_file.py talk.wav."""

import sys

from oyez import OyezClient
from oyez.types import TOKEN_TEXT_END
from oyez.utils import start_audio_thread, stream_audio

client = OyezClient()  # reads OYEZ_API_KEY and OYEZ_BASE_URL
utterance = ""

with client.realtime.stt.connect(config={"enable_endpoint_detection": True}) as session:
    start_audio_thread(session, stream_audio(sys.argv[1], pace="realtime"))
    for event in session.receive_events():
        for token in event.tokens:
            if token.text == TOKEN_TEXT_END:
                print(utterance.strip(), flush=True)
                utterance = ""
            elif token.is_final:
                utterance += token.text

print(utterance.strip())
