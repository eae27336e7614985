"""What is the author's own text in a mail body, and what is history, signature, footer."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.submission import SegmentKind
from copydesk.intake.segmentation import segment_mail, segment_post

KIND = SegmentKind


def reply(text: str, **known: Any) -> str:
    found = segment_mail(text, **known)
    return "".join(text[s.start : s.end] for s in found.segments if s.kept).strip("\n")


def kinds(text: str, **known: Any) -> dict[str, SegmentKind]:
    found = segment_mail(text, **known)
    return {text[s.start : s.end].strip(): s.kind for s in found.segments}


ATTRIBUTIONS = [
    "On Mon, Apr 2, 2012 at 6:26 PM, Megan One <megan@mail.example> wrote:",
    "Am 28.10.2026 um 16:40 schrieb Anna <anna@mail.example>:",
    "Le lun. 2 avr. 2012 à 18:26, Zoé <zoe@mail.example> a écrit :",
    "El lun, 2 abr 2012 a las 18:26, Ana (<ana@mail.example>) escribió:",
    "Il giorno lun 2 apr 2012 alle ore 18:26 Ada <ada@mail.example> ha scritto:",
    "Op ma 2 apr. 2012 om 18:26 schreef Jan <jan@mail.example>:",
    "Em seg., 2 de abr. de 2012 às 18:26, Rui <rui@mail.example> escreveu:",
    "W dniu 2.04.2012 o 18:26, Ewa <ewa@mail.example> pisze:",
    "pon., 2 kwi 2012 o 18:26 Ewa <ewa@mail.example> napisał(a):",
    "Den mån 2 apr. 2012 kl 18:26 skrev Ulf <ulf@mail.example>:",
    "Den man. 2. apr. 2012 kl. 18.26 skrev Bo <bo@mail.example>:",
    "ma 2. huhtik. 2012 klo 18.26 Aino (aino@mail.example) kirjoitti:",
    "po 2. 4. 2012 v 18:26 odesílatel Jan <jan@mail.example> napsal:",
    "пн, 2 апр. 2012 г. в 18:26, Олег <oleg@mail.example>:",
    "02.04.2012 14:20 пользователь Олег <oleg@mail.example> написал:",
    "2012年4月2日 18:26 佐藤 <sato@mail.example>:",
]


@pytest.mark.parametrize("line", ATTRIBUTIONS)
def test_history_below_an_attribution_is_dropped_with_or_without_quote_marks(line: str) -> None:
    assert reply(f"Works for me.\n\n{line}\n\n> the old text\n> more\n") == "Works for me."
    assert reply(f"Works for me.\n\n{line}\n\nthe old text\nmore\n") == "Works for me."


def test_an_attribution_may_be_wrapped() -> None:
    text = (
        "Yes.\n\nOn Dec 16, 2011, at 12:47 PM, Corey\n<reply@mail.example>\nwrote:\n\n> Was it?\n"
    )
    assert reply(text) == "Yes."


HEADER_BLOCKS = [
    "From: Anna <anna@mail.example>\nSent: Monday, 2 April 2012 18:26\nTo: Bob\nSubject: Test",
    "Von: Anna <anna@mail.example>\nGesendet: Montag, 2. April 2012 18:26\nAn: Bob\nBetreff: Test",
    "De : Zoé <zoe@mail.example>\nEnvoyé : lundi 2 avril 2012 18:26\nÀ : Bob\nObjet : Test",
    "De: Ana <ana@mail.example>\nEnviado el: lunes, 2 de abril\nPara: Bob\nAsunto: Test",
    "Da: Ada <ada@mail.example>\nInviato: lunedì 2 aprile\nA: Bob\nOggetto: Test",
    "Van: Jan <jan@mail.example>\nVerzonden: maandag 2 april\nAan: Bob\nOnderwerp: Test",
    "Od: Ewa <ewa@mail.example>\nWysłano: 2 kwietnia\nDo: Bob\nTemat: Test",
    "Från: Ulf <ulf@mail.example>\nSkickat: den 2 april\nTill: Bob\nÄmne: Test",
    "Lähettäjä: Aino <aino@mail.example>\nLähetetty: 2. huhtikuuta\nVastaanottaja: B\nAihe: T",
    "От: Олег <oleg@mail.example>\nОтправлено: 2 апреля\nКому: Bob\nТема: Test",
    "**From:** Anna [mailto:anna@mail.example]\n**Sent:** Monday\n**To:** Bob\n**Subject:** Test",
]


@pytest.mark.parametrize("block", HEADER_BLOCKS)
def test_history_below_an_outlook_header_is_dropped(block: str) -> None:
    assert reply(f"Fine by me\n\n{block}\n\nold text\n") == "Fine by me"
    assert reply(f"Fine by me\n________________\n{block}\n\nold text\n") == "Fine by me"


@pytest.mark.parametrize(
    "marker",
    ["-----Original Message-----", "-----Ursprüngliche Nachricht-----",
     "-----Message d'origine-----", "----- Mensaje original -----", "-----Původní zpráva-----"],
)  # fmt: skip
def test_history_below_a_marker_needs_a_header_as_second_witness(marker: str) -> None:
    header = "From: anna@mail.example\nSubject: Test"
    assert reply(f"Fine\n\n{marker}\n{header}\n\nold\n") == "Fine"
    assert "my own words" in reply(f"Fine\n\n{marker}\nmy own words\n")


@pytest.mark.parametrize(
    "text",
    [
        "# 3 broken, # 4 too",
        "On Monday Tom wrote:\nplease cancel it\nand I agree",
        "From: Berlin\nTo: Paris\nDate: 3 May\nthree tickets please",
        "On your host you can run:\n\n     telnet\n",
        "---\nthe rule above is mine\n---\nso is this",
        "== Unknown separator ==\nstill me",
        "--\nplease cancel order 5",
        "> 5 people came",
        ">50% of them fail",
        "To unsubscribe I clicked the link three times, it never works",
    ],
)
def test_what_only_looks_like_a_separator_is_kept(text: str) -> None:
    assert reply(text) == text.strip("\n")
    assert reply(f"Hello\n\n{text}") == f"Hello\n\n{text}".strip("\n")


def test_inline_replies_keep_the_quotes_they_answer_and_say_so() -> None:
    text = "Hi Sam\n\nOn 1 May 2026 10:00, Sam wrote:\n> one?\n\nyes\n\n> two?\n\nno\n\n> Sam\n"
    found = segment_mail(text)
    assert reply(text).endswith("> one?\n\nyes\n\n> two?\n\nno")
    assert any("between quoted lines" in note for note in found.notes)


def test_a_reply_below_the_quote_drops_the_quote() -> None:
    assert reply("On 1 May 2026 10:00, Sam wrote:\n> one?\n\nyes\n") == "yes"


def test_history_stays_when_the_author_points_to_it() -> None:
    header = "From: a@mail.example\nSent: 1 May\nTo: b@mail.example\nSubject: x"
    text = f"see my answers below in red\n\n{header}\n\none? YES\n"
    assert "one? YES" in reply(text)
    assert segment_mail(text).notes


def test_a_forward_without_new_text_is_kept_and_only_its_header_is_left_out() -> None:
    header = "From: Ann <ann@mail.example>\nDate: 1 May 2026\nSubject: x\nTo: b@mail.example"
    text = f"---------- Forwarded message ---------\n{header}\n\nDear all,\nthanks!\n"
    assert reply(text) == "Dear all,\nthanks!"
    with_text = f"please publish\n\n{text}"
    assert reply(with_text) == "please publish"
    assert kinds(with_text)[text.strip()] is KIND.FORWARDED


def test_quotes_alone_are_no_message() -> None:
    assert not segment_mail("On 1 May 2026, Sam <s@mail.example> wrote:\n> one?\n").own_text
    assert segment_mail("> one?\n", forwarded=True).own_text


@pytest.mark.parametrize(
    "line",
    ["Sent from my iPhone", "Get Outlook for iOS", "Von meinem iPhone gesendet",
     "Envoyé de mon iPhone", "Enviado desde mi Android", "Inviato da iPhone",
     "Verzonden vanaf mijn iPad", "Wysłane z iPhone'a", "Skickat från min iPhone",
     "Sendt fra min iPhone", "Lähetetty iPhonesta", "Odesláno z iPhonu", "Отправлено с iPhone",
     "iPhoneから送信", "Enviado do meu iPhone", "Sent from Yahoo Mail on Android"],
)  # fmt: skip
def test_device_lines_are_signatures(line: str) -> None:
    assert reply(f"Yes please\n\n{line}\n") == "Yes please"


def test_a_signature_ends_at_a_postscript() -> None:
    text = "Yes\n\n-- \nAnn\n+1 555 0100\n\nPS: cancel order 5 too\n"
    assert reply(text) == "Yes\n\nPS: cancel order 5 too"


def test_a_long_text_below_two_dashes_is_kept() -> None:
    long = "\n".join(f"line {n} of a text that goes on." for n in range(30))
    assert long in reply(f"Intro\n\n--\n{long}\n")


def test_contact_lines_are_a_signature_only_when_they_name_the_sender() -> None:
    block = "Gina Marsh\ngina@mail.example\n(555) 346-9947\nwww.mail.example"
    text = f"Please call.\n\n{block}\n"
    assert reply(text, sender=("Gina Marsh", "gina@mail.example")) == "Please call."
    assert reply(text, sender=("Tom", "tom@mail.example")) == text.strip()
    asked = f"here are the details you asked for:\n\n{block}\n"
    assert reply(asked, sender=("Gina Marsh",)) == asked.strip()


def test_a_sign_off_is_named_but_stays() -> None:
    found = kinds("It broke.\n\nThanks,\nAnn\n")
    assert found == {"It broke.": KIND.AUTHORED, "Thanks,\nAnn": KIND.SIGNATURE}
    assert reply("It broke.\n\nThanks,\nAnn\n") == "It broke.\n\nThanks,\nAnn"


def test_disclaimers_and_list_footers_are_dropped() -> None:
    legal = "This e-mail is confidential and intended solely for the addressee."
    listed = "_______________________________________________\nusers mailing list\nu@l.example"
    assert reply(f"It broke.\n\n{legal}\n") == "It broke."
    assert reply(f"It broke.\n\n{listed}\n") == "It broke."
    assert reply(f"{legal}\n") == legal


def test_shapes_are_named() -> None:
    text = (
        "Hi Sam,\n\ntry this\n\n```\n> not a quote\n-- \n```\n\n- one\n- two\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n[image: x.png]\n\n    make install\n\nok\n"
    )
    assert [s.kind for s in segment_mail(text).segments] == [
        KIND.GREETING, KIND.AUTHORED, KIND.CODE, KIND.LIST, KIND.TABLE, KIND.ATTACHMENT,
        KIND.AUTHORED,
    ]  # fmt: skip
    assert reply(text) == text.strip("\n")


def test_a_greeting_that_says_more_is_text() -> None:
    assert (
        kinds("Hey Sam, answers inline.\n\nok")["Hey Sam, answers inline.\n\nok"] is KIND.AUTHORED
    )


def test_posts_drop_nothing() -> None:
    text = "Hi\n\nOn 1 May 2026, Sam <s@mail.example> wrote:\n> one?\n\n-- \nAnn\n"
    assert all(segment.kept for segment in segment_post(text).segments)


LINES = st.sampled_from(
    ["", " ", "text", "> quote", ">> deep", "-- ", "--", "```", "    code()", "- item", "a | b | c",
     "On 1 May 2026 10:00, A <a@b.example> wrote:", "From: a@b.example", "Sent: 1 May", "To: b",
     "Subject: c", "-----Original Message-----", "Sent from my iPhone", "Thanks,", "Ann", "---",
     "This email is confidential and intended for you.", "____________", "\x0b", "\u2028", "Hi,"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES | st.text(max_size=30), max_size=25))
def test_segments_always_tile_the_text_and_each_cut_has_a_reason(lines: str) -> None:
    text = "\n".join(lines)
    for segment in (segment_mail, segment_post):
        found = segment(text).segments
        assert "".join(text[s.start : s.end] for s in found) == text
        assert all(s.end > s.start for s in found)
    cut = [s for s in segment_mail(text).segments if s.dropped_because]
    assert all(s.kind not in (KIND.AUTHORED, KIND.UNKNOWN, KIND.CODE) for s in cut)


@pytest.mark.parametrize(
    "unit",
    ["> q\n", "On 1 May 2026 a@b.example wrote:\n", "From: a@b.example\n", "-- \n", "\n> q\n\n",
     "Sent from my iPhone\n\n", "```\n", "x: ", "a|", "1. ", "wrote: ",
     "-----Original Message-----\n", "Thanks,\n", "This email is confidential. ", "    a=1\n",
     "<a@b.example> 10:00:\n"],
)  # fmt: skip
def test_time_grows_with_the_size_and_no_faster(unit: str) -> None:
    def cost(count: int) -> float:
        text = "Hello\n" + unit * count
        started = time.thread_time()
        segment_mail(text)
        return time.thread_time() - started

    # quadratic work would be sixteen times the small run, and minutes at this size; a collection
    # of everything the tests have left behind may fall into one run, not into each of three
    assert any(cost(20_000) < 16 * cost(5_000) + 1 for _ in range(3))
