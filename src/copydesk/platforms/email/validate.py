"""What is wrong with a letter before it is sent."""

from __future__ import annotations

from collections.abc import Mapping

from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding, Severity
from copydesk.platforms.email.addresses import parse_address
from copydesk.platforms.email.headers import check_line
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.kit.missing_files import missing_image


def validate(rendition: Rendition, limits: Mapping[str, Limit]) -> list[Finding]:
    """Return what a mail server would refuse and what readers would not see."""
    payload = rendition.payload
    findings = [
        *_check_addresses(payload["from"], rendition.recipient),
        *_check_subject(payload["subject"]),
    ]
    findings += [missing_image(name) for name in payload["missing_images"]]
    findings += [
        Finding(
            code="link_relative",
            field="body",
            message=f"the link to {url} leads nowhere from a letter",
            remedy="Set base_url on the account, or write the whole address.",
            severity=Severity.WARNING,
        )
        for url in payload["relative_links"]
    ]
    html = len(payload["html"].encode("utf-8", "replace"))
    if html > limits["html"].value:
        findings.append(
            Finding(
                code="html_clipped",
                field="body",
                message=f"{html:,} bytes of HTML: Gmail hides what comes after about 102 KB",
                remedy="Send a shorter text that links to the rest.",
                severity=Severity.WARNING,
            )
        )
    # base64 makes four bytes of three, plus line ends
    size = html * 2 + sum(media.size * 137 // 100 for media in rendition.media)
    if size > limits["message"].value:
        findings.append(
            Finding(
                code="message_too_large",
                field="media",
                message=f"the message would have about {size:,} bytes; many servers take "
                f"{limits['message'].value:,}",
                remedy="Link to large files instead of attaching them.",
            )
        )
    return findings


def _check_addresses(sender: str, recipient: str) -> list[Finding]:
    findings = []
    for field, address in (("from", sender), ("to", recipient)):
        try:
            parse_address(address)
        except ValueError as error:
            findings.append(
                Finding(
                    code="address_missing" if not address else "address_invalid",
                    field=field,
                    message=str(error) if address else "there is nobody to send this to",
                    remedy="Give an address such as name@example.org.",
                )
            )
    return findings


def _check_subject(subject: str) -> list[Finding]:
    if not subject:
        return [
            Finding(
                code="subject_missing",
                field="title",
                message="the message has no subject",
                remedy="Give the post a title.",
            )
        ]
    try:
        check_line(subject, "the subject")
    except ValueError as error:
        return [
            Finding(
                code="subject_invalid",
                field="title",
                message=str(error),
                remedy="Write the title on one line.",
            )
        ]
    return []
