"""What is kept about a stream: a place while it runs, lines in the log, a record of its use."""

from typing import Final

from oyez.protocol.config import StructuredContext
from oyez.protocol.start import StartRequest
from oyez.server.access import Grant
from oyez.server.hub import Hub
from oyez.session.session import Session
from oyez.store.base import Lease, UsageRecord

MS_PER_AUDIO_TOKEN: Final = 120
CHARACTERS_PER_TEXT_TOKEN: Final = 4
"""Units of the usage log. No model here counts its input so; they make streams comparable."""


class StreamAccount:
    """The books of one stream, from its start message to its end.

    Args:
        hub: What the server's conversations share.
        request_id: Names the stream.
        request: What its start message asked for.
        grant: What its key allows.
        lease: Its place in the store, if it has one.
    """

    def __init__(
        self, hub: Hub, request_id: str, request: StartRequest, grant: Grant, lease: Lease | None
    ) -> None:
        self._hub = hub
        self._request_id = request_id
        self._request = request
        self._grant = grant
        self._lease = lease
        self._start_ms = hub.now_ms()
        hub.log.info(
            "stream_started",
            request=request_id,
            model=request.model.id,
            format=request.config.audio_format,
            endpoints=bool(request.config.enable_endpoint_detection),
        )
        if request.options_without_effect:
            hub.log.warning(
                "options_without_effect",
                request=request_id,
                model=request.model.id,
                options=",".join(request.options_without_effect),
            )

    def close(self, session: Session) -> None:
        """Give the place back and have the use written; never waits."""
        if self._hub.archive is None:
            return
        temporary = self._grant.temporary
        # A temporary key has its own reference, or none: its holder cannot choose another.
        reference = (
            self._request.config.client_reference_id
            if temporary is None
            else (temporary.client_reference_id)
        )
        record = UsageRecord(
            uuid=self._request_id,
            model=self._request.model.id,
            start_ms=self._start_ms,
            end_ms=max(self._hub.now_ms(), self._start_ms),
            project=self._grant.project,
            client_reference_id=reference or "",
            input_text_tokens=-(-self._context_characters() // CHARACTERS_PER_TEXT_TOKEN),
            input_audio_tokens=-(-session.heard_ms // MS_PER_AUDIO_TOKEN),
            input_audio_duration_ms=session.heard_ms,
            output_text_tokens=session.token_count,
            api_key_id=self._grant.api_key_id,
        )
        self._hub.archive.ended(self._lease, record)

    def _context_characters(self) -> int:
        context = self._request.config.context
        if isinstance(context, StructuredContext):
            return context.character_count()
        return len(context or "")
