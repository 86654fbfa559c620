"""The h2load command line of a load. Pure."""

from __future__ import annotations

from topolab.model.profile import ClosedLoad, CountLoad
from topolab.model.protocol import Protocol
from topolab.model.target import Target


def h2load_argv(target: Target, profile: CountLoad | ClosedLoad, log_path: str) -> list[str]:
    """One thread, one protocol offered, every request logged to `log_path`, which must not be there yet.

    h2load checks no certificate. Its flow-control windows of 2**30 bytes are its own default.
    """
    client = target.client_protocol
    lanes = profile.lanes(client.protocol)
    host = f"[{target.host}]" if ":" in target.host else target.host
    argv = ["h2load", "--threads=1", f"--clients={lanes.connections}", f"--max-concurrent-streams={lanes.streams}"]
    if isinstance(profile, CountLoad):
        argv.append(f"--requests={profile.requests}")
    else:
        argv += [f"--warm-up-time={_ms(profile.warm_up_s)}", f"--duration={_ms(profile.duration_s)}"]
    if client.protocol is Protocol.HTTP1:
        argv.append("--h1")
    else:
        argv.append("--alpn-list=h2" if client.transport.encrypted else "--no-tls-proto=h2c")
    # The name is in the URL, and so in SNI; where it is, h2load is told.
    return [*argv, f"--connect-to={host}:{target.port}", f"--log-file={log_path}", target.base_url + profile.path]


def _ms(seconds: float) -> str:
    return f"{round(1000 * seconds)}ms"
