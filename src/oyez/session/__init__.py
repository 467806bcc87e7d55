"""One conversation: push audio and control messages, poll events. No sockets, no clock."""
