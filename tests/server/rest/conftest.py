import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from oyez.server.run import ServerThread
from oyez.server.settings import Settings
from oyez.store.base import Store
from oyez.store.opening import open_store
from server.wire import KEY

Start = Callable[..., ServerThread]
T = TypeVar("T")


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables, to be copied: making them takes a while."""
    path = tmp_path_factory.mktemp("tables") / "oyez.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def store_url(tmp_path: Path, tables: Path) -> str:
    """A database with its tables and nothing in them."""
    return f"sqlite:///{shutil.copy(tables, tmp_path / 'oyez.db')}"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """The same database, as another process would see it."""
    opened = open_store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def start_server(store_url: str) -> Iterator[Start]:
    """Return a function that starts a server on the database, with the settings given."""
    with ExitStack() as servers:

        def run(**settings: Any) -> ServerThread:
            fields: dict[str, Any] = {
                "api_key": KEY,
                "port": 0,
                "model": "scripted",
                "store_url": store_url,
            }
            return servers.enter_context(ServerThread(Settings(**fields | settings)))

        yield run


@pytest.fixture(scope="module")
def api_server(tmp_path_factory: pytest.TempPathFactory, tables: Path) -> Iterator[ServerThread]:
    """A server with a database, for tests that leave nothing behind that others would see."""
    path = shutil.copy(tables, tmp_path_factory.mktemp("api") / "oyez.db")
    settings = Settings(api_key=KEY, port=0, model="scripted", store_url=f"sqlite:///{path}")
    with ServerThread(settings) as running:
        yield running


def client(server: ServerThread, key: str | None = KEY, **options: Any) -> httpx.Client:
    """A client of the REST API."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    headers |= options.pop("headers", {})
    return httpx.Client(
        base_url=f"http://127.0.0.1:{server.port}", headers=headers, trust_env=False, **options
    )


def eventually(look: Callable[[], T], is_it: Callable[[T], object], patience_s: float = 15.0) -> T:
    """Look until what is seen is it: what streams leave behind is written by another thread."""
    until_s = time.monotonic() + patience_s
    while not is_it(seen := look()) and time.monotonic() < until_s:
        time.sleep(0.01)
    assert is_it(seen), seen
    return seen


@pytest.fixture
def api(api_server: ServerThread) -> Iterator[httpx.Client]:
    """A client of the REST API with the server's own key."""
    with client(api_server) as opened:
        yield opened
