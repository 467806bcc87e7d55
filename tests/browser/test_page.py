"""The page of a real server, in Chromium, with a microphone that plays real speech."""

import asyncio
import base64
import json
import re

import pytest

from engines import speech
from oyez.server.run import ServerThread
from server.wire import FOX

from .browser import chromium
from .microphone import FIRST, SECOND, write_microphone, write_wav
from .visits import (
    FORBIDDEN,
    INSECURE,
    NO_TIMERS,
    NO_WORKLET,
    PASSPHRASE,
    REAL_KEY,
    Visit,
    be_refused,
    choose,
    drop,
    hold,
    log_in,
    lose_the_microphone,
    lose_the_server,
    pause_by_keyboard,
    record_without_worklet,
    settings,
    talk,
)
from .words import assert_says

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

BLOCK = re.compile(
    r"(?P<number>\d+)\n"
    r"(?P<times>\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3})\n"
    r"(?P<text>[^\n]+(?:\n[^\n]+)?)\n"
)


class Visits:
    """Visits by their names; to look at one that did not go to its end shows why."""

    def __init__(self, held: dict[str, Visit | str]) -> None:
        self._held = held

    def __getitem__(self, name: str) -> Visit:
        visit = self._held[name]
        assert isinstance(visit, Visit), visit
        return visit


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Visits:
    """All visits, held once."""
    folder = tmp_path_factory.mktemp("visits")
    microphone, wav, text = (folder / name for name in ("mic.wav", "talk.wav", "notes.txt"))
    write_microphone(microphone)
    write_wav(wav, speech.sample("beckett.wav"), 16_000)
    text.write_text("no recording\n" * 100, encoding="utf-8")
    recording = base64.b64encode(wav.read_bytes()).decode()

    async def hold_all(url: str, guarded_url: str, scripted_url: str) -> dict[str, Visit | str]:
        async with chromium(microphone) as browser:
            early = {
                "pause": hold(browser, url, pause_by_keyboard, NO_TIMERS),
                "talk": hold(browser, url, talk),
                "recorder": hold(browser, url, record_without_worklet, NO_WORKLET),
            }
            late = {
                "file": hold(browser, url, drop("talk.wav", recording)),
                "no file": hold(browser, url, choose(text)),
                "refused": hold(browser, url, be_refused, FORBIDDEN),
                "insecure": hold(browser, url, be_refused, INSECURE),
                "login": hold(browser, guarded_url, log_in),
                "lost": lose_the_server(browser, folder / "lost"),
                "unplugged": hold(browser, scripted_url, lose_the_microphone),
            }
            pausing, *others = map(asyncio.ensure_future, early.values())
            await asyncio.gather(*others)  # microphones play in real time: let them have it
            held = await asyncio.gather(pausing, *others, *late.values(), return_exceptions=True)
        return {
            name: repr(visit) if isinstance(visit, BaseException) else visit
            for name, visit in zip(early | late, held, strict=True)
        }

    for name in ("guarded", "lost", "scripted"):
        (folder / name).mkdir()
    for_others = {"host": "0.0.0.0", "page": True, "page_passphrase": PASSPHRASE}
    with (
        ServerThread(settings(folder)) as real,
        ServerThread(settings(folder / "guarded", model="scripted", **for_others)) as guarded,
        ServerThread(settings(folder / "scripted", model="scripted")) as scripted,
    ):
        urls = [f"http://127.0.0.1:{server.port}/" for server in (real, guarded, scripted)]
        return Visits(asyncio.run(hold_all(*urls)))


def read_srt(content: str) -> list[tuple[int, int, str]]:
    """Parse a SubRip file strictly: start and end in ms, and the text."""
    found = []
    for number, match in enumerate(BLOCK.finditer(content), start=1):
        assert int(match["number"]) == number
        times = [
            ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1_000 + int(rest)
            for hours, minutes, seconds, rest in re.findall(
                r"(\d+):(\d+):(\d+),(\d+)", match["times"]
            )
        ]
        found.append((times[0], times[1], match["text"]))
    assert "\n".join(BLOCK.sub("", content).split()) == "", "nothing but blocks"
    return found


def check_srt(content: str) -> str:
    """Check that captions follow each other; return their words."""
    shown = read_srt(content)
    assert shown
    last_ms = 0
    for start_ms, end_ms, _ in shown:
        assert last_ms <= start_ms < end_ms
        last_ms = end_ms
    return " ".join(text for _, _, text in shown)


def test_a_talk_becomes_captions_on_the_page(visits: Visits) -> None:
    notes = visits["talk"].notes
    assert_says(notes["final"])
    assert notes["status"] == "Ready"
    assert notes["problem"] == ""
    assert re.fullmatch(r"\d+\.\d s", notes["delay"])


def test_words_show_before_they_are_final_and_utterances_are_paragraphs(visits: Visits) -> None:
    notes = visits["talk"].notes
    assert notes["guesses"]
    assert 3 <= notes["paragraphs"] <= 8


def test_finalize_asks_the_server_and_empties_the_guess(visits: Visits) -> None:
    visit = visits["talk"]
    said = [json.loads(frame) for frame in visit.sent if isinstance(frame, str) and frame]
    assert [message.get("type", "start") for message in said] == ["start", "finalize"]
    assert any('"<fin>"' in frame for frame in visit.received)


