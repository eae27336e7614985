"""From canonical content to a letter: text and HTML, images inline, other files attached."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urljoin

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Loss
from copydesk.core.post import Content, Media, ReplyTarget
from copydesk.platforms.email import PLATFORM
from copydesk.platforms.email.headers import is_message_id
from copydesk.platforms.email.links import absolute, relative_links, with_absolute_links
from copydesk.platforms.email.settings import list_id_value, unsubscribe_uris
from copydesk.platforms.email.summary import summarised
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.forms import form_of
from copydesk.transformation.document import (
    image_paths,
    is_remote,
    with_top_heading,
)
from copydesk.transformation.forms import Form
from copydesk.transformation.html import html_losses, to_html
from copydesk.transformation.nodes import Document, Image, Paragraph
from copydesk.transformation.text import to_text

#: Mail programs ignore style sheets, so looks are attributes. Only tags of the sanitiser's output.
_STYLES = {
    "a.cta": "display:inline-block;padding:10px 18px;background:#222;color:#fff",
    "figure.embed": "margin:0 0 1em;padding:12px;border:1px solid #ccc",
    "blockquote": "margin:0 0 1em;padding-left:1em;border-left:3px solid #ccc;color:#555",
    "code": "font-family:monospace",
    "img": "max-width:100%;height:auto",
    "pre": "padding:12px;background:#f5f5f5;white-space:pre-wrap",
    "table": "border-collapse:collapse",
    "td": "border:1px solid #ccc;padding:4px 8px",
    "th": "border:1px solid #ccc;padding:4px 8px",
}
_TAG = re.compile(r"<([a-z][a-z0-9]*)((?:\s+[\w-]+(?:=\"[^\"]*\")?)*)\s*(/?)>")
_CLASS = re.compile(r" class=\"([^\"]*)\"")
_REPLY_PREFIX = re.compile(r"(?:re|aw|sv|antw|odp|rif|vs)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)


def render(subject: Subject, account: Account, recipient: str) -> Rendition:
    """Return the letter for one `recipient`."""
    content = subject.content
    settings = account.settings
    mode = settings.get("mode") or "newsletter"
    base = settings.get("base_url", "")
    target = content.reply_to if mode == "reply" else None
    override = content.override_for(account)
    form = form_of(PLATFORM.manifest, account, override) if mode == "newsletter" else Form.ARTICLE
    document = subject.document
    short_losses: tuple[Loss, ...] = ()
    if form is Form.SUMMARY:
        content, document, short_losses = summarised(subject, override)
    if mode == "newsletter":
        document = _with_cover(content, document)
    inline, attached, missing = _place_media(content, document, base)
    unsubscribe = unsubscribe_uris(settings, recipient) if mode == "newsletter" else ()

    def image_url(path: str) -> str:
        return f"cid:{inline[_bare(path)]['cid']}" if _bare(path) in inline else urljoin(base, path)

    def link_url(url: str) -> str:
        return absolute(url, base)

    # the title is the page's first heading
    body = with_top_heading(document, 2) if mode == "newsletter" else document
    fragment = to_html(body, image_url=image_url, link_url=link_url)
    text, _ = to_text(with_absolute_links(document, base), links="footnotes")
    ids, references, losses = _thread(target)
    payload: dict[str, Any] = {
        "mode": mode,
        "form": str(override.get("form") or form),
        "from": settings.get("from", ""),
        "to": recipient,
        "reply_to": settings.get("reply_to", ""),
        "subject": _subject(content, target, mode),
        "text": _text(text, subject, mode, unsubscribe),
        "html": _page(fragment, subject, mode, unsubscribe),
        "language": content.language,
        "in_reply_to": list(ids),
        "references": list(references),
        "list_id": list_id_value(settings) if mode == "newsletter" else "",
        "unsubscribe": list(unsubscribe),
        "one_click": any(uri.startswith("https://") for uri in unsubscribe),
        "images": list(inline.values()),
        "attachments": attached,
        "missing_images": missing,
        "relative_links": [] if base else relative_links(document),
    }
    return Rendition(
        payload=payload,
        text=payload["text"],
        losses=losses + short_losses + html_losses(document),
        media=content.media,
        recipient=recipient,
    )


def _subject(content: Content, target: ReplyTarget | None, mode: str) -> str:
    title = content.title.replace("\t", " ").strip(" ")
    if mode != "reply":
        return title
    asked = (target.subject if target else "").replace("\t", " ").strip(" ") or title
    return asked if _REPLY_PREFIX.match(asked) or not asked else f"Re: {asked}"


def _thread(
    target: ReplyTarget | None,
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Loss, ...]]:
    """Return In-Reply-To, References (RFC 5322 §3.6.4) and what of them cannot be written."""
    if target is None:
        return (), (), ()
    chain = tuple(dict.fromkeys((*target.references, target.message_id)))
    usable = tuple(value for value in chain if is_message_id(value))
    losses = tuple(
        Loss(
            what=f"reference to message {value!r}",
            how="left out of the thread headers",
            why="it is not a message id that a mail header can carry",
        )
        for value in chain
        if value and value not in usable
    )
    parent = (target.message_id,) if target.message_id in usable else ()
    return parent, usable, losses


def _with_cover(content: Content, document: Document) -> Document:
    """Return `document` with the post's main image above it, unless the text shows it itself."""
    shown = {_bare(reference.path) for reference in image_paths(document)}
    if not content.cover or _bare(content.cover) in shown:
        return document
    alt = next((media.alt for media in content.media if media.name == content.cover), "")
    url = content.cover if is_remote(content.cover) else quote(content.cover)
    cover = Paragraph((Image(url, alt or content.title),))
    return replace(document, blocks=(cover, *document.blocks))


