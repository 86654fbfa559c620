"""A container's counters are found from /proc/PID/cgroup, under either cgroup version."""

from __future__ import annotations

from pathlib import Path

import pytest

from topolab.backends.compose.counters import read_cgroup
from topolab.model.outcome import GroupUsage

ID = "a4e5c5a2bd0f4bb0a2ffd5a2a3bb2f0f6f6f3b50b2b2a2f7e3c8c5a1e1f0d2c3"

# /proc/PID/cgroup of a container where version 1 has one mount per controller and version 2 has no controllers.
V1_ALONE = f"""\
9:name=systemd:/docker/{ID}
8:pids:/docker/{ID}
7:blkio:/docker/{ID}
6:freezer:/docker/{ID}
5:devices:/docker/{ID}
4:memory:/outer/docker/{ID}
3:cpuset:/docker/{ID}
2:cpuacct:/docker/{ID}
1:cpu:/docker/{ID}
0::/
"""
# systemd's mounts of version 1, with version 2 next to them for its own use.
V1_TOGETHER = f"""\
13:cpu,cpuacct:/docker/{ID}
12:net_cls,net_prio:/docker/{ID}
11:memory:/docker/{ID}
1:name=systemd:/docker/{ID}
0::/system.slice/containerd.service
"""
V2 = f"0::/system.slice/docker-{ID}.scope\n"
CPU_STAT = """\
usage_usec 1234567
user_usec 1000000
system_usec 234567
core_sched.force_idle_usec 0
nr_periods 0
nr_throttled 0
throttled_usec 0
nr_bursts 0
burst_usec 0
"""


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_version_1_has_a_folder_for_each_controller(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            f"cpuacct/docker/{ID}/cpuacct.usage": "1500000000\n",
            f"memory/outer/docker/{ID}/memory.max_usage_in_bytes": "52428800\n",
            "unified/cgroup.procs": "1\n",
        },
    )
    assert read_cgroup(root, V1_ALONE) == GroupUsage(cpu_s=1.5, memory_peak_bytes=52_428_800)


def test_version_1_with_joint_controllers_is_found_by_the_systems_links(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            f"cpu,cpuacct/docker/{ID}/cpuacct.usage": "2000000000\n",
            f"memory/docker/{ID}/memory.max_usage_in_bytes": "4096\n",
        },
    )
    (root / "cpu").symlink_to("cpu,cpuacct")
    (root / "cpuacct").symlink_to("cpu,cpuacct")
    assert read_cgroup(root, V1_TOGETHER) == GroupUsage(cpu_s=2.0, memory_peak_bytes=4096)


def test_version_1_without_a_peak_file_has_no_peak(tmp_path: Path) -> None:
    root = tree(tmp_path, {f"cpuacct/docker/{ID}/cpuacct.usage": "1500000000\n"})
    assert read_cgroup(root, V1_ALONE) == GroupUsage(cpu_s=1.5, memory_peak_bytes=None)


@pytest.mark.parametrize(("peak", "bytes_"), [("52428800\n", 52_428_800), (None, None)], ids=["5.19", "before 5.19"])
def test_version_2_has_one_folder_and_no_peak_on_older_kernels(
    tmp_path: Path, peak: str | None, bytes_: int | None
) -> None:
    group = f"system.slice/docker-{ID}.scope"
    files = {f"{group}/cpu.stat": CPU_STAT, f"{group}/memory.current": "1\n"}
    root = tree(tmp_path, files | ({f"{group}/memory.peak": peak} if peak else {}))
    assert read_cgroup(root, V2) == GroupUsage(cpu_s=pytest.approx(1.234567), memory_peak_bytes=bytes_)


def test_a_missing_group_raises_oserror(tmp_path: Path) -> None:
    for membership in (V1_ALONE, V1_TOGETHER, V2):
        with pytest.raises(FileNotFoundError):
            read_cgroup(tmp_path, membership)


def test_a_cpu_stat_without_the_total_is_an_error_and_not_a_zero(tmp_path: Path) -> None:
    root = tree(tmp_path, {f"system.slice/docker-{ID}.scope/cpu.stat": "user_usec 1\nsystem_usec 1\n"})
    with pytest.raises(ValueError, match="has no usage_usec"):
        read_cgroup(root, V2)


def test_version_1_without_the_memory_controller_has_no_peak(tmp_path: Path) -> None:
    root = tree(tmp_path, {f"cpuacct/docker/{ID}/cpuacct.usage": "1500000000\n"})
    membership = "".join(line for line in V1_ALONE.splitlines(keepends=True) if "memory" not in line)
    assert read_cgroup(root, membership) == GroupUsage(cpu_s=1.5, memory_peak_bytes=None)


MOUNT = Path("/sys/fs/cgroup")


@pytest.mark.skipif(
    not any((MOUNT / name).exists() for name in ("cpuacct", "cpu.stat")), reason="this system mounts no cgroups"
)
def test_this_machines_own_groups_can_be_read() -> None:
    usage = read_cgroup(MOUNT, Path("/proc/self/cgroup").read_text())
    assert usage.cpu_s > 0
