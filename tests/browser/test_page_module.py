"""The client code of the page, under Node: captions, transcripts, sound for the server."""

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oyez.protocol.tokens import Token, marker
from oyez.transcript.captions import captions, srt, vtt
from oyez.transcript.render import text

from .browser import HERE, program

MODULE = Path(__file__).parents[2] / "src/oyez/server/page/module"
TEXTS = [
    *(
        " fox",
        " jumps",
        "es",
        ".",
        ",",
        " over",
        " the",
        " lazy",
        " dog",
        "?",
        " \u201cWell,\u201d",
    ),
    *(" a", " internationalisation", " two words", " <b>&amp;", "\u4f60", "\u597d", "\u3002", " "),
    *("\u0e2a", "\n", " caf\u00e9", "\x1b[2J", " 3", "!", " \u2026", " \u00e9t\u00e9;", ""),
]


def ask(*cases: dict[str, Any]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [program("node"), HERE / "node" / "module.mjs", MODULE],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def talk(chance: random.Random) -> list[Token]:
    """Tokens as no engine would say them: any text after any other, with and without speakers."""
    tokens = []
    now_ms = 0
    speaker, has_speakers = "1", chance.random() < 0.3
    for _ in range(chance.randrange(120)):
        now_ms += chance.choice((0, 0, 0, 40, 120, 900, 2_500))
        if chance.random() < 0.05:
            tokens.append(marker(chance.choice(("<end>", "<fin>")), now_ms))
            continue
        if chance.random() < 0.1:
            speaker = chance.choice("123")
        end_ms = now_ms + chance.choice((0, 80, 200, 450, 8_000))
        tokens.append(
            Token(
                text=chance.choice(TEXTS),
                start_ms=now_ms,
                end_ms=end_ms,
                confidence=0.5,
                is_final=True,
                speaker=speaker if has_speakers else None,
            )
        )
        now_ms = end_ms
    return tokens


def test_the_page_saves_what_the_command_line_would_write() -> None:
    talks = [talk(random.Random(seed)) for seed in range(300)]
    cases = [{"what": "render", "tokens": [token.to_wire() for token in said]} for said in talks]
    for said, answer in zip(talks, ask(*cases), strict=True):
        shown = captions(said)
        assert answer == {"text": text(said), "srt": srt(shown), "vtt": vtt(shown)}


def token(word: str, start_ms: int, *, is_final: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "text": word,
        "start_ms": start_ms,
        "end_ms": start_ms + 100,
        "is_final": is_final,
    } | more


def message(total_ms: int, *tokens: dict[str, Any]) -> dict[str, Any]:
    return {"tokens": list(tokens), "final_audio_proc_ms": 0, "total_audio_proc_ms": total_ms}


def test_a_transcript_keeps_what_is_final_and_replaces_what_is_not() -> None:
    guess = token(" two", 200, is_final=False)
    translated = {"text": " zwei", "is_final": True, "translation_status": "translation"}
    stream = [
        message(300, token("One", 0, is_final=False)),
        message(600, token("One", 0), guess),
        message(900, translated, token(" too", 200, is_final=False)),
    ]
    (answer,) = ask({"what": "transcript", "streams": [stream]})
    assert answer["finals"] == [token("One", 0)]
    assert answer["nonFinals"] == [token(" too", 200, is_final=False)]
    assert (answer["readMs"], answer["isEmpty"]) == (900, False)


def test_a_second_stream_goes_on_where_the_first_ended_in_a_new_paragraph() -> None:
    first = [message(2_000, token("One", 500), token(" guess", 700, is_final=False))]
    second = [message(1_000, token("Two", 300))]
    (answer,) = ask({"what": "transcript", "streams": [first, second]})
    assert [(item["text"], item["start_ms"]) for item in answer["finals"]] == [
        ("One", 500),
        ("<end>", 2_000),
        ("Two", 2_300),
    ]
    assert answer["nonFinals"] == []
    assert answer["readMs"] == 3_000


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_speech_of_any_rate_keeps_its_place_and_strength(rate_hz: int) -> None:
    """However the browser cuts it."""
    case = {"what": "resample", "rateHz": rate_hz, "toneHz": 1_000, "seconds": 1}
    whole, cut = ask(case | {"sizes": [128]}, case | {"sizes": [1, 128, 7, 1_024]})
    assert whole == cut
    samples = np.array(whole["samples"])
    assert len(samples) == 16_000
    tone = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000)
    assert np.abs(samples - tone)[500:-500].max() < 1e-4


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
def test_what_the_new_rate_cannot_hold_does_not_become_speech(rate_hz: int) -> None:
    case = {"what": "resample", "rateHz": rate_hz, "toneHz": 9_000, "seconds": 1, "sizes": [128]}
    (answer,) = ask(case)
    assert np.abs(answer["samples"][500:-500]).max() < 0.5e-3, "60 dB below the tone"


def test_pieces_are_60_ms_of_16_bit_pcm_and_nothing_is_lost() -> None:
    samples = np.random.default_rng(1).uniform(-1.2, 1.2, 2_000)
    (answer,) = ask({"what": "pieces", "samples": samples.tolist(), "sizes": [43, 1_300]})
    made = [bytes.fromhex(piece) for piece in answer["made"]]
    assert [len(piece) for piece in made] == [1_920, 1_920, 160]
    heard = np.frombuffer(b"".join(made), "<i2")
    assert np.abs(heard - samples.clip(-1, 1) * 32_767).max() <= 0.5 + 1e-6
