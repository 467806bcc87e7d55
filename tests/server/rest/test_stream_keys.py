"""Which keys open streams: stored ones, temporary ones, and those that open nothing any more."""

import asyncio
from typing import Any

import pytest

from oyez.store.base import Permission, Store
from server.wire import END, FOX, KEY, Message, converse, dial, fox_audio, rest, say, start, text

from .conftest import Start, client, eventually

SUBPROTOCOL = "soniox-api-key"
SPEECH = fox_audio(4_000)


def temporary(server: Any, **changes: Any) -> str:
    """A temporary key, made by the REST API with the server's own key."""
    asked = {"usage_type": "transcribe_websocket", "expires_in_seconds": 60} | changes
    with client(server) as api:
        answer = api.post("/v1/auth/temporary-api-key", json=asked)
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["api_key"]
    return key


async def opened(url: str, key: str, way: str) -> list[Message]:
    """Everything that a stream says which presents its key in one of the three ways."""
    frames: list[str | bytes] = [start(api_key=key if way == "start" else None), SPEECH, END]
    options: dict[str, Any] = {"key": key if way == "header" else None}
    if way == "subprotocol":
        options["subprotocols"] = [SUBPROTOCOL, key]
    return await converse(url, frames, **options)


def refused(messages: list[Message], error_type: str = "unauthenticated") -> str:
    (frame,) = messages
    assert frame["error_type"] == error_type, frame
    said: str = frame["error_message"]
    return said


@pytest.mark.parametrize("way", ["header", "subprotocol", "start"])
@pytest.mark.parametrize("kind", ["stored", "temporary", "own"])
async def test_every_kind_of_key_opens_streams_in_every_way(
    start_server: Start, store: Store, kind: str, way: str
) -> None:
    server = start_server()
    key = KEY
    if kind == "stored":
        key = store.create_key("k", now_ms=server.hub.now_ms()).secret
    elif kind == "temporary":
        key = temporary(server)
    for _ in range(2):
        assert text(await opened(server.websocket_url, key, way)) == FOX


@pytest.mark.parametrize("way", ["header", "subprotocol", "start"])
async def test_a_key_that_opens_nothing_is_told_why(
    start_server: Start, store: Store, way: str
) -> None:
    server = start_server()
    url, now_ms = server.websocket_url, server.hub.now_ms()
    revoked = store.create_key("revoked", now_ms=now_ms)
    child = store.create_temporary_key(
        now_ms=now_ms, usage_type="transcribe_websocket", expires_in_s=60, creator=revoked.key
    )
    store.revoke_key(revoked.key.id, now_ms=now_ms)
    old = store.create_key("old", now_ms=now_ms - 2_000, expires_at_ms=now_ms - 1_000)
    late = store.create_temporary_key(
        now_ms=now_ms - 5_000, usage_type="transcribe_websocket", expires_in_s=1
    )
    speaking = temporary(server, usage_type="tts_rt")
    deaf = store.create_key("deaf", now_ms=now_ms, permissions=[Permission.TEMPORARY_KEYS])

    assert "is wrong" in refused(await opened(url, "other", way))
    assert "revoked" in refused(await opened(url, revoked.secret, way))
    assert "revoked" in refused(await opened(url, child.secret, way))
    assert "expired" in refused(await opened(url, old.secret, way))
    assert "expired" in refused(await opened(url, late.secret, way))
    assert "made for tts_rt" in refused(await opened(url, speaking, way))
    assert "stt_real_time" in refused(await opened(url, deaf.secret, way), "permission_denied")


async def test_a_single_use_key_opens_one_stream(start_server: Start) -> None:
    server = start_server()
    key = temporary(server, single_use=True)
    assert text(await opened(server.websocket_url, key, "header")) == FOX
    for way in ("header", "start"):
        assert "for one stream" in refused(await opened(server.websocket_url, key, way))


async def test_a_start_message_that_is_refused_uses_no_key_up(start_server: Start) -> None:
    server = start_server(project_max_sessions=1)
    url = server.websocket_url
    key = temporary(server, single_use=True)
    for wrong in (
        start(model="nonesuch"),
        start(audio_format="nonesuch"),
        start(sample_rate=None),
        start(language_hints=[]),
        "not JSON",
        FOX.encode(),
    ):
        (frame,) = await converse(url, [wrong], key=key)
        assert frame["error_code"] == 400
    async with dial(url) as other:  # a limit that is reached does not either
        await other.send(start())
        await other.send(SPEECH)
        assert await other.recv()
        assert refused(await converse(url, [start()], key=key), "limit_exceeded")
        await other.send(END)
        await rest(other)
    async with dial(url, key=key):
        pass  # nor does a client that goes before it says anything
    assert text(await opened(url, key, "header")) == FOX
    assert "for one stream" in refused(await opened(url, key, "header"))


async def test_the_expiry_limits_the_opening_only(start_server: Start, store: Store) -> None:
    server = start_server()
    made = store.create_temporary_key(
        now_ms=server.hub.now_ms(), usage_type="transcribe_websocket", expires_in_s=1
    )
    async with dial(server.websocket_url, key=made.secret) as ws:
        await say(ws, [start(), fox_audio(400)])
        await asyncio.sleep(1.1)
        assert "expired" in refused(await converse(server.websocket_url, ["x"], key=made.secret))
        await say(ws, [SPEECH, END])
        assert text(await rest(ws)) == FOX


