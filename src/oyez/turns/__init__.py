"""From speech probabilities to speech edges and endpoints. Pure; time is counted in samples."""
