"""Audio: bytes in any supported format -> mono float32 samples at the engine's rate.

Start at `open_decoder`. Nothing here waits or reads a clock.
"""

from oyez.audio.decoder import AudioDecoder, open_decoder
from oyez.audio.pcm import RAW_LAYOUTS
from oyez.audio.resample import Resampler
from oyez.audio.samples import Samples

__all__ = [
    "RAW_LAYOUTS",
    "AudioDecoder",
    "Resampler",
    "Samples",
    "open_decoder",
]
