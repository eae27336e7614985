"""Bodies of mails that were saved without their headers: how they are told from posts.

A bare text is a mail when the rules for mails find an earlier message, a signature or a footer in
it, or when it is a letter, from greeting to name, with quoted lines below. A bare page is one when
a mail program left its marks in the markup, or when its text is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from copydesk.core.submission import Segment, SegmentKind
from copydesk.intake.html import html_to_text
from copydesk.intake.segmentation import segment_mail

#: Names that mail programs give to quotes, signatures and the block above an earlier message
#: (looked up in mails of 2014 to 2026). A post in a forum has none of them.
_PROGRAM = re.compile(
    r"gmail_(?:quote|extra|attr|signature)|divRplyFwdMsg|OLK_SRC_BODY|OutlookMessageHeader|"
    r"appendonsend|moz-(?:cite-prefix|forward-container|signature)|yahoo_quoted|yahoo-quoted|"
    r"(?:proton|tutanota_|proton-?mail_)quote|protonmail_(?:quote|signature)|zmail_extra|"
    r"<blockquote[^>]{0,200}\btype=[\"']?cite|AppleMailSignature|AppleOriginalContents|"
    r"WordSection1|\bMsoNormal\b|(?:ecx)?hmmessage|stopSpelling|aolmail_|ms-outlook-mobile|"
    r"mail_android_quote|x_gmail|x_MsoNormal|qmbox|foxmail_|mailcontainer|_htmlarea_default_style_",
    re.IGNORECASE,
)
#: In lower case: without one of these none of those names is there.
_PARTS_OF_NAMES: Final = (
    "gmail", "divrply", "olk_src", "outlook", "appendonsend", "moz-", "yahoo", "proton",
    "tutanota", "zmail", "cite", "apple", "wordsection", "msonormal", "hmmessage",
    "stopspelling", "aolmail", "mail_android", "qmbox", "foxmail", "mailcontainer", "htmlarea",
)  # fmt: skip
#: Rules that only find what stands in a mail. A quote alone stands in posts too.
_INTRODUCES: Final = frozenset(
    {"attribution", "header-block", "original-marker", "separator", "below-attribution"}
)


def is_mail_text(text: str) -> bool:
    """Whether `text` reads as the body of a mail."""
    segments = segment_mail(text).segments
    return _is_letter(segments) or any(
        segment.rule in _INTRODUCES or (not segment.kept and segment.kind is not SegmentKind.QUOTE)
        for segment in segments
    )


def _is_letter(segments: Sequence[Segment]) -> bool:
    """Whether the author greets, signs off and leaves quoted lines below that."""
    signed = next((at for at, segment in enumerate(segments) if segment.rule == "sign-off"), -1)
    return (
        signed > 0
        and any(segment.kind is SegmentKind.GREETING for segment in segments[:signed])
        and not any(segment.kind is SegmentKind.QUOTE for segment in segments[:signed])
        and len(segments) > signed + 1
        and all(segment.kind is SegmentKind.QUOTE for segment in segments[signed + 1 :])
    )


def is_mail_page(html: str) -> bool:
    """Whether `html` is the body of a mail."""
    folded = html.casefold()
    named = any(part in folded for part in _PARTS_OF_NAMES) and _PROGRAM.search(html) is not None
    return named or is_mail_text(html_to_text(html).text)
