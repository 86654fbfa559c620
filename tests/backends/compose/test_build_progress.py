"""Progress lines from BuildKit's output: which image is at which step."""

from __future__ import annotations

from topolab.backends.compose.build_progress import BuildProgress

SERVER, PROXY = "topolab-server:trixie", "topolab-proxy-nginx:trixie"

# What `docker compose --progress plain build server proxy` of 2.26.1 wrote, in part.
SEVERAL = """#0 building with "default" instance using docker driver

#1 [server internal] load build definition from Dockerfile
#1 transferring dockerfile: 2.63kB done
#1 DONE 0.0s

#5 [server system 2/3] RUN apt-get update
#5 0.312 Get:1 stable InRelease [140 kB]
#5 DONE 6.1s

#6 [proxy packages 1/3] RUN apt-get update && apt-get install -y --no-install-recommends python3-venv
"""
ONE = """#4 [packages 2/3] COPY servers/requirements.lock /
#4 CACHED
"""


def said(*pieces: tuple[float, str]) -> list[str]:
    """The lines printed for pieces of output, each read at a given time."""
    lines: list[str] = []
    times = iter([time for time, _ in pieces])
    progress = BuildProgress({"server": SERVER, "proxy": PROXY}, lines.append, lambda: next(times))
    for _, text in pieces:
        progress.read(text)
    return lines


def test_the_latest_step_is_named_with_its_image_and_shortened() -> None:
    assert said((0, SEVERAL)) == [
        f"building {PROXY}: step 1 of 3 of packages: RUN apt-get update && apt-get install -y --no-install-recom…"
    ]


def test_nothing_is_printed_before_the_first_step() -> None:
    assert said((0, ""), (20, SEVERAL.partition("#5")[0])) == []


def test_a_line_is_printed_every_ten_seconds_even_for_the_same_step() -> None:
    first, second = SEVERAL.split("\n\n#6", 1)
    system = f"building {SERVER}: step 2 of 3 of system: RUN apt-get update"
    found = said((0, first + "\n"), (5, ""), (9.9, ""), (10, ""), (12, "#6" + second), (20, ""))
    assert found[:2] == [system, system]
    assert [line.startswith(f"building {PROXY}: step 1 of 3") for line in found] == [False, False, True]


def test_a_line_that_is_read_in_pieces_is_one_line() -> None:
    assert said((0, "#5 [server sys"), (1, "tem 2/3] RUN apt"), (2, "-get\n")) == [
        f"building {SERVER}: step 2 of 3 of system: RUN apt-get"
    ]


def test_the_steps_of_a_single_image_name_no_service() -> None:
    assert said((0, ONE)) == [f"building {SERVER}, {PROXY}: step 2 of 3 of packages: COPY servers/requirements.lock /"]
