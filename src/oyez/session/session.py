"""One conversation: push what was heard and what was said, answer readings, poll messages.

A session has no sockets, no threads and no clock. Its owner turns bytes into `Heard` with an
`Inlet`, has `readings` computed wherever it likes, gives the answers back in any order, and sends
what `poll` returns. All calls must come from one thread at a time.
"""

from dataclasses import replace

from oyez.engines.base import Capabilities, RecognizerStream, Window
from oyez.protocol.config import MAX_ENDPOINT_DELAY_MS_DEFAULT
from oyez.protocol.messages import Finished, Results
from oyez.protocol.start import StartMessage
from oyez.session.buffer import SampleBuffer
from oyez.session.hearing import Hearing
from oyez.session.inlet import Heard
from oyez.session.ledger import Ledger
from oyez.session.needs import Need, Needs, Passage
from oyez.session.readings import Purpose, Reading
from oyez.session.rules import Rules
from oyez.session.segment import Event, Segment
from oyez.session.walk import Walk
from oyez.transcript.hypothesis import Excerpt, Hypothesis
from oyez.turns.policy import EndpointPolicy


class Session:
    """One stream of speech becoming tokens.

    Args:
        config: What the client asked for.
        capabilities: Of the engine.
        stream: The engine's state for this session.
        hearing: Rate and frames of the audio.
        rules: The numbers of the policy.
    """

    def __init__(
        self,
        config: StartMessage,
        *,
        capabilities: Capabilities,
        stream: RecognizerStream,
        hearing: Hearing,
        rules: Rules | None = None,
    ) -> None:
        self._rules = rules or Rules()
        self._capabilities = capabilities
        self._stream = stream
        self._ms = hearing.ms
        self._buffer = SampleBuffer()
        self._ledger = Ledger(
            language=capabilities.languages[0] if config.enable_language_identification else None,
            shows_non_final=config.enable_non_final_tokens is not False,
            progress_ms=self._rules.progress_ms,
        )
        self._walk = Walk(
            self._ledger,
            capabilities=capabilities,
            rules=self._rules,
            endpoint=_endpoint_policy(config),
            hearing=hearing,
        )
        self._steps = self._walk.run()
        self._needs: Needs = next(self._steps)
        self._answers: dict[Need, Hypothesis] = {}
        """Answers about the open segment, and whatever the walk waits for."""
        self._asked: set[Reading] = set()
        self._wanted: list[Reading] = []
        self._is_finished_said = False

    # What goes in.

    def hear(self, heard: Heard) -> None:
        """Take audio, in order."""
        self._buffer.append(heard.samples)
        self._walk.hear(heard.frames)
        self._go()

    def finalize(self) -> None:
        """Make everything heard so far final and say `<fin>`."""
        self._walk.note(Event.FINALIZE, at=self._buffer.end)
        self._go()

    def end(self) -> None:
        """Nothing more will be heard: make everything final and finish."""
        self._walk.note(Event.END, at=self._buffer.end)
        self._go()

    def answer(self, reading: Reading, hypothesis: Hypothesis, *, waited_ms: int = 0) -> None:
        """Give the answer to a reading. Answers that come too late to matter are let go.

        Args:
            reading: As it was handed out.
            hypothesis: What was read.
            waited_ms: How long that took since it was handed out last, on a clock.
        """
        self._asked.discard(reading)
        if reading.purpose is Purpose.COMMIT:
            self._walk.pace.waited(waited_ms)
        self._answers[reading.need] = hypothesis
        if reading.need.is_hurried and not hypothesis.is_hurried:
            self._answers[replace(reading.need, is_hurried=False)] = hypothesis
        segment = self._walk.segment
        if reading.purpose is Purpose.PARTIAL and segment is not None:
            self._show(reading, hypothesis, segment)
        self._go()

    def refuse(self, reading: Reading) -> None:
        """Say that an optional reading will not be computed; newer audio will ask again."""
        self._asked.discard(reading)
        self._ask_needs()

    def close(self) -> None:
        """Free the engine's state and all readings. No audio or answer may come after it."""
        self._stream.close()
        self._steps.close()
        self._walk.close()
        self._needs = ()
        self._answers.clear()
        self._asked.clear()
        self._wanted.clear()

    # What comes out.

    def readings(self) -> list[Reading]:
        """Return the readings wanted since the last call; each must be answered or refused.

        A reading that is handed out again is wanted sooner than before: see its purpose.
        """
        wanted, self._wanted = self._wanted, []
        return wanted

    def unwanted(self) -> list[Reading]:
        """Return optional readings under way that are no longer worth beginning.

        They were begun for a pause in which somebody spoke on: what they would show, the next
        reading shows as soon. Those that are taken back must be refused.
        """
        is_over = not self._walk.is_pausing
        return [
            reading
            for reading in self._asked
            if reading.purpose is Purpose.PARTIAL and reading.need.is_last and is_over
        ]

    def poll(self) -> list[Results | Finished]:
        """Return the messages that are due."""
        messages: list[Results | Finished] = [*self._ledger.take()]
        if self._walk.is_done and not self._is_finished_said:
            self._is_finished_said = True
            messages.append(Finished(self._ledger.total_ms))
        return messages

    @property
    def is_finished(self) -> bool:
        """Whether the last message has been polled."""
        return self._is_finished_said

    @property
    def awaits_answers(self) -> bool:
        """Whether the walk stands still until readings are answered."""
        return bool(self._needs) and not self._walk.is_done

    @property
    def backlog_ms(self) -> int:
        """Audio that was heard and not yet walked over, in milliseconds."""
        return self._ms(self._buffer.end - self._walk.detector.position)

    @property
    def heard_ms(self) -> int:
        """Audio heard so far, in milliseconds."""
        return self._ms(self._buffer.end)

    @property
    def token_count(self) -> int:
        """Final tokens of speech said so far."""
        return self._ledger.token_count

    # How it goes on.

    def _go(self) -> None:
        """Let the walk go as far as it can, then ask for what would help."""
        while not self._walk.is_done:
            if self._needs:
                if not self._all_answered():
                    self._ask_needs()
                    return
                answers = tuple(self._answers[need] for need in self._needs)
            elif self._walk.has_input:
                answers = ()
            else:
                break
            try:
                self._needs = self._steps.send(answers)
            except StopIteration:
                break
            self._forget()
        if not self._walk.is_done:
            self._ask_partial()

    def _all_answered(self) -> bool:
        return all(need in self._answers for need in self._needs)

    def _forget(self) -> None:
        """Let go of samples and answers that nothing can ask for again."""
        self._buffer.drop_before(self._walk.oldest_needed)
        segment = self._walk.segment
        for need in list(self._answers):
            # Only what a segment is closed with is asked for more than once: while it pauses.
            is_over = segment is None or not segment.may_close_with(need)
            if is_over and need not in self._needs:
                del self._answers[need]

    def _ask_needs(self) -> None:
        for need in self._needs:
            if need in self._answers:
                continue
            purpose = Purpose.FINAL if need.is_urgent else Purpose.COMMIT
            # A reading in a hurry is the beginning of one that is not.
            asked = self._under_way(need) or self._under_way(replace(need, is_hurried=True))
            if asked is None:
                self._ask(need, purpose)
            elif asked.purpose is Purpose.PARTIAL:
                asked.purpose = purpose
                self._wanted.append(asked)

    def _under_way(self, need: Need) -> Reading | None:
        """Return the reading under way that answers a need exactly as its own would."""
        for reading in self._asked:
            if reading.need == need:
                return reading
        return None

    def _ask(self, need: Need, purpose: Purpose) -> None:
        samples = self._buffer.read(need.start, need.end)
        window = Window(
            self._stream,
            samples,
            need.start,
            drafts=tuple(self._excerpt(passage) for passage in need.drafts),
            is_last=need.is_last,
            is_hurried=need.is_hurried,
            hurried=self._answers.get(replace(need, is_hurried=True)),
        )
        reading = Reading(need, purpose, window)
        self._asked.add(reading)
        self._wanted.append(reading)

    def _excerpt(self, passage: Passage) -> Excerpt:
        end_ms = None if passage.end is None else self._ms(passage.end - passage.start)
        from_ms = self._ms(passage.begin - passage.start)
        return Excerpt(passage.hypothesis, from_ms, end_ms)

    def _ask_partial(self) -> None:
        """Ask for an optional reading when it would show something new."""
        segment = self._walk.segment
        if segment is None or self._asked:
            return
        position = self._walk.detector.position
        tail_end = self._walk.tail_end(position)
        if self._walk.is_pausing:
            # A pause: read what the segment will be closed with, so that it is ready by then.
            need = self._walk.closing_need(segment, tail_end, at=position, is_hurried=True)
            if need in self._answers:
                need = replace(need, is_hurried=False)
            is_whole = tail_end == self._walk.tail_end(position + 1)
            if is_whole and need not in self._answers:
                self._ask(need, Purpose.PARTIAL)
        elif self._is_partial_due(segment, position):
            need = Need(segment.start, position, drafts=segment.drafts_of(segment.latest))
            self._ask(need, Purpose.PARTIAL)

    def _is_partial_due(self, segment: Segment, position: int) -> bool:
        if not segment.is_shown:
            rules = self._rules
            is_ripe = self._ms(position - segment.onset) >= rules.first_partial_ms
            return is_ripe and self._ms(position - segment.latest_end) >= rules.first_retry_ms
        # The longer the segment, the dearer each reading.
        share = self._ms(position - segment.start) / self._capabilities.max_window_ms
        interval_ms = self._capabilities.update_interval_ms * (0.6 + share)
        # A commit reading shows as much: the time until then is divided evenly.
        left_ms = self._ms(segment.next_commit - segment.latest_end)
        parts = round(left_ms / interval_ms)
        return parts > 1 and self._ms(position - segment.latest_end) >= left_ms / parts

    def _show(self, reading: Reading, hypothesis: Hypothesis, segment: Segment) -> None:
        need = reading.need
        if need.start < segment.context_start or need.end <= segment.latest_end:
            return
        if need.start == segment.start:
            segment.latest, segment.latest_end = hypothesis, need.end
        self._walk.show(
            hypothesis, segment, start=need.start, end=need.end, is_cut=not need.is_last
        )


def _endpoint_policy(config: StartMessage) -> EndpointPolicy | None:
    if not config.enable_endpoint_detection:
        return None
    return EndpointPolicy.from_settings(
        max_endpoint_delay_ms=config.max_endpoint_delay_ms or MAX_ENDPOINT_DELAY_MS_DEFAULT,
        sensitivity=config.endpoint_sensitivity or 0.0,
        latency_level=config.endpoint_latency_adjustment_level or 0,
    )
