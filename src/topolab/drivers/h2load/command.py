"""The h2load command line of a load. Pure."""

from __future__ import annotations

from topolab.model.profile import ClosedLoad, CountLoad
from topolab.model.protocol import Protocol
from topolab.model.target import Target


def h2load_argv(target: Target, profile: CountLoad | ClosedLoad, log_path: str) -> list[str]:
    """Build the command: one thread, one protocol offered, every request logged to `log_path`, which must not exist.

    h2load does not check certificates. Its flow-control windows keep their default size, 2**30 bytes.
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
    # The URL has the name, so that SNI has it too; --connect-to gives its address.
    return [*argv, f"--connect-to={host}:{target.port}", f"--log-file={log_path}", target.base_url + profile.path]


def _ms(seconds: float) -> str:
    return f"{round(1000 * seconds)}ms"
