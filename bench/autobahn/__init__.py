"""Part `autobahn`: the Autobahn test suite, the WebSocket protocol's usual examiner.

Its client is run twice. Against `/echo`, an echo that lies beside the application and goes through
the very transport of `oyez serve` (`oyez.server.run.make_server`: same protocol class, limits,
pings, no compression), all its cases are judged by the suite. Against `/transcribe-websocket`
itself, those about framing, pings, fragments, UTF-8 and closing show that the server bears them:
each socket is closed in time with a code of its own, no more than one error is said, nothing is
logged as an error, and a real conversation still goes well afterwards. The suite's own verdicts say
nothing there, because it expects its messages back.

The suite (PyPI `autobahntestsuite`) is a program for Python 2.7 and is installed aside, once:

    python2.7 -m pip install --target build/autobahn --no-deps --require-hashes \\
        -r bench/autobahn/requirements.lock && touch build/autobahn/zope/__init__.py

(`--target` leaves out the file that makes `zope` a package.) UNIMPLEMENTED are the cases about
compression, which oyez does not offer: clients send audio, which does not get smaller.
"""
