from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from conformance.sdks import ALLOW_OLD_STYLE, KEY, SDKS, Sdk
from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT, script_audio
from oyez.server.run import ServerThread
from oyez.server.settings import Settings
from oyez.store.base import Permission, Store
from oyez.store.opening import open_store

from .clients import Api


@pytest.fixture(scope="session")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('rest') / 'oyez.db'}"


@pytest.fixture(scope="session")
def api_server(store_url: str) -> Iterator[ServerThread]:
    """A server with a store, which hears a fox every four seconds."""
    settings = Settings(api_key=KEY, port=0, model="scripted", store_url=store_url)
    with ServerThread(settings) as running:
        yield running


@pytest.fixture(scope="session")
def store(api_server: ServerThread, store_url: str) -> Iterator[Store]:
    """The server's store, as another process sees it."""
    with ExitStack() as stack:
        opened = open_store(store_url)
        stack.callback(opened.close)
        yield opened


@pytest.fixture(params=[pytest.param(sdk, marks=ALLOW_OLD_STYLE, id=sdk.name) for sdk in SDKS])
async def api(
    request: pytest.FixtureRequest, api_server: ServerThread, store: Store
) -> AsyncIterator[Api]:
    """A client with a key of a project that nobody else uses."""
    sdk: Sdk = request.param
    created = store.create_key(
        "conformance",
        now_ms=api_server.hub.now_ms(),
        permissions=[Permission.FULL_ACCESS],
        project=f"{sdk.name}-{uuid4().hex}",
    )
    made = Api.at(api_server, sdk, created.secret)
    yield made
    await made.close()


@pytest.fixture
def sdk_of(request: pytest.FixtureRequest) -> Sdk:
    """The SDK that `api` is of."""
    chosen: Sdk = request.node.callspec.params["api"]
    return chosen


@pytest.fixture(scope="session")
def fox() -> bytes:
    """Four seconds in which the scripted engine hears its sentence, as raw 16-bit samples."""
    samples = script_audio(DEFAULT_SCRIPT, 4_000, period_ms=DEFAULT_PERIOD_MS)
    return (samples * 32_767).astype("<i2").tobytes()
