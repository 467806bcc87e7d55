"""What a server says."""

import itertools
import json

from conformance.promises import holds
from conformance.wires import Wire
from oyez.engines.scripted import DEFAULT_SCRIPT
from server.wire import END, FINALIZE, FOX, Message, finals, fox_audio, pieces, start, text

MARKERS = ("<end>", "<fin>")
SENTENCES = 3
AUDIO = fox_audio(SENTENCES * 4_000)
ALL = " ".join([FOX] * SENTENCES)


async def heard(wire: Wire, *, chunk_ms: int = 120, **fields: object) -> list[Message]:
    """Everything that a plain stream of three sentences brings, sent in small chunks."""
    async with wire.open() as line:
        await line.say(start(**fields))
        for piece in pieces(AUDIO, chunk_ms * 32):
            await line.say(piece)
            await line.wait(0)
        await line.say(END)
        return await line.rest()


@holds("RES-01")
async def messages_have_their_fields(wire: Wire) -> None:
    for message in await heard(wire):
        keys = set(message) - {"finished"}
        assert keys == {"tokens", "final_audio_proc_ms", "total_audio_proc_ms"}
        assert type(message["final_audio_proc_ms"]) is int
        assert type(message["total_audio_proc_ms"]) is int


@holds("RES-02")
async def finals_come_first(wire: Wire) -> None:
    for message in await heard(wire, enable_endpoint_detection=True):
        flags = [token["is_final"] for token in message["tokens"]]
        assert flags == sorted(flags, reverse=True)


@holds("RES-03")
async def finals_are_sent_once(wire: Wire) -> None:
    messages = await heard(wire)
    assert text(messages) == ALL


@holds("RES-04")
async def non_finals_are_replaced(wire: Wire) -> None:
    """At every moment, finals and the newest non-finals together are a beginning of the truth."""
    said = ""
    seen = 0
    for message in await heard(wire):
        said += "".join(token["text"] for token in message["tokens"] if token["is_final"])
        shown = "".join(token["text"] for token in message["tokens"] if not token["is_final"])
        seen += bool(shown)
        assert ALL.startswith(said + shown)
    assert seen
    assert said == ALL, "nothing stays non-final"


@holds("RES-05")
async def tokens_have_their_fields(wire: Wire) -> None:
    tokens = [token for message in await heard(wire) for token in message["tokens"]]
    assert tokens
    for token in tokens:
        assert isinstance(token["text"], str)
        assert token["text"]
        assert type(token["start_ms"]) is int
        assert type(token["end_ms"]) is int
        assert 0 <= token["start_ms"] <= token["end_ms"]
        assert 0 < token["confidence"] <= 1
        assert type(token["is_final"]) is bool


@holds("RES-06")
async def spaces_start_words(wire: Wire) -> None:
    first, *others = finals(await heard(wire))
    assert first["text"] == "The"
    assert all(token["text"].startswith(" ") for token in others)


@holds("RES-07")
async def times_never_go_back(wire: Wire) -> None:
    tokens = finals(await heard(wire, enable_endpoint_detection=True))
    for earlier, later in itertools.pairwise(tokens):
        assert later["start_ms"] >= earlier["end_ms"]


@holds("RES-08")
async def counters_cover_the_finals(wire: Wire) -> None:
    final_ms = total_ms = 0
    for message in await heard(wire, enable_endpoint_detection=True):
        assert message["final_audio_proc_ms"] >= final_ms
        assert message["total_audio_proc_ms"] >= total_ms
        final_ms, total_ms = message["final_audio_proc_ms"], message["total_audio_proc_ms"]
        assert total_ms >= final_ms
        assert all(token["end_ms"] <= final_ms for token in finals([message]))
        assert all(token["end_ms"] <= total_ms for token in message["tokens"])


@holds("RES-09")
async def the_last_message_is_finished(wire: Wire) -> None:
    *earlier, last = await heard(wire)
    assert last["finished"] is True
    assert last["tokens"] == []
    assert last["final_audio_proc_ms"] == last["total_audio_proc_ms"]
    assert not any("finished" in message for message in earlier)


@holds("RES-10")
async def silence_shows_progress(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), [bytes(3_200)] * 50)
        messages = await line.until(lambda so_far: len(so_far) >= 3)
        assert all(message["tokens"] == [] for message in messages)
        counts = [message["total_audio_proc_ms"] for message in messages]
        assert counts == sorted(set(counts)), "each says more than the one before"
        await line.say(END)
        await line.rest()


