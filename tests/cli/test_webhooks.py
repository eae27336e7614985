"""`copydesk webhooks` from adding to removing, as one would type it."""

from __future__ import annotations

from tests.cli.test_commands import Run, document, home, project, run

__all__ = ["home", "project", "run"]


def test_a_webhook_lives_at_the_command_line(project: Run) -> None:
    assert "No webhooks yet" in project("webhooks", "list").stdout
    added = document(
        project(
            "webhooks", "add", "https://example.org/h", "--events", "delivery.*,post.held", "--json"
        )
    )
    id = added["id"]
    assert added["events"] == ["delivery.*", "post.held"]
    assert "whsec" not in str(added)
    secret = project("webhooks", "show", id, "--secret").stdout.strip()
    assert secret.startswith("whsec_")
    assert id in project("webhooks", "list").stdout
    assert "old secret signs until" in project("webhooks", "rotate", id).stdout
    assert project("webhooks", "show", id, "--secret").stdout.strip() != secret
    project("webhooks", "disable", id, "--reason", "it moves")
    assert "it moves" in project("webhooks", "show", "https://example.org/h").stdout
    refused = project("webhooks", "enable", id, code=3)
    assert "--backlog replay" in refused.stderr
    assert "enabled" in project("webhooks", "enable", id, "--backlog", "skip").stdout
    assert "messages to tell again" in project("webhooks", "replay", id, "--failed").stdout
    project("webhooks", "remove", id)
    project("webhooks", "show", id, code=5)


def test_what_cannot_work_is_refused_in_words(project: Run) -> None:
    refused = project("webhooks", "add", "http://127.0.0.1/h", "--events", "deliveries.*", code=4)
    assert "--allow-private" in refused.stderr
    assert "events" in refused.stderr
    id = document(project("webhooks", "add", "https://example.org/h", "--json"))["id"]
    project("webhooks", "replay", id, code=2)
    zoneless = project("webhooks", "replay", id, "--since", "2026-11-21T00:00:00", code=4)
    assert "since" in zoneless.stderr
    project("webhooks", "replay", id, "--id", "evt_1_0", code=5)
    project("webhooks", "enable", id, "--backlog", "perhaps", code=2)


def test_a_test_says_whether_somebody_answers(project: Run, free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}/h"
    id = document(project("webhooks", "add", url, "--allow-private", "--json"))["id"]
    assert "does not work: not reached" in project("webhooks", "test", id, code=11).stdout
    assert "webhook.ping" in project("webhooks", "show", id).stdout
