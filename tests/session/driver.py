"""A whole conversation as a function call: no sockets, no threads, no clock."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from oyez.audio.decoder import open_decoder
from oyez.engines.base import Recognizer, StreamOptions, Vad
from oyez.protocol.messages import Audio, ClientMessage, End, Finalize, Finished, Results
from oyez.protocol.start import StartMessage
from oyez.protocol.tokens import Token
from oyez.session.hearing import Hearing
from oyez.session.inlet import Inlet
from oyez.session.readings import Purpose, Reading
from oyez.session.rules import Rules
from oyez.session.session import Session


@dataclass
class Talk:
    """Everything a client would have received."""

    results: list[Results] = field(default_factory=list)
    finished: Finished | None = None

    @property
    def finals(self) -> list[Token]:
        return [token for result in self.results for token in result.tokens if token.is_final]

    @property
    def text(self) -> str:
        return "".join(token.text for token in self.finals if not token.is_marker)

    @property
    def marked_text(self) -> str:
        return "".join(token.text for token in self.finals)


Answerer = Callable[[Session, Reading], None]


class Bench:
    """A session with its inlet and its engine, driven by hand."""

    def __init__(
        self,
        recognizer: Recognizer,
        vad: Vad,
        *,
        rules: Rules | None = None,
        skips_partials: bool = False,
        **config: Any,
    ) -> None:
        fields: dict[str, Any] = {
            "model": "stt-rt-v5",
            "audio_format": "pcm_s16le",
            "sample_rate": 16_000,
            "num_channels": 1,
        } | config
        self.config = StartMessage.model_validate(fields)
        decoder = open_decoder(
            self.config.audio_format,
            sample_rate_hz=self.config.sample_rate,
            num_channels=self.config.num_channels,
            target_rate_hz=recognizer.sample_rate_hz,
        )
        self.recognizer = recognizer
        self.inlet = Inlet(decoder, vad.open_stream(), frame_samples=vad.frame_samples)
        self.session = Session(
            self.config,
            capabilities=recognizer.capabilities,
            stream=recognizer.open_stream(StreamOptions()),
            hearing=Hearing(recognizer.sample_rate_hz, vad.frame_samples),
            rules=rules,
        )
        self.skips_partials = skips_partials
        self.waited_ms = 0
        """How long each answer is said to have taken."""
        self.talk = Talk()
        self.readings = 0
        self.longest = 0
        """Samples in the longest window read."""

    def say(self, message: ClientMessage) -> None:
        """Deliver a message and compute everything that follows from it."""
        match message:
            case Audio(data):
                self.session.hear(self.inlet.push(data))
            case Finalize():
                self.session.finalize()
            case End():
                self.session.hear(self.inlet.flush())
                self.session.end()
            case _:
                raise AssertionError(message)
        self.compute()

    def compute(self) -> None:
        """Answer readings until none is wanted; collect what is due."""
        self.collect()
        while wanted := self.session.readings():
            for reading in wanted:
                if self.skips_partials and reading.purpose is Purpose.PARTIAL:
                    self.session.refuse(reading)
                    continue
                self.readings += 1
                self.longest = max(self.longest, reading.window.samples.size)
                (hypothesis,) = self.recognizer.recognize([reading.window])
                self.session.answer(reading, hypothesis, waited_ms=self.waited_ms)
                self.collect()
        self.collect()

    def collect(self) -> None:
        for message in self.session.poll():
            if isinstance(message, Results):
                self.talk.results.append(message)
            else:
                self.talk.finished = message


def converse(
    recognizer: Recognizer,
    vad: Vad,
    messages: Iterable[ClientMessage],
    *,
    rules: Rules | None = None,
    skips_partials: bool = False,
    **config: Any,
) -> Talk:
    """Hold a conversation and return what the client received."""
    bench = Bench(recognizer, vad, rules=rules, skips_partials=skips_partials, **config)
    for message in messages:
        bench.say(message)
    return bench.talk


def chunked(data: bytes, sizes: Sequence[int]) -> list[ClientMessage]:
    """Cut bytes into audio messages of the given sizes, again and again, and end."""
    messages: list[ClientMessage] = []
    position = index = 0
    while position < len(data):
        size = max(sizes[index % len(sizes)], 1)
        messages.append(Audio(data[position : position + size]))
        position += size
        index += 1
    return [*messages, End()]
