"""Part `fuzz`: everything a client might send, against oracles written from the protocol.

    starts     start messages, keys in every place, broken JSON
    controls   messages, audio and junk in any order
    timed      the same while time passes, by a clock that jumps
    streams    audio of every format, right, broken and under wrong names
    wire       broken WebSockets, over real sockets

All but `wire` run in this process, many at a time, against the server's own application with the
scripted engine (`bench.fuzz.peer`). Each case is made from the seed and its number alone, and is
judged by rules that share nothing with the server's code. After every batch nothing may be left: no
stream, no task, no line of the log at ERROR; memory is read along the way, over cases that end well
and cases that do not. A failure is made small and printed with the command that repeats it.

    python -m bench --only fuzz                        100,000 cases with a new seed
    python -m bench.fuzz --seed 7 --cases 2000         the same 2,000 each time
    python -m bench.fuzz --seed 7 --kind wire --case 3 one of them
"""
