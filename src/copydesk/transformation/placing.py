"""Where the images of a document stand in its plain text, so that each goes with its own part."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

import regex

from copydesk.transformation.document import ImageReference, image_paths, local_path
from copydesk.transformation.nodes import Document, Image, Text
from copydesk.transformation.text import to_text

# Code points that Unicode keeps for no character stand for an image while text is made.
_OPEN: Final = "\ufdd3"
_SHUT: Final = "\ufdd4"
_MARK: Final = regex.compile("\ufdd3([0-9]+)\ufdd4")
_SPACE: Final = regex.compile(r"\s+")


def letters(text: str) -> int:
    """Return the number of characters of `text` that are not white space: a measure of how far one
    has read that does not mind how lines are broken."""
    return len(_SPACE.sub("", text))


def image_places(document: Document) -> tuple[tuple[ImageReference, int], ...]:
    """Return the images of `document`, each once, with the letters of its text before them.

    Images of raw HTML count as standing at the beginning.
    """
    images = image_paths(document)
    if not images:
        return ()
    paths: list[str] = []
    marked, _ = to_text(_marked(document, paths), images="drop")
    places: dict[str, int] = {}
    seen = position = 0
    for mark in _MARK.finditer(marked):
        seen += letters(marked[position : mark.start()])
        position = mark.end()
        places.setdefault(paths[int(mark[1])], seen)
    return tuple((image, places.get(image.path, 0)) for image in images)


def _marked(node: Any, paths: list[str]) -> Any:
    """Return any part of a tree with marks as text in the place of images."""
    match node:
        case tuple():
            return tuple(_marked(child, paths) for child in node)
        case Image(url):
            paths.append(local_path(url))
            return Text(f"{_OPEN}{len(paths) - 1}{_SHUT}")
        case _ if is_dataclass(node) and not isinstance(node, type):
            inner = {
                field.name: _marked(value, paths)
                for field in fields(node)
                if isinstance(value := getattr(node, field.name), tuple)
            }
            return replace(node, **inner) if inner else node
        case _:
            return node
