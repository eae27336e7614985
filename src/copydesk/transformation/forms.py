"""The forms one post can take: the whole article, or shorter ones that stand for it."""

from __future__ import annotations

from enum import StrEnum


class Form(StrEnum):
    """What a rendition is meant to be. A platform's manifest lists those it has."""

    ARTICLE = "article"
    POST = "post"
    THREAD = "thread"
    SUMMARY = "summary"
    ANNOUNCEMENT = "announcement"
