"""Visits of the page, held in Chromium. Microphones play in real time, so visits are held together.

A visit does what a person does, by mouse or by keyboard, and notes what that person would see.
"""

import asyncio
import re
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, Dialog, Download, Page, Response, WebSocket

from oyez.server.run import ServerThread
from oyez.server.settings import Settings

from .microphone import ENCORE_END_MS, END_MS, MID_SENTENCE_MS, PAUSE_MS, RESUME_MS

REAL_KEY: Final = "the-real-key-of-this-server-7f3a"
PASSPHRASE: Final = "four random words here"
PATIENCE_S: Final = 40.0
LOOK_AGAIN_S: Final = 0.05

WATCH: Final = """
// The microphone plays from when it is opened: it is the visits' clock.
let began = Infinity;
const devices = navigator.mediaDevices;
if (devices) {
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    const stream = await open(constraints);
    began = performance.now();
    [window.track] = stream.getAudioTracks();
    return stream;
  };
}
window.played = () => performance.now() - began;
window.seen = { violations: [], guesses: [], shares: [], told: [] };
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  seen.violations.push(`${violatedDirective} ${blockedURI}`));
document.addEventListener("DOMContentLoaded", () => {
  const watch = (node, note) => node && new MutationObserver(note).observe(
    node, { subtree: true, childList: true, characterData: true, attributes: true });
  watch(document.querySelector("#said"), () => {
    const guess = [...document.querySelectorAll(".guess")].map((one) => one.textContent).join("");
    if (guess.trim() && guess !== seen.guesses.at(-1)) seen.guesses.push(guess);
  });
  watch(document.querySelector("#spoken"), (changes) => changes.forEach(({ addedNodes }) =>
    addedNodes.forEach((node) => seen.told.push(node.textContent))));
  watch(document.querySelector("#progress"), () =>
    seen.shares.push(document.querySelector("#progress").value));
});
"""
NO_WORKLET: Final = "delete BaseAudioContext.prototype.audioWorklet;"
FORBIDDEN: Final = """
navigator.mediaDevices.getUserMedia = () =>
  Promise.reject(new DOMException("Permission denied", "NotAllowedError"));
"""
NO_TIMERS: Final = "window.setInterval = () => 0;"
"""As in a tab in the background, where they hardly run."""
INSECURE: Final = "Object.defineProperty(globalThis, 'isSecureContext', { value: false });"
DROP: Final = """
async ([name, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  const options = { dataTransfer, bubbles: true, cancelable: true };
  document.body.dispatchEvent(new DragEvent("dragover", options));
  document.body.dispatchEvent(new DragEvent("drop", options));
}
"""


