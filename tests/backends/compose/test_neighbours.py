"""Labs inside and outside a container see each other, though it shares no namespace and no folder with us."""

from __future__ import annotations

import os
import subprocess

import pytest

from topolab.process.neighbours import GROUP_VARIABLE, announced, others

CODE = """
import sys
from topolab.process.neighbours import announced, others
with announced():
    print(*others(), sep=", ", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.usefixtures("docker_site")
def test_a_lab_in_a_container_and_one_here_see_each_other() -> None:
    options = ("--rm", "--interactive", "--network=none", f"--env={GROUP_VARIABLE}={os.environ[GROUP_VARIABLE]}")
    argv = ["docker", "run", *options, "topolab-load:trixie", "python3", "-c", CODE]
    with announced(), subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"process {os.getpid()} of another PID namespace\n"
        assert [str(lab) for lab in others()] == ["process 1 of another PID namespace"]
        process.communicate("\n", timeout=30)
    assert process.returncode == 0
    assert others() == ()
