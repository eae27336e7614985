"""Alternative texts: what is said of a file that has none, or one that is too long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from copydesk.core.findings import Finding, Severity
from copydesk.transformation.counting import codepoints

_DESCRIBE: Final = "Describe the image for people who cannot see it."


def undescribed(name: str, remedy: str = _DESCRIBE) -> Finding:
    """Return the warning that the file `name` has no alternative text."""
    return Finding(
        code="alt_missing",
        field=f"media.{name}",
        message="there is no alternative text",
        remedy=remedy,
        severity=Severity.WARNING,
    )


def check_alt(
    name: str,
    alt: str,
    most: int,
    *,
    length: Callable[[str], int] = codepoints,
    remedy: str = _DESCRIBE,
) -> list[Finding]:
    """Return what is wrong with the alternative text of the file `name`.

    It may be up to `most` long, as `length` counts; `remedy` is what to do where it is missing.
    """
    if not alt:
        return [undescribed(name, remedy)]
    if length(alt) <= most:
        return []
    return [
        Finding(
            code="alt_too_long",
            field=f"media.{name}",
            message=f"the alternative text has {length(alt)} characters of {most}",
            remedy="Shorten it.",
        )
    ]
