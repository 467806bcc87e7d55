"""Two ends of a connection: who may say what, and who is blamed when the rules are broken.

The honest conversations are walked, not sampled: every situation that two honest ends can reach
with a few messages in flight each way is visited, and the same ones on every run.
"""

import copy
import itertools
from collections import deque
from dataclasses import dataclass
from functools import cache

import pytest

from oyez.errors import LocalProtocolError, RemoteProtocolError
from oyez.protocol.connection import (
    CLIENT_SAYS,
    REFUSALS,
    SERVER_SAYS,
    ClientState,
    Connection,
    Role,
    ServerState,
    Verdict,
)
from oyez.protocol.messages import ClientKind, ServerKind

IN_FLIGHT = 4
"""Messages on their way in each direction."""

ENDED_STATES = {state for state in ClientState if state.has_ended}
LIVE_STATES = [state for state in ClientState if not state.has_ended]
ILLEGAL = [
    (state, kind)
    for state, kind in itertools.product(LIVE_STATES, ClientKind)
    if kind not in CLIENT_SAYS[state]
]

View = tuple[ClientState, ServerState]


def connection(role: Role, client: ClientState, server: ServerState) -> Connection:
    """Return an end in a given pair of states."""
    end = Connection(role, now_s=0.0)
    end.client_state, end.server_state = client, server
    return end


def view(end: Connection) -> View:
    return end.client_state, end.server_state


def started(role: Role) -> Connection:
    end = Connection(role, now_s=0.0)
    end.client_says(ClientKind.START, now_s=0.0)
    return end


def ended(role: Role) -> Connection:
    end = started(role)
    end.client_says(ClientKind.END, now_s=0.0)
    return end


@dataclass(frozen=True, slots=True)
class Situation:
    """What each end believes, and what is under way between them."""

    client: View
    server: View
    to_server: tuple[ClientKind, ...]
    to_client: tuple[ServerKind, ...]

    @property
    def is_quiet(self) -> bool:
        return not self.to_server and not self.to_client


def client_turns(situation: Situation) -> list[Situation]:
    """Everything an honest client can do: say what its own end permits, or hear the next message.

    What is said after the end counts for nothing, but careless clients say it: it is sent too.
    """
    turns = []
    before = connection(Role.CLIENT, *situation.client)
    if len(situation.to_server) < IN_FLIGHT:
        for kind in ClientKind:
            end = copy.copy(before)
            try:
                end.client_says(kind, now_s=0.0)
            except LocalProtocolError:
                continue
            queue = (*situation.to_server, kind)
            turns.append(Situation(view(end), situation.server, queue, situation.to_client))
    if situation.to_client:
        heard, *rest = situation.to_client
        before.server_says(heard)
        turns.append(Situation(view(before), situation.server, situation.to_server, tuple(rest)))
    return turns


def server_turns(situation: Situation) -> list[Situation]:
    """Everything an honest server can do, likewise."""
    turns = []
    before = connection(Role.SERVER, *situation.server)
    if len(situation.to_client) < IN_FLIGHT:
        for kind in ServerKind:
            end = copy.copy(before)
            try:
                end.server_says(kind)
            except LocalProtocolError:
                continue
            queue = (*situation.to_client, kind)
            turns.append(Situation(situation.client, view(end), situation.to_server, queue))
    if situation.to_server:
        heard, *rest = situation.to_server
        before.client_says(heard, now_s=0.0)
        turns.append(Situation(situation.client, view(before), tuple(rest), situation.to_client))
    return turns


@cache
def walk() -> frozenset[Situation]:
    """Visit every reachable situation; an accusation by either end is an exception here."""
    opening = (ClientState.OPENING, ServerState.WAITING)
    seen = {Situation(opening, opening, (), ())}
    waiting = deque(seen)
    while waiting:
        situation = waiting.popleft()
        for turn in (*client_turns(situation), *server_turns(situation)):
            if turn not in seen:
                seen.add(turn)
                waiting.append(turn)
    return frozenset(seen)


def test_two_honest_ends_never_accuse_each_other() -> None:
    walk()


def test_the_walk_goes_everywhere() -> None:
    situations = walk()
    views = {situation.server for situation in situations}
    assert views == {
        (ClientState.OPENING, ServerState.WAITING),
        (ClientState.OPENING, ServerState.FAILED),
        (ClientState.STREAMING, ServerState.ANSWERING),
        (ClientState.STREAMING, ServerState.FAILED),
        (ClientState.ENDED, ServerState.ANSWERING),
        (ClientState.ENDED, ServerState.FINISHED),
        (ClientState.ENDED, ServerState.FAILED),
    }
    assert {situation.client for situation in situations} == views
    assert max(len(situation.to_server) for situation in situations) == IN_FLIGHT
    assert max(len(situation.to_client) for situation in situations) == IN_FLIGHT


def test_once_all_is_heard_both_ends_agree() -> None:
    for situation in walk():
        if not situation.is_quiet:
            continue
        assert situation.client[1] is situation.server[1]
        # After its last word the server listens no more, so only before it must the rest agree.
        if situation.server[1] in (ServerState.WAITING, ServerState.ANSWERING):
            assert situation.client[0] is situation.server[0]


