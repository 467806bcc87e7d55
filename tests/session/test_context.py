"""Segments end at short pauses; what is said after one is read together with what came before."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from oyez.engines.base import Capabilities, Window
from oyez.engines.scripted import ScriptedRecognizer, ScriptedVad, ScriptedWord, script_audio
from oyez.protocol.messages import Audio, Finalize
from oyez.session.rules import Rules
from oyez.transcript.hypothesis import Hypothesis, HypothesisToken

from .driver import Bench, chunked
from .speech import numbers, pcm, sentence

RULES = Rules()


class Witness(ScriptedRecognizer):
    """Remembers the windows that it read."""

    def __init__(self, script: Sequence[ScriptedWord]) -> None:
        super().__init__(script, guess_cut_words=True, capabilities=Capabilities(("en",)))
        self.read: list[Window] = []

    def recognize(self, windows: Sequence[Window]) -> list[Hypothesis]:
        self.read += windows
        return super().recognize(windows)

    @property
    def last(self) -> list[Window]:
        return [window for window in self.read if window.is_last]


def say(script: Sequence[ScriptedWord], duration_ms: int) -> tuple[Witness, Bench]:
    """Stream the words in pieces of 20 ms, without ending the stream."""
    witness = Witness(script)
    bench = Bench(witness, ScriptedVad())
    for message in chunked(pcm(script_audio(script, duration_ms)), [640])[:-1]:
        bench.say(message)
    return witness, bench


def doubtful(script: Sequence[ScriptedWord]) -> tuple[ScriptedWord, ...]:
    return tuple(replace(word, confidence=0.5) for word in script)


def two_parts(gap_ms: int) -> tuple[ScriptedWord, ...]:
    """A part that the model is sure of, and one that it is not."""
    first = sentence("one two three four")
    second = sentence("five six seven", start_ms=first[-1].end_ms + gap_ms)
    return (*first, *doubtful(second))


def start_ms(window: Window) -> int:
    return window.start_sample // 16


def test_a_part_after_a_short_pause_is_read_with_the_part_before_it_and_said_once() -> None:
    script = two_parts(gap_ms=RULES.close_silence_ms + 200)
    witness, bench = say(script, script[-1].end_ms + RULES.open_silence_ms + 100)
    assert bench.talk.text == "one two three four five six seven"
    closing = witness.last[-1]
    assert start_ms(closing) <= script[0].start_ms, "it begins with the first part"
    [before, own] = closing.drafts
    assert before.hypothesis.text == " one two three four", "whose reading is its draft"
    assert before.from_ms == 0
    assert own.hypothesis.text.startswith(" five")


def test_the_readings_of_all_parts_before_it_are_drafts() -> None:
    gap_ms = RULES.close_silence_ms + 200
    *_, last = first = sentence("one two three four")
    *_, last = second = sentence("five six", start_ms=last.end_ms + gap_ms)
    third = doubtful(sentence("seven eight", start_ms=last.end_ms + gap_ms))
    script = (*first, *second, *third)
    witness, bench = say(script, script[-1].end_ms + RULES.open_silence_ms + 100)
    assert bench.talk.text == "one two three four five six seven eight"
    drafts = [draft.hypothesis.text for draft in witness.last[-1].drafts]
    assert drafts[:2] == [" one two three four", " five six"]


def test_a_part_that_the_model_is_sure_of_is_not_read_again() -> None:
    script = [replace(word, confidence=0.95) for word in two_parts(RULES.close_silence_ms + 200)]
    witness, bench = say(script, script[-1].end_ms + RULES.close_silence_ms + 300)
    assert bench.talk.text == "one two three four five six seven"
    assert [start_ms(window) > script[3].end_ms for window in witness.last] == [False, True]


def test_sure_words_are_final_early_in_a_pause() -> None:
    script = sentence("one two three four")
    _, bench = say(script, script[-1].end_ms + RULES.settle_silence_ms + 64)
    assert bench.talk.text == "one two three four"


def test_doubtful_words_wait_for_what_follows_but_not_for_ever() -> None:
    first = sentence("one two three four")
    follows = sentence("five six", start_ms=first[-1].end_ms + RULES.close_silence_ms + 200)
    script = (*first[:3], *doubtful(first[3:]), *follows)
    witness, bench = say(script, follows[0].start_ms)
    assert bench.talk.text == "one two three"
    guesses = [token.text for token in bench.talk.results[-1].tokens if not token.is_final]
    assert guesses == [" four"]
    witness, bench = say(script, script[-1].end_ms + RULES.open_silence_ms + 100)
    assert bench.talk.text == "one two three four five six"
    assert start_ms(witness.last[-1]) < script[0].start_ms, "both parts are one segment"


def test_a_finalize_and_an_endpoint_do_not_wait_for_doubtful_words() -> None:
    script = doubtful(sentence("one two three four"))
    _, bench = say(script, script[-1].end_ms + RULES.close_silence_ms + 100)
    assert bench.talk.text == ""
    bench.say(Finalize())
    assert bench.talk.marked_text == "one two three four<fin>"
    bench = Bench(Witness(script), ScriptedVad(), enable_endpoint_detection=True)
    for message in chunked(pcm(script_audio(script, script[-1].end_ms + 2_000)), [640])[:-1]:
        bench.say(message)
    assert bench.talk.marked_text == "one two three four<end>"


def test_nothing_is_read_again_after_a_long_silence() -> None:
    script = two_parts(gap_ms=RULES.context_gap_ms + 500)
    witness, bench = say(script, script[-1].end_ms + RULES.open_silence_ms + 100)
    assert bench.talk.text == "one two three four five six seven"
    assert start_ms(witness.last[-1]) > script[3].end_ms
    assert len(witness.last[-1].drafts) <= 1


def test_a_finalize_soon_after_speech_has_the_part_read_alone() -> None:
    """Which is faster; later in the pause the part is read with what came before it."""
    script = two_parts(gap_ms=RULES.close_silence_ms + 200)
    for silence_ms, is_alone in (
        (RULES.context_silence_ms - 100, True),
        (RULES.context_silence_ms + 100, False),
    ):
        witness, bench = say(script, script[-1].end_ms + silence_ms)
        bench.say(Finalize())
        assert bench.talk.marked_text == "one two three four five six seven<fin>"
        assert (start_ms(witness.last[-1]) > script[3].end_ms) is is_alone


def test_a_word_cut_by_a_finalize_is_not_lost() -> None:
    """Its second half is heard after the finalize, and nothing else tells of it."""
    script = sentence("one two three four five six", step_ms=400)
    audio = pcm(script_audio(script, script[-1].end_ms + 1_500))
    cut_ms = script[2].start_ms + 200
    witness = Witness(script)
    bench = Bench(witness, ScriptedVad())
    bench.say(Audio(audio[: cut_ms * 32]))
    bench.say(Finalize())
    for message in chunked(audio[cut_ms * 32 :], [640]):
        bench.say(message)
    after = bench.talk.marked_text.split("<fin>")[1]
    assert after.split() == ["three", "four", "five", "six"]


def test_windows_with_context_are_bounded_however_long_somebody_speaks_in_short_parts() -> None:
    script: list[ScriptedWord] = []
    for index, word in enumerate(numbers(60).split()):
        confidence = 0.95 if index % 8 else 0.5
        script.append(
            ScriptedWord(word, 500 + index * 1_500, 1_000 + index * 1_500, confidence=confidence)
        )
    witness, bench = say(script, 92_000)
    assert bench.talk.text.split() == [word.text for word in script]
    longest_ms = max(window.samples.size for window in witness.read) // 16
    assert 0.7 * RULES.context_ms < longest_ms <= RULES.context_ms
    held = bench.session._buffer.end - bench.session._buffer.start
    assert held <= 16 * (RULES.context_ms + RULES.context_gap_ms)


def test_words_of_a_short_segment_wait_for_its_end() -> None:
    script = sentence(numbers(30))
    witness, bench = say(script, 500 + RULES.first_final_ms - RULES.preroll_ms)
    assert len(witness.read) > 3
    assert not bench.talk.finals
    witness, bench = say(script, 500 + 2 * RULES.first_final_ms)
    assert bench.talk.finals


def test_readings_follow_quickly_until_one_finds_a_word() -> None:
    """A model may hear nothing in the first moments of speech."""
    script = [ScriptedWord("slow", 500, 1_400), ScriptedWord("start", 1_450, 2_000)]
    witness = ScriptedRecognizer(script, capabilities=Capabilities(("en",)))
    bench = Bench(witness, ScriptedVad())
    audio = pcm(script_audio(script, 1_600))
    shown_ms = heard_ms = 0
    for message in chunked(audio, [640])[:-1]:
        bench.say(message)
        heard_ms += 20
        if any(result.tokens for result in bench.talk.results):
            shown_ms = heard_ms
            break
    assert script[0].end_ms <= shown_ms <= script[0].end_ms + RULES.first_retry_ms + 60


def test_a_sentence_begins_with_a_capital_where_the_part_before_it_ended_one() -> None:
    """Read together, the two parts may be one sentence; the first is final with its full stop."""
    gap_ms = RULES.close_silence_ms + 200
    first = sentence("it rains.")
    script = (*first, *sentence("and it pours", start_ms=first[-1].end_ms + gap_ms))
    _, bench = say(script, script[-1].end_ms + RULES.close_silence_ms + 300)
    assert bench.talk.text == "it rains. And it pours"
    shown = [token.text for result in bench.talk.results for token in result.tokens]
    assert " and" not in shown


def test_both_sides_of_a_cut_start_from_what_was_read_as_a_whole() -> None:
    script = sentence(numbers(90))
    witness, _ = say(script, script[-1].end_ms)
    cuts = [
        (left, right)
        for left, right in pairwise(witness.read)
        if any(part.until_ms for part in left.drafts)
    ]
    assert cuts, "a speaker who never pauses is cut"
    for left, right in cuts:
        [part], [rest] = left.drafts, right.drafts
        assert right.start_sample == left.start_sample + left.samples.size
        assert part.until_ms == left.samples.size // 16
        assert rest.hypothesis is part.hypothesis
        assert (rest.from_ms, rest.until_ms) == (part.until_ms, None)


class Guessing(Witness):
    """Hears another word at the edge of each window that does not end in a pause."""

    def recognize(self, windows: Sequence[Window]) -> list[Hypothesis]:
        return [
            said if window.is_last else guessed(said, window.start_sample)
            for window, said in zip(windows, super().recognize(windows), strict=True)
        ]


def guessed(said: Hypothesis, number: int) -> Hypothesis:
    end_ms = said.audio_ms
    last = HypothesisToken(f" guess{number}", -0.1, end_ms - 50, end_ms)
    return replace(said, tokens=(*said.tokens, last))


def test_what_is_heard_at_the_edge_does_not_prevent_a_cut() -> None:
    first = sentence(numbers(40))
    pause_ms = 220
    follows = sentence(numbers(12).upper(), start_ms=first[-1].end_ms + pause_ms)
    script = (*first, *follows)
    bench = Bench(Guessing(script), ScriptedVad())
    for message in chunked(pcm(script_audio(script, script[-1].end_ms + 1_000)), [640]):
        bench.say(message)
    assert bench.talk.text == " ".join(word.text for word in script)
    assert isinstance(bench.recognizer, Guessing)
    assert first[-1].end_ms <= start_ms(bench.recognizer.last[-1]) <= follows[0].start_ms
