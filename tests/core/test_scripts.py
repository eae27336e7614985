"""Scripts that write no spaces, or close sentences with marks of their own."""

from __future__ import annotations

import pytest

from copydesk.core.ledger import TokenClass, extract, missing
from copydesk.core.sentences import sentences


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("港口重新开放，117名志愿者修好了屋顶。", "117"),
        ("今日は30人が来た。", "30"),
        ("ราคา 25บาท", "25"),
        ("입장료는 5000원입니다.", "5000"),
    ],
)
def test_a_number_glued_to_letters_of_an_unspaced_script_is_protected(
    text: str, value: str
) -> None:
    assert [t.norm for t in extract(text).of(TokenClass.NUMBER)] == [value]
    assert missing(extract(text), extract(text.replace(value, "999")))


def test_a_number_inside_a_latin_word_stays_part_of_it() -> None:
    assert not extract("x117y").of(TokenClass.NUMBER)


@pytest.mark.parametrize("text", ["एक घर। दो घर।", "ایک گھر۔ دو گھر۔", "هل وصل؟ نعم وصل؟"])
def test_sentences_end_at_the_marks_of_their_script(text: str) -> None:
    assert len(sentences(text)) == 2
