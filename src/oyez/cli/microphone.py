"""Audio from a microphone, through PortAudio."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from oyez.cli.problems import INSTALL_MIC, Problem

RATE_HZ: Final = 16_000
BLOCKS_PER_S: Final = 10
WAITING_BLOCKS: Final = 600
"""A minute of audio may wait for a slow connection; then the newest is lost."""


def load_portaudio() -> Any:  # noqa: ANN401 - an optional module without types
    """Import `sounddevice`.

    Raises:
        Problem: It, or the library it wraps, is not installed.
    """
    try:
        import sounddevice
    except ModuleNotFoundError:
        raise Problem(f"The microphone needs the package sounddevice. Run: {INSTALL_MIC}") from None
    except OSError:
        raise Problem(
            "The microphone needs the library PortAudio. Run: sudo apt install libportaudio2 "
            f"(macOS and Windows: {INSTALL_MIC} brings it along)"
        ) from None
    return sounddevice


def device_list() -> str:
    """Return the devices that can record, a line each; the default one is marked.

    Raises:
        Problem: There is none, or PortAudio is missing.
    """
    portaudio = load_portaudio()
    try:
        devices = portaudio.query_devices()
        default = portaudio.default.device[0]
    except portaudio.PortAudioError as error:
        raise Problem(f"The audio devices cannot be listed: {error}.") from None
    lines = [
        f"{'*' if index == default else ' '} {index:3}  {device['name']}"
        for index, device in enumerate(devices)
        if device["max_input_channels"] > 0
    ]
    if not lines:
        raise Problem("No device can record here. Plug in a microphone and try again.")
    return "\n".join(lines)


@dataclass(slots=True)
class Microphone:
    """An open microphone."""

    name: str
    rate_hz: int
    _blocks: "queue.Queue[bytes | None]"
    lost_blocks: int = 0
    """Blocks that were dropped because nobody took them."""

    def chunks(self) -> Iterator[bytes]:
        """Yield 16-bit little-endian mono samples until `stop`."""
        while (block := self._blocks.get()) is not None:
            yield block

    def stop(self) -> None:
        """End the chunks after what was recorded so far."""
        while True:
            try:
                self._blocks.put_nowait(None)
            except queue.Full:
                self._blocks.get_nowait()
            else:
                return

    def take(self, block: bytes) -> None:
        """Take a block from the recording thread, which must not wait."""
        try:
            self._blocks.put_nowait(block)
        except queue.Full:
            self.lost_blocks += 1


@contextmanager
def microphone(device: str | None) -> Iterator[Microphone]:
    """Record while the block runs.

    Args:
        device: Number or part of the name of a device; None is the system's default.

    Raises:
        Problem: PortAudio is missing, or the device cannot record.
    """
    portaudio = load_portaudio()
    chosen = int(device) if device is not None and device.isdecimal() else device
    try:
        facts = portaudio.query_devices(chosen, "input")
        rate_hz = _rate_hz(portaudio, chosen, facts)
        mic = Microphone(facts["name"], rate_hz, queue.Queue(WAITING_BLOCKS))
        stream = portaudio.RawInputStream(
            samplerate=rate_hz,
            channels=1,
            dtype="int16",
            blocksize=rate_hz // BLOCKS_PER_S,
            device=chosen,
            callback=lambda data, _frames, _time, _status: mic.take(bytes(data)),
        )
        stream.start()
    except (portaudio.PortAudioError, ValueError) as error:
        which = "The default microphone" if device is None else f"The device {device!r}"
        raise Problem(
            f"{which} cannot record: {error}. See `oyez listen --list-devices`, "
            "and choose one with --device."
        ) from None
    try:
        yield mic
    finally:
        stream.close()


def _rate_hz(portaudio: Any, device: int | str | None, facts: Any) -> int:  # noqa: ANN401
    """Return 16 kHz, or the device's own rate where it cannot do that; the server resamples."""
    try:
        portaudio.check_input_settings(device, 1, "int16", samplerate=RATE_HZ)
    except portaudio.PortAudioError:
        return int(facts["default_samplerate"])
    return RATE_HZ
