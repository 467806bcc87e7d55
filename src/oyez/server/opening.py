"""What a stream is made of, from its configuration and the engine that will read it."""

from typing import Protocol

from oyez.audio.decoder import open_decoder
from oyez.engines.base import Capabilities, RecognizerStream, StreamOptions, Vad
from oyez.protocol.config import StructuredContext
from oyez.protocol.models import REAL_TIME_ALIASES, REAL_TIME_MODEL, ModelInfo
from oyez.protocol.start import StartMessage
from oyez.session.hearing import Hearing
from oyez.session.inlet import Inlet
from oyez.session.session import Session


class Reader(Protocol):
    """What recognizers and runtimes have in common."""

    @property
    def name(self) -> str:
        """Name of the engine."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the samples it reads."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    def open_stream(self, options: StreamOptions) -> RecognizerStream:
        """Return its state for a new session."""


def model_info(reader: Reader) -> ModelInfo:
    """Return the model as clients see it."""
    capabilities = reader.capabilities
    return ModelInfo(
        id=reader.name,
        languages=capabilities.languages,
        aliases=(REAL_TIME_MODEL, *REAL_TIME_ALIASES),
        supports_translation=capabilities.supports_translation,
        supports_speaker_diarization=capabilities.supports_speaker_diarization,
        supports_context=capabilities.supports_context,
    )


def open_session(config: StartMessage, reader: Reader, vad: Vad) -> tuple[Inlet, Session]:
    """Return what a stream is decoded with, and its session.

    Raises:
        AudioError: The audio format cannot be decoded here.
    """
    decoder = open_decoder(
        config.audio_format,
        sample_rate_hz=config.sample_rate,
        num_channels=config.num_channels,
        target_rate_hz=reader.sample_rate_hz,
    )
    inlet = Inlet(decoder, vad.open_stream(), frame_samples=vad.frame_samples)
    session = Session(
        config,
        capabilities=reader.capabilities,
        stream=reader.open_stream(_stream_options(config)),
        hearing=Hearing(reader.sample_rate_hz, vad.frame_samples),
    )
    return inlet, session


def _stream_options(config: StartMessage) -> StreamOptions:
    context = config.context
    terms: tuple[str, ...] = ()
    text = ""
    if isinstance(context, StructuredContext):
        terms, text = tuple(context.terms or ()), context.text or ""
    elif context is not None:
        text = context
    return StreamOptions(
        language_hints=tuple(config.language_hints or ()),
        language_hints_strict=bool(config.language_hints_strict),
        context_terms=terms,
        context_text=text,
    )
