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
        str,
        typer.Option(
            metavar="KIND", help="Where it comes from: auto, email, form, chat, community or feed."
        ),
    ] = "auto",
    as_json: AsJson = False,
) -> None:
    """Show what is the author's own text in a message, and what the rest is.

    Every character belongs to one segment. With --json one document, or one line for each message
    where there are several: a CSV export, a feed, a mailbox and a zip hold one in every row,
    entry, mail and file. A chat stays whole and shows its conversations. What cannot be read is
    reported with its problem and stops no other; then the exit code is 4.
    """
    from copydesk.core.errors import InputRefused
    from copydesk.core.submission import Source
    from copydesk.work.incoming.folder import files_in

    if source != "auto" and source not in set(Source):
        raise typer.BadParameter(f"one of: auto, {', '.join(Source)}", param_hint="--source")
    files = files_in(paths)
    alone = len(files) == 1 and not paths[0].is_dir()
    refused = False
    for path in files:
        for document in _documents(path, None if source == "auto" else Source(source)):
            single = alone and "part" not in document
            if problem := document.get("problem"):
                refused = True
                typer.echo(f"error: {_name(document)}: {document['message']} [{problem}]", err=True)
            if as_json and single:
                emit(document)
            elif as_json:
                typer.echo(json.dumps(document, ensure_ascii=False))
            elif not document.get("problem"):
                for line in _lines(document, with_name=not single):
                    typer.echo(line)
    if refused:
        raise typer.Exit(InputRefused.exit_code)


def _documents(path: Path, source: Source | None) -> Iterator[dict[str, Any]]:
    from copydesk.work.incoming.folder import read_file

    about = {"file": str(path)}
    try:
        raw = read_file(path)
    except OSError as error:
        yield _problem(about, "unreadable", f"it cannot be read: {error.strerror}")
        return
    yield from _messages(raw, path.name, source, about)


def _messages(
    raw: bytes, filename: str, source: Source | None, about: dict[str, str]
) -> Iterator[dict[str, Any]]:
    from copydesk.core.errors import InputRefused
    from copydesk.intake.bundles import unpack
    from copydesk.intake.parsing import parse as parse_message

    try:
        bundle = unpack(raw, filename=filename, source=source)
        if bundle is None:
            yield _document(about, parse_message(raw, filename=filename, source=source))
            return
        for note in bundle.notes:
            typer.echo(f"note: {about['file']}: {note}", err=True)
        for piece in bundle.pieces:
            inside = "/".join(name for name in (about.get("part", ""), piece.filename) if name)
            part = {"file": about["file"], "part": inside}
            if piece.key:
                part["key"] = piece.key
            yield from _messages(piece.raw, piece.filename, piece.source or source, part)
    except InputRefused as error:
        yield _problem(about, error.problem, error.message, error.remedy)


def _problem(about: dict[str, str], problem: str, reason: str, remedy: str = "") -> dict[str, Any]:
    return {**about, "problem": problem, "message": reason, "remedy": remedy}


def _name(document: dict[str, Any]) -> str:
    return " · ".join(document[name] for name in ("file", "part") if name in document)


def _document(about: dict[str, str], message: ParsedMessage) -> dict[str, Any]:
    return {
        **about,
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
            **_turns(message),
        },
        "attachments": [
            {"filename": a.filename, "content_type": a.content_type, "size": len(a.data)}
            for a in message.attachments
        ],
        "meta": dict(message.meta),
        "notes": [str(note) for note in message.notes],
    }


def _turns(message: ParsedMessage) -> dict[str, Any]:
    """Return the messages of a chat, what answers what, and the conversations that come of it.

    `line` counts from 0, as `start` and `end` do; `answers` is a position among the messages.
    """
    turns = message.thread.turns
    if not turns:
        return {}
    talks: dict[int, list[int]] = {}
    for place, turn in enumerate(turns):
        if turn.conversation is not None:
            talks.setdefault(turn.conversation, []).append(place)
    return {
        "messages": [
            {
                "line": turn.line,
                "start": turn.start,
                "end": turn.end,
                "speaker": turn.speaker,
                "conversation": turn.conversation,
                **({"id": turn.id} if turn.id else {}),
                **({"at": turn.at.isoformat()} if turn.at else {}),
            }
            for turn in turns
        ],
        "links": [
            {
                "message": place,
                "line": turn.line,
                "answers": turn.answers,
                "answers_line": None if turn.answers is None else turns[turn.answers].line,
                "confidence": turn.confidence,
                "doubtful": turn.doubtful,
                "why": turn.why,
            }
            for place, turn in enumerate(turns)
            if turn.conversation is not None
        ],
        "conversations": [
            {
                "messages": places,
                "participants": list(dict.fromkeys(turns[place].speaker for place in places)),
            }
            for places in talks.values()
        ],
    }


def _lines(document: dict[str, Any], *, with_name: bool) -> Iterator[str]:
    if with_name:
        yield f"── {_name(document)}"
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
    talks = document["thread"].get("conversations", [])
    if len(talks) > 1:
        yield f"  {len(talks)} conversations; --json shows what answers what:"
        for talk in talks[:20]:
            yield f"    {len(talk['messages'])} messages by {', '.join(talk['participants'])}"
    for note in document["notes"]:
        yield f"  note: {note}"
    if with_name:
        yield ""
