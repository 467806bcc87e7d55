"""Part `autobahn`: the WebSocket conformance suite of others, run against oyez's own transport."""
