"""A title made by rules says what a message is about, and a tag is no everyday word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.generation.material import AuthoredSegment, Material
from copydesk.generation.rules import compose, derive_title
from copydesk.generation.telling import from_what_is_said


def said(text: str, subject: str = "") -> Material:
    return Material(segments=(AuthoredSegment(index=0, text=text),), subject=subject)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Thanks, Alex\n\nThe pump leaks again.", "The pump leaks again"),
        ("Thanks for the quick answer! The parcel is lost.", "The parcel is lost"),
        ("Hi Sam, iPhone sync stopped.", "iPhone sync stopped"),
        ("Hello team! Quick question: how do I export a report?", "How do I export a report?"),
        ("Danke für die schnelle Antwort! Der Akku ist leer.", "Der Akku ist leer"),
        ("Guten Tag Frau Meier, ich hoffe, es geht Ihnen gut. Der Akku ist tot.",
         "Der Akku ist tot"),
        ("Bonjour Madame Petit, merci pour votre réponse. Le colis est vide.", "Le colis est vide"),
        ("Hola Ana, muchas gracias por la respuesta. La lámpara llegó rota.",
         "La lámpara llegó rota"),
        ("Ciao Marco, grazie mille! Il pacco è arrivato vuoto.", "Il pacco è arrivato vuoto"),
        ("Olá Ana, obrigado pela resposta rápida. A fatura está errada.", "A fatura está errada"),
        ("Beste Jan, bedankt voor de snelle reactie. De lamp is kapot.", "De lamp is kapot"),
        ("Dzień dobry, dziękuję za szybką odpowiedź. Paczka nie dotarła.", "Paczka nie dotarła"),
        ("Hej Anna, tack för snabbt svar! Paketet har inte kommit.", "Paketet har inte kommit"),
        ("Merhaba Ayşe Hanım, cevabınız için teşekkürler. Lamba kırık geldi.", "Lamba kırık geldi"),
        ("Здравствуйте, Анна! Спасибо за ответ. Посылка так и не пришла.",
         "Посылка так и не пришла"),
        ("Добрий день, дякую за відповідь. Посилка не прийшла.", "Посилка не прийшла"),
        ("مرحبا أحمد، شكرا جزيلا على ردكم. لم تصل الشحنة بعد.", "لم تصل الشحنة بعد"),
        ("您好，谢谢您的回复。机器坏了，无法开机。", "机器坏了，无法开机"),
        ("お世話になっております。株式会社山田の佐藤です。机の脚が一本足りません。",
         "机の脚が一本足りません"),
        ("안녕하세요. 빠른 답변 감사합니다. 택배가 도착하지 않았어요.", "택배가 도착하지 않았어요"),
        ("สวัสดีครับ ขอบคุณครับ\n\nสินค้ายังไม่มาถึงเลย", "สินค้ายังไม่มาถึงเลย"),
    ],
)  # fmt: skip
def test_a_title_is_the_first_sentence_that_tells_something(text: str, title: str) -> None:
    rewrite = compose(said(text))
    assert (rewrite.title, rewrite.body) == (title, text)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Thanks, Alex", "Thanks, Alex"),
        ("Ok.", "Ok"),
        ("您好！", "您好！"),
        ("Thank you for the museum evening. Great fun.", "Thank you for the museum evening"),
        ("It broke. Thanks, Alex", "It broke"),
        ("Thanks, Alex. It broke.", "It broke"),
        ("Good morning Vietnam is on TV", "Good morning Vietnam is on TV"),
        ("All pumps leak, and nobody comes.", "All pumps leak, and nobody comes"),
        ("Please check the bill, it is wrong.", "Please check the bill, it is wrong"),
        ("昨天，机器坏了。", "昨天，机器坏了"),
    ],
)  # fmt: skip
def test_nothing_but_a_courtesy_is_passed_over(text: str, title: str) -> None:
    assert derive_title(said(text)) == title


@pytest.mark.parametrize(
    "subject",
    ["(no subject)", "Re: (kein Betreff)", "Hello", "Quick question", "Re: Hi", "无主题",
     "件名なし", "Konu yok", "Thank you!", "❤️"],
)  # fmt: skip
def test_a_subject_that_says_nothing_is_no_title(subject: str) -> None:
    assert derive_title(said("The pump broke again.", subject)) == "The pump broke again"


@pytest.mark.parametrize(
    "subject", ["Invoice", "LS-18802", "Q3", "发票", "Dringende Frage", "Новости"]
)
def test_a_short_subject_that_says_something_stays(subject: str) -> None:
    assert derive_title(said("The pump broke again.", subject)) == subject


def test_a_subject_is_better_than_nothing() -> None:
    assert derive_title(said("…", "Hello")) == "Hello"


def test_nobody_ends_the_sentence_of_another() -> None:
    chat = Material(
        segments=(
            AuthoredSegment(index=0, text="i want to send back the lamp\n", speaker="Ann"),
            AuthoredSegment(index=1, text="Hi!\n", speaker="Sam"),
        )
    )
    assert derive_title(chat) == "i want to send back the lamp"


def test_a_summary_goes_on_behind_the_title() -> None:
    rewrite = compose(said("Hi Sam, thanks! The pump leaks again. It stands in the cellar."))
    assert (rewrite.title, rewrite.summary) == ("The pump leaks again", "It stands in the cellar.")


@given(st.lists(st.text(max_size=30), max_size=20))
def test_what_follows_the_first_that_tells_is_never_left_out(sentences: list[str]) -> None:
    found = list(from_what_is_said(sentences))
    assert bool(found) is bool(sentences)
    assert found[1:] == sentences[len(sentences) - len(found) + 1 :]


def test_two_words_that_stand_together_are_one_tag() -> None:
    text = "The desk lamp is dark. A desk lamp needs power, and this desk lamp has none."
    assert compose(said(text)).tags == ("desk lamp",)
    apart = "The desk lamp is dark. The lamp needs power. My desk is fine."
    assert compose(said(apart)).tags == ("desk", "lamp")


@pytest.mark.parametrize(
    "text",
    [
        "I waited days and days. Three days in October, then more in October.",
        "Der Brief kam Montag. Am Montag war niemand da, die Nummer ist die alte Nummer.",
    ],
)
def test_times_and_everyday_words_are_no_tags(text: str) -> None:
    assert compose(said(text)).tags == ()