@dataclass
class Visit:
    """A page in a browser of its own, and what came of it."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """Exceptions that nobody caught, and errors in the console."""
    received: list[str] = field(default_factory=list)
    """Everything that the server sent: heads and bodies of answers, frames."""
    sent: list[str | bytes] = field(default_factory=list)
    """Frames that the page sent."""
    notes: dict[str, Any] = field(default_factory=dict)
    saved: dict[str, str] = field(default_factory=dict)
    """Files that were saved, by their names."""
    _bodies: list[asyncio.Task[None]] = field(default_factory=list)

    def attend(self) -> None:
        """Note what happens from now on."""
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text)
                if message.type in ("error", "warning")
                else None
            ),
        )
        self.page.on(
            "response", lambda answer: self._bodies.append(asyncio.create_task(self._keep(answer)))
        )
        self.page.on("websocket", self._listen)

    async def _keep(self, answer: Response) -> None:
        headers = await answer.all_headers()
        body = "" if answer.status in (204, 303, 304) else await answer.text()
        self.received.append(f"{answer.url}\n{headers}\n{body}")

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.received.append(str(frame)))
        socket.on("framesent", lambda frame: self.sent.append(frame))  # noqa: PLW0108 - it sets attributes on what it is given

    async def until(self, script: str) -> None:
        """Wait until a script's value is true."""
        async with asyncio.timeout(PATIENCE_S):
            while not await self.page.evaluate(script):
                await asyncio.sleep(LOOK_AGAIN_S)

    async def played(self, ms: int) -> None:
        """Wait until the microphone has played so much."""
        await self.until(f"played() >= {ms}")

    async def enters(self, state: str) -> None:
        """Wait until the page says that it is in a state."""
        await self.page.wait_for_selector(f'body[data-state="{state}"]', timeout=1_000 * PATIENCE_S)

    async def text(self, selector: str) -> str:
        """What is written somewhere, in one line."""
        texts = await self.page.locator(selector).all_inner_texts()
        return re.sub(r"\s+", " ", " ".join(texts)).strip()

    async def save(self, name: str) -> None:
        """Press a button that saves, and keep the file."""
        async with self.page.expect_download() as waiting:
            await self.page.get_by_role("button", name=name, exact=True).click()
        await self.keep(await waiting.value)

    async def keep(self, download: Download) -> None:
        """Keep a file that was saved."""
        path = await download.path()
        self.saved[download.suggested_filename] = path.read_text(encoding="utf-8")

    async def focus(self, element_id: str) -> None:
        """Press Tab until something has the focus."""
        for _ in range(30):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate("document.activeElement.id") == element_id:
                return
        raise AssertionError(f"no Tab leads to {element_id}")

    async def conclude(self) -> None:
        """Note what the page holds at the end."""
        self.notes |= await self.page.evaluate("window.seen ?? {}")
        self.notes["final"] = await self.text(".words .final")
        self.notes["spoken"] = await self.text("#spoken")
        self.notes["paragraphs"] = await self.page.locator(".paragraph").count()
        self.notes["status"] = await self.text("#status")
        self.notes["problem"] = await self.text("#problem")
        self.notes["delay"] = await self.text("#delay")
        self.notes["time"] = await self.text("#time")
        self.notes["kept"] = await self.page.evaluate(
            "JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])"
        )

    async def settle(self) -> None:
        """Wait until every answer has been read."""
        await asyncio.gather(*self._bodies, return_exceptions=True)


@asynccontextmanager
async def visiting(
    browser: Browser, url: str, *scripts: str, **options: Any
) -> AsyncIterator[Visit]:
    """Open the page as a user of its own."""
    context = await browser.new_context(**options)
    for script in (WATCH, *scripts):
        await context.add_init_script(script)
    page = await context.new_page()
    visit = Visit(page)
    visit.attend()
    try:
        await page.goto(url)
        yield visit
        await visit.conclude()
    finally:
        await visit.settle()
        await context.close()


async def talk(visit: Visit) -> None:
    """By mouse: to the end of what is said, finalized in the middle of a sentence."""
    await visit.enters("idle")
    await visit.page.get_by_role("button", name="Start talking").click()
    await visit.enters("listening")
    await visit.until("seen.guesses.length > 0")
    await visit.played(MID_SENTENCE_MS)
    await visit.page.get_by_role("button", name="Finalize").click()
    await visit.until("!document.querySelector('.guess')?.textContent")
    await visit.played(END_MS)
    await visit.page.get_by_role("button", name="Stop").click()
    await visit.enters("idle")
    for name in ("Text", "SRT", "WebVTT"):
        await visit.save(name)


async def pause_by_keyboard(visit: Visit) -> None:
    """No mouse: start, pause, resume, stop, save."""
    keyboard = visit.page.keyboard
    await visit.enters("idle")
    await visit.focus("talk")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    visit.notes["outline"] = await visit.page.evaluate(outline)
    await keyboard.press("Enter")
    await visit.enters("listening")
    await visit.page.keyboard.press("Shift+Tab")
    await visit.played(PAUSE_MS)
    await keyboard.press("Space")
    await visit.enters("paused")
    visit.notes["while paused"] = [await visit.text("#status"), await visit.text("#pause")]
    await visit.played(RESUME_MS)
    visit.notes["before"] = await visit.text(".words .final")
    await keyboard.press("Space")
    await visit.enters("listening")
    await visit.played(ENCORE_END_MS)
    await visit.focus("talk")
    await keyboard.press("Enter")
    await visit.enters("idle")
    await visit.focus("save-srt")
    async with visit.page.expect_download() as waiting:
        await keyboard.press("Enter")
    await visit.keep(await waiting.value)


async def record_without_worklet(visit: Visit) -> None:
    """In a browser that has no worklets."""
    await visit.enters("idle")
    await visit.page.get_by_role("button", name="Start talking").click()
    await visit.enters("listening")
    await visit.played(PAUSE_MS)
    await visit.page.get_by_role("button", name="Stop").click()
    await visit.enters("idle")


