"""Writes the sections of the documentation that repeat what the code says.

    python -m docs.build            rewrite them in place
    python -m docs.build --check    write nothing; fail when one is stale

A section lies between `<!-- begin NAME -->` and `<!-- end NAME -->`; `SECTIONS` says who writes it.
"""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from docs import protocol_sections, settings_sections

DOCS: Final = Path(__file__).parent

SECTIONS: Final[Mapping[str, Callable[[], str]]] = {
    "start-fields": protocol_sections.start_fields,
    "audio-formats": protocol_sections.audio_formats,
    "languages": protocol_sections.languages,
    "model-names": protocol_sections.model_names,
    "example-results": protocol_sections.example_results,
    "example-finished": protocol_sections.example_finished,
    "example-error": protocol_sections.example_error,
    "errors": protocol_sections.errors,
    "client-states": protocol_sections.client_states,
    "server-states": protocol_sections.server_states,
    "endpoint-silences": protocol_sections.endpoint_silences,
    "promises": protocol_sections.promises,
    "limits": settings_sections.limits,
    "settings": settings_sections.settings,
    "variables": settings_sections.variables,
    "capabilities": settings_sections.capabilities,
    "agreement": settings_sections.agreement,
    "stream-options": settings_sections.stream_options,
}


def main() -> None:
    """Write the sections, or check them."""
    is_check = sys.argv[1:] == ["--check"]
    stale = []
    for page in sorted(DOCS.glob("*.md")):
        before = page.read_text(encoding="utf-8")
        after = rewritten(before)
        if before != after:
            stale.append(page.name)
            if not is_check:
                page.write_text(after, encoding="utf-8")
    if stale and is_check:
        sys.exit(f"Stale: {', '.join(stale)}. Run: make docs")


def rewritten(page: str) -> str:
    """Return a page with its generated sections as they must be."""

    def section(match: re.Match[str]) -> str:
        name = match["name"]
        return f"<!-- begin {name} -->\n{SECTIONS[name]().strip()}\n<!-- end {name} -->"

    return re.sub(
        r"<!-- begin (?P<name>[\w-]+) -->\n.*?<!-- end (?P=name) -->",
        section,
        page,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    main()
