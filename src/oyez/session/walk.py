"""The walk along the audio: segments, early finals, cuts, endpoints, markers.

The walk is a generator. It takes what was heard frame by frame, in order; when a decision needs a
reading of some audio it yields the need, and goes on when it is given the hypothesis. Where it asks
and what it decides depends on the audio and on the places of the client's control messages in it,
never on how the audio was cut into messages, nor, while readings are answered promptly, on how fast
anything was computed: the same stream gives the same final tokens every time. Where readings come
late, they become fewer (`Pace`).
"""

from collections import deque
from dataclasses import replace

from oyez.engines.base import Capabilities
from oyez.protocol.tokens import TOKEN_TEXT_END, TOKEN_TEXT_FIN
from oyez.session.cuts import cut_places
from oyez.session.doubt import SURE_VOICE
from oyez.session.hearing import Hearing
from oyez.session.inlet import Frame
from oyez.session.ledger import Ledger
from oyez.session.needs import Need, Steps
from oyez.session.pace import Pace
from oyez.session.rules import Rules
from oyez.session.segment import Context, Cut, Event, Segment, pause_after
from oyez.session.wording import Wording
from oyez.transcript.alignment import edit_distance, words_covered
from oyez.transcript.hypothesis import Hypothesis
from oyez.transcript.words import Word
from oyez.turns.endpointer import Endpointer
from oyez.turns.policy import EndpointPolicy
from oyez.turns.speech import SpeechDetector


