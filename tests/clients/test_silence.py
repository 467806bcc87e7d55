"""25 s without audio, more than the 20 s a silent client may take: keepalives keep the stream."""

import pytest

from engines.speech import BECKETT, word_error_rate

from .runs import PATIENT, Run
from .test_words import WORST_WER, final_text

pytestmark = [pytest.mark.real, PATIENT]


@pytest.mark.parametrize("client", ["soniox", "livekit", "pipecat"])
def test_the_stream_goes_on_after_25_seconds_of_silence(
    silent: dict[str, Run], client: str
) -> None:
    run = silent[client].end()
    assert run.all("error", "raised", "connection error", "logged") == []
    assert len(run.all("connected")) <= 1
    assert word_error_rate(BECKETT, final_text(run)) <= WORST_WER
    kinds = [line[0] for line in run.lines]
    assert {"shown", "final_transcript", "final"} & set(kinds[kinds.index("resumed") :])
