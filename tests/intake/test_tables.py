"""Tables: every row of an export is found, whatever wrote it, and a broken one stops no other."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.errors import InputRefused
from copydesk.core.submission import Doubt
from copydesk.intake import tables
from copydesk.intake.tables import read_table, write_row


def rows(raw: bytes) -> list[dict[str, str]]:
    return [dict(row.cells) for row in read_table(raw).rows if not row.fault]


WANTED = [
    {"Name": "Änne", "Message": "Hello; you,\nthere"},
    {"Name": "Bob", "Message": 'it says "no"'},
]


@pytest.mark.parametrize(
    "delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_what_programs_write(delimiter: str, encoding: str, line_end: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, WANTED[0], delimiter=delimiter, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(WANTED)
    assert rows(out.getvalue().encode(encoding)) == WANTED


def test_excel_says_what_divides_the_cells() -> None:
    assert rows(b"sep=;\r\nName;Message\r\nAnn;a,b,c\r\n") == [{"Name": "Ann", "Message": "a,b,c"}]


def test_without_a_header_no_row_is_lost() -> None:
    found = rows(b"ann@mail.example,it broke,2026-11-04\nbob@mail.example,so did mine,2026-11-05\n")
    assert [row["column_2"] for row in found] == ["it broke", "so did mine"]


def test_names_are_unique_and_never_empty() -> None:
    table = read_table(b"a,,a\n1,2,3\n")
    assert table.columns == ("a", "column_2", "a#2")


def test_a_broken_row_stops_no_other() -> None:
    raw = b'name,message\nann,"one"\nbob,"two" or\ncy,"never closed\ndi,four\ned,five\n'
    found = list(read_table(raw).rows)
    assert [row.cells.get("message", "") for row in found] == ["one", "", "", "four", "five"]
    assert [row.lines for row in found if row.fault] == ['bob,"two" or\n', 'cy,"never closed\n']


def test_a_row_that_is_too_long_keeps_all_of_it_and_asks_for_a_look() -> None:
    row = next(read_table(b"name,message\nann,one, two, three\n").rows)
    assert row.cells["message"] == "one, two, three"
    assert isinstance(row.notes[0], Doubt)


def test_many_broken_rows_cost_no_quadratic_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is counted in lines handed to the reader, not in seconds."""
    counts = []
    for size in (2_000, 8_000):
        asked = 0
        advance = tables._Lines.__next__

        def count(lines: tables._Lines, advance=advance) -> str:  # type: ignore[no-untyped-def]
            nonlocal asked
            asked += 1
            return str(advance(lines))

        with monkeypatch.context() as patch:
            patch.setattr(tables._Lines, "__next__", count)
            for _ in read_table(b"name,message\n" + b'ann,"x\n' * size).rows:
                pass
        counts.append(asked)
    bound = tables._MAX_FAULTS * tables._MAX_AHEAD + 3 * 8_000
    assert max(counts) < bound
    assert counts[1] - counts[0] < bound / 2 + 3 * 8_000


def test_nothing_that_is_a_table_is_refused_without_a_word() -> None:
    for raw in (b"\n\n", b'"', b"a,b\n" * 0 + b",,\n", b",".join([b"x"] * 5000)):
        with pytest.raises(InputRefused) as refused:
            list(read_table(raw).rows)
        assert refused.value.problem == "bad_csv"


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1, max_size=5))
def test_a_row_written_is_read_back(cells: dict[str, str]) -> None:
    from copydesk.intake.charsets import storable

    columns = tables.unique_names(["message", *cells])
    values = dict(zip(columns, ["hello", *map(storable, cells.values())], strict=True))
    found = rows(write_row(columns, values))
    assert found == [values]
