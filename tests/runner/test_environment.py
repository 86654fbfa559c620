"""Only changes that affect the figures prevent a resume, and they are named."""

from __future__ import annotations

from topolab.runner.environment import changed_in, differences

PARTS = {"base": "debian 1", "apps/bare": "aa", "servers/serve.py": "bb"}
RECORDED = {
    "cpu_model": "Abacus",
    "packages": {"granian": "2.0"},
    "images": {"topolab-server:trixie": "sha256:1"},
    "image_parts": {"topolab-server:trixie": PARTS, "topolab-proxy:trixie": {"base": "debian 1"}},
}


def now(**changes: object) -> dict[str, object]:
    return {**RECORDED, **changes}


def test_image_ids_are_not_compared() -> None:
    assert differences(RECORDED, now(images={"topolab-server:trixie": "sha256:2"})) == []


def test_a_difference_is_reported_with_both_values() -> None:
    assert differences(RECORDED, now(cpu_model="Spam", packages={"granian": "2.1", "h2": "4"})) == [
        "cpu_model was Abacus, is Spam",
        "packages granian was 2.0, is 2.1",
        "packages h2 was None, is 4",
    ]


def test_a_changed_part_of_an_image_is_named_without_its_digest() -> None:
    parts = {**RECORDED["image_parts"], "topolab-server:trixie": {**PARTS, "apps/bare": "cc", "apps/common": "dd"}}  # type: ignore[dict-item]
    assert differences(RECORDED, now(image_parts=parts)) == [
        "apps/bare in the image topolab-server:trixie has changed",
        "apps/common in the image topolab-server:trixie has changed",
    ]


def test_a_changed_file_is_named_without_its_digest() -> None:
    was = {**RECORDED, "files": {"apps/bare": "aa", "nginx/alb.conf": "bb"}}
    assert differences(was, now(files={"apps/bare": "cc", "nginx/alb.conf": "bb"})) == ["apps/bare has changed"]


def test_a_run_without_its_files_is_not_compared_with_any() -> None:
    assert differences(RECORDED, now(files={"apps/bare": "cc"})) == [
        "the run does not say which files it was measured with"
    ]


def test_unknown_values_are_not_compared() -> None:
    assert changed_in(RECORDED, {"cpu_model": "Abacus"}) == []
    assert changed_in(RECORDED, {"cpu_model": "Spam"}) == ["cpu_model was Abacus, is Spam"]
