"""The numbers of a session's policy, and where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass

from oyez.transcript.stabilizer import Agreement, Stabilizer


@dataclass(frozen=True, slots=True)
class Rules:
    """Times in milliseconds of audio. Positions decided by these rules depend on audio alone."""

    preroll_ms: int = 640
    """Audio kept from before the detected start of speech: soft beginnings are heard late."""
    tail_ms: int = 64
    """Audio read after the sound of speech ended. More brought no accuracy in measurements, and the
    sooner the last reading begins, the sooner a finalize is answered."""
    pause_ms: int = 64
    """Quiet after which a pause may begin. Its reading begins then, not when the voice activity has
    noticed the silence, which is later by 125 ms at the median: so that whoever finalizes 200 ms
    into a pause finds it done. Closures of stops may be as long: an eighth of these readings is for
    nothing, and all readings cost 4 % more than with 96 ms."""
    settle_silence_ms: int = 256
    """Silence after which words that the model is sure of are final: none was cut in the middle."""
    open_ms: int = 6_500
    """Longest segment that a pause does not end while any of its words is doubtful: what follows
    makes them surer. With moonshine-base on 110 recordings 11.4 of 100 words are wrong instead of
    11.7, and readings cost 2 % more; with 8 s they cost 4 %, and nothing is gained."""
    open_silence_ms: int = 1_500
    """Silence that ends it nonetheless."""
    close_silence_ms: int = 600
    """A pause this long ends a segment that does not stay open: its words become final. With
    moonshine-base on 81 recordings, and no early finals, 8.1 of 100 words are wrong after pauses of
    600 ms when segments are read alone, 7.4 with what came before them, and 7.4 after pauses of
    1 s. Pauses of 400 ms cost tiny a point more."""
    context_ms: int = 12_000
    """Longest window of a segment's last reading that begins with segments before it."""
    context_silence_ms: int = 300
    """Silence from which on a last reading begins with them. A client that finalizes sooner gets
    the segment read alone, which is faster."""
    context_gap_ms: int = 3_000
    """Silence after which what comes has little to do with what was."""
    first_commit_ms: int = 1_500
    """Length of a segment at its first commit reading."""
    commit_part: float = 0.06
    """Audio between commit readings as a part of the segment's length, if that is more than the
    engine's own interval: readings then cost about the same for each second of audio."""
    commit_even_ms: int = 5_000
    """Shortest segment of which that is more: an engine with a short interval is cheap, and keeps
    reading often in longer ones too."""
    late_ms: int = 250
    """A commit reading that takes longer to be answered is late: the next one waits
    `late_factor` times as long, and the stream does not fall behind."""
    late_factor: float = 2.0
    longest_commit_ms: int = 2_000
    """Most audio between commit readings for that reason."""
    first_final_ms: int = 2_000
    """Length of a segment from which on words may be final before it ends."""
    holdback_ms: int = 350
    """Words that end closer to the edge of the audio stay non-final: the model was cut there. With
    400 ms nothing is more accurate, since readings must agree as well; with 250 ms .05 of 100 words
    more are wrong."""
    settle_logprob: float = -0.35
    """The same in a pause, after one reading. Readings before the pause that agree prove little:
    with -0.8 for two that agree 0.8 of 100 words more are wrong."""
    first_partial_ms: int = 160
    """Speech heard before the first non-final words are looked for."""
    first_retry_ms: int = 90
    """Audio between readings until they find a word: less than chunks of 100 ms, of which every one
    may then bring it. Such readings are short; base finds the first word with the second to the
    fourth of them."""
    soft_window_part: float = 0.4
    """From this part of the engine's longest window on, a segment is cut where a cut is free."""
    min_left_ms: int = 3_000
    """Shortest part before a cut."""
    min_right_ms: int = 1_300
    """Shortest part after a cut: enough for the model to read it well."""
    cut_retry_ms: int = 1_500
    """Audio between attempts to cut."""
    progress_ms: int = 1_000
    """Audio between messages that only report progress."""

    def stabilizer(self, agreement: Agreement, carried: Sequence[str] = ()) -> Stabilizer:
        """Return what decides about the words of a new segment.

        Args:
            agreement: As the engine declares it.
            carried: Keys of final words that its audio begins with.
        """
        return Stabilizer(
            agreement=agreement,
            settle_logprob=self.settle_logprob,
            carried=carried,
        )
