"""How the REST API refuses: one form for every error, on every address; and pages elsewhere."""

import socket
import time
import uuid
from typing import Any

import httpx
import pytest

from oyez.protocol.rest import ApiError
from server.wire import KEY

from .conftest import Start, client

KEYS = "/v1/auth/temporary-api-key"
ASKED = {"usage_type": "transcribe_websocket", "expires_in_seconds": 60}
PAGE = "https://captions.example"


def check(answer: httpx.Response, status: int, error_type: str) -> ApiError:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == list(ApiError.model_fields)
    error = ApiError.model_validate(body)
    assert (error.status_code, error.error_type) == (status, error_type)
    assert error.message.endswith(".")
    assert error.request_id == str(uuid.UUID(error.request_id))
    assert error.request_id == answer.headers["x-request-id"]
    assert error.more_info is not None
    assert error.more_info.endswith("/errors#" + error_type.replace("_", "-"))
    return error


@pytest.mark.parametrize(
    ("method", "path", "status", "error_type"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1", 404, "not_found"),
        ("GET", "/v1/models/", 404, "not_found"),
        ("DELETE", "/v1/models", 405, "method_not_allowed"),
        ("PURGE", "/v1/models", 405, "method_not_allowed"),
        ("GET", KEYS, 405, "method_not_allowed"),
        ("POST", "/healthz", 405, "method_not_allowed"),
        ("POST", "/v1/openapi.json", 405, "method_not_allowed"),
    ],
)
def test_what_is_not_there(
    api: httpx.Client, method: str, path: str, status: int, error_type: str
) -> None:
    answer = api.request(method, path)
    check(answer, status, error_type)
    if status == 405:
        assert "GET" in answer.headers["allow"] or "POST" in answer.headers["allow"]
        assert method not in answer.headers["allow"].split(", ")


@pytest.mark.parametrize(
    ("content", "content_type", "status", "error_type"),
    [
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"{}", None, 415, "unsupported_media_type"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"", "application/json", 400, "invalid_request"),
        (b"{", "application/json", 400, "invalid_request"),
        (b"null", "application/json", 400, "invalid_request"),
        (b"[]", "application/json", 400, "invalid_request"),
        (b"\xff", "application/json", 400, "invalid_request"),
        (b"[" * 60_000, "application/json", 400, "invalid_request"),
        (b'{"usage_type":"\\ud800"}', "application/json", 400, "invalid_request"),
        (b" " * 70_000, "application/json", 413, "request_too_large"),
    ],
)
def test_a_body_that_is_none(
    api: httpx.Client, content: bytes, content_type: str | None, status: int, error_type: str
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    check(api.post(KEYS, content=content, headers=headers), status, error_type)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON"])
def test_json_by_other_names(api: httpx.Client, content_type: str) -> None:
    body = b'{"usage_type":"transcribe_websocket","expires_in_seconds":60.0,"more":1}'
    answer = api.post(KEYS, content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 201


def test_a_body_in_pieces_that_grows_too_long(api: httpx.Client) -> None:
    def pieces() -> Any:
        for _ in range(100):
            yield b" " * 1_024

    headers = {"Content-Type": "application/json"}
    answer = api.post(KEYS, content=pieces(), headers=headers)
    check(answer, 413, "request_too_large")
    assert answer.headers["connection"] == "close"


def test_the_key_is_looked_at_before_the_body(start_server: Start) -> None:
    with client(start_server(), "wrong") as api:
        check(api.post(KEYS, content=b" " * 70_000), 401, "unauthenticated")


def test_a_body_that_never_comes_is_not_waited_for(start_server: Start) -> None:
    server = start_server(request_timeout_s=0.5)
    head = (
        f"POST {KEYS} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {KEY}\r\n"
        "content-type: application/json\r\ncontent-length: 100\r\n\r\n{"
    )
    began_s = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(head.encode())
        answer = b""
        while piece := sock.recv(65_536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"request_timeout"' in answer
    assert time.monotonic() - began_s < 15


def test_a_failure_of_the_servers_own_says_nothing_of_it(
    start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server()

    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a secret of the server's")

    monkeypatch.setattr("oyez.server.rest.endpoints.listed_models", fail)
    with client(server) as api:
        error = check(api.get("/v1/models"), 500, "internal_error")
    assert "secret" not in error.message


def test_a_head_request_has_no_body(api: httpx.Client) -> None:
    answer = api.head("/v1/models")
    assert (answer.status_code, answer.content) == (200, b"")


# Pages.


def test_pages_of_allowed_origins_may_read_answers(start_server: Start) -> None:
    server = start_server(allowed_origins=(PAGE,))
    with client(server, headers={"Origin": PAGE}) as api:
        for answer in (api.get("/v1/models"), api.get("/v1/nothing"), api.get("/v1/usage-logs")):
            if "nothing" not in str(answer.url):
                assert answer.headers["access-control-allow-origin"] == PAGE
        assert api.get("/v1/models").headers["vary"] == "Origin"
        asked = {"Access-Control-Request-Method": "POST"}
        preflight = api.options(KEYS, headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == PAGE
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    assert int(preflight.headers["access-control-max-age"]) > 0


def test_pages_of_other_origins_may_not(start_server: Start) -> None:
    server = start_server(allowed_origins=(PAGE,))
    for origin in ("https://evil.example", "null", f"{PAGE}.evil.example", "https://captions"):
        with client(server, headers={"Origin": origin}) as api:
            for answer in (api.get("/v1/models"), api.options(KEYS), api.post(KEYS, json=ASKED)):
                assert not [name for name in answer.headers if name.startswith("access-control")]
                assert answer.headers["vary"] == "Origin"


def test_pages_of_the_servers_own_host_may(api: httpx.Client) -> None:
    for origin in ("http://127.0.0.1:3000", "http://localhost", "https://localhost:5173"):
        answer = api.get("/v1/models", headers={"Origin": origin})
        assert answer.headers["access-control-allow-origin"] == origin
