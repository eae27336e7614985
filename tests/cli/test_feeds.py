"""`copydesk feeds` from adding to removing, as one would type it."""

from __future__ import annotations

from tests.cli.test_commands import Run, document, home, project, run

__all__ = ["home", "project", "run"]


def test_a_feed_lives_at_the_command_line(project: Run, free_port: int) -> None:
    assert "No feeds yet" in project("feeds", "list").stdout
    url = f"http://127.0.0.1:{free_port}/feed.xml"
    refused = project("feeds", "add", url, "--every", "10s", code=4).stderr
    assert "--allow-private" in refused
    assert "five minutes" in refused
    added = document(project("feeds", "add", url, "--allow-private", "--every", "6h", "--json"))
    id = added["id"]
    assert (added["state"], added["every"], added["changes"]) == ("followed", "6:00:00", "take")
    assert id in project("feeds", "add", url, "--allow-private", code=6).stderr
    assert "could not be reached" in project("feeds", "poll", url, code=11).stdout
    assert "could not be reached" in project("feeds", "show", id).stdout
    assert "failing since" in project("feeds", "list").stdout
    assert "leave" in project("feeds", "change", id, "--changes", "leave").stdout
    project("feeds", "pause", id, "--reason", "it moves")
    assert "it moves" in project("feeds", "show", id).stdout
    assert "paused" in project("feeds", "poll", id, code=6).stderr
    assert "followed" in project("feeds", "resume", id, "--newest", "3").stdout
    project("feeds", "remove", id)
    project("feeds", "show", id, code=5)
