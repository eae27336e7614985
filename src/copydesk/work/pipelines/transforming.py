"""Putting a text through a pipeline of capabilities, for the API and the command line alike.

What is asked for is refused before any call where a reply would be cut by the caller's own cap, or
where no model is there for what only a model can do. Nothing is kept.
"""

from __future__ import annotations

from copydesk.core.post import Tier
from copydesk.generation.capabilities import MAX_STAGES, NEEDS_MODEL, Capability, fuse
from copydesk.work.pipelines.bench import Bench
from copydesk.work.pipelines.steps import Run, invalid
from copydesk.work.pipelines.transformed import Ask, ModelNeeded, Transformed

_PARSE = (Capability.PARSE,)


async def transform(ask: Ask, bench: Bench) -> Transformed:
    """Put `ask.raw` through `ask.pipeline`.

    Raises `ContentInvalid` for a pipeline or text that is none, and with the numbers where
    `max_tokens` would cut a reply; `InputRefused` for a message that cannot be read; `ModelNeeded`;
    and where no rule can do what the model failed to do, `ModelUnavailable`, `ModelReplyInvalid` or
    `ReplyTruncated`.
    """
    _check(ask, bench)
    run = Run(ask, bench)
    record = run.passage.record
    stages = ask.pipeline
    if ask.source is not None and Capability.PARSE not in stages:
        stages = (*_PARSE, *stages)
        record.note("parsed_first", _PARSE, f"read as {ask.source}, since a source is named")
    steps = fuse(stages)
    await run.passage.start(parses=steps[0].stages == _PARSE)
    run.say_how(steps)
    has_planned = False
    for number, step in enumerate(steps):
        if step.stages == _PARSE:
            await run.passage.parse(is_first=number == 0)
            continue
        if not has_planned:
            run.plan(steps[number:])
            has_planned = True
        await run.take(step)
    return record.conclude(run.passage.text)


def _check(ask: Ask, bench: Bench) -> None:
    if not 0 < len(ask.pipeline) <= MAX_STAGES:
        raise invalid(
            "pipeline",
            f"a pipeline has 1 to {MAX_STAGES} stages, this one {len(ask.pipeline)}",
            f"Name some of: {', '.join(Capability)}.",
        )
    wanting = [stage for stage in dict.fromkeys(ask.pipeline) if stage in NEEDS_MODEL]
    if wanting and (bench.model is None or Tier.CAPABLE not in bench.model.tiers):
        raise ModelNeeded(
            f"{' and '.join(wanting)} can only be done by a capable model, and none is configured; "
            "nothing was done.",
            remedy="Name one in the setting `model` (copydesk.toml or COPYDESK_MODEL), or leave "
            "the stage out: parse, rewrite, polish, summarize and social work by rules.",
        )