def test_finished_is_only_ever_said_after_the_end() -> None:
    for situation in walk():
        for client, server in (situation.client, situation.server):
            if server is ServerState.FINISHED:
                assert client is ClientState.ENDED


def test_nothing_follows_the_servers_last_word() -> None:
    last_words = {ServerKind.FINISHED, ServerKind.ERROR}
    for situation in walk():
        assert not last_words & set(situation.to_client[:-1])


def test_every_message_in_every_state_has_an_answer() -> None:
    """Each (state, kind) is legal, refused with a sentence, or in a state where nothing counts."""
    for state, kind in itertools.product(ClientState, ClientKind):
        is_legal = kind in CLIENT_SAYS[state]
        is_refused = (state, kind) in REFUSALS
        assert is_legal + is_refused + state.has_ended == 1, (state, kind)
    assert set(CLIENT_SAYS) == set(ClientState)
    assert set(SERVER_SAYS) == set(ServerState)
    assert set(REFUSALS) == set(ILLEGAL)
    assert {state for state, says in CLIENT_SAYS.items() if not says} == ENDED_STATES


@pytest.mark.parametrize("sentence", list(REFUSALS.values()))
def test_a_refusal_is_a_sentence(sentence: str) -> None:
    assert sentence[0].isupper()
    assert sentence.endswith(".")


@pytest.mark.parametrize(("state", "kind"), ILLEGAL)
def test_the_server_accuses_a_client_that_breaks_a_rule(
    state: ClientState, kind: ClientKind
) -> None:
    for server_state in (ServerState.WAITING, ServerState.ANSWERING):
        end = connection(Role.SERVER, state, server_state)
        with pytest.raises(RemoteProtocolError) as caught:
            end.client_says(kind, now_s=0.0)
        assert caught.value.error_type == "invalid_request"
        assert caught.value.problems == (REFUSALS[state, kind],)
        assert view(end) == (state, server_state)


@pytest.mark.parametrize(("state", "kind"), ILLEGAL)
def test_the_client_is_told_before_it_breaks_a_rule(state: ClientState, kind: ClientKind) -> None:
    for server_state in (ServerState.WAITING, ServerState.ANSWERING):
        end = connection(Role.CLIENT, state, server_state)
        with pytest.raises(LocalProtocolError, match=REFUSALS[state, kind]):
            end.client_says(kind, now_s=0.0)
        assert view(end) == (state, server_state)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("kind", ClientKind)
def test_whatever_follows_the_end_is_ignored(role: Role, kind: ClientKind) -> None:
    end = ended(role)
    assert end.client_says(kind, now_s=1.0) is Verdict.IGNORE
    assert view(end) == (ClientState.ENDED, ServerState.ANSWERING)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("state", "kind"), list(itertools.product(ClientState, ClientKind)))
def test_whatever_follows_the_servers_failure_is_ignored(
    role: Role, state: ClientState, kind: ClientKind
) -> None:
    """Also what would be illegal else: it was on its way when the server gave up."""
    end = connection(role, state, ServerState.FAILED)
    assert end.is_over
    assert end.client_says(kind, now_s=1.0) is Verdict.IGNORE
    assert view(end) == (state, ServerState.FAILED)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("client", "server", "kind"),
    [
        (ClientState.OPENING, ServerState.WAITING, ServerKind.RESULTS),
        (ClientState.OPENING, ServerState.WAITING, ServerKind.FINISHED),
        (ClientState.STREAMING, ServerState.ANSWERING, ServerKind.FINISHED),
        *(
            (ClientState.ENDED, over, kind)
            for over in (ServerState.FINISHED, ServerState.FAILED)
            for kind in ServerKind
        ),
    ],
)
def test_a_server_out_of_turn_is_stopped_at_home_and_accused_abroad(
    role: Role, client: ClientState, server: ServerState, kind: ServerKind
) -> None:
    end = connection(role, client, server)
    blame = LocalProtocolError if role is Role.SERVER else RemoteProtocolError
    with pytest.raises(blame, match=f"{kind.value} cannot follow"):
        end.server_says(kind)
    assert view(end) == (client, server)


def test_a_whole_conversation() -> None:
    client, server = (Connection(role, now_s=0.0) for role in (Role.CLIENT, Role.SERVER))
    assert not client.is_started
    for kind in (
        ClientKind.KEEPALIVE,
        ClientKind.START,
        ClientKind.AUDIO,
        ClientKind.FINALIZE,
        ClientKind.KEEPALIVE,
        ClientKind.END,
    ):
        for end in (client, server):
            assert end.client_says(kind, now_s=1.0) is Verdict.ACCEPT
    for answer in (ServerKind.RESULTS, ServerKind.RESULTS, ServerKind.FINISHED):
        assert not client.is_over
        for end in (client, server):
            end.server_says(answer)
    assert client.is_started
    assert client.is_over
    assert server.is_over
