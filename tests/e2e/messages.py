"""Harmless messages, all different, that pass the gate and need nobody's approval."""

from __future__ import annotations

from pathlib import Path

_THINGS = ("shelf", "desk", "lamp", "planner", "drawer", "hook", "stool", "rack", "tray", "board")
_PLACES = ("hall", "office", "kitchen", "studio", "workshop", "library")


def message(number: int) -> bytes:
    """An e-mail nobody else sends."""
    thing, place = _THINGS[number % 10], _PLACES[number % 6]
    return (
        f"From: Reader {number} <reader{number}@example.org>\r\n"
        f"To: desk@example.org\r\n"
        f"Message-ID: <message-{number}@example.org>\r\n"
        f"Subject: The {thing} in the {place}, part {number}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n"
        f"The {thing} looks lovely in our {place}. Part {number} fits well.\r\n\r\n"
        f"We like the colour and the finish, and would choose it again.\r\n"
    ).encode()


def drop(folder: Path, numbers: range) -> None:
    """Put messages into a folder, each appearing whole."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        hidden = folder / f".{number}"
        hidden.write_bytes(message(number))
        hidden.rename(folder / f"message-{number:03}.eml")
