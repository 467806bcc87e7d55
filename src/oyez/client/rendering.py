"""Tokens as text for people."""

from collections.abc import Iterable
from itertools import chain

from oyez.client.events import Token


def render_tokens(final_tokens: Iterable[Token], non_final_tokens: Iterable[Token]) -> str:
    """Return the transcript with a heading where the speaker or the language changes.

    Markers (`<end>`, `<fin>`) are tokens like others here: leave them out to leave them out.

    Args:
        final_tokens: All final tokens so far.
        non_final_tokens: The non-final tokens of the newest event.
    """
    parts: list[str] = []
    speaker: str | None = None
    language: str | None = None
    for token in chain(final_tokens, non_final_tokens):
        text = token.text or ""
        if token.speaker is not None and token.speaker != speaker:
            gap = "" if speaker is None else "\n\n"
            parts.append(f"{gap}Speaker {token.speaker}:")
            speaker, language = token.speaker, None
        if token.language is not None and token.language != language:
            language = token.language
            is_translation = token.translation_status == "translation"
            parts.append(f"\n{'[Translation] ' if is_translation else ''}[{language}] ")
            text = text.lstrip()
        parts.append(text)
    return "".join(parts)
