"""Says when croniter would fire: for each line `SCHEDULE<tab>ZONE<tab>AFTER<tab>COUNT` one line of seconds since 1970.

croniter walks the calendar of a clock on the wall, and zoneinfo says when that clock shows a time: the first of two times
in a doubled hour, none in a gap. croniter's own arithmetic with zones is an hour off behind a change of the clock.
"""

import sys
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter


def seconds(wall, zone):
    """When a clock of the zone shows this; none where it never does."""
    time = wall.replace(tzinfo=zone)
    shown = time.astimezone(timezone.utc).astimezone(zone).replace(tzinfo=None)
    return int(time.timestamp()) if shown == wall else None


def fires(schedule, zone, after, count):
    zone, after, count = ZoneInfo(zone), int(after), int(count)
    times = croniter(schedule, datetime.fromtimestamp(after, zone).replace(tzinfo=None))
    found = []
    try:
        while len(found) < count:
            fire = seconds(times.get_next(datetime), zone)
            if fire is not None and fire > after:
                found.append(fire)
    except CroniterBadDateError:
        pass
    return found


for line in sys.stdin:
    print(*fires(*line.rstrip("\n").split("\t")))
