"""What the servers have to say about the talks, and what the set-up may not say."""

import json
import logging
from collections import Counter

import pytest

from .browser import HERE
from .conftest import Log
from .talks import HELD_ONCE, Talks


@HELD_ONCE
@pytest.mark.real
def test_every_stream_ended_as_its_client_wished(talks: Talks, server_log: Log) -> None:
    talks["client pause"]
    assert Counter(server_log.reasons) == {
        "finished": 15,
        "client_gone": 3,
        "unauthenticated": 3,
        "model_not_available": 3,
        "service_unavailable": 2,
    }


@HELD_ONCE
@pytest.mark.real
def test_nothing_surprised_a_server(talks: Talks, server_log: Log) -> None:
    talks["client pause"]
    surprises = [
        record.getMessage() for record in server_log.records if record.levelno >= logging.WARNING
    ]
    assert len(surprises) == 1
    assert surprises[0].startswith("options_without_effect")
    assert "context" in surprises[0], "which the page asked for, and this model lacks"


def test_the_lock_file_names_no_registry() -> None:
    packages = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    del packages[""]
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert package["integrity"].startswith("sha512-"), name
