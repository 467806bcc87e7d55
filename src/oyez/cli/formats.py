"""Transcripts as files."""

import json
from collections.abc import Sequence
from typing import Final

from oyez.protocol.tokens import Token

FORMATS: Final = ("txt", "srt", "vtt", "json")


def render(
    name: str, tokens: Sequence[Token], *, audio_ms: int, file: str, is_compact: bool = False
) -> str:
    """Return a transcript as the content of a file, with a newline at its end.

    Args:
        name: One of `FORMATS`.
        tokens: Final tokens.
        audio_ms: Length of the stream.
        file: What was transcribed.
        is_compact: Write JSON as one line.
    """
    from oyez.transcript.captions import captions, srt, vtt
    from oyez.transcript.render import document, text

    if name == "srt":
        return srt(captions(tokens))
    if name == "vtt":
        return vtt(captions(tokens))
    if name == "json":
        whole = {"file": file, **document(tokens, audio_ms=audio_ms)}
        return json.dumps(whole, ensure_ascii=False, indent=None if is_compact else 2) + "\n"
    plain = text(tokens)
    return f"{plain}\n" if plain else ""
