"""Containers: each module takes one apart into packets, without decoding them.

A module has a generator function that reads from a `Source` and yields what it finds; the rules
are in `oyez.audio.packets`.
"""
