#!/usr/bin/env python3
"""A second computation of KPIs 1, 2, 3, 5, 7, 8, 10 and 11, to check the first one against.

It is written from the definitions (docs and catalog pages), shares no code with Mainstay, prefers the obvious way to the
fast one, and needs nothing but Python 3.11 with its time zone database.

    kpis.py FACTS.jsonl --from 2026-10-01T00:00:00Z --to 2026-11-01T00:00:00Z --as-of 2026-12-01T00:00:00Z
    kpis.py --batch < CASES.jsonl      # one {"from", "to", "as_of", "facts": [...]} a line, one answer a line

Facts are CloudEvents in JSON. Those with a `recorded` later than as-of were not known then and are left out.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
UTC = timezone.utc


def when(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class Fact:
    def __init__(self, event):
        self.key = (event["source"], event["id"])
        self.kind = event["type"].removeprefix("mainstay.").removesuffix(".v1")
        self.subject = event["subject"]
        self.time = when(event["time"])
        self.data = event.get("data") or {}
        self.source = event["source"]
        self.recorded = when(event["recorded"]) if "recorded" in event else self.time


class Tally:
    """Numerator, denominator, and what was left out or cannot be told."""

    def __init__(self):
        self.numerator = 0.0
        self.denominator = 0.0
        self.excluded = Counter()
        self.unknown = Counter()

    def count(self, numerator, denominator=1):
        self.numerator += numerator
        self.denominator += denominator

    def out(self):
        return {
            "numerator": self.numerator,
            "denominator": self.denominator,
            "excluded": dict(self.excluded),
            "unknown": dict(self.unknown),
        }


class World:
    """What was known at a time, by subject, in order of event time."""

    def __init__(self, events, start, end, as_of):
        self.start, self.end, self.as_of = start, end, as_of
        once = {}
        for event in events:
            fact = Fact(event)
            if fact.recorded <= as_of:
                once[fact.key] = fact
        self.subjects = defaultdict(list)
        for fact in sorted(once.values(), key=lambda f: (f.time, f.key)):
            self.subjects[fact.subject].append(fact)

    def inside(self, time):
        return self.start <= time < self.end

    def of(self, subject, *kinds):
        return [f for f in self.subjects[subject] if f.kind in kinds]

    def having(self, kind):
        return [s for s in list(self.subjects) if self.of(s, kind)]

    def now(self):
        """The moment at which the state of a window is looked at: (time, whether facts of that instant count)."""
        if self.as_of < self.end:
            return self.as_of, True
        return self.end, False

    def until_now(self, facts):
        limit, inclusive = self.now()
        return [f for f in facts if f.time < limit or (inclusive and f.time == limit)]


# --- KPI 1: change failure rate -------------------------------------------------------------------------------------


def standing_links(facts):
    """failure -> newest confidence, without those ruled out."""
    newest = {}
    for fact in facts:
        newest[fact.data["failure"]] = fact.data["confidence"]
    return {failure: confidence for failure, confidence in newest.items() if confidence != "rejected"}


def change_failure_rate(world):
    tally = Tally()
    changes = [s for s in list(world.subjects) if s.startswith("change:")]
    links = {s: standing_links(world.of(s, "change.failure-linked")) for s in changes}
    for subject in changes:
        completions = world.of(subject, "change.completed")
        if not completions:
            called_off = world.of(subject, "change.cancelled")
            if called_off and world.inside(called_off[-1].time):
                ran = world.of(subject, "change.started")
                tally.excluded["cancelled while running" if ran else "cancelled"] += 1
            continue
        production = [f for f in completions if f.data["environment"] == "production"]
        done = (production or completions)[-1]
        if not world.inside(done.time):
            continue
        if done.data["environment"] != "production":
            tally.excluded["not production"] += 1
        elif done.data["kind"] != "infrastructure":
            tally.excluded["not infrastructure"] += 1
        elif done.time + 7 * DAY > world.as_of:
            tally.excluded["pending"] += 1
        else:
            mends = done.data.get("remedies")
            mine = {
                failure: confidence
                for failure, confidence in links[subject].items()
                if failure not in (subject, mends) and failure not in links.get(mends, {})
            }
            tally.count(1 if "confirmed" in mine.values() else 0)
    for subject in world.having("resource.drifted"):
        unauthorised_drift(world, subject, tally)
    return tally


def unauthorised_drift(world, subject, tally):
    drifts, blamed = [], {}
    for fact in world.of(subject, "resource.drifted", "change.failure-linked"):
        if fact.kind == "resource.drifted":
            drifts.append((fact, {}))
        elif drifts:
            # A failure stays with the drift that was the newest when it was first linked.
            home = blamed.setdefault(fact.data["failure"], len(drifts) - 1)
            drifts[home][1][fact.data["failure"]] = fact.data["confidence"]
    for drift, failures in drifts:
        if drift.data.get("authorised") or not world.inside(drift.time):
            continue
        environment = drift.data.get("environment")
        if environment is None:
            tally.unknown["environment unknown"] += 1
        elif environment != "production":
            tally.excluded["not production"] += 1
        elif drift.time + 7 * DAY > world.as_of:
            tally.excluded["pending"] += 1
        else:
            tally.count(1 if "confirmed" in failures.values() else 0)


# --- KPIs 2 and 3: time to detect, time to restore ------------------------------------------------------------------

NOT_REAL = {"duplicate": "duplicate", "child": "child", "false-alarm": "false alarm", "planned": "planned"}


def incidents(world):
    for subject in world.having("incident.opened"):
        opened = world.of(subject, "incident.opened")
        detected = opened[-1].data.get("detected")
        classes = world.of(subject, "incident.classified")
        yield subject, when(detected) if detected else opened[0].time, (
            NOT_REAL.get(classes[-1].data["class"]) if classes else None
        )


def mttd(world):
    tally = Tally()
    for subject, detected, not_real in incidents(world):
        if not world.inside(detected):
            continue
        onsets = world.of(subject, "incident.onset-established")
        onset = onsets[-1].data.get("onset") if onsets else None
        if not_real:
            tally.excluded[not_real] += 1
        elif onset is None:
            tally.excluded["onset unknown"] += 1
        elif when(onset) > detected:
            tally.excluded["onset after detection"] += 1
        else:
            tally.count((detected - when(onset)).total_seconds())
    return tally


def mttr(world):
    tally = Tally()
    for subject, detected, not_real in incidents(world):
        began, total, back, contradiction = detected, 0.0, None, False
        for fact in world.of(subject, "incident.restored", "incident.reopened"):
            if fact.kind == "incident.restored" and began is not None:
                contradiction |= fact.time < began
                total += (fact.time - began).total_seconds()
                began, back = None, fact.time
            elif fact.kind == "incident.reopened" and began is None and fact.time - back <= DAY:
                began, back = fact.time, None
        if back is not None:
            if not world.inside(back):
                continue
            why = "restored before detected" if contradiction else None
        else:
            if detected >= world.end:
                continue
            last = world.of(subject, "incident.closed", "incident.reopened")
            why = "closed without restoration" if last and last[-1].kind == "incident.closed" else "open"
        if not_real or why:
            tally.excluded[not_real or why] += 1
        else:
            tally.count(total)
    return tally


# --- KPI 5: actionable alerts ---------------------------------------------------------------------------------------


def actionable_alerts(world):
    tally = Tally()
    for subject in world.having("alert.fired"):
        fired = world.of(subject, "alert.fired")
        if not world.inside(fired[0].time):
            continue
        told = world.of(subject, "alert.notified")
        silences = world.of(subject, "alert.silenced")
        if fired[-1].data.get("watchdog"):
            tally.excluded["watchdog"] += 1
        elif fired[-1].data.get("test"):
            tally.excluded["test"] += 1
        elif not told:
            tally.excluded["silenced" if silences else "not notified"] += 1
        elif any(s.time <= told[0].time < when(s.data["until"]) for s in silences):
            tally.excluded["silenced"] += 1
        else:
            evidence = [f.data["evidence"] for f in world.of(subject, "alert.acted-on")]
            verdicts = [e for e in evidence if e in ("useful", "noise")]
            verdict = verdicts[-1] if verdicts else None
            if len(verdicts) < len(evidence) or verdict == "useful":
                tally.count(1)
            else:
                tally.count(0)
                ended = world.of(subject, "alert.resolved")
                seen = world.of(subject, "alert.acknowledged")
                if not (verdict == "noise" or (ended and not seen)):
                    tally.unknown["unclassified"] += 1
    return tally


# --- KPIs 7 and 8: IaC adoption, policy compliance ------------------------------------------------------------------


class Resource:
    """One resource as it stands at the end of the window."""

    def __init__(self, world, subject):
        facts = world.until_now(world.subjects[subject])
        self.same_as = None
        says = {}
        self.declared = self.drifted = False
        self.judged = {}
        sides = {}
        for fact in facts:
            side = fact.data.get("aspect")
            if fact.kind == "resource.observed":
                sides[side] = fact.data
                if side == "live":
                    says[fact.source] = fact.data
                elif side == "declared":
                    self.declared = True
            elif fact.kind == "resource.gone":
                sides.pop(side, None)
                if side == "declared":
                    self.declared = False
                elif side == "live":
                    if fact.source in says:
                        del says[fact.source]
                    else:
                        says.clear()
                    if not says:
                        self.drifted = False
            elif fact.kind == "resource.drifted":
                self.drifted = True
            elif fact.kind == "resource.reconciled":
                self.drifted = False
            elif fact.kind == "resource.judged":
                self.judged[side] = fact.data
        # What else is known of it does not depend on the window.
        for fact in world.of(subject, "resource.observed"):
            if fact.data.get("same_as"):
                self.same_as = fact.data["same_as"]
        self.live = bool(says)
        self.managed = any(d.get("managed_by") for d in says.values())
        self.out = None
        if any(d.get("provider_default") for d in says.values()):
            self.out = "provider default"
        elif any(d.get("controlled_by") for d in says.values()):
            self.out = "belongs to its controller"


def resources(world):
    if world.start > world.as_of:
        return {}
    return {s: Resource(world, s) for s in world.having("resource.observed")}


def iac_adoption(world):
    tally = Tally()
    for resource in resources(world).values():
        if not resource.live:
            continue
        if resource.out:
            tally.excluded[resource.out] += 1
        else:
            tally.count(1 if resource.managed and not resource.drifted else 0)
    return tally


def policy_compliance(world):
    tally = Tally()
    everything = resources(world)
    for resource in everything.values():
        judged = resource.judged.get("live") if resource.live else None
        if judged is None and resource.declared:
            twin = everything.get(resource.same_as)
            if not (twin and twin.live and "live" in twin.judged):
                judged = resource.judged.get("declared")
        if resource.out:
            tally.excluded[resource.out] += 1
        elif judged is None:
            if resource.live:
                tally.unknown["not judged"] += 1
        elif not judged.get("key"):
            tally.excluded["no applicable key control"] += 1
        else:
            verdicts = {judged["verdicts"].get(control, "unknown") for control in judged["key"]}
            limit, inclusive = world.now()
            age = limit - when(judged["observed"])
            if age > 7 * DAY:
                tally.unknown["stale observation"] += 1
                tally.count(0)
            elif verdicts == {"pass"}:
                tally.count(1)
            else:
                tally.count(0)
                if not verdicts & {"fail", "waived"}:
                    tally.unknown["verdict unknown"] += 1
    return tally


# --- KPI 10: vulnerability SLA --------------------------------------------------------------------------------------

DAYS = {"critical": 14, "high": 30, "medium": 90, "low": 180}


def promise_at(facts, time, kind):
    """The promise in force at a time, from the facts of one promise."""
    current = None
    for fact in facts:
        if fact.time <= time:
            current = fact.data if fact.kind == "promise.made" and fact.data["kind"] == kind else None
    return current


def vulnerability_sla(world):
    tally = Tally()
    exploited = {}
    for subject in world.having("vulnerability.exploited"):
        newest = world.of(subject, "vulnerability.exploited")[-1].data
        exploited[newest["vulnerability"]] = when(newest["due"])
    promises = [world.of(s, "promise.made", "promise.withdrawn") for s in world.having("promise.made")]
    for subject in world.having("vulnerability.found"):
        found = world.of(subject, "vulnerability.found")
        first, newest = found[0].time, found[-1].data
        asset, severity = newest["asset"], newest["severity"]
        if newest["vulnerability"] in exploited:
            due = max(exploited[newest["vulnerability"]], first)
        else:
            days = DAYS.get(severity)
            in_force = [p for p in (promise_at(f, first, "vulnerability-sla") for f in promises) if p]
            in_force = [p for p in in_force if p["severity"] == severity]
            own = [p["days"] for p in in_force if p["subject"] == asset]
            general = [p["days"] for p in in_force if p["subject"].split(":")[0] in ("team", "organisation", "estate")]
            if own or general:
                days = min(own or general)
            if days is None:
                if world.inside(first):
                    tally.excluded["informational"] += 1
                continue
            due = first + days * DAY
        if not world.inside(due):
            continue
        accepted = [f for f in world.of(subject, "vulnerability.accepted") if f.time <= due]
        if accepted and when(accepted[-1].data["until"]) >= due:
            tally.excluded["accepted"] += 1
        elif due > world.as_of:
            tally.excluded["pending"] += 1
        else:
            fixed = None
            for fact in world.of(subject, "vulnerability.found", "vulnerability.fixed"):
                if fact.kind == "vulnerability.found":
                    fixed = None
                elif fact.data["verified"] and fact.time >= first and fixed is None:
                    fixed = fact.time
            tally.count(1 if fixed is not None and fixed <= due else 0)
    return tally


# --- KPI 11: backup success -----------------------------------------------------------------------------------------


def field(text, low, high):
    out = set()
    for part in text.split(","):
        part, _, step = part.partition("/")
        if part == "*":
            first, last = low, high
        elif "-" in part:
            first, last = map(int, part.split("-"))
        else:
            first = last = int(part)
        out.update(range(first, last + 1, int(step or 1)))
    return out


def slots(schedule, zone, start, end):
    """Every instant of a five-field cron expression in [start, end)."""
    minute, hour, dom, month, dow = schedule.split()
    minutes, hours = sorted(field(minute, 0, 59)), sorted(field(hour, 0, 23))
    days, months, weekdays = field(dom, 1, 31), field(month, 1, 12), {d % 7 for d in field(dow, 0, 7)}
    zone = ZoneInfo(zone)
    out = set()
    day = start.astimezone(zone).date() - DAY
    while day <= end.astimezone(zone).date() + DAY:
        in_month, in_week = day.day in days, day.isoweekday() % 7 in weekdays
        match = (in_month or in_week) if dom != "*" and dow != "*" else (in_month and in_week)
        if match and day.month in months:
            for h in hours:
                for m in minutes:
                    out.update(instants(datetime(day.year, day.month, day.day, h, m), zone, hour.startswith("*")))
        day += DAY
    return sorted(t for t in out if start <= t < end)


def instants(local, zone, every_hour):
    first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if first == second:
        return [first]
    if first.astimezone(zone).replace(tzinfo=None) == local:
        return [first, second] if every_hour else [first]
    if every_hour:
        return []
    # The time does not exist: the first instant behind the gap, found by looking.
    time = second
    while time.astimezone(zone).utcoffset() == second.astimezone(zone).utcoffset():
        time += timedelta(minutes=1)
    return [time]


def backup_success(world):
    tally = Tally()
    runs = defaultdict(list)
    for subject in world.having("backup.finished"):
        run = world.of(subject, "backup.finished")[-1].data
        damaged = any(not f.data["intact"] for f in world.of(subject, "backup.verified"))
        if run["outcome"] == "complete" and not damaged:
            runs[run["job"]].append(when(run["started"]))
    for subject in world.having("promise.made"):
        facts = world.of(subject, "promise.made", "promise.withdrawn")
        expected = defaultdict(list)
        for fact, after in zip(facts, facts[1:] + [None]):
            if fact.kind != "promise.made" or fact.data["kind"] != "backup-schedule":
                continue
            until = min(after.time if after else world.end, world.end)
            window = timedelta(minutes=fact.data["window_min"])
            for time in slots(fact.data["schedule"], fact.data["zone"], fact.time, until) if fact.time < until else []:
                expected[fact.data["job"]].append((time + window, time))
        for job, wanted in expected.items():
            met = set()
            for start in sorted(runs[job]):
                # A run is spent on the open slot whose window ends first.
                fitting = [slot for slot in wanted if slot not in met and slot[1] <= start < slot[0]]
                if fitting:
                    met.add(min(fitting))
            for slot in wanted:
                if not world.inside(slot[1]):
                    continue
                if slot[0] > world.as_of:
                    tally.excluded["pending"] += 1
                else:
                    tally.count(1 if slot in met else 0)
    return tally


KPIS = {
    "change-failure-rate": change_failure_rate,
    "mttd": mttd,
    "mttr": mttr,
    "actionable-alerts": actionable_alerts,
    "iac-adoption": iac_adoption,
    "policy-compliance": policy_compliance,
    "vulnerability-sla": vulnerability_sla,
    "backup-success": backup_success,
}


def answer(events, start, end, as_of):
    world = World(events, start, end, as_of)
    return {name: compute(world).out() for name, compute in KPIS.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("facts", nargs="?")
    parser.add_argument("--batch", action="store_true")
    parser.add_argument("--from", dest="start", type=when)
    parser.add_argument("--to", dest="end", type=when)
    parser.add_argument("--as-of", type=when)
    args = parser.parse_args()
    if args.batch:
        for line in sys.stdin:
            case = json.loads(line)
            print(json.dumps(answer(case["facts"], when(case["from"]), when(case["to"]), when(case["as_of"]))))
    else:
        with open(args.facts, encoding="utf-8") as lines:
            events = [json.loads(line) for line in lines if line.strip()]
        print(json.dumps(answer(events, args.start, args.end, args.as_of or datetime.now(UTC)), indent=2))


if __name__ == "__main__":
    main()
