"""Finalize, keepalive, end."""

from conformance.promises import holds
from conformance.wires import Wire
from server.wire import (
    END,
    FINALIZE,
    FOX,
    KEEPALIVE,
    Message,
    finals,
    fox_audio,
    pieces,
    start,
    text,
)

SPEECH = fox_audio(2_800)
"""One sentence and nothing after it."""
NEXT = fox_audio(8_000)[len(SPEECH) :]
"""The pause behind it and another sentence."""


def fins(messages: list[Message]) -> int:
    return text(messages).count("<fin>")


def has_fin(messages: list[Message]) -> bool:
    return fins(messages) > 0


@holds("CTL-01")
async def finalize_makes_all_final(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), pieces(SPEECH, 3_200), FINALIZE)
        messages = await line.until(has_fin)
        assert text(messages) == f"{FOX}<fin>"
        assert [token["is_final"] for token in messages[-1]["tokens"]][-1:] == [True]
        await line.say(KEEPALIVE, NEXT, END)
        more = await line.rest()
    assert fins(more) == 0
    assert more[-1]["finished"] is True


@holds("CTL-02")
async def what_follows_a_finalize_is_next(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), SPEECH, FINALIZE, NEXT, END)
        messages = await line.rest()
    assert text(messages) == f"{FOX}<fin> {FOX}"
    (fin_ms,) = [token["start_ms"] for token in finals(messages) if token["text"] == "<fin>"]
    spoken = [token for token in finals(messages) if token["text"] != "<fin>"]
    assert [token["start_ms"] > fin_ms for token in spoken] == [False] * 9 + [True] * 9


@holds("CTL-03")
async def fin_comes_alone_when_nothing_is_pending(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), SPEECH, FINALIZE)
        await line.until(has_fin)
        await line.say(FINALIZE)
        (again,) = await line.until(has_fin)
    assert [token["text"] for token in again["tokens"]] == ["<fin>"]


@holds("CTL-04")
async def every_finalize_gets_its_fin(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), SPEECH, [FINALIZE] * 5, NEXT, [FINALIZE] * 2, END)
        messages = await line.rest()
    assert text(messages) == f"{FOX}{'<fin>' * 5} {FOX}{'<fin>' * 2}"


@holds("CTL-05")
async def trailing_silence_may_be_told(wire: Wire) -> None:
    for value in ("0", "300", "100000", "null"):
        control = f'{{"type":"finalize","trailing_silence_ms":{value}}}'
        async with wire.open() as line:
            await line.say(start(), fox_audio(3_000), control)
            assert text(await line.until(has_fin)) == f"{FOX}<fin>"


@holds("CTL-06")
async def trailing_silence_must_be_a_number(wire: Wire) -> None:
    for value in ('"300"', "-1", "1.5", "true", "[]"):
        async with wire.open() as line:
            await line.say(start(), f'{{"type":"finalize","trailing_silence_ms":{value}}}')
            said = await line.refusal()
        assert "`trailing_silence_ms`" in said
        assert "whole number" in said


@holds("CTL-07")
async def finalize_and_endpoints_go_together(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(enable_endpoint_detection=True))
        await line.say(SPEECH, FINALIZE, NEXT, bytes(64_000), END)
        said = text(await line.rest())
    assert said.startswith(f"{FOX}<fin>")
    assert said.count("<fin>") == 1
    assert said.replace("<fin>", "").replace("<end>", "").strip() == f"{FOX} {FOX}"
    assert "<end><end>" not in said


@holds("CTL-08")
async def keepalives_are_taken_at_any_moment(wire: Wire) -> None:
    spaced = '{"type": "keepalive"}'
    more = '{"type":"keepalive","sent_at":17}'
    async with wire.open() as line:
        await line.say(KEEPALIVE, spaced, start(), KEEPALIVE, more)
        for piece in pieces(fox_audio(4_000), 16_000):
            await line.say(piece, spaced)
        await line.say(END, KEEPALIVE)
        kept = await line.rest()
    async with wire.open() as line:
        await line.say(start(), pieces(fox_audio(4_000), 16_000), END)
        plain = await line.rest()
    assert finals(kept) == finals(plain)
    assert text(kept) == FOX


