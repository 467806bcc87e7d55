"""The wire: what may be said, when, and what each word means. Pure values and functions.

Facts about the Soniox real-time protocol come from its public documentation and from the behaviour
of its clients; where those disagree, docs/protocol.md says what oyez does and why.
"""
