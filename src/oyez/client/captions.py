"""Tokens as captions: SubRip and WebVTT."""

from collections.abc import Iterable

from oyez.client.events import Token as WireToken
from oyez.client.utterances import is_spoken
from oyez.protocol.tokens import Token
from oyez.transcript.captions import captions, srt, vtt


def render_srt(final_tokens: Iterable[WireToken]) -> str:
    """Return a transcript as a SubRip file: captions of at most two lines of 42 characters.

    Args:
        final_tokens: All final tokens, in order; `<end>` and `<fin>` begin a new caption.
            Translations, which have no times, are left out.
    """
    return srt(captions(_spoken(final_tokens)))


def render_vtt(final_tokens: Iterable[WireToken]) -> str:
    """Return a transcript as a WebVTT file, which also says who speaks where that is known.

    Args:
        final_tokens: As for `render_srt`.
    """
    return vtt(captions(_spoken(final_tokens)))


def complete(token: WireToken, earlier_ms: int) -> Token:
    """Return a token with every field filled: a server may leave most of them out.

    Args:
        token: What the server said.
        earlier_ms: Where the token before it ends.
    """
    start_ms = earlier_ms if token.start_ms is None else token.start_ms
    return Token(
        text=token.text,
        start_ms=start_ms,
        end_ms=max(start_ms, token.end_ms or 0),
        confidence=1.0 if token.confidence is None else token.confidence,
        is_final=bool(token.is_final),
        speaker=token.speaker,
        language=token.language,
    )


def _spoken(tokens: Iterable[WireToken]) -> list[Token]:
    spoken: list[Token] = []
    for token in tokens:
        if is_spoken(token):
            spoken.append(complete(token, spoken[-1].end_ms if spoken else 0))
    return spoken
