"""Frames to messages and back."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.errors import RemoteProtocolError
from oyez.protocol.error_types import ERROR_TYPES
from oyez.protocol.messages import (
    Audio,
    ClientKind,
    ClientMessage,
    End,
    ErrorFrame,
    Finalize,
    Finished,
    KeepAlive,
    Results,
    ServerKind,
    ServerMessage,
    Start,
    decode_client_frame,
    encode_client_message,
    encode_server_message,
    server_kind,
)
from oyez.protocol.tokens import TOKEN_TEXT_END, TOKEN_TEXT_FIN, Token, marker

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
json_objects = st.dictionaries(st.text(max_size=12), json_values, max_size=5)

client_messages: st.SearchStrategy[ClientMessage] = st.one_of(
    st.builds(Start, json_objects.filter(lambda payload: payload.get("type") != "keepalive")),
    st.builds(Audio, st.binary(max_size=64)),
    st.builds(Finalize, st.none() | st.integers(0, 100_000)),
    st.builds(KeepAlive),
    st.builds(End),
)

tokens = st.builds(
    Token,
    text=st.text(max_size=12),
    start_ms=st.integers(0, 10**7),
    end_ms=st.integers(0, 10**7),
    confidence=st.floats(0.0, 1.0),
    is_final=st.booleans(),
    speaker=st.none() | st.sampled_from(["1", "2", "15"]),
    language=st.none() | st.sampled_from(["en", "de"]),
)
results = st.builds(
    Results,
    tokens=st.lists(tokens, max_size=4).map(tuple),
    final_audio_proc_ms=st.integers(0, 10**7),
    total_audio_proc_ms=st.integers(0, 10**7),
)
error_frames = st.builds(
    ErrorFrame,
    error_type=st.sampled_from(sorted(ERROR_TYPES)),
    error_message=st.text(max_size=40),
    request_id=st.text(max_size=12),
    more_info=st.none() | st.text(max_size=12),
)
server_messages: st.SearchStrategy[ServerMessage] = st.one_of(
    results, st.builds(Finished, st.integers(0, 10**7)), error_frames
)


def wire(message: ServerMessage) -> dict[str, Any]:
    payload = json.loads(encode_server_message(message))
    assert isinstance(payload, dict)
    return payload


@settings(deadline=None)
@given(message=client_messages)
def test_what_a_client_says_is_what_a_server_hears(message: ClientMessage) -> None:
    frame = encode_client_message(message)
    heard = decode_client_frame(frame, is_started=message.kind is not ClientKind.START)
    assert heard == message
    assert heard.kind is message.kind


@pytest.mark.parametrize(
    ("message", "frame"),
    [
        (KeepAlive(), '{"type":"keepalive"}'),
        (Finalize(), '{"type":"finalize"}'),
        (End(), ""),
        (Audio(b"\0\1"), b"\0\1"),
    ],
)
def test_clients_say_exactly_what_soniox_clients_say(
    message: ClientMessage, frame: str | bytes
) -> None:
    assert encode_client_message(message) == frame


@pytest.mark.parametrize("is_started", [False, True])
@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ("", End()),
        (b"", Audio(b"")),
        ('{"type": "keepalive"}', KeepAlive()),
        ('{"type":"keepalive","since":3}', KeepAlive()),
    ],
)
def test_some_frames_mean_the_same_before_and_after_the_start(
    frame: str | bytes, message: ClientMessage, is_started: bool
) -> None:
    assert decode_client_frame(frame, is_started=is_started) == message


def test_before_the_start_any_other_object_is_a_start_message() -> None:
    for payload in ({}, {"model": "stt-rt-v5"}, {"type": "finalize"}, {"type": 7}):
        assert decode_client_frame(json.dumps(payload), is_started=False) == Start(payload)


@pytest.mark.parametrize("silence_ms", [0, 200, 10**9])
def test_a_finalize_may_say_how_much_silence_went_before(silence_ms: int) -> None:
    frame = json.dumps({"type": "finalize", "trailing_silence_ms": silence_ms})
    assert decode_client_frame(frame, is_started=True) == Finalize(silence_ms)


def test_a_finalize_with_a_null_silence_says_nothing_about_it() -> None:
    frame = '{"type":"finalize","trailing_silence_ms":null}'
    assert decode_client_frame(frame, is_started=True) == Finalize()


@pytest.mark.parametrize("silence", ["200", True, -1, 1.5, [1], {}, float("nan")])
def test_a_finalize_with_an_impossible_silence_is_refused(silence: object) -> None:
    frame = json.dumps({"type": "finalize", "trailing_silence_ms": silence})
    with pytest.raises(RemoteProtocolError, match="trailing_silence_ms") as caught:
        decode_client_frame(frame, is_started=True)
    assert caught.value.error_type == "invalid_request"


@pytest.mark.parametrize(
    "frame",
    ['{"model":"stt-rt-v5","audio_format":"auto"}', "{}", '{"type":"cancel"}', '{"type":1}'],
)
def test_after_the_start_an_object_of_unknown_type_is_refused(frame: str) -> None:
    with pytest.raises(RemoteProtocolError, match="Control message has an invalid `type`"):
        decode_client_frame(frame, is_started=True)


@pytest.mark.parametrize(("is_started", "what"), [(False, "Start message"), (True, "Control")])
@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (" ", "not JSON"),
        ("hello", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"a":' * 100_000, "not JSON"),
        ("1" * 5_000, "not JSON"),
        ("\ud800", "not JSON"),
        ("\0", "not JSON"),
        ("UklGRiQAAABXQVZF", "not JSON"),
        ("[]", "not a JSON object"),
        ('"keepalive"', "not a JSON object"),
        ("null", "not a JSON object"),
        ("NaN", "not a JSON object"),
    ],
)
def test_text_that_is_no_object_is_refused_in_words(
    frame: str, why: str, is_started: bool, what: str
) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        decode_client_frame(frame, is_started=is_started)
    assert caught.value.error_type == "invalid_request"
    assert str(caught.value).startswith(what)
    assert why in str(caught.value)


@settings(deadline=None)
@given(frame=st.text() | json_values.map(json.dumps), is_started=st.booleans())
def test_any_text_is_a_message_or_a_remote_error(frame: str, is_started: bool) -> None:
    with contextlib.suppress(RemoteProtocolError):
        assert not isinstance(decode_client_frame(frame, is_started=is_started), Audio)


@settings(deadline=None)
@given(data=st.binary(), is_started=st.booleans())
def test_every_binary_frame_is_audio(data: bytes, is_started: bool) -> None:
    """An empty one, too: it says nothing and does not end the stream."""
    assert decode_client_frame(data, is_started=is_started) == Audio(data)


@settings(deadline=None)
@given(message=server_messages)
def test_a_clients_reading_of_a_server_message_has_its_kind(message: ServerMessage) -> None:
    assert server_kind(wire(message)) is message.kind


@settings(deadline=None)
@given(message=results | st.builds(Finished, st.integers(0, 10**7)))
def test_a_good_frame_has_no_error_key(message: Results | Finished) -> None:
    """Not even a null: the JavaScript clients test for the key."""
    assert not [key for key in wire(message) if key.startswith("error")]


@settings(deadline=None)
@given(message=results)
def test_results_carry_their_tokens_and_both_counters(message: Results) -> None:
    payload = wire(message)
    assert set(payload) == {"tokens", "final_audio_proc_ms", "total_audio_proc_ms"}
    assert payload["final_audio_proc_ms"] == message.final_audio_proc_ms
    assert payload["total_audio_proc_ms"] == message.total_audio_proc_ms
    for token, sent in zip(message.tokens, payload["tokens"], strict=True):
        assert Token(**sent) == Token(
            token.text,
            token.start_ms,
            token.end_ms,
            round(token.confidence, 3),
            token.is_final,
            token.speaker,
            token.language,
        )


def test_an_absent_speaker_or_language_is_no_key() -> None:
    bare = Token("hi", 0, 10, 0.5, is_final=True)
    assert set(bare.to_wire()) == {"text", "start_ms", "end_ms", "confidence", "is_final"}


def test_the_finished_frame_has_no_tokens_and_equal_counters() -> None:
    assert wire(Finished(1_234)) == {
        "tokens": [],
        "final_audio_proc_ms": 1_234,
        "total_audio_proc_ms": 1_234,
        "finished": True,
    }


@settings(deadline=None)
@given(message=error_frames)
def test_an_error_frame_has_empty_tokens_and_a_whole_number_for_a_code(message: ErrorFrame) -> None:
    payload = wire(message)
    assert payload["tokens"] == []
    assert payload["error_code"] == ERROR_TYPES[message.error_type].code
    assert type(payload["error_code"]) is int
    assert payload["error_type"] == message.error_type
    assert payload["error_message"] == message.error_message
    assert payload["request_id"] == message.request_id
    assert ("more_info" in payload) == (message.more_info is not None)
    assert "finished" not in payload


def test_a_message_stays_one_line_and_keeps_its_letters() -> None:
    frame = encode_server_message(ErrorFrame("invalid_request", "zeile\nüber 你", "id"))
    assert "\n" not in frame
    assert "über 你" in frame


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"tokens": []}, ServerKind.RESULTS),
        ({}, ServerKind.RESULTS),
        ({"finished": False}, ServerKind.RESULTS),
        ({"finished": None}, ServerKind.RESULTS),
        ({"error_code": None}, ServerKind.RESULTS),
        ({"finished": True, "tokens": []}, ServerKind.FINISHED),
        ({"error_code": 400}, ServerKind.ERROR),
        ({"error_code": 503, "finished": True}, ServerKind.ERROR),
    ],
)
def test_the_kind_of_a_foreign_servers_message(payload: dict[str, Any], kind: ServerKind) -> None:
    assert server_kind(payload) is kind


@pytest.mark.parametrize("text", [TOKEN_TEXT_END, TOKEN_TEXT_FIN])
def test_a_marker_is_final_and_has_times(text: str) -> None:
    token = marker(text, 800)
    assert token.is_marker
    assert token.to_wire() == {
        "text": text,
        "start_ms": 800,
        "end_ms": 800,
        "confidence": 1.0,
        "is_final": True,
    }


def test_a_token_becomes_final_once() -> None:
    token = Token(" word", 0, 10, 0.5, is_final=False)
    final = token.as_final()
    assert final.is_final
    assert (final.text, final.start_ms) == (token.text, token.start_ms)
    assert final.as_final() is final
    assert not token.is_marker
