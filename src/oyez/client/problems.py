"""What pydantic found wrong, in one sentence."""

from pydantic import ValidationError


def problems_of(error: ValidationError, whole: str = "request") -> str:
    """Return every problem with its place.

    Args:
        error: What was raised.
        whole: What to call the place of a problem with no field of its own.
    """
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or whole}: {item['msg']}" for item in error.errors()
    )
