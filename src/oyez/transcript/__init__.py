"""From hypotheses to final and non-final tokens, and from tokens to text. Pure."""
