"""The command line and the environment of Locust. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from topolab.model.protocol import Protocol
from topolab.model.target import Target
from topolab.model.users import Journey, UsersLoad

_STARTS_AND_ENDS_WITHIN_S = 60.0
"""What Locust takes besides its load, at worst: importing, forking, connecting its workers, gathering their counts."""


def locust_argv(
    python: str, locustfile: Path, target: Target, profile: UsersLoad, result: Path, master_port: int
) -> list[str]:
    """The command line of one Locust, or of a master on loopback at `master_port` that forks several workers.

    The host is the target's address. No certificate is checked: the edge's was checked when its hops were proved.
    """
    transport = "https" if target.client_protocol.transport.encrypted else "http"
    host = f"[{target.host}]" if ":" in target.host else target.host
    argv = [
        *(python, "-m", "locust", "--locustfile", str(locustfile), "--headless", "--only-summary"),
        *("--host", f"{transport}://{host}:{target.port}"),
        *("--http", "1.1" if target.client_protocol.protocol is Protocol.HTTP1 else "2"),
        *("--users", str(profile.users), "--spawn-rate", f"{profile.spawn_per_s:g}"),
        *("--think", f"{profile.think_s:g}", "--warm-up", f"{profile.warm_up_s:g}"),
        *("--conduct", f"{profile.duration_s:g}", "--result", str(result)),
    ]
    if target.h2_alone:
        argv.append("--h2-alone")
    if profile.workers > 1:
        argv += ["--processes", str(profile.workers), "--master-bind-host", "127.0.0.1"]
        argv += ["--master-bind-port", str(master_port), "--master-port", str(master_port)]
    # Last, because it takes all the words that follow.
    return [*argv, "--exclude-tags", *(journey.value for journey in Journey if journey not in profile.journeys)]


def locust_environment(inherited: Mapping[str, str], home: Path) -> dict[str, str]:
    """The inherited environment without Locust's variables, and with a `home` that has no Locust settings."""
    return {name: value for name, value in inherited.items() if not name.startswith("LOCUST_")} | {"HOME": str(home)}


def longest_s(profile: UsersLoad) -> float:
    """Seconds that no whole run exceeds."""
    return profile.longest_s + _STARTS_AND_ENDS_WITHIN_S
