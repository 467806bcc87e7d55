"""The benchmark: one way to measure any server that speaks the protocol, with the field's metrics.

`oyez bench` runs it; the repository's own benchmark is built of the same parts. Definitions and
their sources are in `metrics`, `latency`, `wer`, `endpoints` and `sessions`.
"""