@holds("CTL-09")
async def the_end_makes_all_final(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), SPEECH, END)
        messages = await line.rest()
    assert text(messages) == FOX
    assert [message.get("finished") for message in messages].count(True) == 1
    assert messages[-1]["finished"] is True
    assert line.close_code == 1000


@holds("CTL-10")
async def ends_may_repeat(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), SPEECH, END, END, END)
        messages = await line.rest()
    assert text(messages) == FOX
    assert [message.get("finished") for message in messages].count(True) == 1
    assert line.close_code == 1000


@holds("CTL-11")
async def whatever_follows_the_end_is_ignored(wire: Wire) -> None:
    late: list[str | bytes] = [
        "}{",
        start(),
        b"\1\2\3",
        FINALIZE,
        '{"type":"nonsense"}',
        "x" * 300_000,
        NEXT,
    ]
    async with wire.open() as line:
        await line.say(start(), SPEECH, END, late)
        messages = await line.rest()
    assert text(messages) == FOX
    assert messages[-1]["finished"] is True
    assert line.close_code == 1000


@holds("CTL-12")
async def an_end_needs_audio(wire: Wire) -> None:
    before: list[list[str | bytes]] = [[], [b""], [FINALIZE], [KEEPALIVE], [b"\1"]]
    for frames in before:
        async with wire.open() as line:
            await line.say(start(), frames, END)
            assert "No audio was received" in await line.refusal()


@holds("CTL-13")
async def unknown_controls_are_refused(wire: Wire) -> None:
    for control in ('{"type":"pause"}', '{"type":"FINALIZE"}', "{}", '{"type":7}'):
        async with wire.open() as line:
            await line.say(start(), control)
            said = await line.refusal()
        assert "invalid `type`" in said
        assert "finalize and keepalive" in said


@holds("CTL-14")
async def controls_must_be_json(wire: Wire) -> None:
    for control in ("finalize", "{", "{'type':'finalize'}", " "):
        async with wire.open() as line:
            await line.say(start(), control)
            assert "Control message is malformed: it is not JSON" in await line.refusal()


@holds("CTL-15")
async def controls_must_be_objects(wire: Wire) -> None:
    for control in ('["finalize"]', '"finalize"', "null", "0"):
        async with wire.open() as line:
            await line.say(start(), control)
            assert "Control message is malformed: it is not a JSON object" in await line.refusal()


@holds("CTL-16")
async def finalize_then_end_loses_nothing(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), pieces(SPEECH, 3_200), FINALIZE, END)
        assert text(await line.rest()) == f"{FOX}<fin>"


@holds("CTL-17")
async def finalize_before_audio_is_answered(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), FINALIZE)
        (answer,) = await line.until(has_fin)
        assert [token["text"] for token in answer["tokens"]] == ["<fin>"]
        await line.say(SPEECH, END)
        assert text(await line.rest()) == FOX


@holds("ERR-02")
async def nothing_follows_an_error(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), SPEECH, '{"type":"pause"}', NEXT, FINALIZE, END)
        messages = await line.rest()
    errors = ["error_code" in message for message in messages]
    assert errors.index(True) == len(errors) - 1
    assert line.close_code == 1000
    assert not any(message.get("finished") for message in messages)


@holds("ERR-05")
async def results_come_before_the_error(wire: Wire) -> None:
    async with wire.open() as line:
        await line.say(start(), SPEECH, FINALIZE)
        messages = await line.until(has_fin)
        await line.say('{"type":"pause"}')
        await line.refusal()
    assert text(messages) == f"{FOX}<fin>"