@pytest.mark.parametrize("way", ["header", "start"])
async def test_the_session_of_a_temporary_key_is_cut(start_server: Start, way: str) -> None:
    server = start_server()
    key = temporary(server, max_session_duration_seconds=1)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with dial(server.websocket_url, key=key if way == "header" else None) as ws:
        await asyncio.sleep(0.4)  # counts: the time runs from the opening of the socket
        await say(ws, [start(api_key=key), SPEECH])
        *results, frame = await rest(ws)
    assert 0.9 < loop.time() - began_s < 3
    assert (frame["error_code"], frame["error_type"]) == (403, "temp_api_key_session_expired")
    assert "sessions of 1 s" in frame["error_message"]
    assert not any(message.get("finished") for message in results)
    # The key itself is good for another.
    assert text(await converse(server.websocket_url, [start(), SPEECH, END], key=key)) == FOX


async def test_an_unstarted_session_is_cut_too(start_server: Start) -> None:
    server = start_server()
    key = temporary(server, max_session_duration_seconds=1)
    async with dial(server.websocket_url, key=key) as ws:
        (frame,) = await rest(ws)
    assert frame["error_type"] == "temp_api_key_session_expired"


async def test_the_reference_of_a_temporary_key_counts(start_server: Start) -> None:
    server = start_server()
    url = server.websocket_url
    for reference in ("of-the-key", None):
        key = temporary(server, client_reference_id=reference)
        await converse(url, [start(client_reference_id="of-the-start"), SPEECH, END], key=key)
    await converse(url, [start(client_reference_id="of-the-start"), SPEECH, END])
    with client(server) as api:
        query = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-02T00:00:00Z"}
        now = eventually(
            lambda: api.get("/v1/usage-logs", params=query | _around_now()).json()["usage_logs"],
            lambda seen: len(seen) == 3,
        )
    assert [entry["client_reference_id"] for entry in now] == ["of-the-key", "", "of-the-start"]


async def test_projects_see_their_own_usage_only(start_server: Start, store: Store) -> None:
    server = start_server()
    now_ms = server.hub.now_ms()
    keys = {name: store.create_key(name, now_ms=now_ms, project=name).secret for name in ("a", "b")}
    for name, key in keys.items():
        opening = start(client_reference_id=name)
        assert text(await converse(server.websocket_url, [opening, SPEECH, END], key=key)) == FOX
    for name, key in keys.items():
        with client(server, key) as api:
            (entry,) = eventually(
                lambda api=api: api.get("/v1/usage-logs", params=_around_now()).json()[  # type: ignore[misc]
                    "usage_logs"
                ],
                len,
            )
            assert entry["client_reference_id"] == name


@pytest.mark.parametrize(
    ("permission", "method", "path"),
    [
        (Permission.TEMPORARY_KEYS, "POST", "/v1/auth/temporary-api-key"),
        (Permission.USAGE_AND_LIMITS, "GET", "/v1/usage-logs"),
        (Permission.USAGE_AND_LIMITS, "GET", "/v1/usage/summary"),
        (Permission.USAGE_AND_LIMITS, "GET", "/v1/concurrency-limits"),
        (Permission.USAGE_AND_LIMITS, "GET", "/v1/concurrent-streams-history"),
    ],
)
def test_each_request_needs_its_permission(
    start_server: Start, store: Store, permission: Permission, method: str, path: str
) -> None:
    server = start_server()
    others = [other for other in Permission if other not in (permission, Permission.FULL_ACCESS)]
    now_ms = server.hub.now_ms()
    for given, allowed in (([permission], True), (others, False)):
        key = store.create_key("k", now_ms=now_ms, permissions=given).secret
        with client(server, key) as api:
            answer = api.request(method, path)
            assert api.get("/v1/models").status_code == 200, "any key will do"
        if allowed:
            assert answer.status_code != 403
        else:
            error = answer.json()
            assert (answer.status_code, error["error_type"]) == (403, "permission_denied")
            assert permission.value in error["message"]


def test_a_temporary_key_needs_the_permission_for_its_use_as_well(
    start_server: Start, store: Store
) -> None:
    server = start_server()
    permissions = [Permission.TEMPORARY_KEYS, Permission.STT_REAL_TIME]
    key = store.create_key("k", now_ms=server.hub.now_ms(), permissions=permissions).secret
    with client(server, key) as api:
        statuses = [
            api.post(
                "/v1/auth/temporary-api-key",
                json={"usage_type": usage_type, "expires_in_seconds": 60},
            ).status_code
            for usage_type in ("transcribe_websocket", "tts_rt")
        ]
    assert statuses == [201, 403]


def test_keys_that_open_no_request(start_server: Start, store: Store) -> None:
    server = start_server()
    now_ms = server.hub.now_ms()
    revoked = store.create_key("r", now_ms=now_ms)
    store.revoke_key(revoked.key.id, now_ms=now_ms)
    old = store.create_key("o", now_ms=now_ms - 2_000, expires_at_ms=now_ms - 1_000)
    for key, says in (
        (None, "No API key"),
        ("other", "is wrong"),
        (KEY[:-1], "is wrong"),
        (revoked.secret, "revoked"),
        (old.secret, "expired"),
        (temporary(server), "streams only"),
    ):
        with client(server, key) as api:
            answer = api.get("/v1/models")
        error = answer.json()
        assert (answer.status_code, error["error_type"]) == (401, "unauthenticated")
        assert says in error["message"]
        assert answer.headers["www-authenticate"] == "Bearer"
        assert key is None or key not in answer.text
    with client(server, None, headers={"Authorization": f"Basic {KEY}"}) as api:
        assert "Bearer KEY" in api.get("/v1/models").json()["message"]


def _around_now() -> dict[str, str]:
    from .test_api import window

    return window()
