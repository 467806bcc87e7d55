"""The benchmark: `python -m bench`. It measures; nothing here passes or fails."""
