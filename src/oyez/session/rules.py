"""The numbers of a session's policy, and where they come from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """Times in milliseconds of audio. Positions decided by these rules depend on audio alone."""

    preroll_ms: int = 640
    """Audio kept from before the detected start of speech: soft beginnings are heard late."""
    tail_ms: int = 64
    """Audio read after the detected end of speech. More brought no accuracy in measurements, and
    the sooner the last reading begins, the sooner a finalize is answered."""
    close_silence_ms: int = 1_000
    """A pause this long ends a segment: its words become final. Shorter pauses cost accuracy,
    because the model then reads less at a time."""
    first_commit_ms: int = 1_500
    """Length of a segment at the first reading that may make words final early."""
    commit_part: float = 0.05
    """Audio between commit readings as a part of the segment's length, if that is more than the
    engine's own interval: readings then cost about the same for each second of audio."""
    holdback_ms: int = 1_000
    """Words that end closer to the edge of the audio stay non-final: the model was cut there."""
    agreement: int = 2
    """Consecutive commit readings that must agree on a word before it is final early."""
    min_commit_logprob: float = -0.35
    """Least log-probability of the tokens of a word that is final early."""
    patience: int = 5
    """Consecutive commit readings that must agree on a word below that, and on all before it.
    Measured with moonshine-base against stricter rules (three readings, 3 s held back, doubtful
    words never early): words are final 1.7 s after they were said instead of 3.4 s on 67 read
    utterances, where errors go from 7.8 to 8.3 %, and 2.3 instead of 4.5 s on four readings
    without pauses, where they go from 9.0 to 8.2 % (medians of audio time)."""
    first_partial_ms: int = 260
    """Speech heard before the first non-final words are looked for."""
    soft_window_part: float = 0.6
    """From this part of the engine's longest window on, a segment is cut where a cut is free."""
    min_left_ms: int = 3_000
    """Shortest part before a cut."""
    min_right_ms: int = 1_300
    """Shortest part after a cut: enough for the model to read it well."""
    cut_retry_ms: int = 1_500
    """Audio between attempts to cut."""
    progress_ms: int = 1_000
    """Audio between messages that only report progress."""