@holds("RES-11")
async def an_end_follows_each_utterance(wire: Wire) -> None:
    messages = await heard(wire, enable_endpoint_detection=True)
    assert text(messages) == " ".join([f"{FOX}<end>"] * SENTENCES).replace("<end> ", "<end> ")
    for message in messages:
        ends = [token for token in message["tokens"] if token["text"] == "<end>"]
        assert all(token["is_final"] for token in ends)


@holds("RES-12")
async def no_end_unless_asked(wire: Wire) -> None:
    assert "<end>" not in text(await heard(wire))
    assert "<end>" not in text(await heard(wire, enable_endpoint_detection=False))


@holds("RES-13")
async def an_end_is_not_late(wire: Wire) -> None:
    speech_ends_ms = DEFAULT_SCRIPT[-1].end_ms
    for sensitivity in (-1, 0, 1):
        fields = {"max_endpoint_delay_ms": 500, "endpoint_sensitivity": sensitivity}
        messages = await heard(wire, enable_endpoint_detection=True, **fields)
        ends = [token for token in finals(messages) if token["text"] == "<end>"]
        assert len(ends) == SENTENCES
        for number, end in enumerate(ends):
            assert end["start_ms"] - (number * 4_000 + speech_ends_ms) <= 500


@holds("RES-14")
async def language_is_told_when_asked(wire: Wire) -> None:
    asked = finals(await heard(wire, enable_language_identification=True))
    assert {token.get("language") for token in asked} == {"en"}
    assert all("language" not in token for token in finals(await heard(wire)))


@holds("RES-15")
async def features_that_are_off_leave_no_fields(wire: Wire) -> None:
    for message in await heard(wire):
        for token in message["tokens"]:
            assert set(token) == {"text", "start_ms", "end_ms", "confidence", "is_final"}


@holds("RES-16")
async def words_show_early(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), pieces(fox_audio(1_500), 3_200))
        messages = await line.until(lambda so_far: so_far and so_far[-1]["tokens"])
        assert not finals(messages)
        shown = "".join(token["text"] for token in messages[-1]["tokens"])
        assert FOX.startswith(shown)
        await line.say(END)
        assert FOX.startswith(text(await line.rest()))


@holds("RES-17")
async def times_count_from_the_start(wire: Wire) -> None:
    tokens = finals(await heard(wire))
    said = [
        (word.start_ms + number * 4_000, word.end_ms + number * 4_000)
        for number in range(SENTENCES)
        for word in DEFAULT_SCRIPT
    ]
    assert [(token["start_ms"], token["end_ms"]) for token in tokens] == said


@holds("RES-18")
async def the_end_tells_the_length(wire: Wire) -> None:
    for audio_ms in (700, 4_000, 5_501):
        async with wire.open() as line:
            await line.say(start(), fox_audio(audio_ms), FINALIZE, bytes(32), END)
            *_, last = await line.rest()
        assert last["final_audio_proc_ms"] == last["total_audio_proc_ms"] == audio_ms + 1


@holds("RES-20")
async def a_marker_ends_its_message(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(enable_endpoint_detection=True), FINALIZE, AUDIO)
        await line.say([FINALIZE] * 3, bytes(64_000), FINALIZE, END)
        messages = await line.rest()
    texts = [[token["text"] for token in finals([message])] for message in messages]
    assert sum(text.count("<fin>") for text in texts) == 5
    assert sum(text.count("<end>") for text in texts) >= 2
    for said in texts:
        assert sum(said.count(marker) for marker in MARKERS) <= 1
        assert not set(said[:-1]) & set(MARKERS)


@holds("RES-21")
async def words_are_shown_before_a_marker_follows_them(wire: Wire) -> None:
    """Also when they come so fast that no reading could show them."""
    async with wire.open() as line:
        await line.say(start(enable_endpoint_detection=True), AUDIO, FINALIZE, END)
        messages = await line.rest()
    shown = ""
    for message in messages:
        said = "".join(token["text"] for token in finals([message]))
        if said.endswith(MARKERS) and said not in MARKERS:
            assert shown
        words = [token["text"] for token in message["tokens"] if not token["is_final"]]
        shown = "" if said.endswith(MARKERS) else shown + "".join(words)
    assert text(messages).count("<end>") >= 2


@holds("RES-19")
async def messages_are_small(wire: Wire) -> None:
    messages = await heard(wire)
    assert max(len(json.dumps(message).encode()) for message in messages) < 16_384
