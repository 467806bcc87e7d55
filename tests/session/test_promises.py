"""What a session promises about every stream."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.engines.base import Capabilities, Samples, VadStream, Window
from oyez.engines.scripted import ScriptedRecognizer, ScriptedVad, ScriptedWord, script_audio
from oyez.protocol.messages import Audio, End, Finalize
from oyez.session.rules import Rules
from oyez.transcript.hypothesis import Hypothesis, HypothesisToken

from .driver import Bench, Talk, chunked, converse
from .speech import numbers, pcm, sentence, silence


def check_results(talk: Talk) -> None:
    """Check what holds for any sequence of results."""
    final_ms = total_ms = last_start_ms = last_end_ms = 0
    for result in talk.results:
        kinds = [token.is_final for token in result.tokens]
        assert kinds == sorted(kinds, reverse=True), "final tokens come first"
        assert final_ms <= result.final_audio_proc_ms <= result.total_audio_proc_ms
        assert total_ms <= result.total_audio_proc_ms
        final_ms, total_ms = result.final_audio_proc_ms, result.total_audio_proc_ms
        for token in result.tokens:
            assert token.start_ms <= token.end_ms
            assert 0.0 <= token.confidence <= 1.0
            if token.is_final:
                assert token.end_ms <= result.final_audio_proc_ms
                assert token.is_marker or token.start_ms > last_start_ms or not last_end_ms
                assert token.start_ms >= last_end_ms
                last_start_ms, last_end_ms = token.start_ms, token.end_ms
    assert talk.finished is not None
    assert talk.finished.audio_proc_ms == max(total_ms, talk.finished.audio_proc_ms)
    assert not any(not token.is_final for token in talk.results[-1].tokens)


@settings(max_examples=40, deadline=None)
@given(
    gaps_ms=st.lists(st.integers(20, 2_500), min_size=1, max_size=14),
    lengths_ms=st.lists(st.integers(80, 700), min_size=14, max_size=14),
    chunk_ms=st.integers(10, 900),
    endpoints=st.booleans(),
)
def test_results_keep_the_protocol_and_every_word_is_said_once(
    gaps_ms: list[int], lengths_ms: list[int], chunk_ms: int, endpoints: bool
) -> None:
    script, at_ms = [], 300
    for index, (gap_ms, length_ms) in enumerate(zip(gaps_ms, lengths_ms, strict=False)):
        at_ms += gap_ms
        script.append(ScriptedWord(f"word{index}", at_ms, at_ms + max(length_ms, 150)))
        at_ms += max(length_ms, 150)
    audio = pcm(script_audio(script, at_ms + 1_200))
    talk = converse(
        ScriptedRecognizer(script, guess_cut_words=True),
        ScriptedVad(),
        chunked(audio, [chunk_ms * 32]),
        enable_endpoint_detection=endpoints,
    )
    check_results(talk)
    assert talk.text.split() == [word.text for word in script]


def test_unbroken_speech_is_read_in_bounded_windows_and_loses_nothing() -> None:
    script = sentence(numbers(400))
    recognizer = ScriptedRecognizer(script, guess_cut_words=True)
    bench = Bench(recognizer, ScriptedVad())
    audio = pcm(script_audio(script, 121_000))
    held = 0
    for message in chunked(audio, [6_400]):
        bench.say(message)
        held = max(held, bench.session._buffer.end - bench.session._buffer.start)
    check_results(bench.talk)
    assert bench.talk.text.split() == [word.text for word in script]
    limit = recognizer.capabilities.max_window_ms * 16
    assert limit / 2 < bench.longest <= limit
    assert held <= limit + 32_000
    lag = max(
        result.total_audio_proc_ms - result.final_audio_proc_ms for result in bench.talk.results
    )
    assert lag < recognizer.capabilities.max_window_ms


def test_silence_says_nothing_and_reads_nothing() -> None:
    recognizer = ScriptedRecognizer(sentence("never heard"))
    talk = converse(
        recognizer, ScriptedVad(), chunked(silence(60_000), [3_200]), enable_endpoint_detection=True
    )
    assert talk.finals == []
    assert recognizer.calls == 0
    assert talk.finished is not None
    assert talk.finished.audio_proc_ms == 60_000
    totals = [result.total_audio_proc_ms for result in talk.results]
    assert len(totals) >= 50, "progress is reported during silence"
    assert totals == sorted(totals)


def test_an_endpoint_follows_each_utterance_within_the_ceiling() -> None:
    first = sentence("hello there")
    second = sentence("how are you", start_ms=5_000)
    script = (*first, *second)
    bench = Bench(
        ScriptedRecognizer(script),
        ScriptedVad(),
        enable_endpoint_detection=True,
        max_endpoint_delay_ms=500,
    )
    for message in chunked(pcm(script_audio(script, 8_000)), [640]):
        bench.say(message)
        if bench.talk.marked_text.startswith("hello there<end>"):
            break
    spoken_ms = first[-1].end_ms
    assert bench.session.heard_ms <= spoken_ms + 500 + 40, "silence is measured from speech"
    assert bench.talk.marked_text == "hello there<end>"


def test_without_endpoint_detection_there_is_no_endpoint() -> None:
    script = sentence("hello there")
    talk = converse(
        ScriptedRecognizer(script),
        ScriptedVad(),
        chunked(pcm(script_audio(script, 6_000)), [3_200]),
    )
    assert talk.marked_text == "hello there"


def test_every_finalize_is_answered_once_and_in_its_place() -> None:
    script = sentence("one two three four")
    audio = pcm(script_audio(script, 4_000))
    half = 32 * (script[1].end_ms + 5)
    bench = Bench(ScriptedRecognizer(script), ScriptedVad())
    bench.say(Finalize())
    for message in (Audio(audio[:half]), Finalize(), Finalize(), Audio(audio[half:]), End()):
        bench.say(message)
    assert bench.talk.marked_text == "<fin>one two<fin><fin> three four"
    check_results(bench.talk)


def test_non_final_tokens_can_be_switched_off() -> None:
    script = sentence(numbers(20))
    audio = pcm(script_audio(script, 8_000))
    talk = converse(
        ScriptedRecognizer(script),
        ScriptedVad(),
        chunked(audio, [3_200]),
        enable_non_final_tokens=False,
    )
    assert all(token.is_final for result in talk.results for token in result.tokens)
    assert talk.text.split() == [word.text for word in script]


def test_language_is_written_on_speech_when_asked_for() -> None:
    script = sentence("hello there")
    audio = pcm(script_audio(script, 3_000))
    talk = converse(
        ScriptedRecognizer(script),
        ScriptedVad(),
        chunked(audio, [3_200]),
        enable_language_identification=True,
    )
    assert {token.language for token in talk.finals} == {"en"}


def test_readings_that_the_model_does_not_believe_say_nothing() -> None:
    script = tuple(
        ScriptedWord(word.text, word.start_ms, word.end_ms, confidence=0.2)
        for word in sentence("static noise")
    )
    recognizer = ScriptedRecognizer(
        script, capabilities=Capabilities(languages=("en",), min_mean_logprob=-1.0)
    )
    audio = pcm(script_audio(script, 4_000))
    talk = converse(
        recognizer, ScriptedVad(), chunked(audio, [3_200]), enable_endpoint_detection=True
    )
    assert recognizer.calls > 0
    assert talk.finals == []


def test_a_reading_that_stumbles_takes_nothing_back() -> None:
    """Words that were shown stay until a reading that is believed, or the last one, says other."""

    class Stumbling(ScriptedRecognizer):
        def recognize(self, windows: Sequence[Window]) -> list[Hypothesis]:
            heard = super().recognize(windows)
            if self.calls == 3:
                nonsense = HypothesisToken(" hm", -5.0, 0, 100)
                return [Hypothesis((nonsense,), one.audio_ms, language="en") for one in heard]
            return heard

    script = sentence("one two three four five six seven")
    recognizer = Stumbling(
        script, capabilities=Capabilities(languages=("en",), min_mean_logprob=-1.0)
    )
    talk = converse(recognizer, ScriptedVad(), chunked(pcm(script_audio(script, 4_000)), [640]))
    assert recognizer.calls > 4
    texts = ["".join(token.text for token in result.tokens) for result in talk.results]
    began = next(index for index, text in enumerate(texts) if text)
    until = next(
        index
        for index, result in enumerate(talk.results)
        if any(token.is_final for token in result.tokens)
    )
    assert all(texts[began:until]), "nothing that was shown vanishes"
    assert talk.text == "one two three four five six seven"


class Unsure(ScriptedRecognizer):
    """Doubts its first readings, of which each but the first word is another."""

    DOUBTED = ("one day", "one two", "won")

    def recognize(self, windows: Sequence[Window]) -> list[Hypothesis]:
        heard = super().recognize(windows)
        if self.calls > len(self.DOUBTED):
            return heard
        words = self.DOUBTED[self.calls - 1].split()
        tokens = tuple(HypothesisToken(f" {word}", -1.5, 0, 100) for word in words)
        return [Hypothesis(tokens, one.audio_ms, language="en") for one in heard]


def test_doubtful_first_words_are_shown_as_far_as_two_readings_agree() -> None:
    script = sentence("one two three four five six seven")
    recognizer = Unsure(script, capabilities=Capabilities(languages=("en",), min_mean_logprob=-1.0))
    bench = Bench(recognizer, ScriptedVad())
    messages = iter(chunked(pcm(script_audio(script, 4_000)), [640]))
    while not any(result.tokens for result in bench.talk.results):
        bench.say(next(messages))
    assert recognizer.calls == 2
    shown = bench.talk.results[-1].tokens
    assert [(token.text, token.is_final) for token in shown] == [("one", False)]
    for message in messages:
        bench.say(message)
    assert bench.talk.text == "one two three four five six seven"


class FadingVad(ScriptedVad):
    """Lets go of speech five frames after its last loud one, as a voice-activity model does."""

    def open_stream(self) -> VadStream:
        return FadingVadStream(super().open_stream())


class FadingVadStream:
    def __init__(self, inner: VadStream) -> None:
        self._inner = inner
        self._left = 0

    def push(self, samples: Samples) -> list[float]:
        heard = []
        for probability in self._inner.push(samples):
            self._left = 5 if probability > 0.5 else self._left - 1
            heard.append(0.4 if probability < 0.5 and self._left > 0 else probability)
        return heard


def test_a_pause_is_not_read_as_if_speech_went_on() -> None:
    """A commit reading due in a pause would cost the reading that is ready for its end."""
    script = sentence(numbers(4))
    audio = pcm(script_audio(script, 6_000))
    end_ms = script[-1].end_ms
    for first_commit_ms in range(end_ms + 200, end_ms + 700, 10):
        bench = Bench(
            ScriptedRecognizer(script),
            FadingVad(),
            rules=Rules(first_commit_ms=first_commit_ms),
        )
        messages = iter(chunked(audio, [640]))
        while bench.session.heard_ms < end_ms + 64:
            bench.say(next(messages))
        spoken = bench.readings
        while bench.session.heard_ms < end_ms + 200:
            bench.say(next(messages))
        bench.say(Finalize())
        assert bench.readings <= spoken + 1, first_commit_ms


def test_the_closing_reading_is_ready_when_a_pause_turns_out_to_be_the_end() -> None:
    """A finalize 200 ms into a pause finds its reading done: nothing is left to compute."""
    script = sentence("hello there")
    bench = Bench(ScriptedRecognizer(script), ScriptedVad())
    audio = pcm(script_audio(script, 4_000))
    end = 32 * (script[-1].end_ms + 200)
    for message in chunked(audio[:end], [640])[:-1]:
        bench.say(message)
    done = bench.readings
    bench.say(Finalize())
    assert bench.talk.marked_text == "hello there<fin>"
    assert bench.readings == done
