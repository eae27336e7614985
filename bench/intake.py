"""Messages a second through intake, clean-up by rules and the gate, without a model.

Pure: one message after the other through the functions alone, on one core, stage by stage; once
with every memory emptied before each message, since the corpus repeats itself, once as it runs.
Embedded: the same messages through SQLite, taken in, composed by a worker and stored as posts.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import structlog

from bench._corpus import Message, messages
from bench._report import Report, date_of, parser
from copydesk.config import load_settings
from copydesk.core.errors import InputRefused
from copydesk.core.memory import Memory
from copydesk.core.submission import ParsedMessage
from copydesk.generation.rewrite_and_polish import rewrite_and_polish
from copydesk.intake.parsing import parse
from copydesk.intake.typos import Typo
from copydesk.intake.vocabulary import Vocabulary
from copydesk.work.desk import Desk, open_desk
from copydesk.work.following import progress
from copydesk.work.incoming.submitting import submit
from copydesk.work.memory import keep_what_is_loaded
from copydesk.work.worker import working
from copydesk.work.writing.cleaning import clean_message
from copydesk.work.writing.spelling import TOGETHER, Speller
from copydesk.work.writing.writing_up import ask_gate, material_of

#: Stages of the pure path in the order they happen. Spelling is a program of its own; texts share
#: a call, and its CPU is counted with ours.
STAGES = ("parse", "spelling", "clean-up", "write-up", "gate")


async def pure(corpus: Sequence[Message], *, remembers: bool) -> dict[str, float]:
    """Return the seconds of CPU that each stage took for all messages.

    `remembers` says whether what was found in earlier messages may help with later ones; what a
    stage finds may help the next stage of the same message either way.
    """
    spent: dict[str, float] = defaultdict(float)
    parsed: list[ParsedMessage] = []
    _forget()
    for message in corpus:
        if not remembers:
            _forget()
        began = time.process_time()
        try:
            parsed.append(parse(message.raw, filename=message.filename))
        except InputRefused:
            continue
        finally:
            spent["parse"] += time.process_time() - began
    typos = await _spelling(parsed, spent, remembers=remembers)
    for one, found in zip(parsed, typos, strict=True):
        if not remembers:
            _forget()
        kept = [segment for segment in one.segments if segment.kept]
        source = "".join(one.text[s.start : s.end] for s in kept)
        began = time.process_time()
        cleaned = clean_message(one, kept, found)
        cleaned_at = time.process_time()
        material = material_of(one, cleaned)
        rewrite = await rewrite_and_polish(material, model=None, delimiter="benchmark")
        written_at = time.process_time()
        ask_gate(one, material, rewrite, source=source, monotonic=time.monotonic)
        spent["clean-up"] += cleaned_at - began
        spent["write-up"] += written_at - cleaned_at
        spent["gate"] += time.process_time() - written_at
    return spent


def _forget() -> None:
    """Empty every bounded memory of copydesk; unbounded ones hold compiled word lists."""
    for name, module in list(sys.modules.items()):
        if name.startswith("copydesk."):
            for value in vars(module).values():
                told = getattr(value, "cache_parameters", None)
                if isinstance(value, Memory):
                    value.forget()
                elif told is not None and told()["maxsize"] is not None:
                    value.cache_clear()


async def _spelling(
    parsed: Sequence[ParsedMessage], spent: dict[str, float], *, remembers: bool
) -> list[tuple[Typo, ...]]:
    english = [m.reply for m in parsed if m.language.startswith("en")]
    found: list[tuple[Typo, ...]] = []
    speller = Speller(Vocabulary())
    began = time.process_time() + _children()
    for start in range(0, len(english), TOGETHER):
        if not remembers:
            speller = Speller(Vocabulary())
        texts = english[start : start + TOGETHER]
        found += await asyncio.gather(*map(speller.find, texts))
    spent["spelling"] = time.process_time() + _children() - began
    answers = iter(found)
    return [next(answers) if m.language.startswith("en") else () for m in parsed]


async def embedded(corpus: Sequence[Message], home: Path) -> dict[str, float]:
    """Return wall and CPU seconds of taking all messages in and of composing them."""
    home.mkdir()
    async with open_desk(load_settings(home), approve="person") as desk:
        wall, cpu = time.perf_counter(), time.process_time()
        for message in corpus:
            await submit(desk, message.raw, filename=message.filename, actor="bench")
        took = {
            "submit wall": time.perf_counter() - wall,
            "submit CPU": time.process_time() - cpu,
        }
        wall, cpu = time.perf_counter(), time.process_time() + _children()
        async with working(desk, "worker"):
            await _rest(desk)
            took["compose wall"] = time.perf_counter() - wall
        took["compose CPU"] = time.process_time() + _children() - cpu
    return took


async def _rest(desk: Desk) -> None:
    while (await progress(desk)).moving:  # noqa: ASYNC110  # the rows are what says it
        await asyncio.sleep(0.2)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def main(arguments: argparse.Namespace) -> None:
    keep_what_is_loaded()  # as a worker does
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    corpus = messages(arguments.count, arguments.seed)
    count = len(corpus)
    pures, fresh, embeddeds = [], [], []
    with tempfile.TemporaryDirectory(prefix="copydesk-bench-") as folder:
        await pure(
            corpus[:20], remembers=True
        )  # imports and compiled patterns are not what is measured
        for turn in range(arguments.repeat):
            fresh.append(await pure(corpus, remembers=False))
            pures.append(await pure(corpus, remembers=True))
            if not arguments.pure:
                embeddeds.append(await embedded(corpus, Path(folder) / str(turn)))
    size = sum(len(message.raw) for message in corpus) / count
    settings = {
        "messages": count,
        "mean bytes": round(size),
        "seed": arguments.seed,
        "repeat": arguments.repeat,
    }
    report = Report("intake", date_of(arguments), settings)
    for named, runs in (("nothing remembered", fresh), ("as it runs", pures)):
        rates = [count / sum(run.values()) for run in runs]
        report.add(f"pure, {named}: messages/s per core", rates, "goal 300")
        for stage in STAGES:
            spent = [run[stage] * 1000 / count for run in runs]
            report.add(f"  {stage}", spent, "ms CPU a message")
    if embeddeds:
        walls = [run["submit wall"] + run["compose wall"] for run in embeddeds]
        cpus = [run["submit CPU"] + run["compose CPU"] for run in embeddeds]
        report.add("embedded: messages/s", [count / wall for wall in walls], "one process")
        report.add("embedded: messages/s per core", [count / cpu for cpu in cpus])
        for name in embeddeds[0]:
            if name.endswith("CPU"):
                spent = [run[name] * 1000 / count for run in embeddeds]
                report.add(f"  {name}", spent, "ms a message")
        ratios = [sum(alone.values()) / cpu for alone, cpu in zip(pures, cpus, strict=True)]
        report.add("embedded: pure work's share of CPU", ratios)
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    flags = parser(__doc__, repeat=3)
    flags.add_argument("--count", type=int, default=200, help="messages")
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--pure", action="store_true", help="leave out the embedded path")
    asyncio.run(main(flags.parse_args()))
