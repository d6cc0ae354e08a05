"""Reads calendars, as a JSON list of [text, from, to], with a library of others; prints what happens in each as
[start, end, summary] in seconds of UTC. Whole days are those of Berlin."""

import json
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

BERLIN = ZoneInfo("Europe/Berlin")


def seconds(at):
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day)
    if at.tzinfo is None:
        at = at.replace(tzinfo=BERLIN)
    return int(at.timestamp())


def events(text, begin, end):
    calendar = icalendar.Calendar.from_ical(text)
    # The library compares days without zone in its own way: ask for more than is wanted.
    span = [datetime.fromisoformat(at) for at in (begin, end)]
    found = recurring_ical_events.of(calendar).between(span[0] - timedelta(days=3), span[1] + timedelta(days=3))
    each = [[seconds(event["DTSTART"].dt), seconds(event["DTEND"].dt), str(event["SUMMARY"])] for event in found]
    first, last = (int(at.timestamp()) for at in span)
    return sorted(event for event in each if event[0] < last and event[1] > first)


print(json.dumps([events(*calendar) for calendar in json.load(sys.stdin)]))
