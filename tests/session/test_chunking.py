"""The same stream gives the same final tokens, however it is cut and computed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.engines.scripted import ScriptedRecognizer, ScriptedVad, ScriptedWord, script_audio
from oyez.protocol.messages import Audio, ClientMessage, End, Finalize
from oyez.protocol.tokens import Token

from .driver import chunked, converse
from .speech import pcm, sentence

WORDS = sentence("one two three four five six seven eight nine ten eleven twelve", step_ms=320)
PAUSED = (
    *WORDS[:6],
    *(ScriptedWord(w.text, w.start_ms + 1500, w.end_ms + 1500) for w in WORDS[6:]),
)
AUDIO = pcm(script_audio(PAUSED, 7_500))


def hear(messages: list[ClientMessage], *, skips_partials: bool = False) -> list[Token]:
    recognizer = ScriptedRecognizer(PAUSED, guess_cut_words=True)
    return converse(
        recognizer,
        ScriptedVad(),
        messages,
        skips_partials=skips_partials,
        enable_endpoint_detection=True,
    ).finals


def cut(sizes: list[int], finalize_at: list[int]) -> list[ClientMessage]:
    """Cut the audio into pieces of these sizes, with finalizes at these bytes."""
    edges = {len(AUDIO), *finalize_at}
    position = index = 0
    while position < len(AUDIO):
        position += sizes[index % len(sizes)]
        index += 1
        edges.add(min(position, len(AUDIO)))
    messages: list[ClientMessage] = []
    start = 0
    for edge in sorted(edges):
        messages.append(Audio(AUDIO[start:edge]))
        messages += [Finalize()] * finalize_at.count(edge)
        start = edge
    return [*messages, End()]


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 40_000), min_size=1, max_size=6),
    finalize_at=st.lists(st.integers(0, len(AUDIO)), max_size=3),
    skips_partials=st.booleans(),
)
def test_final_tokens_do_not_depend_on_the_cutting(
    sizes: list[int], finalize_at: list[int], skips_partials: bool
) -> None:
    sizes = [max(size, 400) for size in sizes]
    whole = hear(cut([len(AUDIO)], finalize_at))
    assert hear(cut(sizes, finalize_at), skips_partials=skips_partials) == whole


def test_single_bytes_give_what_the_whole_gives() -> None:
    beginning = AUDIO[: 3_600 * 32]  # up to the first endpoint and beyond
    single, whole = (hear(chunked(beginning, [size])) for size in (1, len(beginning)))
    assert single == whole
    assert whole[-1].text == "<end>"


def test_all_words_are_heard_once() -> None:
    text = "".join(token.text for token in hear(cut([3_200], [])))
    assert text == "one two three four five six<end> seven eight nine ten eleven twelve<end>"
