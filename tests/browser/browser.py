"""Chromium with a microphone that plays a file, and pages with JavaScript clients in it."""

import asyncio
import functools
import os
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from .told import Told

HERE = Path(__file__).parent
PAGES = ("speech_to_text_web", "client", "react")
TALK_TIMEOUT_S = 80.0
HTML = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{name}</title>
<link rel="icon" href="data:,">
<main id="app"><b id="final"></b><i id="partial"></i></main>
<script type="module" src="{name}.js"></script>
"""


class SetupError(Exception):
    """A program or package that these tests need is missing."""

    def __str__(self) -> str:
        return f"{super().__str__()} is missing: run `make browser`, which installs it or says how."


def program(name: str) -> str:
    """Where a program is; another Chromium may be named by the environment variable CHROMIUM."""
    path = shutil.which(os.environ.get(name.upper(), name))
    if path is None:
        raise SetupError(name)
    return path


def bundle(folder: Path) -> None:
    """Bundle every page with the packages it imports, as an application does."""
    esbuild = HERE / "node_modules" / ".bin" / "esbuild"
    if not esbuild.exists():
        raise SetupError("node_modules")
    options = ("--bundle", "--format=esm", "--jsx=automatic", "--log-level=warning")
    production = "--define:process.env.NODE_ENV='production'"
    sources = sorted((HERE / "pages").glob("*.js*"))
    subprocess.run(
        [esbuild, *sources, *options, production, f"--outdir={folder}"],
        check=True,
        timeout=60,
    )
    for name in PAGES:
        (folder / f"{name}.html").write_text(HTML.format(name=name), encoding="utf-8")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine; yields where."""
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))
    ) as server:
        thread = threading.Thread(target=server.serve_forever, name="pages")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@asynccontextmanager
async def chromium(microphone: Path) -> AsyncIterator[Browser]:
    """A headless Chromium; each page that records hears the file from its beginning."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program("chromium"),
            chromium_sandbox=os.geteuid() != 0,
            args=[
                "--headless=new",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}%noloop",
                # Nothing of its own on the network.
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-quic",
                "--disable-gpu",
                "--no-first-run",
            ],
        )
        try:
            yield browser
        finally:
            await browser.close()


class OpenPage:
    """One page, in which flows can be held."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._complaints: list[str] = []
        page.on("pageerror", lambda error: self._complaints.append(str(error)))
        page.on("console", self._listen)

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._complaints.append(message.text)

    async def talk(self, flow: str, **options: Any) -> Told:
        """Hold a flow to its end.

        Raises:
            playwright.async_api.Error: It went otherwise than its page expects.
            TimeoutError: It did not end.
        """
        async with asyncio.timeout(TALK_TIMEOUT_S):
            diary = await self._page.evaluate(
                "([flow, options]) => window.talks[flow](options)", [flow, options]
            )
            shown = await self._page.inner_text("#app")
        return Told(diary["entries"], shown, self._complaints)

    async def until(self, condition: str) -> None:
        """Wait until something is true in the page."""
        await self._page.wait_for_function(condition, timeout=1000 * TALK_TIMEOUT_S)


class Pages:
    """Opens pages, each as if by a user of its own."""

    def __init__(self, browser: Browser, home: str) -> None:
        self._browser = browser
        self._home = home

    @asynccontextmanager
    async def open(self, name: str) -> AsyncIterator[OpenPage]:
        """Open a page by its name."""
        context = await self._browser.new_context()
        page = await context.new_page()
        opened = OpenPage(page)
        await page.goto(f"{self._home}/{name}.html")
        try:
            yield opened
        finally:
            await context.close()

    async def talk(self, name: str, flow: str, **options: Any) -> Told:
        """Open a page and hold one flow in it."""
        async with self.open(name) as page:
            return await page.talk(flow, **options)
