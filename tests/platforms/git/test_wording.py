"""Directives and footnotes in files: links where nobody knows them, the author's text otherwise."""

from __future__ import annotations

from copydesk.platforms.git.wording import reworded
from copydesk.transformation.document import parse_markdown

BODY = """* kept as *written*
* so is this

> ::embed[Talk]{url=https://x.org/v}

::cta[Read [on](x)]{url=https://x.org}

::cta[Buy \\*now*]{url=/shop}

```
::cta[code]{url=/stays}
```
"""


def test_a_directive_becomes_a_link_and_the_rest_stays_as_written() -> None:
    text, losses = reworded(BODY, "hugo")
    assert text == (
        "* kept as *written*\n* so is this\n\n> [Talk](https://x.org/v)\n\n"
        "::cta[Read [on](x)]{url=https://x.org}\n\n[Buy \\*now\\*](/shop)\n\n"
        "```\n::cta[code]{url=/stays}\n```\n"
    )
    assert [loss.what for loss in losses] == ["embed of https://x.org/v", "button 'Buy *now*'"]


def test_where_a_link_would_run_into_the_text_the_text_is_written_anew() -> None:
    text, _ = reworded("before\n::cta[Go]{url=/go}\nafter", "jekyll")
    assert text == "before\n\n[Go](/go)\n\nafter\n"


def test_footnotes_stay_where_they_are_known() -> None:
    body = "A[^1]\n\n[^1]: note"
    assert reworded(body, "hugo") == (body, ())
    text, losses = reworded(body, "eleventy")
    assert text == "A[1]\n\n---\n\n1. note\n"
    assert [loss.kind for loss in losses] == ["moved"]
    assert not parse_markdown(text).footnotes
