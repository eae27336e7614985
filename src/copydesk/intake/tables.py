"""Tables: CSV exports of forms and help desks, read row by row whatever wrote them.

The delimiter, the charset, and whether the first row is a header are found out. A row that cannot
be read is handed on as the lines it is made of, and stops no other row.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.core.submission import Doubt
from copydesk.intake import charsets
from copydesk.intake.fields import ADDRESS, is_known

#: Characters one cell may have. The reader's own limit of 131,072 stops real messages.
_MAX_CELL: Final = 2_000_000
_MAX_COLUMNS: Final = 1000
#: Rows with a fault that are stepped over one by one; after so many the rest is one faulty row.
_MAX_FAULTS: Final = 200
#: Lines one faulty row may look ahead for its closing quote.
_MAX_AHEAD: Final = 2000
_SAMPLE: Final = 64_000
#: Lines that an export may put above its header.
_MAX_ABOVE: Final = 8
_WINDOW: Final = 1 << 20
_DELIMITERS: Final = (",", ";", "\t", "|")
_SEP = re.compile(r"sep=(.)\n", re.IGNORECASE)
_VALUE = re.compile(r"[+-]?[\d.,/:\- ]*\d[\d.,/:\- TZ]*")
#: Five words and an end: what somebody says. A column may ask, but is called no sentence.
_SENTENCE = re.compile(r"(?:\S+\s+){4,60}\S+[.!…。]|[^?？]{12,}[。！]")

csv.field_size_limit(_MAX_CELL)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by column, or the `fault` in it and the `lines` it stood on."""

    cells: Mapping[str, str]
    notes: tuple[str, ...] = ()
    fault: str = ""
    lines: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a table and its rows, which are read while they are asked for."""

    columns: tuple[str, ...]
    rows: Iterator[Row]
    notes: tuple[str, ...] = ()
    delimiter: str = ","


def read_table(raw: bytes) -> Table:
    """Return the table in `raw`. Raises `InputRefused`: `bad_csv`, `undecodable`."""
    source, sample, notes = _open(raw)
    above = _above(sample)
    if above:
        # what an export says about itself stands above its header
        said = " ".join("".join(source.readline() for _ in range(above)).split())
        sample = "".join(sample.splitlines(keepends=True)[above:])
        notes = (*notes, f"Above the table stands “{charsets.storable(said)[:300]}”.")
    delimiter = _delimiter(sample)
    if _SEP.match(sample):
        source.readline()
    lines = _Lines(source)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        first = next((cells for cells in reader if any(cells)), [])
    except csv.Error as error:
        raise bad_csv(f"The first row of the CSV cannot be read: {error}.") from error
    if not first:
        raise bad_csv("The CSV has no rows.")
    if len(first) > _MAX_COLUMNS:
        raise bad_csv(f"The CSV has {len(first):,} columns; {_MAX_COLUMNS:,} are allowed.")
    headed = _is_header(first)
    columns = unique_names(first if headed else [""] * len(first))
    given = [] if headed else [first]
    return Table(columns, _rows(given, lines, delimiter, columns), notes, delimiter)


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of columns, each once; one without a name is called by its place."""
    taken: dict[str, None] = {}
    for place, name in enumerate(names, start=1):
        wanted = " ".join(charsets.storable(name).split())[:200] or f"column_{place}"
        unique, count = wanted, 2
        while unique in taken:
            unique, count = f"{wanted}#{count}", count + 1
        taken[unique] = None
    return tuple(taken)


def write_row(columns: Sequence[str], cells: Mapping[str, str]) -> bytes:
    """Return a CSV of one row below its header, as UTF-8."""
    names = list(dict.fromkeys((*columns, *cells)))
    return _write([names, [cells.get(name, "") for name in names]], ",")


def write_fault(table: Table, row: Row) -> bytes:
    """Return the lines of a row that cannot be read, as they stood, below its header."""
    return _write([table.columns], table.delimiter) + row.lines.encode("utf-8", "replace")


def _write(rows: Sequence[Sequence[str]], delimiter: str) -> bytes:
    out = io.StringIO()
    # everything in quotes: nothing about the delimiter is left to be found out
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows(rows)
    return out.getvalue().encode("utf-8", "replace")


def bad_csv(message: str) -> InputRefused:
    """Return the refusal of a table, or of a row of one."""
    return InputRefused(
        "bad_csv", message, remedy="Save it as CSV (UTF-8) again, with text in quotes."
    )


