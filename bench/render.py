"""What rendering and validating one long post for every platform costs in CPU.

The post is the long article of the rendition snapshots (about 1,850 words with code, tables, images
and a footnote). Beside it stands the bare Markdown parser, which turns the same text into HTML once
for each platform and knows no limits, no losses and no findings.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict

from markdown_it import MarkdownIt

from bench._report import Report, date_of, parser
from copydesk.core.clock import SystemClock
from copydesk.core.ids import IdFactory
from copydesk.platforms.kit.registry import platform_modules
from copydesk.transformation.document import image_paths, parse_markdown
from copydesk.transformation.markdown_inline import _written
from copydesk.transformation.outline import _words, sentences_of
from copydesk.transformation.parsing import _stretch
from copydesk.transformation.text import to_text
from copydesk.work.deliveries.publishing import preview_plans, sample_account
from tests.renditions.manuscripts import PUBLISHED_AT, manuscript_of


def main(arguments: argparse.Namespace) -> None:
    manuscript = manuscript_of("long-article")
    ids = IdFactory(SystemClock())
    accounts = [sample_account(name) for name in platform_modules()]
    preview_plans(manuscript, accounts, PUBLISHED_AT, ids)  # modules are loaded before timing
    bare = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    runs: dict[str, list[float]] = defaultdict(list)
    for _ in range(arguments.repeat):
        began = time.process_time()
        for _ in accounts:
            bare.render(manuscript.content.body)
        runs["bare"].append((time.process_time() - began) * 1000)
        _forget()
        began = time.process_time()
        preview_plans(manuscript, accounts, PUBLISHED_AT, ids)
        runs["all"].append((time.process_time() - began) * 1000)
        for account in accounts:
            _forget()
            began = time.process_time()
            preview_plans(manuscript, [account], PUBLISHED_AT, ids)
            runs[account.name].append((time.process_time() - began) * 1000)
    report = Report("render", date_of(arguments), {"repeat": arguments.repeat})
    report.add(f"all {len(accounts)} platforms", runs["all"], "ms CPU, goal 50")
    report.add(f"bare parser, {len(accounts)} times", runs["bare"], "ms CPU")
    ratios = [ours / theirs for ours, theirs in zip(runs["all"], runs["bare"], strict=True)]
    report.add("ratio to the bare parser", ratios)
    for account in accounts:
        report.add(f"{account.name} alone", runs[account.name], "ms CPU, parsing included")
    report.show(as_json=arguments.json)


def _forget() -> None:
    """Let nothing be remembered of the run before: a post is rendered once."""
    for remembering in (
        parse_markdown,
        image_paths,
        to_text,
        sentences_of,
        _words,
        _written,
        _stretch,
    ):
        remembering.cache_clear()


if __name__ == "__main__":
    main(parser(__doc__, repeat=20).parse_args())
