"""Sockets out: one shared brain, a sync and an async shell."""
