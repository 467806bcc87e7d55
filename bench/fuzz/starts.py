"""Start messages: each field right, wrong, odd, missing or doubled; keys anywhere; broken JSON."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Final, Self

from starlette.applications import Starlette

from bench.fuzz import values
from bench.fuzz.case import KEY, BrokenPromiseError, without_parts
from bench.fuzz.peer import PATH, Closed, Peer
from bench.fuzz.start_rules import FIELDS, Expectation, expected
from bench.fuzz.transcript import Transcript

MAX_TEXT_BYTES: Final = 256 * 1024
REFUSED: Final = Expectation(False, False, frozenset({"invalid_request"}))
UNAUTHENTICATED: Final = Expectation(False, False, frozenset({"unauthenticated"}))
SUBPROTOCOL: Final = "soniox-api-key"

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class StartCase:
    """A handshake, a first message, perhaps audio, and the end."""

    pairs: Pairs
    """JSON texts of names and values, as they stand in the object."""
    headers: tuple[tuple[str, str], ...] = (("Authorization", f"Bearer {KEY}"),)
    subprotocols: tuple[str, ...] = ()
    text: str | None = None
    """The whole message, where it is not the object of the pairs."""
    is_binary: bool = False
    audio: bytes = b""
    path: str = PATH

    @property
    def message(self) -> str:
        """The first message."""
        if self.text is not None:
            return self.text
        return "{" + ",".join(f"{name}:{value}" for name, value in self.pairs) + "}"

    async def run(self, app: Starlette) -> str:
        """See `Case.run`."""
        transcript = Transcript(**_shape(self.message))
        async with Peer(
            app, path=self.path, headers=dict(self.headers), subprotocols=self.subprotocols
        ) as peer:
            if not peer.is_accepted:
                raise BrokenPromiseError("unanswered", "the handshake was refused")
            selected = SUBPROTOCOL if SUBPROTOCOL in self.subprotocols else None
            if peer.subprotocol != selected:
                raise BrokenPromiseError("wrong", f"selected {peer.subprotocol!r}")
            if self.is_binary:
                peer.send_bytes(self.message.encode())
            else:
                peer.send_text(self.message)
            if self.audio:
                peer.send_bytes(self.audio)
            peer.send_text("")
            while not isinstance(frame := await peer.receive(), Closed):
                transcript.take(frame)
            transcript.close(frame)
        self._check(transcript)
        return "accepted" if self._is_accepted(transcript) else transcript.ending

    def smaller(self) -> Iterator[Self]:
        """See `Case.smaller`."""
        if self.audio:
            yield replace(self, audio=b"")
        if self.text is None:
            for pairs in without_parts(self.pairs):
                yield replace(self, pairs=pairs)
        else:
            for text in without_parts(self.text):
                yield replace(self, text="".join(text))

    def expectation(self) -> Expectation:
        """What the protocol asks for."""
        handshake = self._handshake()
        if isinstance(handshake, Expectation):
            return handshake
        text = self.message
        if self.is_binary or len(text.encode()) > MAX_TEXT_BYTES:
            return REFUSED
        constants: list[str] = []
        try:
            json.loads(text, parse_constant=constants.append)
            payload = json.loads(text)
        except RecursionError:
            return Expectation(True, False, REFUSED.types | UNAUTHENTICATED.types)
        except ValueError:
            return REFUSED
        if not isinstance(payload, dict) or payload.get("type") == "keepalive":
            return REFUSED  # a keepalive is taken; then the end comes first
        key = self._key(handshake, payload.get("api_key"))
        if key is not None:
            return key
        wanted = expected(payload)
        return replace(wanted, must_be_accepted=False) if constants else wanted

    def _handshake(self) -> str | Expectation | None:
        """Return the key of the handshake, or why it cannot be used."""
        header = dict(self.headers).get("Authorization")
        offered = self.subprotocols
        has_protocol = SUBPROTOCOL in offered
        key: str | None = None
        if has_protocol:
            key = dict(pairwise(offered)).get(SUBPROTOCOL)
        if header is not None:
            if not header.lower().startswith("bearer "):
                return UNAUTHENTICATED
            if has_protocol:
                return REFUSED
            key = header[7:].strip()
        return UNAUTHENTICATED if key not in (None, KEY) else key

    @staticmethod
    def _key(handshake: str | None, said: object) -> Expectation | None:
        """Return what becomes of a message whose key is not in order."""
        if handshake is None:
            return None if said == KEY else UNAUTHENTICATED
        is_other = isinstance(said, str) and said not in ("", KEY)
        return REFUSED if is_other else None

    def _is_accepted(self, transcript: Transcript) -> bool:
        if transcript.error is None:
            return True
        message = transcript.error["error_message"]
        return "No audio was received" in message or "cannot be decoded yet" in message

    def _check(self, transcript: Transcript) -> None:
        wanted = self.expectation()
        got = json.dumps(transcript.error)[:700] if transcript.error else "accepted"
        if self._is_accepted(transcript):
            if not wanted.may_be_accepted:
                raise BrokenPromiseError("wrong", f"taken, not refused as {sorted(wanted.types)}")
            return
        assert transcript.error is not None
        if wanted.must_be_accepted:
            raise BrokenPromiseError("wrong", f"refused what is right: {got}")
        if transcript.error["error_type"] not in wanted.types:
            raise BrokenPromiseError("wrong", f"not one of {sorted(wanted.types)}: {got}")
        message = transcript.error["error_message"]
        for words in wanted.named:
            if not any(word in message for word in words):
                raise BrokenPromiseError("wrong", f"does not name {words[0]}: {got}")


def make(random: Random) -> StartCase:
    """Return a random case."""
    fields = {name: values.right(name, random) for name in FIELDS if random.random() < 0.3}
    fields.pop("translation", None)
    fields.pop("api_key", None)
    for name in ("model", "audio_format", "sample_rate", "num_channels"):
        if random.random() < 0.97:
            fields[name] = values.right(name, random)
    for _ in range(random.choice((0, 0, 0, 1, 1, 2, 5))):
        name = random.choice(FIELDS)
        fields[name] = values.odd(random) if random.random() < 0.5 else values.near(name, random)
    pairs = [(json.dumps(name), value) for name, value in fields.items()]
    pairs += [_unknown(random) for _ in range(random.choice((0, 0, 0, 1, 3)))]
    if pairs and random.random() < 0.1:
        pairs.append((random.choice(pairs)[0], values.odd(random)))  # a key said twice
    random.shuffle(pairs)
    case = _with_key(StartCase(tuple(pairs)), random)
    if random.random() < 0.15:
        case = replace(case, text=_broken(case.message, random))
    if random.random() < 0.2:
        case = replace(case, audio=_audio(fields, random))
    is_root, is_binary = random.random() < 0.1, random.random() < 0.01
    return replace(case, path="/" if is_root else PATH, is_binary=is_binary)


def _unknown(random: Random) -> tuple[str, str]:
    names = ("type", "", "\u202e", "\\ud800", "Model", "sampleRate", "__proto__", "x" * 300)
    name = f'"{random.choice(names)}"'
    known = ('"keepalive"', '"finalize"', '"start"')
    return (name, random.choice(known) if random.random() < 0.2 else values.odd(random))


def _with_key(case: StartCase, random: Random) -> StartCase:
    bearer = f"Bearer {KEY}"
    headers: dict[str, str] = {}
    protocols: tuple[str, ...] = ()
    place = random.choices(("header", "protocol", "start", "odd"), (60, 10, 15, 15))[0]
    if place == "header":
        headers["Authorization"] = random.choice((bearer, f"bearer  {KEY} ", f"BEARER {KEY}"))
    elif place == "protocol":
        protocols = random.choice(((SUBPROTOCOL, KEY), ("chat", SUBPROTOCOL, KEY, "more")))
    elif place == "odd":
        odd = (bearer, KEY, "Bearer", "Bearer ", "Basic eA==", "Bearer wrong", "Bearer \xe9", "")
        if random.random() < 0.6:
            headers["Authorization"] = random.choice(odd)
        if random.random() < 0.4:
            offers = ((SUBPROTOCOL, KEY), (SUBPROTOCOL,), ("chat",), (KEY, SUBPROTOCOL))
            protocols = random.choice((*offers, (SUBPROTOCOL, "wrong")))
    pairs = case.pairs
    if place == "start" or random.random() < 0.1:
        said = json.dumps(KEY) if random.random() < 0.7 else values.odd(random)
        pairs = (*pairs, ('"api_key"', said))
    return replace(case, pairs=pairs, headers=tuple(headers.items()), subprotocols=protocols)


def _broken(text: str, random: Random) -> str:
    """Return a text that is not quite the message."""
    at = random.randrange(len(text) + 1)
    match random.randrange(8):
        case 0:
            return text[:at]
        case 1:
            return "\ufeff" + text
        case 2:
            return text + random.choice(("}", ",", "\x00", " ", "\n\n", text))
        case 3:
            return f"[{text}]"
        case 4:
            return random.choice(("[]", "1", '"start"', "null", "true", " ", "{", "\x00", "NaN"))
        case 5:
            return text[:at] + random.choice(tuple('{}[]",:\\\x00\x7f\u2028')) + text[at:]
        case 6:
            return text[:at] + text[at + random.randint(1, 5) :]
        case _:
            return text.replace('"', "'")


def _audio(fields: dict[str, str], random: Random) -> bytes:
    name = fields.get("audio_format", "").strip('"')
    is_raw = name in (*values.RAW_NAMES, *values.OLD_RAW_NAMES)
    return random.randbytes(random.choice((1, 100, 4_000))) if is_raw else b""


def _shape(text: str) -> dict[str, bool]:
    """Return what the tokens of a stream that begins with this message look like."""
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(payload, dict):
        return {}
    return {
        "shows_non_final": payload.get("enable_non_final_tokens") is not False,
        "has_endpoints": payload.get("enable_endpoint_detection") is True,
        "has_language": payload.get("enable_language_identification") is True,
    }
