"""Known misspellings in English text, found by the `typos` program in one call for many texts.

The program is a process start of some 30 ms, so texts are handed over in batches. It only finds:
which finds may be applied is `copydesk.intake.cleanup`'s decision. Without the program, or when it
fails, nothing is found and the report says why.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_ARGUMENTS = ("--isolated", "--locale", "en", "--format", "json", "-")
_FOUND_NOTHING, _FOUND_SOME = 0, 2


@dataclass(frozen=True, slots=True)
class Typo:
    """One known misspelling with its only correction; `start` in code points of its text."""

    start: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class TypoReport:
    """What was found, text by text in the order they were given.

    `skipped_because` is empty if the texts were checked, and then every text has its (perhaps
    empty) row; otherwise it says in words why they were not, and the rows are empty.
    """

    found: tuple[tuple[Typo, ...], ...]
    skipped_because: str = ""


def typos_program() -> str | None:
    """Return the path of the `typos` program, from this environment's scripts or the PATH."""
    return shutil.which("typos", path=sysconfig.get_path("scripts")) or shutil.which("typos")


async def find_typos(
    texts: Sequence[str], *, program: str | None = None, timeout: float = 30.0
) -> TypoReport:
    """Look up the known misspellings of English texts.

    Args:
        texts: the texts, already known to be English; any number in one call.
        program: path of the `typos` program; looked for if not given.
        timeout: seconds until the program is stopped and the check counts as skipped.
    """
    nothing: tuple[tuple[Typo, ...], ...] = tuple(() for _ in texts)
    if not texts:
        return TypoReport(nothing)
    path = program or typos_program()
    if path is None:
        return TypoReport(nothing, "the typos program is not installed")
    lines = [line for text in texts for line in text.split("\n")]
    # A NUL makes the program take its input for a binary file; a blank has the same length.
    sent = [line.replace("\0", " ").encode("utf-8", "replace") for line in lines]
    try:
        process = await asyncio.create_subprocess_exec(
            path,
            *_ARGUMENTS,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        return TypoReport(nothing, f"the typos program did not start: {error}")
    try:
        async with asyncio.timeout(timeout):
            out, problems = await process.communicate(b"\n".join(sent))
    except TimeoutError:
        return TypoReport(nothing, f"the typos program took more than {timeout:g} s")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode not in (_FOUND_NOTHING, _FOUND_SOME):
        said = problems.decode("utf-8", "replace").strip()[:200]
        return TypoReport(nothing, f"the typos program ended with {process.returncode}: {said}")
    rows = [json.loads(row) for row in out.splitlines() if row.strip()]
    return TypoReport(_by_text(texts, sent, rows))


def _by_text(
    texts: Sequence[str], sent: Sequence[bytes], rows: Iterable[dict[str, Any]]
) -> tuple[tuple[Typo, ...], ...]:
    by_line: dict[int, list[Typo]] = {}
    for row in rows:
        corrections = row.get("corrections") or []
        if row.get("type") != "typo" or len(corrections) != 1:
            continue
        number = row["line_num"] - 1
        at = len(sent[number][: row["byte_offset"]].decode("utf-8", "replace"))
        by_line.setdefault(number, []).append(Typo(at, row["typo"], corrections[0]))
    found = []
    number = 0
    for text in texts:
        offset, mine = 0, []
        for line in text.split("\n"):
            mine += [Typo(offset + t.start, t.before, t.after) for t in by_line.get(number, ())]
            offset += len(line) + 1
            number += 1
        found.append(
            tuple(sorted((t for t in mine if stands_alone(text, t)), key=lambda t: t.start))
        )
    return tuple(found)


def stands_alone(text: str, typo: Typo) -> bool:
    """Whether the find is a whole word: a part of a longer one may be a name or an identifier."""
    end = typo.start + len(typo.before)
    if text[typo.start : end] != typo.before:
        return False
    before, after = text[max(0, typo.start - 1) : typo.start], text[end : end + 1]
    return not re.match(r"[\w@#/\\.+-]", before) and not re.match(r"[\w@#/\\]", after)
