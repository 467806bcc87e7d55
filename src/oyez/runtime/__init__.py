"""Who computes: work from all sessions, in order of its deadlines."""
