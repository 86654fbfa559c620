"""What Locust's users import of topolab: what the load image holds, and nothing that takes long."""

from __future__ import annotations

import subprocess
import sys

from support.command import ROOT

IMPORT = """
import sys
sys.path[:0] = sys.argv[1:]
import http2_client, right_answers
print(*sorted({name.split(".")[1] for name in sys.modules if name.startswith("topolab.")}))
print(*sorted({name.split(".")[0] for name in sys.modules} & {"pydantic", "asyncio", "cryptography"}))
"""


def test_users_import_the_shared_facts_and_no_pydantic() -> None:
    places = [str(ROOT / "loadtest"), str(ROOT / "src")]
    done = subprocess.run(
        [sys.executable, "-I", "-c", IMPORT, *places], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["libcurl model", ""]
