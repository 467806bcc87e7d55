"""The REST namespaces have the names, arguments and results of the official SDK."""

import inspect
from typing import Any

import pytest
import soniox
import soniox.types

import oyez
import oyez.types

NAMESPACES = {
    "auth": ["create_temporary_api_key"],
    "models": ["list"],
    "usage_logs": ["list", "list_all"],
    "usage": ["summary"],
    "concurrency_limits": ["get", "history"],
}
METHODS = [(space, method) for space, methods in NAMESPACES.items() for method in methods]
RESULTS = [
    "ConcurrencyCurrentValues",
    "ConcurrencyLimitValues",
    "ConcurrencyScopeValues",
    "ConcurrentStreamsHistoryEntry",
    "CreateTemporaryApiKeyResponse",
    "GetConcurrencyLimitsResponse",
    "GetConcurrentStreamsHistoryResponse",
    "GetModelsResponse",
    "GetUsageLogsResponse",
    "GetUsageSummaryResponse",
    "Model",
    "SupportedLanguage",
    "TranslationTarget",
    "UsageLogEntry",
    "UsageSummaryEntry",
]


def both(kind: str) -> tuple[Any, Any]:
    """Our client and the official one."""
    if kind == "sync":
        return oyez.OyezClient(api_key="k"), soniox.SonioxClient(api_key="k")
    return oyez.AsyncOyezClient(api_key="k"), soniox.AsyncSonioxClient(api_key="k")


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(("space", "method"), METHODS)
def test_methods_take_the_same_arguments(kind: str, space: str, method: str) -> None:
    ours, theirs = (
        inspect.signature(getattr(getattr(client, space), method)) for client in both(kind)
    )
    assert [(item.name, item.kind, item.default) for item in ours.parameters.values()] == [
        (item.name, item.kind, item.default) for item in theirs.parameters.values()
    ]
    # Both write annotations as text or as types; the last part of either is the name.
    name = str(theirs.return_annotation).rpartition(".")[2].partition("[")[0]
    returned = ours.return_annotation
    assert getattr(returned, "__name__", str(returned)) == name


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_there_are_no_other_methods(kind: str) -> None:
    ours, theirs = both(kind)
    for space, methods in NAMESPACES.items():
        for client in (ours, theirs):
            members = inspect.getmembers(getattr(client, space), callable)
            assert [name for name, _ in members if not name.startswith("_")] == methods


@pytest.mark.parametrize("name", RESULTS)
def test_results_have_the_same_fields(name: str) -> None:
    ours, theirs = getattr(oyez.types, name).model_fields, _theirs(name).model_fields
    assert set(theirs) <= set(ours)
    added = set(ours) - set(theirs)
    assert added <= {"supports_speaker_diarization"}
    assert [
        field for field in theirs if ours[field].is_required() != theirs[field].is_required()
    ] == []


def _theirs(name: str) -> Any:
    import soniox.types.api

    return getattr(soniox.types.api, name)