class _Lines:
    """Lines of a text that can be put back, so that one faulty row does not swallow the others."""

    def __init__(self, source: Iterable[str]) -> None:
        self._source = iter(source)
        self._back: list[str] = []
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) > _MAX_AHEAD:
            raise csv.Error(f"a quote is not closed within {_MAX_AHEAD:,} lines")
        line = charsets.storable(self._back.pop() if self._back else next(self._source))
        self.taken.append(line)
        return line

    def put_back(self, lines: Sequence[str]) -> None:
        self._back.extend(reversed(lines))


def _rows(
    given: Sequence[Sequence[str]], lines: _Lines, delimiter: str, columns: Sequence[str]
) -> Iterator[Row]:
    for cells in given:
        yield _row(cells, columns, delimiter)
    faults = 0
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults += 1
            taken = list(lines.taken)
            if faults <= _MAX_FAULTS:
                lines.put_back(taken[1:])
                taken = taken[:1]
                cells = _escaped(taken[0], delimiter, len(columns))
                if cells:
                    yield _row(cells, columns, delimiter)
                    reader = csv.reader(lines, delimiter=delimiter, strict=True)
                    continue
            else:
                lines.taken.clear()
                taken += list(islice(lines, _MAX_AHEAD))
            yield Row({}, fault=str(error), lines="".join(taken))
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        if any(cell.strip() for cell in cells):
            yield _row(cells, columns, delimiter)


def _escaped(line: str, delimiter: str, width: int) -> list[str]:
    r"""Return the cells of a row whose quotes are escaped as \", as programs and databases write
    them; [] where that does not give as many cells as there are columns."""
    if '\\"' not in line:
        return []
    try:
        cells = next(
            csv.reader([line], delimiter=delimiter, strict=True, escapechar="\\", doublequote=False)
        )
    except (csv.Error, StopIteration):
        return []
    return cells if len(cells) == width else []


def _row(cells: Sequence[str], columns: Sequence[str], delimiter: str) -> Row:
    extra = cells[len(columns) :]
    found = dict(zip(columns, cells, strict=False))
    if not any(extra):
        return Row(found)
    last = columns[-1]
    found[last] = delimiter.join((found[last], *extra))
    return Row(
        found,
        (Doubt(f"The row has more cells than there are columns; the rest was put into “{last}”."),),
    )


def _open(raw: bytes) -> tuple[io.TextIOBase, str, tuple[str, ...]]:
    """Return the text as a stream, and its beginning. UTF-8 is not held in memory a second time."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or not _is_utf8(raw):
        decoded = charsets.decode(raw, what="The table")
        stream: io.TextIOBase = io.StringIO(decoded.text, newline="")
        notes = decoded.notes
    else:
        stream, notes = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig", newline=""), ()
    sample = charsets.storable(stream.read(_SAMPLE))
    stream.seek(0)
    return stream, sample, notes


def _is_utf8(raw: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(raw)
    try:
        for start in range(0, len(raw), _WINDOW):
            decoder.decode(view[start : start + _WINDOW])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _above(sample: str) -> int:
    """Return how many lines stand above the header: few, without a delimiter, and then a row that
    names columns we know."""
    lines = sample.splitlines()[: _MAX_ABOVE + 1]
    for count, line in enumerate(lines):
        for delimiter in _DELIMITERS:
            cells = [cell.strip(" \"'") for cell in line.split(delimiter)]
            if len(cells) > 1 and sum(map(is_known, cells)) > len(cells) // 2:
                before = [each for each in lines[:count] if each.strip()]
                told = [each for each in before if _SEP.match(f"{each}\n")]
                free = not told and not any(delimiter in each or '"' in each for each in before)
                named = any(is_known(each.strip()) for each in before)
                return count if before and free and not named else 0
    return 0


def _delimiter(sample: str) -> str:
    told = _SEP.match(sample)
    if told:
        return told.group(1)
    whole = sample if len(sample) < _SAMPLE else sample.rsplit("\n", 1)[0]
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        widths: list[int] = []
        reader = csv.reader(io.StringIO(whole, newline=""), delimiter=delimiter, strict=True)
        try:
            widths.extend(len(cells) for cells in islice(reader, 50) if any(cells))
        except csv.Error:
            if len(widths) < 2:
                continue
        if not widths or widths[0] < 2:
            continue
        alike = sum(width == widths[0] for width in widths) / len(widths)
        score = alike + min(widths[0], 50) / 1000
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a first row names columns, rather than being a message already."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if any(is_known(cell) for cell in filled):
        return True
    values = sum(
        len(cell) > 120
        or ADDRESS.fullmatch(cell) is not None
        or _VALUE.fullmatch(cell) is not None
        or _SENTENCE.fullmatch(cell) is not None
        for cell in filled
    )
    return values == 0
