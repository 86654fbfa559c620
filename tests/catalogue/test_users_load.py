"""A load by Locust users: valid profiles are read, impossible ones refused."""

from __future__ import annotations

import pytest

from catalogue.conftest import Edit, Refusal
from topolab.catalogue import Catalogue
from topolab.model.users import Journey, UsersLoad

FILE = "loadtest/profiles/journeys.toml"
JOURNEYS = 'journeys = ["browse", "dashboard", "upload"]'


def test_the_profile_is_read_as_written(catalogue: Catalogue) -> None:
    profile = catalogue.profiles["journeys"]
    assert profile == UsersLoad(
        name="journeys",
        summary=profile.summary,
        kind="users",
        driver="locust",
        users=16,
        spawn_per_s=32.0,
        think_s=0.0,
        journeys=(Journey.BROWSE, Journey.DASHBOARD, Journey.UPLOAD),
        warm_up_s=1.5,
        duration_s=4.0,
    )


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("users = 16", "users = 0", "users: input should be greater than 0"),
        ("spawn_per_s = 32.0", "spawn_per_s = 0.0", "spawn_per_s: input should be greater than or equal to 0.001"),
        ("users = 16", "users = 16\nworkers = 17", "workers: must be at most 16, so that each has a user, not 17"),
        (JOURNEYS, 'journeys = ["browse", "browse"]', "journeys: 'browse' is listed twice"),
        (
            JOURNEYS,
            'journeys = ["chat"]',
            "journeys: must include another journey than chat, because the rate counts HTTP responses",
        ),
        (JOURNEYS, "journeys = []", "journeys: "),
        (JOURNEYS, 'journeys = ["shop"]', "journeys[0]: "),
        ('driver = "locust"', 'driver = "curl"', "driver: "),
        ("users = 16", 'users = 16\npath = "/"', "path: unknown key"),
    ],
)
def test_impossible_users_loads_are_refused(edit: Edit, refusal: Refusal, old: str, new: str, complaint: str) -> None:
    edit(FILE, old, new)
    assert refusal().startswith(f"{FILE}: {complaint}")
