"""One reading of a window."""

import pytest

from oyez.transcript.hypothesis import Hypothesis, HypothesisToken

TOKENS = (HypothesisToken(" Hel", -0.1, 0, 100), HypothesisToken("lo.", -0.5, 100, 300))


def test_the_text_is_the_tokens_joined() -> None:
    assert Hypothesis(TOKENS, audio_ms=400).text == " Hello."
    assert Hypothesis((), audio_ms=400).text == ""


def test_the_mean_log_probability() -> None:
    assert Hypothesis(TOKENS, audio_ms=400).mean_logprob == pytest.approx(-0.3)
    assert Hypothesis((), audio_ms=400).mean_logprob == 0.0


def test_a_draft_makes_no_difference_between_readings() -> None:
    """It is the engine's own note: readings are compared by what was heard."""
    assert Hypothesis(TOKENS, audio_ms=400, draft=[1]) == Hypothesis(TOKENS, audio_ms=400)
    assert Hypothesis(TOKENS, audio_ms=400) != Hypothesis(TOKENS, audio_ms=500)
    assert "draft" not in repr(Hypothesis(TOKENS, audio_ms=400, draft="secret"))
