"""Tests of the client: sessions against a small real server, pacing, rendering."""
