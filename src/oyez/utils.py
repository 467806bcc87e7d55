"""Helpers around sessions: audio in chunks, audio threads, tokens as text and captions."""

from oyez.client.captions import render_srt, render_vtt
from oyez.client.rendering import render_tokens
from oyez.client.sources import (
    PaceOptions,
    stream_audio,
    stream_audio_async,
    throttle_audio,
    throttle_audio_async,
)
from oyez.client.threads import AudioThread, start_audio_thread

__all__ = [
    "AudioThread",
    "PaceOptions",
    "render_srt",
    "render_tokens",
    "render_vtt",
    "start_audio_thread",
    "stream_audio",
    "stream_audio_async",
    "throttle_audio",
    "throttle_audio_async",
]
