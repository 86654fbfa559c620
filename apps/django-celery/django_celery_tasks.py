"""The slow message as a Celery task: the web process hands it over, and the task worker runs it."""

import os
import time
import uuid

from celery import Celery

import origin_contract as contract

HANDED_OVER = "HANDED_OVER"
"""Our own state for a waiting task: Celery reports both waiting and unknown tasks as PENDING."""
_BROKER = f"redis://{os.environ['TOPOLAB_BROKER']}/0"
_KEPT_S = 600  # for results and for marks of waiting tasks: longer than the longest wait in the longest queue


celery = Celery("django_celery_tasks", broker=_BROKER, backend=_BROKER)
celery.conf.update(
    result_expires=_KEPT_S,
    # One connection pool for all threads, not one per thread.
    result_backend_thread_safe=True,
    # Nothing monitors the worker, and nothing needs 20 s of retries: a stack without its broker has failed.
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
    # Mark the task before sending it: afterwards the mark could overwrite the result.
    celery.backend.store_result(task_id, None, HANDED_OVER)
    message.apply_async((message_id, delay_s), task_id=task_id)
    return task_id
