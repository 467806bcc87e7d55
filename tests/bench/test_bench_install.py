"""Dependency closure, loops of noise, minutes of usage."""

import pytest
from bench.endurance import Meter, Sample
from bench.install import closure, size_of
from bench.silence import LEVELS_DB, QUIET_DB, chords, kind_of, level_db, varied, white_noise

from oyez.bench.audio import SPEECH_RATE_HZ, silence
from oyez.bench.offline import Offline
from oyez.bench.serving import Usage
from oyez.engines.registry import load_recognizer


def names(extra: str) -> set[str]:
    return {dist.name.lower().replace("_", "-") for dist in closure("oyez", extra)}


def test_closure_follows_dependencies_and_extras() -> None:
    light, server = names(""), names("server")

    assert {"oyez", "pydantic", "pydantic-core", "websockets"} <= light
    assert not light & {"numpy", "onnxruntime", "pytest"}
    assert light < server
    assert {"numpy", "uvicorn"} <= server


def test_size_of_the_project_is_that_of_its_package() -> None:
    (project,) = [dist for dist in closure("oyez") if dist.name == "oyez"]

    assert 100_000 < size_of(project) < 10_000_000


def test_a_recording_is_repeated_at_other_levels_and_from_other_places_on() -> None:
    noise = white_noise(1.0)
    repeated = varied(noise, 2.2)

    assert repeated.seconds == pytest.approx(2.2)
    first, second = repeated.part(0.0, 1.0), repeated.part(1.0, 1.63)
    assert level_db(first) == pytest.approx(LEVELS_DB[0], abs=0.1)
    assert level_db(second) == pytest.approx(LEVELS_DB[1], abs=0.1)
    start = round(0.37 * SPEECH_RATE_HZ)
    gain = 10.0 ** ((LEVELS_DB[1] - LEVELS_DB[0]) / 20.0)
    assert second.samples[:100] == pytest.approx(first.samples[start:][:100] * gain)
    assert varied(noise, 0.25).seconds == 0.25


def test_recordings_without_speech_are_music_or_noise() -> None:
    assert kind_of("music-vibe-ace") == kind_of("guitar") == "music"
    assert kind_of("dishes") == "noise"
    assert -40.0 < level_db(chords(4.0)) < -15.0


def test_levels() -> None:
    assert level_db(white_noise(1.0)) == pytest.approx(-50.0, abs=0.2)
    assert level_db(silence(1.0)) < QUIET_DB


def test_meter_compares_the_ends(capsys: pytest.CaptureFixture[str]) -> None:
    meter = Meter(None)
    for minute in range(5):
        usage = Usage(at_s=10.0 * minute, cpu_s=6.0 * minute, rss_mb=100.0 + 10 * minute)
        meter.samples.append(Sample(60.0 * minute, usage))

    found = meter.report()

    assert found["minutes"][0] == {
        "until_s": 60.0,
        "rss_mb": 110.0,
        "cpu_per_audio_s": 0.1,
        "times_real_time": 6.0,
    }
    assert (found["rss_mb_first"], found["rss_mb_last"]) == (115.0, 135.0)
    assert "115 -> 135" in capsys.readouterr().out


def test_a_meter_without_a_server_reports_nothing() -> None:
    meter = Meter(None)
    meter.start()

    assert meter.report() == {}


def test_offline_reads_what_an_engine_says() -> None:
    offline = Offline(load_recognizer("scripted"))

    said = offline.read(white_noise(1.0))

    assert isinstance(said, str)
    assert offline.audio_s == pytest.approx(1.0)
