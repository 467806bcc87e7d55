"""What the page's addresses answer.

GET  /              the page, or where a passphrase is asked for
GET  /page/NAME     its files
GET  /js/NAME       the client code, for the page and for others
POST /page/login    takes the passphrase
POST /page/key      hands out a temporary key for one stream
"""

import asyncio
import html
import math
import time
from datetime import UTC, datetime
from string import Template
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from oyez.errors import RemoteProtocolError, StoreUnavailableError
from oyez.server.hub import Hub
from oyez.server.page.attempts import Attempts
from oyez.server.page.files import FOR_ALL, HEADERS, OURS_ONLY, StaticFile, load
from oyez.server.page.gate import Entry, check_page_settings, entry, is_own_page
from oyez.server.page.visits import COOKIE, LIFE_S, Visits

KEY_LIFE_S: Final = 60
"""How long a stream can be opened with a key that was handed out; the page does so at once."""
REFERENCE: Final = "page"
"""What usage logs call the page's streams."""
MAX_FORM_BYTES: Final = 2_048
FORM_TIMEOUT_S: Final = 10.0

OFF_TEXT: Final = (
    "This is a server for speech to text. Its page is off; whoever runs the server can switch it "
    "on: oyez serve --page\n"
)
ELSEWHERE_TEXT: Final = (
    "Without a passphrase the page is for this machine only, by its name localhost or 127.0.0.1, "
    "and not through a proxy. For others set OYEZ_PAGE_PASSPHRASE.\n"
)
FOREIGN_TEXT: Final = "Only the page of this server may ask for this.\n"


