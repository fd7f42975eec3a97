"""Keeps the lines of all log groups, because a rollback deletes a log group soon after its last line."""

from ministack.services import cloudwatch_logs

PATH = "/_local/log-lines"

_lines: list[str] = []


def answer() -> tuple:
    return 200, _lines


def install() -> None:
    append = cloudwatch_logs._append_log_events

    def append_log_events(stream, events):
        append(stream, events)
        _lines.extend(event["message"] for event in events)

    cloudwatch_logs._append_log_events = append_log_events
