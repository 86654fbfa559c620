"""All apps send the same bytes, so figures differ only by server and framework."""

from support.origin_client import APPS, Answer, Origin, discover

TARGETS = [
    "/",
    "/query?id=X",
    "/query?id=%C3%A4%22%5C%1F%7F%E2%80%A8",
    "/query?id=%F0%9F%A5%9A%FF%ED%A0%80",
    "/query",
    "/message/X?delay=0",
    "/message/%E2%82%AC%FF?delay=0",
    "/message/X?delay=nan",
    "/bytes/0",
    "/bytes/70000",
    "/bytes/-1",
    "/stream?chunks=2&interval=0",
    "/stream?chunks=0",
    "/healthz",
    "/nothing",
]


def comparable(answer: Answer) -> tuple[int, str, str | None, bytes]:
    """Leave out the headers that are the server's own."""
    return answer.status, answer.headers["content-type"], answer.headers.get("content-length"), answer.body


def test_all_apps_answer_the_same_requests_with_the_same_bytes(every_origin: list[Origin]) -> None:
    answers = {str(origin.case): [comparable(origin.get(target)) for target in TARGETS] for origin in every_origin}
    first = next(iter(answers.values()))
    assert answers == dict.fromkeys(answers, first)


def test_every_app_folder_is_discovered() -> None:
    folders = {path.name for path in APPS.iterdir() if path.is_dir() and path.name not in {"common", "__pycache__"}}
    assert {case.app for case in discover()} == folders
