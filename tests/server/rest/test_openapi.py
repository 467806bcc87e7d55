"""The description of the API: complete, readable, and true of whatever anybody sends."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from oyez.protocol.error_types import ERROR_TYPES
from oyez.protocol.rest_errors import REST_ERROR_TYPES, REST_ONLY
from oyez.server.rest.endpoints import ENDPOINTS
from oyez.server.run import ServerThread
from server.wire import KEY

EXAMPLES = 10
"""For each address, besides those for the limits of each field. A limit of time would let a busy
machine skip some addresses."""
TIMEOUT_S = 100


def test_whatever_is_sent_the_answer_is_as_described(
    api_server: ServerThread, tmp_path: Path
) -> None:
    """No 5xx, no answer outside its schema, no wrong request that is taken for a good one.

    Not checked is that all that fits the schema is accepted: no schema can say that a window ends
    after it begins.
    """
    done = subprocess.run(
        [
            *(Path(sys.executable).parent / "schemathesis", "run"),
            f"http://127.0.0.1:{api_server.port}/v1/openapi.json",
            *("--header", f"Authorization: Bearer {KEY}"),
            *("--exclude-checks", "positive_data_acceptance"),
            *("--phases", "coverage,fuzzing"),
            *("--max-examples", str(EXAMPLES), "--seed", "1"),
            *("--no-color", "--continue-on-failure"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Tested: {len(ENDPOINTS)}" in done.stdout


def test_the_description_names_every_address(api_server: ServerThread) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{api_server.port}") as nobody:
        document = nobody.get("/v1/openapi.json").json()
        assert {
            (method.upper(), path) for path, item in document["paths"].items() for method in item
        } == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
        for path, item in document["paths"].items():
            for operation in item.values():
                assert operation["summary"]
                assert "401" in operation["responses"]
            assert nobody.options(path).headers["allow"].endswith("OPTIONS")
    fields = document["components"]["schemas"]["CreateTemporaryApiKeyPayload"]["properties"]
    assert fields["single_use"]["description"] == "Whether the key opens one stream only."


class Loaded(HTMLParser):
    """What a page would load, and the names of its parts."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "link", "img", "iframe") or "src" in given:
            self.sources.append(tag)
        if tag == "a":
            self.links.append(given["href"] or "")
        if given.get("id"):
            self.ids.append(given["id"] or "")
        if tag not in ("meta", "!doctype"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_reference_is_one_page_that_loads_nothing(api: httpx.Client) -> None:
    answer = api.get("/v1/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    page = Loaded()
    page.feed(answer.text)
    assert (page.sources, page.open) == ([], [])
    assert len(set(page.ids)) == len(page.ids)
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert api.get(link).status_code == 200
    for endpoint in ENDPOINTS:
        assert f"<code>{endpoint.method} {endpoint.path}</code>" in answer.text
        for model in (endpoint.query, endpoint.body, endpoint.answer):
            for field in model.model_fields if model is not None else ():
                assert f"<code>{field}</code>" in answer.text


@pytest.mark.parametrize("name", sorted(REST_ERROR_TYPES))
def test_every_error_of_the_api_is_explained(api: httpx.Client, name: str) -> None:
    row = REST_ERROR_TYPES[name]
    page = api.get("/errors").text
    assert f'id="{row.anchor}"' in page
    assert page.count(f'id="{row.anchor}"') == 1
    assert row.meaning[0].isupper()
    assert row.meaning.endswith(".")
    assert row.remedy.endswith(".")


def test_no_error_of_the_api_alone_is_one_of_streams() -> None:
    assert not {row.name for row in REST_ONLY} & set(ERROR_TYPES)
