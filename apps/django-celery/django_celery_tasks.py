"""The slow message as a Celery task: what the web process hands over, and what the task worker runs."""

import os
import time
import uuid

from celery import Celery

import origin_contract as contract

HANDED_OVER = "HANDED_OVER"
"""A state of a task of our own: to Celery one that waits and one that it has never heard of are both PENDING."""
_BROKER = f"redis://{os.environ['TOPOLAB_BROKER']}/0"
_KEPT_S = 600  # a result, and the mark of a task without one: longer than the longest wait in the longest queue


celery = Celery("django_celery_tasks", broker=_BROKER, backend=_BROKER)
celery.conf.update(
    result_expires=_KEPT_S,
    # One pool of connections for all threads, not one for each.
    result_backend_thread_safe=True,
    # Nothing asks the worker how it is, and nothing has to be tried for 20 s: without its broker a stack has failed.
    worker_enable_remote_control=False,
    task_publish_retry=False,
    result_backend_transport_options={"retry_policy": {"max_retries": 0}},
)


@celery.task  # type: ignore[untyped-decorator]
def message(message_id: str, delay_s: float) -> str:
    """Wait, and return the talk's message."""
    time.sleep(delay_s)
    return contract.message_text(message_id)


def hand_over(message_id: str, delay_s: float) -> str:
    """Send a message's task to the broker; return the task's id."""
    task_id = str(uuid.uuid4())
    # Before it is sent: afterwards it could overwrite the result.
    celery.backend.store_result(task_id, None, HANDED_OVER)
    message.apply_async((message_id, delay_s), task_id=task_id)
    return task_id
