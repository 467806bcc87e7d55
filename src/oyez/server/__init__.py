"""Sockets in: the application, the WebSocket listener, health."""
