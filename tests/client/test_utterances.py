"""Starts of speech and ends of utterances: the grouping alone, then through sessions."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez import OyezConnectionLostError, OyezRealtimeError, OyezValidationError
from oyez.client.utterances import MARKERS, Finals, Grouper
from oyez.protocol.messages import ClientKind, ErrorFrame, Finished, Results
from oyez.protocol.tokens import Token as WireToken
from oyez.server.run import ServerThread
from oyez.types import RealtimeEvent, SpeechStart, Token, Utterance

from .canned import CannedServer, Close, Script
from .conftest import OpenSession
from .foxes import FOX, PCM, foxes


def final(text: str, start_ms: int = 0, end_ms: int = 0, **more: Any) -> Token:
    return Token(text=text, start_ms=start_ms, end_ms=end_ms, is_final=True, **more)


def guess(text: str, start_ms: int = 0) -> Token:
    return Token(text=text, start_ms=start_ms, end_ms=start_ms, is_final=False)


def hear(*events: list[Token]) -> list[list[SpeechStart | Utterance]]:
    grouper = Grouper(Finals())
    return [grouper.hear(RealtimeEvent(tokens=tokens)) for tokens in events]


def test_speech_starts_with_the_first_token_and_ends_with_a_marker() -> None:
    start, more, end = hear(
        [guess("Hel", 120)],
        [final("Hello", 100, 400), guess(" wor", 450)],
        [final(" world.", 450, 800), final("<end>", 800, 800)],
    )
    assert start == [SpeechStart(120, guess("Hel", 120))]
    assert more == []
    (utterance,) = end
    assert isinstance(utterance, Utterance)
    assert (utterance.text, utterance.start_ms, utterance.end_ms) == ("Hello world.", 100, 800)
    assert utterance.marker == "<end>"
    assert (utterance.speaker, utterance.language, utterance.translation) == (None, None, "")


def test_several_utterances_in_one_message() -> None:
    (moments,) = hear([final("A", 1), final("<end>"), final("B", 2), final("<fin>"), guess("C", 3)])
    assert [type(moment) for moment in moments] == [
        SpeechStart,
        Utterance,
        SpeechStart,
        Utterance,
        SpeechStart,
    ]
    assert [moment.text for moment in moments if isinstance(moment, Utterance)] == ["A", "B"]


def test_a_guess_that_comes_to_nothing_may_start_again() -> None:
    first, gone, again = hear([guess("um")], [], [guess("Yes", 900)])
    assert len(first) == len(again) == 1
    assert gone == []


def test_spaces_markers_and_translations_start_nothing() -> None:
    translated = final("Hallo", translation_status="translation")
    assert hear([guess(" ")], [translated], [final("<fin>")])[:2] == [[], []]


def test_speakers_languages_and_translations() -> None:
    spoken = [final("Hi", 5, 9, speaker="1", language="en"), final(" you", speaker="1")]
    translated = final("Hallo", speaker="1", language="de", translation_status="translation")
    translated.start_ms = translated.end_ms = None
    other = final(" Yes", speaker="2", language="en")
    ((_, one), (_, two)) = hear(
        [*spoken, translated, final("<end>")], [*spoken, other, final("<end>")]
    )
    assert isinstance(one, Utterance)
    assert isinstance(two, Utterance)
    assert (one.text, one.translation, one.speaker, one.language) == ("Hi you", "Hallo", "1", "en")
    assert (two.speaker, two.language) == (None, "en")
    assert Utterance((), "<fin>").start_ms is Utterance((), "<fin>").end_ms is None


TOKENS = st.builds(
    Token,
    text=st.sampled_from(["a", " b", " ", "<end>", "<fin>"]),
    is_final=st.booleans(),
    start_ms=st.none() | st.integers(0, 9),
).filter(lambda token: token.is_final or token.text not in MARKERS)


@settings(deadline=None)
@given(st.lists(st.lists(TOKENS), min_size=1))
def test_every_final_token_is_in_one_utterance_however_messages_are_cut(
    events: list[list[Token]],
) -> None:
    grouper = Grouper(Finals())
    messages = [RealtimeEvent(tokens=tokens) for tokens in events]
    messages[-1].finished = True
    moments = [moment for message in messages for moment in grouper.hear(message)]
    utterances = [moment for moment in moments if isinstance(moment, Utterance)]
    finals = [token for tokens in events for token in tokens if token.is_final]
    kept = [token for utterance in utterances for token in utterance.tokens]
    assert kept == [token for token in finals if token.text not in MARKERS]
    markers = [token.text for token in finals if token.text in MARKERS]
    assert [utterance.marker for utterance in utterances if utterance.marker] == markers
    speaking = False
    for moment in moments:
        if isinstance(moment, Utterance):
            assert speaking or not moment.text
            speaking = False
        else:
            speaking = True


def results(*texts: str, final_ms: int = 0) -> Results:
    tokens = (WireToken(text.rstrip("?"), 10, 20, 0.5, not text.endswith("?")) for text in texts)
    return Results(tuple(tokens), final_ms, final_ms)


SCRIPT: Script = {
    ClientKind.START: [results("One?"), results("One", "<end>", "Two"), results(" more", "Th?")],
    ClientKind.FINALIZE: [results("<fin>"), results("<fin>", "Three")],
    ClientKind.END: [results("four"), Finished(9)],
}


class Diary(list[tuple[str, str]]):
    """What callbacks and the loop saw, in order."""

    def callbacks(self) -> dict[str, Any]:
        return {
            "on_speech_start": lambda start: self.append(("start", start.token.text)),
            "on_endpoint": lambda utterance: self.append(("endpoint", utterance.text)),
            "on_finalized": lambda utterance: self.append(("finalized", utterance.text)),
        }


async def test_callbacks_come_before_their_event_in_the_order_of_the_tokens(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = SCRIPT
    diary = Diary()
    async with open_session(server.base_url, **diary.callbacks()) as session:
        await session.finalize()
        await session.finish()
        async for event in session.receive_events():
            diary.append(("event", "".join(token.text for token in event.tokens)))
    assert diary == [
        ("start", "One"),
        ("event", "One"),
        ("endpoint", "One"),
        ("start", "Two"),
        ("event", "One<end>Two"),
        ("event", " moreTh"),
        ("finalized", "Two more"),
        ("event", "<fin>"),
        ("finalized", ""),
        ("start", "Three"),
        ("event", "<fin>Three"),
        ("event", "four"),
        ("event", ""),
    ]


async def test_a_callback_that_raises_loses_nothing(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = SCRIPT
    diary = Diary()

    def fail(utterance: Utterance) -> None:
        raise KeyError(utterance.text)

    callbacks = diary.callbacks() | {"on_endpoint": fail}
    async with open_session(server.base_url, **callbacks) as session:
        await session.receive_event()
        with pytest.raises(KeyError, match="One"):
            await session.receive_event()
        assert diary == [("start", "One")]
        assert session.last_message.tokens[0].text == "One"
        event = await session.receive_event()
        assert [token.text for token in event.tokens] == ["One", "<end>", "Two"]
        assert diary == [("start", "One"), ("start", "Two")]
        assert session.is_open


async def test_a_callback_cannot_receive(server: CannedServer, open_session: OpenSession) -> None:
    server.script = {ClientKind.START: [results("a?")]}
    sessions: list[Any] = []

    def receive(_: SpeechStart) -> None:
        receiving = sessions[0].receive_event()  # raises here in a sync session
        try:
            receiving.send(None)
        finally:
            receiving.close()

    async with open_session(server.base_url, on_speech_start=receive) as session:
        sessions.append(getattr(session, "session", session))
        with pytest.raises(OyezRealtimeError, match="Only one"):
            await session.receive_event()
        assert (await session.receive_event()).tokens[0].text == "a"


@pytest.mark.parametrize("name", ["on_speech_start", "on_endpoint", "on_finalized"])
async def test_callbacks_are_plain_functions(open_session: OpenSession, name: str) -> None:
    async def callback(_: object) -> None: ...

    for wrong in (callback, 3):
        with pytest.raises(OyezValidationError, match=f"{name} must be a plain function"):
            open_session("ws://h", **{name: wrong})


async def take(session: Any) -> list[Utterance]:
    return [utterance async for utterance in session.receive_utterances()]


async def test_utterances_come_as_they_end(server: CannedServer, open_session: OpenSession) -> None:
    server.script = SCRIPT
    async with open_session(server.base_url) as session:
        await session.finalize()
        await session.finish()
        utterances = await take(session)
        assert session.last_message.finished
    assert [(utterance.text, utterance.marker) for utterance in utterances] == [
        ("One", "<end>"),
        ("Two more", "<fin>"),
        ("Threefour", None),
    ]


async def test_leaving_off_utterances_loses_none(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {
        ClientKind.START: [results("A", "<end>", "B", "<end>"), results("C", "<end>")],
        ClientKind.END: [Finished(9)],
    }
    seen = []
    async with open_session(server.base_url) as session:
        await session.finish()
        for _ in range(3):
            async for utterance in session.receive_utterances():
                seen.append(utterance.text)
                break
        assert await take(session) == []
    assert seen == ["A", "B", "C"]


async def test_utterances_raise_what_events_raise(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.START: [results("A", "<end>", "B"), Close(1012)]}
    async with open_session(server.base_url) as session:
        with pytest.raises(OyezConnectionLostError) as caught:
            await take(session)
    assert caught.value.account.final_text == "AB"


async def test_no_callback_is_called_for_an_error_or_for_raw_bytes(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {
        ClientKind.START: [results("A", "<end>"), ErrorFrame("internal_error", "x", "r")]
    }
    diary = Diary()
    async with open_session(server.base_url, raise_errors=False, **diary.callbacks()) as session:
        assert b"<end>" in await session.recv_bytes()
        assert (await session.receive_event()).error_type == "internal_error"
    assert diary == []


async def test_callbacks_and_utterances_with_a_real_server(
    real_server: ServerThread, open_session: OpenSession
) -> None:
    diary = Diary()
    options = {"config": PCM | {"enable_endpoint_detection": True}, **diary.callbacks()}
    async with open_session(real_server.websocket_url, **options) as session:
        await session.send_bytes(chunks(foxes(2)))
        utterances = await take(session)
    assert [utterance.text for utterance in utterances] == [FOX, FOX]
    assert [utterance.marker for utterance in utterances] == ["<end>", "<end>"]
    assert [utterance.start_ms for utterance in utterances] == [0, 4000]
    assert [name for name, _ in diary] == ["start", "endpoint"] * 2


def chunks(audio: bytes) -> Iterator[bytes]:
    return (audio[start : start + 3200] for start in range(0, len(audio), 3200))