class Walk:
    """One stream's walk.

    Args:
        ledger: Told what is decided.
        capabilities: Of the engine that will read.
        rules: The numbers.
        endpoint: When an utterance ends; None when the client does not want to know.
        hearing: Rate and frames of the audio.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        capabilities: Capabilities,
        rules: Rules,
        endpoint: EndpointPolicy | None,
        hearing: Hearing,
    ) -> None:
        self._ledger = ledger
        self._capabilities = capabilities
        self._rules = rules
        self._samples, self._ms, self._frames_in = hearing.samples, hearing.ms, hearing.frames
        self._frame_samples = hearing.frame_samples
        self._wording = Wording(capabilities, sample_rate_hz=hearing.sample_rate_hz)
        self._frames: deque[Frame] = deque()
        self._events: deque[tuple[int, Event]] = deque()
        self._history: deque[Frame] = deque(maxlen=self._frames_in(rules.preroll_ms) + 4)
        self._floor = 0
        """Audio before it has been dealt with and is not read again."""
        self._context: Context | None = None
        self.detector = SpeechDetector(frame_samples=hearing.frame_samples)
        self._endpointer = Endpointer(
            endpoint,
            self.detector,
            sample_rate_hz=hearing.sample_rate_hz,
            context_silence_ms=rules.context_silence_ms,
        )
        # A commit reading may be due within a frame or a pause, and waits for the end of it.
        overshoot_ms = self._ms(hearing.frame_samples) + rules.settle_silence_ms
        self.pace = Pace(
            rules,
            interval_ms=capabilities.commit_interval_ms,
            max_window_ms=capabilities.max_window_ms - overshoot_ms,
        )
        self.segment: Segment | None = None
        self.is_done = False

    # What the session tells the walk.

    def hear(self, frames: tuple[Frame, ...]) -> None:
        """Add frames that were heard."""
        self._frames.extend(frames)

    def note(self, event: Event, *, at: int) -> None:
        """Add a control message that came after `at` samples."""
        self._events.append((at, event))

    def close(self) -> None:
        """Let go of what was read. It cannot go on."""
        self.segment = self._context = None

    @property
    def has_input(self) -> bool:
        """Whether there is anything to walk over."""
        return bool(self._frames or self._events)

    @property
    def oldest_needed(self) -> int:
        """Index of the oldest sample that may still be read."""
        if self.segment is not None:
            return self.segment.context_start
        return self._context.start if self._context is not None else self._untold

    @property
    def is_pausing(self) -> bool:
        """Whether nobody has been heard for a moment: where the next reading ends is known."""
        quiet = self.detector.position - self._endpointer.sound_end
        return not self.detector.is_speech or quiet >= self._samples(self._rules.pause_ms)

    def tail_end(self, limit: int) -> int:
        """Return where the last reading of the open segment ends, at most at `limit`."""
        if not self.is_pausing:
            return limit
        return min(self._endpointer.sound_end + self._samples(self._rules.tail_ms), limit)

    def closing_need(
        self, segment: Segment, end: int, *, at: int, is_hurried: bool = False
    ) -> Need:
        """Return the reading that closes a segment at `end` when that is decided at `at`.

        It begins with what came before, the more the shorter the segment is; but not early in a
        pause, since who finalizes then is in a hurry, nor when all words are final without. It is
        hurried itself until `_settle` reads the segment, if the caller may be.
        """
        is_early = at - self.detector.speech_end < self._samples(self._rules.context_silence_ms)
        if is_early or segment.pausing(self.detector.speech_end).is_settled:
            settle_silence = self._samples(self._rules.settle_silence_ms)
            is_hurried &= at - self.detector.speech_end < settle_silence
            return segment.closing_need(end, is_hurried=is_hurried)
        return segment.closing_need(end, begin=end - self._samples(self._rules.context_ms))

    # The walk.

    def run(self) -> Steps:
        """Walk until the end of the audio."""
        while not self.is_done:
            if self._events and self.detector.position + self._frame_samples > self._events[0][0]:
                at, event = self._events.popleft()
                yield from self._meet(event, at)
            elif self._frames:
                yield from self._step(self._frames.popleft())
            else:
                yield ()

    def _meet(self, event: Event, at: int) -> Steps:
        if self.segment is not None:
            is_hurried = event is Event.FINALIZE
            yield from self._close(self.tail_end(at), at=at, is_hurried=is_hurried)
        self._floor = at
        if event is Event.FINALIZE:
            self._ledger.mark(TOKEN_TEXT_FIN, at_ms=self._ms(at))
        else:
            self._ledger.advance(final_ms=self._ms(at), total_ms=self._ms(at))
            self.is_done = True

    def _step(self, frame: Frame) -> Steps:
        self.detector.hear(frame.speech)
        self._endpointer.hear(frame.speech, frame.level_db)
        self._history.append(frame)
        if self.segment is None:
            self._open_if_speech()
        else:
            self.segment.frames.append(frame)
        if self.segment is not None:
            yield from self._walk_on(self.segment, self.detector.position)
        if self.segment is None:
            self._rest()

    def _walk_on(self, segment: Segment, position: int) -> Steps:
        """Go on in a segment: its speaker pauses, is done, or says more."""
        rules = self._rules
        silence = self.detector.silence_samples
        is_long = silence >= self._samples(rules.close_silence_ms)
        if silence >= self._samples(rules.settle_silence_ms):
            yield from self._settle(segment, position, is_long=is_long)
        if self._endpointer.wants_words:
            yield from self._judge_pause(segment, position)
        if self._endpointer.is_due or (is_long and not self._stays_open(segment, position)):
            yield from self._close(self.tail_end(position), at=position)
        elif self._is_commit_due(segment, position):
            yield from self._commit(position)

    def _settle(self, segment: Segment, position: int, *, is_long: bool) -> Steps:
        """Make final what the model is sure of: alone at first, then with what came before."""
        pause = segment.pausing(self.detector.speech_end)
        if segment.voice < SURE_VOICE or not pause.wants_reading(is_long=is_long):
            return
        need = self.closing_need(segment, self.tail_end(position), at=position)
        (hypothesis,) = yield (need,)
        words = pause.written(self._wording.last_words(hypothesis, segment, need))
        settled = segment.stabilizer.settle(words)
        pending = segment.stabilizer.pending(words)
        pause.is_settled = not any(word.key for word in pending)
        self._endpointer.is_open |= bool(settled)
        self._ledger.finalize(settled)
        self._ledger.show(pending, until_ms=self._ms(position))
        if pause.is_settled:
            self._ledger.advance(final_ms=self._ms(need.end), total_ms=self._ms(position))

    def _stays_open(self, segment: Segment, position: int) -> bool:
        """Tell whether more of what is said may still make doubtful words sure."""
        rules = self._rules
        is_short = position - segment.start <= self._samples(rules.open_ms)
        is_pause = self.detector.silence_samples < self._samples(rules.open_silence_ms)
        return is_short and is_pause and not segment.pause.is_settled

    def _judge_pause(self, segment: Segment, position: int) -> Steps:
        """Read what the segment would be closed with, and let its words tell how long to wait."""
        need = self.closing_need(segment, self.tail_end(position), at=position)
        (hypothesis,) = yield (replace(need, is_urgent=True),)
        words = self._wording.fresh_words(hypothesis, segment, start=need.start)
        self._endpointer.judge(pause_after(words, fall_db=self._endpointer.fall_db))

    def _open_if_speech(self) -> None:
        detector = self.detector
        heard = detector.position - max(self._floor, detector.speech_start)
        if not detector.is_speech or heard < 2 * self._frame_samples:
            return
        if self._endpointer.sound_end <= self._floor:
            return  # the detector still holds on to what has been dealt with
        rules = self._rules
        start = fresh = max(detector.speech_start - self._samples(rules.preroll_ms), self._floor)
        onset = max(detector.speech_start, self._floor)
        known = [*self._history]
        context = self._context and self._context.since(onset - self._samples(rules.context_ms))
        if context is not None:
            fresh = (context.end + onset) // 2
        self.segment = Segment(
            start=start,
            onset=onset,
            fresh=fresh,
            context=context,
            stabilizer=self._rules.stabilizer(self._capabilities.agreement),
            next_commit=onset + self._samples(rules.first_commit_ms - rules.preroll_ms),
            next_cut=start + self._soft_window,
            frames=known,
            frames_start=detector.position - len(known) * self._frame_samples,
            preroll_frames=len(known) - heard // self._frame_samples,
            begins_sentence=self._ledger.ends_sentence,
            latest_end=fresh,
        )
        self._context = None

    def _rest(self) -> None:
        """Between segments: everything heard is final; an utterance may end."""
        # Speech that begins now is noticed late and read from earlier on: the counter waits.
        untold_ms = self._ms(self._untold)
        self._ledger.advance(final_ms=untold_ms, total_ms=self._ms(self.detector.position))
        if self._endpointer.is_open and self._endpointer.is_due:
            self._endpointer.is_open = False
            self._ledger.mark(TOKEN_TEXT_END, at_ms=untold_ms)
        context = self._context
        gap = self._samples(self._rules.context_gap_ms)
        if context is not None and self.detector.position - context.end > gap:
            self._context = None

    def _close(self, end: int, *, at: int, is_hurried: bool = False) -> Steps:
        """Read the segment once more as a whole; all its words are final."""
        segment = self.segment
        assert segment is not None
        need = self.closing_need(segment, end, at=at, is_hurried=is_hurried)
        (hypothesis,) = yield (replace(need, is_urgent=True),)
        pause = segment.pausing(self.detector.speech_end)
        words = pause.written(self._wording.last_words(hypothesis, segment, need))
        self._ledger.finalize(segment.stabilizer.close(words))
        self._ledger.show((), until_ms=self._ms(end))
        self._endpointer.judge(pause_after(words, fall_db=self._endpointer.fall_db))
        self._endpointer.is_open |= bool(segment.stabilizer.said)
        self._floor = end
        # A word that a finalize cut in two is not told apart from the one before by its times.
        is_whole = self.tail_end(end + 1) == end
        if segment.stabilizer.said and is_whole:
            context = segment.as_context(hypothesis, need.start, end)
            self._context = context.since(end - self._samples(self._rules.context_ms))
        self.segment = None

    def _is_commit_due(self, segment: Segment, position: int) -> bool:
        # A pause has readings of its own, which one that came between would make worthless: they
        # start from the last commit.
        wait = self._samples(self._rules.settle_silence_ms) if self.is_pausing else 0
        return self.detector.is_speech and position >= segment.next_commit + wait

    def _commit(self, position: int) -> Steps:
        """Read the growing segment; words that have settled become final."""
        segment = self.segment
        assert segment is not None
        need = Need(segment.start, position, drafts=segment.drafts_of(segment.last_commit))
        (hypothesis,) = yield (need,)
        segment.last_commit = hypothesis
        segment.latest, segment.latest_end = hypothesis, position
        words = self._wording.fresh_words(hypothesis, segment, start=segment.start)
        length_ms = self._ms(position - segment.start)
        is_early = length_ms < self._rules.first_final_ms or segment.voice < SURE_VOICE
        stable_until_ms = 0 if is_early else self._stable_ms(position)
        settled = segment.stabilizer.offer(words, stable_until_ms=stable_until_ms)
        self._endpointer.is_open |= bool(settled)
        self._ledger.finalize(settled)
        self.show(hypothesis, segment, start=segment.start, end=position)
        segment.next_commit = position + self._samples(self.pace.step_ms(length_ms))
        is_last_chance = self.pace.is_last_chance(length_ms)
        if position >= segment.next_cut or is_last_chance:
            yield from self._cut(position, words, is_last_chance=is_last_chance)

    def _cut(self, position: int, words: list[Word], *, is_last_chance: bool) -> Steps:
        """Cut the segment where both parts, read apart, say what the whole says before its edge.

        When no place is that good, the segment grows on; at its longest, the best place is taken.
        """
        segment = self.segment
        assert segment is not None
        segment.next_cut = position + self._samples(self._rules.cut_retry_ms)
        said = "".join(word.key for word in words)
        settled = "".join(word.key for word in words if word.end_ms <= self._stable_ms(position))
        whole = segment.last_commit
        best: Cut | None = None
        places = cut_places(
            segment.frames,
            first=segment.start + self._samples(self._rules.min_left_ms) - segment.frames_start,
            last=position - self._samples(self._rules.min_right_ms) - segment.frames_start,
            count=3 if is_last_chance else 1,
            apart=self._frames_in(500),
            is_optional=not is_last_chance,
            frame_samples=self._frame_samples,
        )
        for place in places:
            at = segment.frames_start + place
            left_hypothesis, right_hypothesis = yield (
                Need(segment.start, at, drafts=segment.drafts_of(whole, end=at), is_last=True),
                Need(at, position, drafts=segment.drafts_of(whole, begin=at)),
            )
            left = self._wording.fresh_words(left_hypothesis, segment, start=segment.start)
            right = self._wording.right_words(right_hypothesis, segment, start=at)
            apart = "".join(word.key for word in (*left, *right))
            is_equal = bool(settled) and apart.startswith(settled)
            distance = 0 if is_equal else edit_distance(said, apart)
            if best is None or distance < best.distance:
                best = Cut(at, distance, left, right, right_hypothesis)
            if distance == 0:
                break
        if best is not None and (best.distance == 0 or is_last_chance):
            self._split(segment, best, position)

    def _split(self, segment: Segment, cut: Cut, position: int) -> None:
        said = segment.stabilizer.said
        added = segment.stabilizer.close(cut.left)
        carried: tuple[str, ...] = ()
        if not any(word.key for word in added):
            # Words beyond the cut may be final already: the new segment begins with them.
            carried = said[words_covered([word.key for word in cut.left], said) :]
        self._ledger.finalize(added)
        self._endpointer.is_open |= bool(segment.stabilizer.said)
        stabilizer = self._rules.stabilizer(self._capabilities.agreement, carried)
        self.segment = segment.behind(
            cut,
            stabilizer=stabilizer,
            next_cut=cut.at + self._soft_window,
            frame_samples=self._frame_samples,
            end=position,
        )
        self._floor = cut.at
        stabilizer.offer(cut.right, stable_until_ms=self._stable_ms(position))
        self._ledger.show(stabilizer.pending(cut.right), until_ms=self._ms(position))

    def show(
        self, hypothesis: Hypothesis, segment: Segment, *, start: int, end: int, is_cut: bool = True
    ) -> None:
        """Show what a reading from `start` to `end`, perhaps in a word, adds to final words."""
        edge_ms = self._stable_ms(end) if is_cut else None
        words = self._wording.shown_words(hypothesis, segment, start=start, edge_ms=edge_ms)
        if hypothesis.tokens and not words:
            # A stumble: what is shown is a better guess, and the last reading corrects it.
            self._ledger.advance(final_ms=self._ledger.final_ms, total_ms=self._ms(end))
            return
        segment.is_shown = segment.is_shown or bool(words)
        self._ledger.show(segment.stabilizer.pending(words), until_ms=self._ms(end))

    # Units.

    def _stable_ms(self, position: int) -> int:
        """Return where the edge begins, in which words may have been cut."""
        return self._ms(position) - self._rules.holdback_ms

    @property
    def _soft_window(self) -> int:
        return self._samples(round(self._capabilities.max_window_ms * self._rules.soft_window_part))

    @property
    def _untold(self) -> int:
        """Index of the oldest sample in which speech may still begin."""
        lookback = self._samples(self._rules.preroll_ms) + 3 * self._frame_samples
        return max(self._floor, self.detector.position - lookback)
