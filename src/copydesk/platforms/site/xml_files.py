"""A tree of XML as the file that is served."""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree as ET

_DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>\n'


def xml_file(root: ET.Element) -> str:
    """Return the text of the file whose root is `root`, which is indented by it."""
    ET.indent(root)
    return _DECLARATION + ET.tostring(root, encoding="unicode") + "\n"