def test_the_microphone_is_sent_as_pcm_and_its_end_is_told(visits: Visits) -> None:
    visit = visits["talk"]
    assert isinstance(visit.sent[0], str)
    start = json.loads(visit.sent[0])
    assert (start["audio_format"], start["sample_rate"]) == ("pcm_s16le", 16_000)
    assert "api_key" not in start
    audio = [frame for frame in visit.sent if isinstance(frame, bytes)]
    assert 10 * 32_000 < sum(map(len, audio)) < 18 * 32_000
    assert any('"finished":true' in frame for frame in visit.received[-3:])


def test_text_subrip_and_webvtt_can_be_saved(visits: Visits) -> None:
    saved = visits["talk"].saved
    assert sorted(saved) == ["captions.srt", "captions.txt", "captions.vtt"]
    assert_says(check_srt(saved["captions.srt"]))
    assert_says(saved["captions.txt"])
    assert saved["captions.vtt"].startswith("WEBVTT\n\n00:00:")


def test_what_is_said_in_a_pause_is_not_heard(visits: Visits) -> None:
    """By keyboard alone: the first half twice, and nothing of what was said between."""
    visit = visits["pause"]
    assert visit.notes["while paused"] == ["Paused", "Resume"]
    keepalives = [at for at, frame in enumerate(visit.sent) if frame == '{"type":"keepalive"}']
    paused = visit.sent[visit.sent.index('{"type":"finalize"}') : keepalives[-1]]
    assert not any(isinstance(frame, bytes) for frame in paused)
    assert any(isinstance(frame, bytes) for frame in visit.sent[keepalives[-1] :])
    assert speech.word_error_rate(FIRST, visit.notes["before"]) <= 0.35
    assert speech.word_error_rate(f"{FIRST} {FIRST}", visit.notes["final"]) <= 0.35
    assert "better" not in visit.notes["final"], SECOND
    check_srt(visit.saved["captions.srt"])


def test_the_focus_can_be_seen(visits: Visits) -> None:
    assert visits["pause"].notes["outline"] == "solid"


def test_a_screen_reader_is_told_what_is_final_and_nothing_twice(visits: Visits) -> None:
    for name in ("talk", "pause"):
        notes = visits[name].notes
        assert " ".join(" ".join(notes["told"]).split()) == notes["final"]
        assert notes["spoken"] == notes["final"]


def test_without_worklets_the_browsers_recorder_does(visits: Visits) -> None:
    visit = visits["recorder"]
    assert isinstance(visit.sent[0], str)
    assert json.loads(visit.sent[0])["audio_format"] == "auto"
    assert speech.word_error_rate(FIRST, visit.notes["final"]) <= 0.35
    assert visit.complaints == []


def test_a_dropped_recording_is_transcribed_with_progress(visits: Visits) -> None:
    notes = visits["file"].notes
    assert notes["name"] == "talk.wav"
    assert_says(notes["final"])
    assert notes["shares"]
    assert notes["shares"] == sorted(notes["shares"])
    assert notes["shares"][-1] >= 95
    assert notes["time"] == "0:09"
    assert_says(check_srt(visits["file"].saved["talk.srt"]))


def test_what_is_no_recording_is_said_to_be_none(visits: Visits) -> None:
    notes = visits["no file"].notes
    assert "audio format was not recognised" in notes["problem"]
    assert notes["status"] == "Ready"


def test_a_forbidden_microphone_is_explained(visits: Visits) -> None:
    notes = visits["refused"].notes
    assert "does not let this page use the microphone" in notes["problem"]
    assert notes["status"] == "Ready"


def test_a_page_that_came_by_plain_http_from_elsewhere_says_why_it_cannot_record(
    visits: Visits,
) -> None:
    assert "came over HTTPS or from this machine" in visits["insecure"].notes["problem"]


def test_a_server_that_goes_away_leaves_the_words(visits: Visits) -> None:
    notes = visits["lost"].notes
    assert re.search("shutting down|connection was lost", notes["problem"])
    assert set(notes["final"].split()) & set(FOX.split())


def test_words_that_were_not_saved_are_not_thrown_away_unasked(visits: Visits) -> None:
    for name in ("lost", "unplugged"):
        assert "have not been saved" in visits[name].notes["question"]
    assert visits["lost"].notes["final"] != "", "the answer was no"
    assert visits["unplugged"].notes["final"] == "", "the answer was yes"


def test_a_microphone_that_is_pulled_out_leaves_the_words(visits: Visits) -> None:
    notes = visits["unplugged"].notes
    assert "microphone is gone" in notes["problem"]
    assert set(notes["before"].split()) & set(FOX.split())


def test_the_passphrase_opens_the_page_in_a_browser(visits: Visits) -> None:
    notes = visits["login"].notes
    assert notes["alert"] == "That is not the passphrase."
    assert notes["cookies"] == [(True, "Strict")]
    assert json.loads(notes["kept"])[0] == "", "no script can read the cookie"


@pytest.mark.parametrize("name", ["talk", "pause", "recorder", "file", "refused", "login"])
def test_the_real_key_is_in_nothing_that_the_browser_gets_or_sends(
    visits: Visits, name: str
) -> None:
    visit = visits[name]
    assert len(visit.received) > 5
    everything = [*visit.received, *map(str, visit.sent), visit.notes["kept"]]
    assert not any(REAL_KEY in item for item in everything)


@pytest.mark.parametrize("name", ["talk", "pause", "recorder", "file", "refused", "lost"])
def test_nothing_is_against_the_content_security_policy(visits: Visits, name: str) -> None:
    visit = visits[name]
    assert visit.notes["violations"] == []
    assert visit.complaints == []
    addresses = {item.partition("\n")[0] for item in visit.received if item.startswith("http")}
    assert all(re.match(r"http://127\.0\.0\.1:\d+/", address) for address in addresses)