def drop(name: str, base64: str) -> Callable[[Visit], Awaitable[None]]:
    """Drop a recording on the page, then save its captions."""

    async def flow(visit: Visit) -> None:
        await visit.enters("idle")
        await visit.page.evaluate(DROP, [name, base64])
        await visit.enters("file")
        visit.notes["name"] = await visit.text("#file-name")
        await visit.enters("idle")
        await visit.save("SRT")

    return flow


def choose(path: Path) -> Callable[[Visit], Awaitable[None]]:
    """Open something that is no recording, by keyboard."""

    async def flow(visit: Visit) -> None:
        await visit.enters("idle")
        async with visit.page.expect_file_chooser() as waiting:
            # Keys may overtake the order to watch for choosers; what is evaluated does not.
            await visit.focus("file")
            await visit.page.keyboard.press("Space")
        await (await waiting.value).set_files(path)
        await visit.page.wait_for_selector("#problem:not([hidden])")
        await visit.enters("idle")

    return flow


async def be_refused(visit: Visit) -> None:
    """The browser forbids the microphone."""
    await visit.enters("idle")
    await visit.page.get_by_role("button", name="Start talking").click()
    await visit.page.wait_for_selector("#problem:not([hidden])")
    await visit.enters("idle")


async def log_in(visit: Visit) -> None:
    """A wrong passphrase, then the right one; then a stream."""
    field = visit.page.get_by_label("Passphrase")
    await visit.page.keyboard.type("not this one, surely")
    await visit.page.keyboard.press("Enter")
    await visit.page.get_by_role("alert").wait_for()
    visit.notes["alert"] = await visit.page.get_by_role("alert").inner_text()
    await field.fill(PASSPHRASE)
    await visit.page.keyboard.press("Enter")
    await visit.enters("idle")
    await visit.page.get_by_role("button", name="Start talking").click()
    await visit.enters("listening")
    await visit.page.get_by_role("button", name="Stop").click()
    await visit.enters("idle")
    cookies = await visit.page.context.cookies()
    visit.notes["cookies"] = [(item["httpOnly"], item["sameSite"]) for item in cookies]


def settings(folder: Path, **changes: Any) -> Settings:
    """Settings of a server with a page and a store."""
    fields: dict[str, Any] = {"model": "moonshine-tiny", "port": 0} | changes
    return Settings(api_key=REAL_KEY, store_url=f"sqlite:///{folder}/store.db", **fields)


async def lose_the_server(browser: Browser, folder: Path) -> Visit:
    """The server stops in the middle of a talk."""
    server = ServerThread(settings(folder, model="scripted"))
    with server:
        async with visiting(browser, f"http://127.0.0.1:{server.port}/") as visit:
            await hear_something(visit)
            await asyncio.to_thread(server.stop)
            await visit.page.wait_for_selector("#problem:not([hidden])")
            await visit.enters("idle")
            await clear(visit, accept=False)
    return visit


async def lose_the_microphone(visit: Visit) -> None:
    """The microphone is pulled out in the middle of a talk; then the page is cleared."""
    await hear_something(visit)
    await visit.page.evaluate("track.dispatchEvent(new Event('ended'))")
    await visit.enters("idle")
    visit.notes["before"] = await visit.text(".words .final")
    await clear(visit, accept=True)


async def hear_something(visit: Visit) -> None:
    """Talk to a scripted server until there is something that it has heard for good."""
    await visit.enters("idle")
    await visit.page.get_by_role("button", name="Start talking").click()
    await visit.until("[...document.querySelectorAll('.final')].some((said) => said.textContent)")


async def clear(visit: Visit, *, accept: bool) -> None:
    """Press Clear, and answer the question whether that is meant."""

    async def answer(dialog: Dialog) -> None:
        visit.notes["question"] = dialog.message
        await (dialog.accept() if accept else dialog.dismiss())

    visit.page.once("dialog", answer)
    await visit.page.get_by_role("button", name="Clear").click()


async def hold(
    browser: Browser, url: str, flow: Callable[[Visit], Awaitable[None]], *scripts: str
) -> Visit | str:
    """Hold one visit; what went wrong, if it did not go to its end."""
    try:
        async with visiting(browser, url, *scripts) as visit:
            await flow(visit)
    except Exception:  # noqa: BLE001 - told by the tests that look at this visit
        return traceback.format_exc(limit=-2)
    return visit
