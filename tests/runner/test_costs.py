"""The account of a sitting, including runs stored before image builds were counted."""

from __future__ import annotations

from pydantic import TypeAdapter

from topolab.model.run import Sitting


def test_a_sitting_recorded_without_image_builds_is_read_as_having_built_none() -> None:
    kept = '{"wall_s": 12.5, "load_before": 0.1, "load_after": 1.2}'
    assert TypeAdapter(Sitting).validate_json(kept) == Sitting(wall_s=12.5, load_before=0.1, load_after=1.2, images_s=0)
