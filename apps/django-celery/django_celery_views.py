"""Views and URLs of the Django project that hands over its slow message; the others come from django_project_sync.

The client polls for the result. Holding the request until the result is there would occupy one of the server's workers
for the whole wait, and Gunicorn with a sync worker has only one. Handing over avoids that.
"""

from celery import states
from celery.result import AsyncResult
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_GET
from django_celery_tasks import HANDED_OVER, celery, hand_over
from django_project_answers import NOT_FOUND_VIEW, delay_s, json_response, not_found
from django_project_sync import urlpatterns as others
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

import origin_contract as contract

_UNREACHABLE = (OperationalError, RedisError)


def message(request: HttpRequest, message_id: str) -> HttpResponse:
    """Hand the message over and say where its result will be."""
    text, wait_s = contract.parse_id(message_id), delay_s(request)
    try:
        return _handed_over(hand_over(text, wait_s))
    except _UNREACHABLE as error:
        return _unavailable(error)


def result(request: HttpRequest, task_id: str) -> HttpResponse:
    """Answer with the message if it is ready, else with the location where it will be."""
    known = contract.parse_task_id(task_id)
    try:
        task = AsyncResult(known, app=celery)
        state = task.state
    except _UNREACHABLE as error:
        return _unavailable(error)
    if state == states.SUCCESS:
        return json_response({"text": task.result})
    if state == HANDED_OVER:
        return _handed_over(known)
    if state == states.PENDING:
        return not_found(request)
    return json_response({"detail": f"the task ended as {state}: {task.result}"}, 500)


def _handed_over(task_id: str) -> HttpResponse:
    answer = json_response({"detail": contract.HANDED_OVER_DETAIL}, 202)
    answer.headers["location"] = contract.result_path(task_id)
    return answer


def _unavailable(error: Exception) -> HttpResponse:
    return json_response({"detail": f"the broker does not answer: {error}"}, 503)


urlpatterns = [
    path("message/<str:message_id>", require_GET(message)),
    path("result/<str:task_id>", require_GET(result)),
    *others,
]
handler404 = NOT_FOUND_VIEW
