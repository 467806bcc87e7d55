"""What a client received, checked against the protocol's promises as it comes in."""

import json
import uuid
from typing import Any, Final

from bench.fuzz.case import BrokenPromiseError
from bench.fuzz.peer import Closed

RESULT_KEYS: Final = {"tokens", "final_audio_proc_ms", "total_audio_proc_ms"}
ERROR_KEYS: Final = {
    "tokens",
    "error_code",
    "error_type",
    "error_message",
    "request_id",
    "more_info",
}
TOKEN_KEYS: Final = {"text", "start_ms", "end_ms", "confidence", "is_final"}
CODES: Final = {
    "invalid_request": 400,
    "model_not_available": 400,
    "unauthenticated": 401,
    "request_timeout": 408,
    "max_duration_reached": 413,
    "limit_exceeded": 429,
    "service_unavailable": 503,
}
"""Errors that a client may meet here; `internal_error` is the server's own failure."""
MARKERS: Final = ("<end>", "<fin>")


class Transcript:
    """The frames of one socket, in order; every method raises `BrokenPromiseError`.

    Args:
        shows_non_final: Whether the client asked for non-final tokens.
        has_endpoints: Whether it asked for endpoints.
        has_language: Whether it asked for languages.
    """

    def __init__(
        self,
        *,
        shows_non_final: bool = True,
        has_endpoints: bool = False,
        has_language: bool = False,
    ) -> None:
        self._shows_non_final = shows_non_final
        self._has_endpoints = has_endpoints
        self._word_keys = TOKEN_KEYS | ({"language"} if has_language else set())
        self.finals: list[dict[str, Any]] = []
        self.error: dict[str, Any] | None = None
        self.is_finished = False
        self.final_ms = 0
        self.total_ms = 0
        self.count = 0

    @property
    def fin_count(self) -> int:
        """How many `<fin>` came."""
        return sum(token["text"] == "<fin>" for token in self.finals)

    @property
    def ending(self) -> str:
        """How it ended, as far as the frames tell."""
        if self.error is not None:
            return str(self.error["error_type"])
        return "finished" if self.is_finished else "silent"

    def take(self, frame: str) -> None:
        """Take a frame."""
        self.count += 1
        _require(self.error is None and not self.is_finished, "a frame after the last one", frame)
        message = json.loads(frame, parse_constant=_no_constant)
        _require(isinstance(message, dict), "a message that is no object", frame)
        if any(key.startswith("error") for key in message):
            self._take_error(message, frame)
            return
        if "finished" in message:
            _require(message["finished"] is True, "finished is not true", frame)
            _require(message["tokens"] == [], "tokens in the last message", frame)
            self.is_finished = True
        expected = RESULT_KEYS | ({"finished"} if self.is_finished else set())
        _require(set(message) == expected, "other fields than a result has", frame)
        self._take_counters(message, frame)
        self._take_tokens(message["tokens"], frame)

    def close(self, closed: Closed) -> None:
        """Take the close of a stream that ended in words."""
        spoke = self.error is not None or self.is_finished
        if closed.code != 1000 or not spoke:
            raise BrokenPromiseError(
                "unanswered", f"closed with {closed.code} {closed.reason!r} after {self.ending}"
            )

    def _take_error(self, message: dict[str, Any], frame: str) -> None:
        self.error = message
        if message.get("error_type") == "internal_error":
            raise BrokenPromiseError("crash", frame)
        _require(set(message) == ERROR_KEYS, "other fields than an error has", frame)
        _require(message["tokens"] == [], "tokens in an error", frame)
        code = message["error_code"]
        is_known = type(code) is int and CODES.get(message["error_type"]) == code
        _require(is_known, "an error of no known type and code", frame)
        text = message["error_message"]
        _require(isinstance(text, str) and text.endswith("."), "no sentence", frame)
        _require(len(text) < 8_000, "an error longer than a screen", frame)
        _require(str(uuid.UUID(message["request_id"])) == message["request_id"], "no id", frame)
        anchor = message["error_type"].replace("_", "-")
        _require(message["more_info"].endswith(f"/errors#{anchor}"), "no page", frame)

    def _take_counters(self, message: dict[str, Any], frame: str) -> None:
        final_ms, total_ms = message["final_audio_proc_ms"], message["total_audio_proc_ms"]
        _require(type(final_ms) is int and type(total_ms) is int, "no whole counters", frame)
        _require(self.final_ms <= final_ms, "final_audio_proc_ms went back", frame)
        _require(self.total_ms <= total_ms, "total_audio_proc_ms went back", frame)
        _require(final_ms <= total_ms, "more final than total audio", frame)
        _require(not self.is_finished or final_ms == total_ms, "unequal counters at the end", frame)
        self.final_ms, self.total_ms = final_ms, total_ms

    def _take_tokens(self, tokens: list[dict[str, Any]], frame: str) -> None:
        has_guess = False
        last = self.finals[-1] if self.finals else None
        for token in tokens:
            keys = TOKEN_KEYS if token.get("text") in MARKERS else self._word_keys
            _require(set(token) == keys, "other fields than a token has", frame)
            text, start_ms, end_ms = token["text"], token["start_ms"], token["end_ms"]
            _require(isinstance(text, str) and bool(text), "a token without text", frame)
            _require(0.0 <= token["confidence"] <= 1.0, "confidence beyond [0, 1]", frame)
            _require(0 <= start_ms <= end_ms, "a token that ends before it starts", frame)
            if last is not None:
                _require(last["end_ms"] <= start_ms, "tokens overlap or go back", frame)
            else:
                _require(not text[0].isspace(), "the first token begins with a space", frame)
            last = token
            if token["is_final"]:
                _require(not has_guess, "a final token behind a non-final one", frame)
                _require(end_ms <= self.final_ms, "a final token beyond the counter", frame)
                _require(text != "<end>" or self._has_endpoints, "<end> unasked", frame)
                self.finals.append(token)
            else:
                _require(self._shows_non_final, "a non-final token unasked", frame)
                _require(text not in MARKERS, "a marker that is not final", frame)
                has_guess = True


def _require(is_right: bool, problem: str, frame: str) -> None:
    if not is_right:
        raise BrokenPromiseError("wrong", f"{problem}: {frame[:600]}")


def _no_constant(name: str) -> None:
    raise BrokenPromiseError("wrong", f"{name} is no JSON")
