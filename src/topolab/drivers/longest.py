"""How long a load of each kind takes at worst, before its worker is given up."""

from __future__ import annotations

from math import ceil

from topolab.model.profile import CountLoad, LoadProfile, MixedLoad, PageLoad, UsersLoad

GRACE_S = 15.0


def longest_s(profile: LoadProfile) -> float:
    """Longer than a worker takes: a page whose every wave of requests times out, one by one."""
    if isinstance(profile, PageLoad):
        waves = ceil(profile.requests / profile.http1.in_flight)
        return (waves + 1) * profile.timeout_s + GRACE_S
    if isinstance(profile, CountLoad):
        return profile.timeout_s + GRACE_S
    if isinstance(profile, UsersLoad):
        return profile.users / profile.spawn_per_s + profile.warm_up_s + profile.duration_s + GRACE_S
    # A timeout each for opening the connections, and at the end of the warm-up and of the load.
    seconds = profile.warm_up_s + profile.duration_s + 3 * profile.timeout_s + GRACE_S
    if isinstance(profile, MixedLoad):
        # The slow requests come before the fast ones, and are waited for after them.
        seconds += 2 * (profile.slow.spread_s + profile.timeout_s)
    return seconds
