"""Types of the SDK, under one roof."""

from oyez.client.events import RealtimeControlType, RealtimeEvent, Token
from oyez.client.timings import SessionTimings
from oyez.client.utterances import SpeechStart, Utterance
from oyez.errors import NextStep, StreamAccount
from oyez.protocol.config import (
    RealtimeSTTConfig,
    StructuredContext,
    StructuredContextGeneralItem,
    StructuredContextTranslationTerm,
    TranslationConfig,
)
from oyez.protocol.tokens import TOKEN_TEXT_END, TOKEN_TEXT_FIN

__all__ = [
    "TOKEN_TEXT_END",
    "TOKEN_TEXT_FIN",
    "NextStep",
    "RealtimeControlType",
    "RealtimeEvent",
    "RealtimeSTTConfig",
    "SessionTimings",
    "SpeechStart",
    "StreamAccount",
    "StructuredContext",
    "StructuredContextGeneralItem",
    "StructuredContextTranslationTerm",
    "Token",
    "TranslationConfig",
    "Utterance",
]