def _place_media(
    content: Content, document: Document, base: str
) -> tuple[dict[str, dict[str, str]], list[dict[str, str]], list[str]]:
    """Return images shown in the text, files to attach, and images that are shown but not there."""
    shown = {_bare(reference.path) for reference in image_paths(document)}
    inline: dict[str, dict[str, str]] = {}
    attached: list[dict[str, str]] = []
    for media in content.media:
        entry = {"name": media.name, "filename": _file_name(media)}
        if _bare(media.name) in shown and media.content_type.startswith("image/"):
            cid = f"{media.sha256[:24]}.{len(inline)}@copydesk"
            inline[_bare(media.name)] = {**entry, "cid": cid, "alt": media.alt}
        else:
            attached.append(entry)
    missing = [
        path
        for path in sorted(shown)
        if path not in inline and not is_remote(path) and not (base and path.startswith("/"))
    ]
    return inline, attached, missing


def _file_name(media: Media) -> str:
    name = PurePosixPath(media.name.replace("\\", "/")).name
    return "".join(c for c in name if c.isprintable() and c != '"') or "file"


def _text(text: str, subject: Subject, mode: str, unsubscribe: tuple[str, ...]) -> str:
    content = subject.content
    if mode == "reply":
        return f"{text.strip()}\n"
    parts = [f"{content.title}\n{'=' * min(len(content.title), 72)}" if content.title else "", text]
    footer = [f"Read it on the web: {subject.link}"] if subject.link else []
    footer += [f"Unsubscribe: {uri.removeprefix('mailto:')}" for uri in unsubscribe[:1]]
    # "-- " starts a signature, which mail programs set apart
    parts.append("-- \n" + "\n".join(footer) if footer else "")
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _page(fragment: str, subject: Subject, mode: str, unsubscribe: tuple[str, ...]) -> str:
    content = subject.content
    heading = f"<h1>{escape(content.title)}</h1>\n" if mode != "reply" and content.title else ""
    links = []
    if mode != "reply" and subject.link:
        links.append(f'<a href="{escape(subject.link)}">Read it on the web</a>')
    links += [f'<a href="{escape(uri)}">Unsubscribe</a>' for uri in unsubscribe[:1]]
    footer = f'<hr>\n<p style="color:#666">{" · ".join(links)}</p>\n' if links else ""
    language = f' lang="{escape(content.language)}"' if content.language else ""
    return (
        f"<!DOCTYPE html>\n<html{language}>\n<head>\n"
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(content.title)}</title>\n</head>\n"
        '<body style="max-width:640px;margin:0 auto;padding:16px;'
        'font-family:sans-serif;line-height:1.5">\n'
        f"{heading}{_styled(fragment)}{footer}</body>\n</html>\n"
    )


def _styled(fragment: str) -> str:
    """Add looks to the tags of sanitised HTML.

    Whole tags are matched, so that an attribute whose value looks like a tag stays a value.
    """

    def styled(found: re.Match[str]) -> str:
        kind = _CLASS.search(found[2])
        style = _STYLES.get(f"{found[1]}.{kind[1]}" if kind else "") or _STYLES.get(found[1])
        return f'<{found[1]} style="{style}"{found[2]}>' if style else found[0]

    return _TAG.sub(styled, fragment)


def _bare(name: str) -> str:
    return name.removeprefix("./")
