"""The composer that needs no model: it derives, and never rewrites."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.core.errors import ContentInvalid
from copydesk.core.post import Tier
from copydesk.core.submission import SegmentKind
from copydesk.generation.material import AuthoredSegment, Material
from copydesk.generation.rules import MAX_SUMMARY, MAX_TITLE, compose, derive_title, shorten
from tests.generation.messages import LANGUAGES, material, prose

REPORT = (
    "The import fails since Monday. Every import of more than 500 rows stops with an error. "
    "Smaller files work."
)


@given(st.text(min_size=1).filter(str.strip))
def test_the_body_is_the_message_unchanged(text: str) -> None:
    rewrite = compose(material(text))
    assert rewrite.body == text.strip()
    assert rewrite.tier is Tier.RULES
    assert not rewrite.degraded_because


@given(st.lists(st.text(min_size=1), min_size=1, max_size=6))
def test_every_segment_is_kept_and_in_the_body(texts: list[str]) -> None:
    segments = tuple(AuthoredSegment(index=3 * i, text=t) for i, t in enumerate(texts))
    message = Material(segments=segments, subject="A subject")
    if not message.text:
        return
    rewrite = compose(message)
    assert [(f.segment, f.fate) for f in rewrite.fates] == [(s.index, "kept") for s in segments]
    assert rewrite.body == "".join(texts).strip()


def test_a_message_without_text_cannot_be_composed() -> None:
    with pytest.raises(ContentInvalid, match="no text of its own"):
        compose(material(" \n\t"))


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Import fails", "Import fails"),
        ("Re: Fwd: AW: Import fails", "Import fails"),
        ("RE[2]: Import fails", "Import fails"),
        ("WG: Rückfrage zur Rechnung", "Rückfrage zur Rechnung"),
        ("回复：发票", "发票"),
        ("Result: 3 of 4 pass", "Result: 3 of 4 pass"),
        ("Re: ", "The import fails since Monday"),
        ("", "The import fails since Monday"),
    ],
)
def test_the_title_is_the_subject_or_else_the_first_sentence(subject: str, title: str) -> None:
    assert derive_title(material(REPORT, subject=subject)) == title


def test_a_greeting_or_heading_mark_makes_no_title() -> None:
    message = Material(
        segments=(
            AuthoredSegment(index=0, text="Hi all,\n\n", kind=SegmentKind.GREETING),
            AuthoredSegment(
                index=1, text="## **Harbour** fair is [open](https://example.org)\n\nX."
            ),
        )
    )
    assert compose(message).title == "Harbour fair is open"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_long_first_sentence_is_shortened_visibly_and_stays_in_the_body(language: str) -> None:
    text = prose(language, 400).replace(". ", ", ").replace("। ", ", ").replace("。", "，")
    rewrite = compose(material(text, language=language))
    assert len(rewrite.title) <= MAX_TITLE
    assert rewrite.title.endswith("…")
    assert rewrite.body == text
    if language != "zh":
        assert text[len(rewrite.title) - 1] in " ,", "the cut is between two words"


@given(st.text(), st.integers(min_value=2, max_value=80))
def test_shortening_keeps_a_beginning_within_the_limit(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    assert text.startswith(short.removesuffix("…")) or short == text
    assert (short == text) is (len(text) <= limit) or short.endswith("…")


def test_no_character_is_taken_apart() -> None:
    family = "👨‍👩‍👧"
    assert shorten(family * 10, 10) == family + "…"


def test_the_summary_is_whole_sentences_behind_the_title() -> None:
    rewrite = compose(material(REPORT))
    assert rewrite.summary == REPORT.partition(". ")[2]
    assert len(compose(material(prose("en"))).summary) <= MAX_SUMMARY


def test_a_message_that_is_its_own_title_has_no_summary() -> None:
    assert compose(material("The fair is open.")).summary == ""


def test_tags_are_words_the_author_came_back_to() -> None:
    assert compose(material(REPORT, subject="Import of rows")).tags == ("import", "rows")


def test_hashtags_are_tags_and_code_and_links_are_not() -> None:
    text = "Look at https://example.org/parser/parser and `parser parser` #Harbour #fair2026"
    assert compose(material(text)).tags == ("harbour", "fair2026")


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, works now!",
        "Danke, das funktioniert jetzt wirklich, wirklich gut. Danke!",
        "Merci beaucoup, vraiment, merci beaucoup à tous et à toutes.",
        "Muchas gracias por todo, muchas gracias.",
        prose("zh"),
    ],
)
def test_no_tags_rather_than_nonsense(text: str) -> None:
    tags = compose(material(text)).tags
    assert set(tags) <= {"funktioniert"}


def test_never_more_than_five_tags() -> None:
    assert len(compose(material(prose("en") * 2)).tags) == 5


@pytest.mark.parametrize(
    ("text", "category"),
    [
        (REPORT, "problem"),
        ("Version 3 is available. We are releasing it today.", "announcement"),
        ("When does the fair open? I could not find it.", "question"),
        ("Bitte um Erstattung der Rechnung.", "request"),
        ("The harbour lies in the west.", "other"),
        ("A note; with semicolons; only; here.", "other"),
    ],
)
def test_the_category_needs_evidence(text: str, category: str) -> None:
    assert compose(material(text)).category == category
