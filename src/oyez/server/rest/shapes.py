"""From what the store and the engine know to what the REST API says."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from oyez.protocol.languages import LANGUAGES
from oyez.protocol.models import ModelInfo
from oyez.protocol.rest import (
    ConcurrentStreamsHistoryEntry,
    GetUsageSummaryResponse,
    Model,
    SupportedLanguage,
    UsageLogEntry,
    UsageSummaryEntry,
)
from oyez.store.base import HistoryEntry, UsageDay, UsageRecord

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FREE: Final = "0"
"""What everything costs on a server of one's own."""
COSTS: Final = ("cost_usd", "input_cost_usd", "output_cost_usd", "duration_cost_usd")
COUNTS: Final = (
    "num_requests",
    "input_text_tokens",
    "input_audio_tokens",
    "input_audio_duration_ms",
    "output_text_tokens",
    "output_audio_tokens",
    "output_audio_duration_ms",
    "duration_ms",
)


def listed_models(model: ModelInfo) -> list[Model]:
    """Return an entry for each name of the model, its own first."""
    return [_listed(model, name) for name in dict.fromkeys(model.names)]


def _listed(model: ModelInfo, name: str) -> Model:
    every = "all_languages" if model.supports_translation else None
    return Model(
        id=name,
        aliased_model_id=None if name == model.id else model.id,
        name=name if name == model.id else f"{name} ({model.id})",
        context_version=2 if model.supports_context else None,
        transcription_mode="real_time",
        languages=[
            SupportedLanguage(code=code, name=LANGUAGES.get(code, code)) for code in model.languages
        ],
        supports_language_hints_strict=model.supports_language_hints_strict,
        supports_max_endpoint_delay=model.supports_max_endpoint_delay,
        supports_endpoint_sensitivity=model.supports_endpoint_sensitivity,
        supports_endpoint_latency_adjustment=model.endpoint_latency_adjustment_max_level > 0,
        endpoint_latency_adjustment_max_level=model.endpoint_latency_adjustment_max_level,
        supports_speaker_diarization=model.supports_speaker_diarization,
        translation_targets=[],
        two_way_translation_pairs=[],
        one_way_translation=every,
        two_way_translation=every,
    )


def log_entry(record: UsageRecord) -> UsageLogEntry:
    """Return a stream's line in the usage log."""
    return UsageLogEntry(
        uuid=record.uuid,
        request_scope=record.request_scope,
        client_reference_id=record.client_reference_id,
        model=record.model,
        start_time=_time(record.start_ms),
        end_time=_time(record.end_ms),
        input_text_tokens=record.input_text_tokens,
        input_audio_tokens=record.input_audio_tokens,
        input_audio_duration_ms=record.input_audio_duration_ms,
        output_text_tokens=record.output_text_tokens,
        output_audio_tokens=record.output_audio_tokens,
        output_audio_duration_ms=record.output_audio_duration_ms,
        cost_usd=FREE,
        input_cost_usd=FREE,
        input_text_cost_usd=FREE,
        input_audio_cost_usd=FREE,
        output_cost_usd=FREE,
        output_text_cost_usd=FREE,
        output_audio_cost_usd=FREE,
    )


def summary(rows: Sequence[UsageDay], days_ms: Sequence[int]) -> GetUsageSummaryResponse:
    """Return usage by day.

    Args:
        rows: What the store knows, a row for each day and model with any.
        days_ms: The first millisecond of every day of the answer.
    """
    models = sorted({row.model for row in rows})
    return GetUsageSummaryResponse(
        total=_summed(None, rows, days_ms),
        models=[
            _summed(model, [row for row in rows if row.model == model], days_ms) for model in models
        ],
    )


def _summed(
    model: str | None, rows: Iterable[UsageDay], days_ms: Sequence[int]
) -> UsageSummaryEntry:
    places = {day_ms: place for place, day_ms in enumerate(days_ms)}
    counts = {name: [0] * len(places) for name in COUNTS}
    for row in rows:
        for name, days in counts.items():
            days[places[row.day_start_ms]] += getattr(row, name)
    fields: dict[str, object] = {"model": model, "days": [_date(day_ms) for day_ms in days_ms]}
    for name, days in counts.items():
        fields |= {name: days, f"total_{name}": sum(days)}
    for name in COSTS:
        fields |= {name: [FREE] * len(places), f"total_{name}": FREE}
    return UsageSummaryEntry.model_validate(fields)


def history_entry(entry: HistoryEntry) -> ConcurrentStreamsHistoryEntry:
    """Return how many streams were open in a period."""
    return ConcurrentStreamsHistoryEntry(
        period_start=_time(entry.period_start_ms),
        period_sec=entry.period_s,
        sample_min=entry.sample_min,
        sample_max=entry.sample_max,
        sample_sum=entry.sample_sum,
        sample_count=entry.sample_count,
        total_count=entry.total_count,
    )


def _time(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


def _date(day_ms: int) -> date:
    return _time(day_ms).date()
