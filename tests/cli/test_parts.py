import io
import re
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from oyez.cli import feed as feeding
from oyez.cli.costs import Costs, Stopwatch, peak_memory_mb
from oyez.cli.feed import Feed
from oyez.cli.files import duration_s
from oyez.cli.report import cost_table, word_table
from oyez.cli.transcript import Transcript, Update
from oyez.client.durations import RawMeter
from oyez.client.events import RealtimeEvent
from oyez.client.events import Token as WireToken
from oyez.protocol.tokens import Token
from oyez.transcript.render import words

from .conftest import Run, write_wav


def token(text: str, start_ms: int, end_ms: int, *, is_final: bool = True) -> Token:
    return Token(text, start_ms, end_ms, 1.0, is_final=is_final)


def printed(renderable: object, width: int = 80) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(renderable)
    return console.export_text()


def test_models_are_listed_with_their_languages(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oyez.engines.registry.recognizer_names", lambda: ("scripted", "absent"))
    result = run("models")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split()[:2] == ["scripted", "en"]
    assert "does not load: EngineNotFoundError" in lines[1]


@pytest.mark.real
def test_the_default_model_is_marked(run: Run) -> None:
    listed = run("models").stdout
    assert re.search(r"(?m)^\* moonshine +en +is moonshine-(base|tiny) here, loads in", listed)
    assert re.search(r"(?m)^  moonshine-tiny +en +loads in", listed)


def test_a_transcript_fills_in_what_a_server_leaves_out() -> None:
    transcript = Transcript()
    update = transcript.take(
        RealtimeEvent(
            tokens=[
                WireToken(text="One", start_ms=100, end_ms=200, confidence=0.5, is_final=True),
                WireToken(text=" two"),
            ],
            total_audio_proc_ms=700,
        )
    )
    assert update == Update(
        (Token("One", 100, 200, 0.5, True),), (Token(" two", 0, 0, 1.0, False),)
    )
    transcript.take(RealtimeEvent(tokens=[WireToken(text="<end>", is_final=True)]))
    assert transcript.final[-1] == Token("<end>", 200, 200, 1.0, True)
    assert transcript.audio_ms == 700
    assert transcript.has_words
    assert not Transcript().has_words


def test_the_stopwatch_counts_from_the_start_of_the_audio() -> None:
    now = SimpleNamespace(wall=100.0, cpu=5.0)
    stopwatch = Stopwatch(clock=lambda: now.wall, cpu_clock=lambda: now.cpu)
    assert list(stopwatch.started([b"a", b"b"])) == [b"a", b"b"]
    now.wall = 101.5
    stopwatch.take(Update((), (token("Hello", 1_000, 1_300, is_final=False),)))
    now.wall, now.cpu = 103.3, 6.0
    stopwatch.take(Update((token("Hello", 1_000, 1_300),), ()))
    costs = stopwatch.costs(audio_ms=4_000, load_s=0.5)
    assert costs.first_word_s == pytest.approx(0.5)
    assert costs.final_s == pytest.approx(2.0)
    assert (costs.audio_s, costs.cpu_s, costs.load_s) == (4.0, 1.0, 0.5)


def test_nothing_heard_is_not_measured() -> None:
    costs = Stopwatch().costs(audio_ms=0, load_s=0.1)
    assert (costs.first_word_s, costs.final_s) == (None, None)
    assert "CPU" not in printed(cost_table(costs))


def test_memory_is_in_megabytes() -> None:
    peak = peak_memory_mb()
    assert peak is None or 10 < peak < 100_000


def test_costs_read_as_sentences() -> None:
    table = cost_table(Costs(24.4, 0.5, 2.0, 6.1, 212.4, 0.72))
    output = printed(table)
    assert "shown 0.50 s after speech began" in output
    assert "0.25 s for each second of audio" in output
    assert "212 MB at its peak" in output


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_word_table_fits_and_holds_every_word(width: int) -> None:
    timed = words(
        [token(f" word{number:02}", number * 500, number * 500 + 90) for number in range(20)]
    )
    output = printed(word_table(timed, width=width), width)
    assert all(word.text in output for word in timed)
    assert "…" not in output
    assert all(len(line) <= width for line in output.splitlines())
    assert output.index("word01") > output.index("word00")


def test_a_long_word_table_says_that_it_is_cut() -> None:
    timed = words([token(f" w{number}", number, number + 1) for number in range(200)])
    assert "… and 128 more" in printed(word_table(timed, width=80))


def test_the_duration_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, bytes(48_000))
    assert duration_s(path) == 1.5
    path.write_bytes(b"OggS" + bytes(100))
    assert duration_s(path) is None


def test_a_feed_waits_for_the_server_and_keeps_the_stream_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeding, "KEEP_ALIVE_S", 0.01)
    kept_alive = threading.Event()
    chunks = [bytes(10)] * 50  # a second each
    feed = Feed(chunks, RawMeter("pcm_u8", 10, 1), kept_alive.set)
    taken: list[bytes] = []

    def take() -> None:
        for chunk in feed:
            taken.append(chunk)  # noqa: PERF402 - the length is watched meanwhile

    thread = threading.Thread(target=take)
    thread.start()
    assert kept_alive.wait(20)
    assert len(taken) == 30
    kept_alive.clear()
    feed.advance(5_000)
    assert kept_alive.wait(20)
    assert len(taken) == 35
    feed.stop()
    thread.join(20)
    assert not thread.is_alive()
    assert len(taken) == 35


def test_audio_of_unknown_length_does_not_wait() -> None:
    assert len(list(Feed([b"a"] * 1_000, None, lambda: None))) == 1_000
