"""`copydesk parse`: show how a message is read. Needs no project and keeps nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson
from copydesk.cli.output import emit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from copydesk.core.submission import ParsedMessage, Source


def parse(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files, folders, or - for standard input.")
    ],
    source: Annotated[
        str, typer.Option(help="Where it comes from: auto, email, form, chat or community.")
    ] = "auto",
    as_json: AsJson = False,
) -> None:
    """Show what is the author's own text in a message, and what the rest is.

    Every character belongs to one segment. With --json one document, or one line for each file
    where there are several. What cannot be read is reported with its problem and stops no other;
    then the exit code is 4.
    """
    from copydesk.core.errors import InputRefused
    from copydesk.core.submission import Source
    from copydesk.work.folder import files_in

    if source != "auto" and source not in set(Source):
        raise typer.BadParameter(f"one of: auto, {', '.join(Source)}", param_hint="--source")
    files = files_in(paths)
    alone = len(files) == 1 and not paths[0].is_dir()
    refused = False
    for path in files:
        document = _read(path, None if source == "auto" else Source(source))
        if problem := document.get("problem"):
            refused = True
            typer.echo(f"error: {path}: {document['message']} [{problem}]", err=True)
        if as_json and alone:
            emit(document)
        elif as_json:
            typer.echo(json.dumps(document, ensure_ascii=False))
        elif not document.get("problem"):
            for line in _words(document, with_name=not alone):
                typer.echo(line)
    if refused:
        raise typer.Exit(InputRefused.exit_code)


def _read(path: Path, source: Source | None) -> dict[str, Any]:
    from copydesk.cli.ingest import read_input
    from copydesk.core.errors import InputRefused
    from copydesk.intake.parsing import parse as parse_message

    try:
        message = parse_message(read_input(path), filename=path.name, source=source)
    except InputRefused as error:
        problem, reason, remedy = error.problem, error.message, error.remedy
    except OSError as error:
        problem, reason, remedy = "unreadable", f"it cannot be read: {error.strerror}", ""
    else:
        return _document(path, message)
    return {"file": str(path), "problem": problem, "message": reason, "remedy": remedy}


def _document(path: Path, message: ParsedMessage) -> dict[str, Any]:
    return {
        "file": str(path),
        "source": message.source.value,
        "language": message.language,
        "subject": message.subject,
        "author": message.author,
        "author_address": message.author_address,
        "sent_at": message.sent_at.isoformat() if message.sent_at else None,
        "reply": message.reply,
        "text": message.text,
        "segments": [
            {
                "kind": segment.kind.value,
                "start": segment.start,
                "end": segment.end,
                "rule": segment.rule,
                "confidence": segment.confidence,
                **({"speaker": segment.speaker} if segment.speaker else {}),
                **({"dropped_because": segment.dropped_because} if not segment.kept else {}),
            }
            for segment in message.segments
        ],
        "thread": {
            "root": message.thread.root,
            "message_id": message.thread.message_id,
            "references": list(message.thread.references),
            "participants": list(message.thread.participants),
        },
        "attachments": [
            {"filename": a.filename, "content_type": a.content_type, "size": len(a.data)}
            for a in message.attachments
        ],
        "meta": dict(message.meta),
        "notes": [str(note) for note in message.notes],
    }


def _words(document: dict[str, Any], *, with_name: bool) -> Iterator[str]:
    if with_name:
        yield f"── {document['file']}"
    who = " ".join(part for part in (document["author"], document["author_address"]) if part)
    about = [document["source"], document["language"], who, document["subject"]]
    yield " · ".join(part for part in about if part)
    yield ""
    yield document["reply"]
    dropped = [s for s in document["segments"] if "dropped_because" in s]
    if dropped:
        yield ""
    for segment in dropped:
        size = segment["end"] - segment["start"]
        yield f"  left out: {segment['kind']}, {size} characters: {segment['dropped_because']}"
    for note in document["notes"]:
        yield f"  note: {note}"
    if with_name:
        yield ""
