"""Companions and shared modules in an app.toml that cannot work are refused."""

from __future__ import annotations

import pytest

from catalogue.conftest import Edit, Refusal

APP = "apps/django-celery/app.toml"
WORKER = 'name = "task-worker"'
PORT = '"--port", "{port}",'


@pytest.mark.parametrize("other", ["spam", "django-celery", "common"])
def test_modules_of_a_missing_app(edit: Edit, refusal: Refusal, other: str) -> None:
    edit(APP, 'python_path = ["django"]', f'python_path = ["{other}"]')
    known = "bare, django, fastapi"
    assert refusal() == f"{APP}: python_path[0]: must be another app, one of {known}, not {other!r}"


def test_the_same_modules_twice(edit: Edit, refusal: Refusal) -> None:
    edit(APP, 'python_path = ["django"]', 'python_path = ["django", "django"]')
    assert refusal() == f"{APP}: python_path: 'django' is listed twice"


def test_two_companions_with_one_name(edit: Edit, refusal: Refusal) -> None:
    edit(APP, WORKER, 'name = "broker"')
    assert refusal() == f"{APP}: companions: 'broker' is listed twice"


@pytest.mark.parametrize("name", ["server", "proxy", "load"])
def test_a_companion_with_another_parts_name(edit: Edit, refusal: Refusal, name: str) -> None:
    edit(APP, WORKER, f'name = "{name}"')
    assert refusal() == f"{APP}: companions[1].name: {name!r} is the name of another part of every stack"


def test_a_program_without_its_package(edit: Edit, refusal: Refusal) -> None:
    edit(APP, 'package = "redis-server"\n', "")
    expected = "missing; name the package that provides redis-server"
    assert refusal() == f"{APP}: companions[0].package: {expected}"


def test_a_package_without_a_program(edit: Edit, refusal: Refusal) -> None:
    edit(APP, WORKER, f'{WORKER}\npackage = "spam"')
    expected = "the command starts no program that 'spam' could provide; remove the key"
    assert refusal() == f"{APP}: companions[1].package: {expected}"


@pytest.mark.parametrize(("old", "new"), [(PORT, ""), ('"{python}", "-m",', '"{python}", "{port}", "-m",')])
def test_companions_without_exactly_one_listener(edit: Edit, refusal: Refusal, old: str, new: str) -> None:
    edit(APP, old, new)
    expected = "exactly one must listen on {port}: the broker, whose address the others are given"
    assert refusal() == f"{APP}: companions: {expected}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (WORKER, f'{WORKER}\nprogram = "spam"', "companions[1].program: "),
        (WORKER, 'name = "Task Worker"', "companions[1].name: "),
        ('python_path = ["django"]', 'python_path = "django"', "python_path: "),
    ],
)
def test_a_value_of_the_wrong_kind(edit: Edit, refusal: Refusal, old: str, new: str, message: str) -> None:
    edit(APP, old, new)
    assert refusal().startswith(f"{APP}: {message}")
