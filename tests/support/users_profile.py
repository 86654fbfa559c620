"""A load of Locust users for tests."""

from __future__ import annotations

from topolab.model.users import Journey, UsersLoad

PROFILE = UsersLoad(
    name="journeys",
    summary="s",
    kind="users",
    driver="locust",
    users=4,
    spawn_per_s=100.0,
    think_s=0.05,
    journeys=(Journey.BROWSE, Journey.CHAT),
    warm_up_s=0.5,
    duration_s=2.0,
    workers=2,
)
