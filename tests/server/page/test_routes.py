"""What the page's addresses answer, on real servers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hatchling.builders.wheel import WheelBuilder

from oyez import OyezClient
from oyez.server.page.files import CONTENT_SECURITY_POLICY
from oyez.server.run import ServerThread
from oyez.server.settings import Settings
from server.wire import KEY

PASSPHRASE = "four random words here"
ROOT = Path(__file__).resolve().parents[3]


def serve(folder: Path, **changes: Any) -> ServerThread:
    store_url = f"sqlite:///{folder / 'store.db'}"
    return ServerThread(
        Settings(api_key=KEY, port=0, model="scripted", store_url=store_url, **changes)
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    with serve(tmp_path_factory.mktemp("open")) as running:
        yield running


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[ServerThread]:
    """A server whose page asks for the passphrase."""
    with serve(tmp_path, host="0.0.0.0", page=True, page_passphrase=PASSPHRASE) as running:
        yield running


def home(server: ServerThread) -> str:
    return f"http://127.0.0.1:{server.port}"


def browser(server: ServerThread, **headers: str) -> httpx.Client:
    """A client that says of itself what the server's own page would say."""
    return httpx.Client(base_url=home(server), headers={"origin": home(server)} | headers)


def test_the_page_and_every_file_it_names_are_served_with_strict_headers(
    server: ServerThread,
) -> None:
    with browser(server) as client:
        paths = ["/", "/page/page.js", "/page/view.js", "/page/wave.js", "/page/page.css"]
        paths += ["/page/icon.svg", "/js/oyez.js", "/js/worklet.js"]
        for path in paths:
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-cache"
            suffix = path.rpartition(".")[2]
            kind = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
            assert answer.headers["content-type"].startswith(kind.get(suffix, "text/html"))
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY


def test_a_browser_that_has_a_file_is_not_sent_it_again(server: ServerThread) -> None:
    with browser(server) as client:
        first = client.get("/js/oyez.js")
        again = client.get(
            "/js/oyez.js", headers={"if-none-match": f'"x", {first.headers["etag"]}'}
        )
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_the_client_code_may_be_imported_by_other_pages_and_the_page_not(
    server: ServerThread,
) -> None:
    with browser(server, origin="https://elsewhere.example") as client:
        module, page = client.get("/js/oyez.js"), client.get("/page/page.js")
    assert module.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in page.headers
    assert page.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    ["/page/login.html", "/page/..%2froutes.py", "/js/../routes.py", "/js/%2e%2e/gate.py", "/js/"],
)
def test_nothing_else_of_the_folder_is_served(server: ServerThread, path: str) -> None:
    with browser(server) as client:
        assert client.get(path).status_code == 404


def test_it_hands_out_a_key_for_one_stream(server: ServerThread) -> None:
    with browser(server) as client:
        answer = client.post("/page/key")
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    given = answer.json()
    assert given["model"]["id"] == "scripted"
    assert KEY not in answer.text
    client_of_page = OyezClient(api_key=given["api_key"], base_url=server.websocket_url)
    raw = {"audio_format": "pcm_s16le", "sample_rate": 16_000, "num_channels": 1}
    with client_of_page.realtime.stt.connect(config=raw) as session:
        session.send_bytes(bytes(32_000))
        session.finish()
        assert [event.finished for event in session.receive_events()][-1]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"host": "evil.example"},
        {"host": "evil.example", "origin": "http://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"x-forwarded-for": "203.0.113.9"},
    ],
    ids=json.dumps,
)
def test_no_foreign_page_gets_a_key(server: ServerThread, headers: dict[str, str]) -> None:
    with browser(server, **headers) as client:
        answer = client.post("/page/key")
    assert answer.status_code == 403
    assert "oyez_" not in answer.text


def test_who_names_no_origin_gets_no_key(server: ServerThread) -> None:
    assert httpx.post(f"{home(server)}/page/key").status_code == 403
    assert httpx.get(f"{home(server)}/page/key").status_code in (404, 405)


def test_keys_are_not_handed_out_without_a_bound(tmp_path: Path) -> None:
    with serve(tmp_path) as server, browser(server) as client:
        codes = [client.post("/page/key").status_code for _ in range(61)]
        assert codes == [201] * 60 + [429]
        assert int(client.post("/page/key").headers["retry-after"]) > 0


def test_without_a_store_it_says_why_there_are_no_keys(scripted_server: ServerThread) -> None:
    with browser(scripted_server) as client:
        answer = client.post("/page/key")
    assert (answer.status_code, answer.text.split()[:6]) == (
        503,
        ["This", "server", "has", "no", "store,", "and"],
    )


def test_a_page_that_is_off_says_how_to_switch_it_on(tmp_path: Path) -> None:
    with serve(tmp_path, host="0.0.0.0") as server, browser(server) as client:
        for path in ("/", "/page/page.js", "/js/oyez.js"):
            answer = client.get(path)
            assert answer.status_code == 404
            assert "--page" in answer.text
        assert client.post("/page/key").status_code == 404
        assert client.post("/page/login", data={"passphrase": ""}).status_code == 404


def test_the_passphrase_opens_the_page(guarded: ServerThread) -> None:
    with browser(guarded) as client:
        asked = client.get("/")
        assert asked.status_code == 401
        assert 'type="password"' in asked.text
        assert client.post("/page/key").status_code == 401
        wrong = client.post("/page/login", data={"passphrase": "a guess at the words"})
        assert wrong.status_code == 403
        assert "That is not the passphrase." in wrong.text
        assert client.get("/").status_code == 401

        right = client.post("/page/login", data={"passphrase": PASSPHRASE})
        assert (right.status_code, right.headers["location"]) == (303, "/")
        cookie = right.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "path=/" in cookie
        assert PASSPHRASE not in cookie
        assert 'id="talk"' in client.get("/").text
        assert client.post("/page/key").status_code == 201


def test_behind_https_the_cookie_stays_there(tmp_path: Path) -> None:
    with (
        serve(tmp_path, page_passphrase=PASSPHRASE) as server,
        browser(server, **{"x-forwarded-proto": "https"}) as client,
    ):
        answer = client.post("/page/login", data={"passphrase": PASSPHRASE})
    assert "; Secure" in answer.headers["set-cookie"]


def test_attempts_are_bounded(guarded: ServerThread) -> None:
    with browser(guarded) as client:
        for _ in range(5):
            assert client.post("/page/login", data={"passphrase": "wrong"}).status_code == 403
        late = client.post("/page/login", data={"passphrase": PASSPHRASE})
    assert late.status_code == 429
    assert 0 < int(late.headers["retry-after"]) <= 60
    assert "set-cookie" not in late.headers


@pytest.mark.parametrize("body", [b"passphrase=" + b"x" * 4_096, b"&".join([b"a=b"] * 9)])
def test_a_form_that_is_no_form_is_refused(guarded: ServerThread, body: bytes) -> None:
    with browser(guarded) as client:
        assert client.post("/page/login", content=body).status_code == 400


def test_no_foreign_page_can_log_in(guarded: ServerThread) -> None:
    with browser(guarded, origin="http://evil.example") as client:
        answer = client.post("/page/login", data={"passphrase": PASSPHRASE})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_the_wheel_holds_the_page(tmp_path: Path) -> None:
    from zipfile import ZipFile

    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    folder = ROOT / "src/oyez/server/page"
    wanted = {path.name for name in ("module", "static") for path in (folder / name).iterdir()}
    with ZipFile(wheel) as archive:
        held = {Path(name).name for name in archive.namelist() if "/server/page/" in name}
    assert wanted <= held
