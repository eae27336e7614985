"""What is written as a time is that time, or is refused before anything is planned for it."""

from __future__ import annotations

import pytest

from copydesk.core.errors import ContentInvalid
from copydesk.transformation.content import read_markdown_file
from copydesk.work.deliveries.times import parse_time, read_time


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00Z", "9999-12-31T23:59Z", "9999-12-31T23:59-05:00"]
)
@pytest.mark.parametrize("read", [read_time, parse_time])
def test_a_time_at_the_end_of_the_calendar_is_refused(text: str, read: object) -> None:
    with pytest.raises(ContentInvalid) as caught:
        read(text)  # type: ignore[operator]
    (finding,) = caught.value.findings
    assert (finding.code, finding.field) == ("time_invalid", "at")
    assert finding.remedy


def test_a_date_of_a_file_at_the_end_of_the_calendar_is_a_finding() -> None:
    text = "---\ndate: 0001-01-01T00:00:00+05:00\n---\n\n# One\n\nWords."
    with pytest.raises(ContentInvalid) as caught:
        read_markdown_file(text, filename="one.md")
    assert [(f.code, f.field) for f in caught.value.findings] == [("time_invalid", "date")]
