"""Events and structured logs; never audio, transcripts or keys."""
