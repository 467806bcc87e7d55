"""Real-time speech to text on your own machine."""
