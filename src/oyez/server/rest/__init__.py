"""The REST API: temporary keys, models, usage, limits; its description and its reference page."""
