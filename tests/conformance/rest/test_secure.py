"""Our SDK with a server of TLS: one address for streams and requests, one set of certificates."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.sdks import KEY, SDKS, Sdk, Threaded
from oyez import OyezConnectError, OyezRequestError
from oyez.server.run import ServerThread
from oyez.server.settings import Settings
from oyez.types import NextStep

from .clients import START, Api

CERTIFICATES = Path(__file__).parents[2] / "security"
OURS = pytest.mark.parametrize(
    "sdk", [sdk for sdk in SDKS if sdk.is_ours], ids=lambda sdk: sdk.name
)


@pytest.fixture(scope="module")
def secure() -> Iterator[ServerThread]:
    settings = Settings(
        api_key=KEY,
        port=0,
        model="scripted",
        tls_cert=CERTIFICATES / "loopback.pem",
        tls_key=CERTIFICATES / "loopback.key",
    )
    with ServerThread(settings) as running:
        yield running


@OURS
async def test_streams_and_requests_trust_the_same_certificates(
    secure: ServerThread, sdk: Sdk, monkeypatch: pytest.MonkeyPatch, fox: bytes
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "loopback.pem"))
    api = Api(sdk.client(api_key=KEY, base_url=f"https://127.0.0.1:{secure.port}"))
    assert (await api.call("models.list")).models
    assert "quick brown fox" in await api.hear(fox)
    await api.close()


@OURS
async def test_an_unknown_certificate_is_refused_by_both(secure: ServerThread, sdk: Sdk) -> None:
    api = Api(sdk.client(api_key=KEY, base_url=f"wss://127.0.0.1:{secure.port}"))
    with pytest.raises(OyezRequestError, match="certificate was refused") as caught:
        await api.call("models.list")
    assert caught.value.next_step is NextStep.FIX_REQUEST
    assert not caught.value.was_sent
    session = api.client.realtime.stt.connect(config=START)
    with pytest.raises(OyezConnectError, match="certificate was refused"):
        async with session if sdk.is_async else Threaded(session):
            pytest.fail("it was opened")
    await api.close()
