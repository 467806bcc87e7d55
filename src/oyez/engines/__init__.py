"""What hears: Protocols, the registry, and one adapter a file."""