class Page:
    """The page of one server.

    Raises:
        OyezValidationError: The settings would open it to everybody.
    """

    def __init__(self, hub: Hub) -> None:
        check_page_settings(hub.settings)
        self._hub = hub
        self._static = load("static", OURS_ONLY)
        self._module = load("module", FOR_ALL)
        self._login = Template(self._static.pop("login.html").content.decode())
        self._index = self._static.pop("index.html")
        passphrase = hub.settings.page_passphrase
        self._visits = None if passphrase is None else Visits(passphrase)
        self._wrong = Attempts(each=5, limit=100)
        self._keys = Attempts(each=60, limit=300)

    async def index(self, request: Request) -> Response:
        """The page."""
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if not self._is_welcome(request):
            return self._ask()
        return self._index.answer(request)

    async def static(self, request: Request) -> Response:
        """A file of the page."""
        return self._file(request, self._static)

    async def module(self, request: Request) -> Response:
        """A file of the client code."""
        return self._file(request, self._module)

    async def login(self, request: Request) -> Response:
        """Take a passphrase."""
        refusal = self._refusal(request) or _foreign(request)
        if refusal is not None:
            return refusal
        if self._visits is None:
            return _to_page()
        form = await _form(request)
        if form is None:
            return _text("The form is too long, took too long, or cannot be read.\n", 400)
        # From here on nothing waits: attempts at the same time are counted one after the other.
        address, now_s = _address(request), self._hub.clock()
        wait_s = math.ceil(self._wrong.wait_s(address, now_s=now_s))
        if wait_s > 0:
            problem = f"Too many attempts. Try again in {wait_s} seconds."
            return self._ask(problem, 429, {"retry-after": str(wait_s)})
        if not self._visits.knows(form.get("passphrase", "")):
            self._wrong.count(address, now_s=now_s)
            self._hub.log.warning("page_passphrase_wrong", client=address)
            return self._ask("That is not the passphrase.", 403)
        answer = _to_page()
        answer.set_cookie(
            COOKIE,
            self._visits.cookie(now_s=time.time()),
            max_age=LIFE_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    async def key(self, request: Request) -> Response:
        """Hand out a temporary key: for one stream, to be opened within `KEY_LIFE_S`."""
        refusal = self._refusal(request) or _foreign(request)
        if refusal is not None:
            return refusal
        if not self._is_welcome(request):
            return _text("The passphrase is needed.\n", 401, {"www-authenticate": "Passphrase"})
        now_s, address = self._hub.clock(), _address(request)
        wait_s = math.ceil(self._keys.wait_s(address, now_s=now_s))
        if wait_s > 0:
            text = f"Too many streams in a minute. Try again in {wait_s} s.\n"
            return _text(text, 429, {"retry-after": str(wait_s)})
        self._keys.count(address, now_s=now_s)
        return await self._make_key()

    async def _make_key(self) -> Response:
        archive, now_ms = self._hub.archive, self._hub.now_ms()
        if archive is None:
            return _text("This server has no store, and so no temporary keys.\n", 503)
        try:
            model = self._hub.model
            made = await archive.ask(
                lambda store: store.create_temporary_key(
                    now_ms=now_ms,
                    usage_type="transcribe_websocket",
                    expires_in_s=KEY_LIFE_S,
                    client_reference_id=REFERENCE,
                    single_use=True,
                )
            )
        except StoreUnavailableError:
            return _text("The server's store of keys cannot be reached. Try again.\n", 503)
        except RemoteProtocolError as problem:  # no model is loaded
            return _text(f"{problem}\n", 503)
        expires_at = datetime.fromtimestamp(made.key.expires_at_ms / 1_000, UTC)
        answer = {
            "api_key": made.secret,
            "expires_at": expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "model": {
                "id": model.id,
                "languages": model.languages,
                "supports_speaker_diarization": model.supports_speaker_diarization,
            },
        }
        return JSONResponse(answer, 201, _private())

    def _refusal(self, request: Request) -> Response | None:
        """Return the answer to a request that gets nothing at all."""
        match entry(request.headers, self._hub.settings):
            case Entry.OFF:
                return _text(OFF_TEXT, 404)
            case Entry.ELSEWHERE:
                return _text(ELSEWHERE_TEXT, 403)
        return None

    def _is_welcome(self, request: Request) -> bool:
        return self._visits is None or self._visits.is_known(
            request.cookies.get(COOKIE), now_s=time.time()
        )

    def _file(self, request: Request, files: dict[str, StaticFile]) -> Response:
        """Return a file that is no secret; but not where the page is off."""
        if entry(request.headers, self._hub.settings) is Entry.OFF:
            return _text(OFF_TEXT, 404)
        file = files.get(request.path_params["name"])
        return file.answer(request) if file is not None else _text("There is no such file.\n", 404)

    def _ask(
        self, problem: str = "", status: int = 401, headers: dict[str, str] | None = None
    ) -> Response:
        """Return the page that asks for the passphrase."""
        shown, described = "", ""
        if problem:
            shown = f'<p class="problem" id="wrong" role="alert">{html.escape(problem)}</p>'
            described = ' aria-describedby="wrong" aria-invalid="true"'
        content = self._login.substitute(problem=shown, described=described)
        if status == 401:
            headers = {"www-authenticate": "Passphrase"}
        return HTMLResponse(content, status, {**_private(), **(headers or {})})


def page_routes(hub: Hub) -> list[BaseRoute]:
    """Return the routes of the page.

    Raises:
        OyezValidationError: The settings would open it to everybody.
    """
    page = Page(hub)
    return [
        Route("/", page.index),
        Route("/page/login", page.login, methods=["POST"]),
        Route("/page/key", page.key, methods=["POST"]),
        Route("/page/{name}", page.static),
        Route("/js/{name}", page.module),
    ]


async def _form(request: Request) -> dict[str, str] | None:
    """Return the fields of a form, or None when it is too long, too slow, or none."""
    body = b""
    try:
        async with asyncio.timeout(FORM_TIMEOUT_S):
            async for piece in request.stream():
                body += piece
                if len(body) > MAX_FORM_BYTES:
                    return None
        fields = parse_qs(body.decode("ascii", "replace"), max_num_fields=8)
    except (TimeoutError, ValueError):
        return None
    return {name: values[0] for name, values in fields.items()}


def _foreign(request: Request) -> Response | None:
    """Return the refusal of a request that another page sent, or no page at all."""
    return None if is_own_page(request.headers) else _text(FOREIGN_TEXT, 403)


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def _private() -> dict[str, str]:
    return {**HEADERS, **OURS_ONLY, "cache-control": "no-store"}


def _text(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(text, status, {**_private(), **(headers or {})})


def _to_page() -> Response:
    return Response(status_code=303, headers={**_private(), "location": "/"})
