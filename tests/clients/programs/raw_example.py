"""A program of the kind that documentation shows: no SDK, and the key in the start message.

One thread sends, one reads; every close but a clean one is an error.
"""

# mypy: disable-error-code="import-not-found"

import json
import threading
import time

from report import Errand, errand, pieces, say
from websockets import ConnectionClosedOK
from websockets.sync.client import ClientConnection, connect

PIECE_MS = 120


def stream(ws: ClientConnection, audio: bytes) -> None:
    try:
        for piece in pieces(audio, PIECE_MS):
            ws.send(piece)
            time.sleep(PIECE_MS / 1000)
        ws.send("")
    except Exception as error:  # noqa: BLE001 - the reader tells why
        say("send failed", type(error).__name__)


def main(task: Errand) -> None:
    start = {
        "api_key": task.key,
        "model": "stt-rt-v5",
        "audio_format": "pcm_s16le",
        "sample_rate": 16_000,
        "num_channels": 1,
        "enable_endpoint_detection": task.endpoints,
    }
    final_text = ""
    with connect(task.url) as ws:
        ws.send(json.dumps(start))
        threading.Thread(target=stream, args=(ws, task.pcm), daemon=True).start()
        try:
            while True:
                answer = json.loads(ws.recv())
                if answer.get("error_code") is not None:
                    say("error", answer["error_code"], answer["error_message"])
                    break
                non_final_text = ""
                for token in answer.get("tokens", []):
                    if token.get("text"):
                        if token.get("is_final"):
                            final_text += token["text"]
                        else:
                            non_final_text += token["text"]
                say("shown", final_text, non_final_text)
                if answer.get("finished"):
                    say("finished")
        except ConnectionClosedOK:
            pass
        except Exception as error:  # noqa: BLE001 - as such programs do
            say("error", type(error).__name__, str(error))
    say("closed", ws.close_code)


main(errand())
