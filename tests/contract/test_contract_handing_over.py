"""The answers of an app that hands its slow message over: 202s, and then the result."""

import json
import re
import uuid

import pytest

from support.origin_client import APPS, Answer, Origin
from topolab.drivers.loops.parked import POLL_INTERVAL_S

LOCATION = re.compile(r"/result/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
HANDED_OVER = b'{"detail":"handed over: the result will be at this location"}'
NOT_FOUND = b'{"detail":"nothing here: no such path, or not with this method"}'
BAD_ID = b'{"detail":"a task\'s id must be a UUID in lower case"}'
AT_ONCE = 24
KNOWN = "0a1b2c3d-0a1b-4c3d-8e9f-0123456789ab"


def essence(answer: Answer) -> tuple[int, str, str | None, bytes]:
    """Return everything of an answer that does not differ from server to server, but its location."""
    return answer.status, answer.headers["content-type"], answer.headers.get("content-length"), answer.body


def handed_over(origin: Origin, target: str) -> str:
    """Hand a message over; return where its result will be."""
    answer = origin.request("GET", target)
    assert essence(answer) == (202, "application/json", str(len(HANDED_OVER)), HANDED_OVER)
    assert LOCATION.fullmatch(answer.headers["location"])
    return answer.headers["location"]


def test_a_handed_over_messages_location_is_stable_until_the_result(handing_over: Origin) -> None:
    location = handed_over(handing_over, "/message/X?delay=30")
    for _ in range(3):
        answer = handing_over.request("GET", location)
        assert essence(answer) == (202, "application/json", str(len(HANDED_OVER)), HANDED_OVER)
        assert answer.headers["location"] == location


def test_a_result_is_the_usual_answer_and_can_be_asked_for_again(handing_over: Origin) -> None:
    location = handed_over(handing_over, "/message/%C3%A4?delay=0")
    expected = '{"text":"spam, egg, spam and spam!, ä!"}'.encode()
    for _ in range(2):
        answer = handing_over.get(location)
        assert essence(answer) == (200, "application/json", str(len(expected)), expected)
        assert "location" not in answer.headers


def test_each_message_has_its_own_location(handing_over: Origin) -> None:
    locations = [handed_over(handing_over, f"/message/{index}?delay=0") for index in range(AT_ONCE)]
    assert [json.loads(handing_over.get(location).body)["text"] for location in locations] == [
        f"spam, egg, spam and spam!, {index}!" for index in range(AT_ONCE)
    ]


def test_a_short_wait_ends_before_earlier_long_ones(handing_over: Origin) -> None:
    long = [handed_over(handing_over, f"/message/{index}?delay=30") for index in range(AT_ONCE)]
    assert handing_over.get("/message/short?delay=0").status == 200
    assert {handing_over.request("GET", location).status for location in long} == {202}


def test_every_answer_to_a_handed_over_message_has_version_and_port(handing_over: Origin) -> None:
    connection = handing_over.connect()
    try:
        target, seen = "/message/1?delay=0", []
        while target:
            connection.request("GET", target)
            port = str(connection.sock.getsockname()[1])
            response = connection.getresponse()
            response.read()
            seen.append((response.getheader("x-origin-http-version"), response.getheader("x-origin-peer") == port))
            target = response.getheader("location", "")
        assert set(seen) == {("1.1", True)}
        assert len(seen) > 1
    finally:
        connection.close()


@pytest.mark.parametrize("target", ["/message/1?delay=nan", "/message/1?delay=31", "/message/1?delay="])
def test_a_bad_value_is_refused_before_anything_is_handed_over(handing_over: Origin, target: str) -> None:
    answer = handing_over.request("GET", target)
    assert (answer.status, "location" in answer.headers) == (422, False)


def test_an_unknown_task_is_not_found(handing_over: Origin) -> None:
    answer = handing_over.request("GET", f"/result/{uuid.uuid4()}")
    assert essence(answer) == (404, "application/json", str(len(NOT_FOUND)), NOT_FOUND)


@pytest.mark.parametrize(
    "task_id",
    [
        *("1", "spam", "%20", "%00", "%FF", "%C3%A4", "*", "..", KNOWN.upper(), f"{{{KNOWN}}}", f"urn:uuid:{KNOWN}"),
        *(KNOWN.replace("-", ""), f"{KNOWN}%0A", f"%20{KNOWN}", "0" * 3000, "celery-task-meta-1"),
    ],
)
def test_an_invalid_task_id_is_refused(handing_over: Origin, task_id: str) -> None:
    answer = handing_over.request("GET", f"/result/{task_id}")
    assert essence(answer) == (422, "application/json", str(len(BAD_ID)), BAD_ID)


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/result"), ("GET", "/result/"), ("GET", f"/result/{KNOWN}/x"), ("POST", f"/result/{KNOWN}")],
)
def test_other_paths_and_methods_are_not_found(handing_over: Origin, method: str, target: str) -> None:
    answer = handing_over.request(method, target)
    assert essence(answer) == (404, "application/json", str(len(NOT_FOUND)), NOT_FOUND)


def test_page_and_load_driver_poll_at_the_contracts_interval() -> None:
    page = (APPS / "common" / "page.html").read_text(encoding="utf-8")
    contract = (APPS / "common" / "origin_contract.py").read_text(encoding="utf-8")
    (page_ms,) = re.findall(r"const POLL_MS = (\d+);", page)
    (contract_s,) = re.findall(r"^POLL_S = ([\d.]+)$", contract, re.MULTILINE)
    assert int(page_ms) == float(contract_s) * 1000 == POLL_INTERVAL_S * 1000
