"""Mail bodies saved without headers are read as mails, and posts stay posts."""

from __future__ import annotations

import pytest

from copydesk.core.submission import Source
from copydesk.intake.parsing import parse

OWN = "Thanks, that worked.\nSee you on Friday."
ATTRIBUTION = "On Mon, Jan 5, 2026 at 10:15 AM Jane Doe <jane@mail.example> wrote:"
HEADER = "From: Jane\nSent: Monday, January 5, 2026 10:15 AM\nTo: Ann\nSubject: order"


@pytest.mark.parametrize(
    "below",
    [
        f"{ATTRIBUTION}\n> We sent it.\n",
        f"{HEADER}\n\nWe sent it.\n",
        "-----Original Message-----\nFrom: Jane\nTo: Ann\n\nWe sent it.\n",
        "-- \nAnn Lee\n",
        "--\nAnn Lee\n+1 555 123 4567\n",
        "Sent from my iPhone\n",
        "_______________________________________________\npumps mailing list\nhttps://x.example\n",
        "Ann Lee\nann@mail.example\n(555) 346-9947\nwww.mail.example\n",
        "##- Please type your reply above this line -##\n\nYour ticket was updated.\n",
        "-----------\n\nACME_LOGO\n\nMe Ann Lee\n\nt. 555-931-0702\n\nhttps://mail.example/\n",
    ],
    ids=[
        "attribution", "header", "marker", "delimiter", "loose-delimiter", "device", "list",
        "contact", "help-desk", "card",
    ],
)  # fmt: skip
@pytest.mark.parametrize("filename", ["body.txt", "body", ""])
def test_a_text_with_the_marks_of_a_mail_gives_the_reply(below: str, filename: str) -> None:
    message = parse(f"{OWN}\n\n{below}".encode(), filename=filename)
    message.check_tiling()
    assert (message.source, message.reply.strip()) == (Source.EMAIL, OWN)


def test_a_letter_with_quoted_lines_below_its_name_gives_the_reply() -> None:
    letter = f"Hi Jane,\n\n{OWN}\n\nCheers\nAnn"
    message = parse(f"{letter}\n\n> We sent it.\n> Jane\n".encode(), filename="body.txt")
    message.check_tiling()
    assert (message.source, message.reply.strip()) == (Source.EMAIL, letter)


@pytest.mark.parametrize(
    "html",
    [
        f'<div class="gmail_quote"><div class="gmail_attr">{ATTRIBUTION}</div>'
        "<blockquote>We sent it.</blockquote></div>",
        '<hr><div id="divRplyFwdMsg"><b>From:</b> Jane &lt;jane@mail.example&gt;<br>'
        "<b>Sent:</b> Monday, January 5, 2026 10:15 AM<br><b>To:</b> Ann<br><b>Subject:</b> order"
        "</div><p>We sent it.</p>",
        '<div class="moz-cite-prefix">On 05.01.2026 10:15, Jane Doe wrote:</div>'
        '<blockquote type="cite">We sent it.</blockquote>',
        '<div class="yahoo_quoted"><div>On Monday, January 5, 2026 at 10:15:00 AM EST, Jane Doe '
        "&lt;jane@mail.example&gt; wrote:</div><div>We sent it.</div></div>",
        '<div class="protonmail_quote">On Monday, January 5th, 2026 at 10:15 AM, Jane '
        "&lt;jane@mail.example&gt; wrote:<blockquote>We sent it.</blockquote></div>",
    ],
    ids=["gmail", "outlook", "thunderbird", "yahoo", "proton"],
)
def test_a_page_with_the_marks_of_a_mail_program_gives_the_reply(html: str) -> None:
    page = f"<html><body><div>Thanks, that worked.<br>See you on Friday.</div>{html}</body></html>"
    message = parse(page.encode(), filename="body.html")
    message.check_tiling()
    assert (message.source, message.reply.strip()) == (Source.EMAIL, OWN)


@pytest.mark.parametrize(
    "post",
    [
        "# Pumps\n\n> Who wrote that?\n\nI did.\n\n---\n\nMore below.\n",
        "I agree with this:\n\n> pumps are good\n\nand with nothing else.\n",
        "All I know stands here.\n\n> and this quote ends it\n",
        "Ask my colleague:\n\nJane Doe\njane@mail.example\n+1 555 123 4567\n",
        "Use `--force`\n--\nand see what happens to the pump when you do that for a while.\n",
        "The pumps.\n\n---------\n\nLinks\n\nhttps://a.example/\n\nhttps://b.example/\n",
        "Dear all,\n\nthe pump is here.\n\nBest\nAnn\n",
        "> Is it here?\n\nDear all,\n\nthe pump is here.\n\nBest\nAnn\n",
        "Dear all,\n\nthe pump is here:\n\n> hooray\n> indeed\n",
        "The pump is here.\n\nBest\nAnn\n\n> hooray\n> indeed\n",
    ],
    ids=[
        "markdown",
        "quote",
        "last-quote",
        "colleague",
        "dashes",
        "links",
        "greeting",
        "answer",
        "greeted-quote",
        "signed-quote",
    ],
)
def test_a_post_loses_nothing(post: str) -> None:
    message = parse(post.encode(), filename="post.txt")
    assert message.reply.strip() == post.strip()


def test_a_forum_page_stays_a_post() -> None:
    page = "<html><body><h1>Pumps</h1><p>All good.</p><blockquote>Yes</blockquote></body></html>"
    message = parse(page.encode(), filename="post.html")
    assert message.source is Source.COMMUNITY
    assert "Yes" in message.reply


def test_a_markdown_file_is_a_post_whatever_it_quotes() -> None:
    message = parse(f"{OWN}\n\n{ATTRIBUTION}\n> We sent it.\n".encode(), filename="post.md")
    assert message.source is Source.COMMUNITY
    assert "We sent it." in message.reply
