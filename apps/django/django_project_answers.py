"""Helpers that the Django project's async and sync views share: everything but waiting and streaming."""

from django.http import HttpRequest, HttpResponse, JsonResponse

import origin_contract as contract

_COMPACT = {"ensure_ascii": False, "separators": (",", ":")}

NOT_FOUND_VIEW = "django_project_answers.not_found"


def json_response(value: object, status: int = 200) -> HttpResponse:
    """Answer with the contract's JSON."""
    return JsonResponse(value, status=status, json_dumps_params=_COMPACT)


def not_found(_request: HttpRequest, **_error: Exception) -> HttpResponse:
    """Answer an unknown path; the middleware also uses this for a wrong method."""
    return json_response({"detail": contract.NOT_FOUND_DETAIL}, 404)


def message(message_id: str | None) -> HttpResponse:
    """Answer with the talk's message."""
    return json_response({"text": contract.message_text(contract.parse_id(message_id))})


def delay_s(request: HttpRequest) -> float:
    """Return how long `/message` waits, in seconds."""
    return contract.DELAY_S.parse(request.GET.get("delay"))


def stream_plan(request: HttpRequest) -> tuple[int, float]:
    """Return how many chunks `/stream` sends, and the seconds between two chunks."""
    chunks = contract.CHUNK_COUNT.parse(request.GET.get("chunks"))
    return chunks, contract.INTERVAL_S.parse(request.GET.get("interval"))


def page() -> HttpResponse:
    """Answer with the talk's page."""
    return HttpResponse(contract.PAGE, content_type=contract.HTML_TYPE)


def pattern(count: str) -> HttpResponse:
    """Answer with bytes of the pattern."""
    return HttpResponse(contract.pattern_bytes(contract.BYTE_COUNT.parse(count)), content_type=contract.BYTES_TYPE)


def healthz() -> HttpResponse:
    """Say that the app is up."""
    return HttpResponse(contract.HEALTHY, content_type=contract.TEXT_TYPE)
