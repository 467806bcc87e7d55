"""Dependency closure, loops of noise, minutes of usage."""

import numpy as np
import pytest
from bench.audio import SPEECH_RATE_HZ, Sound, silence
from bench.endurance import Meter, Sample
from bench.install import closure, size_of
from bench.serving import Usage
from bench.silence import QUIET_DB, level_db, looped, white_noise
from bench.wer import Offline

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


def test_looping_repeats_and_cuts() -> None:
    sound = Sound(np.arange(1600, dtype=np.float32), SPEECH_RATE_HZ)

    assert looped(sound, 0.25).samples[1600:1604].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert looped(sound, 0.05).samples.size == 800


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
