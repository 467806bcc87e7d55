"""Bytes in any supported format to mono samples at the engine's rate. Never waits."""
