"""Exchanging whole lines with a process, with a deadline."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from topolab.process.conversation import Conversation, LostError
from topolab.process.group import ProcessKeeper

Talk = Callable[[str], Conversation]


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    """Start a conversation with some Python code."""
    with ProcessKeeper() as keeper:
        yield lambda code: Conversation(
            keeper.start("other", [sys.executable, "-c", code], tmp_path / "log", pipes=True)
        )


def soon() -> float:
    """A deadline that is never reached."""
    return time.monotonic() + 60


def hear_lost(other: Conversation, deadline: float) -> str:
    with pytest.raises(LostError) as raised:
        other.hear(deadline)
    return str(raised.value)


ECHO = "import sys\nfor line in sys.stdin: print(line.upper(), end='', flush=True)"


def test_each_line_sent_gets_a_line_in_reply(talk: Talk) -> None:
    other = talk(ECHO)
    heard = []
    for word in ("spam", "", "œufs"):
        other.say(f"{word}\n")
        heard.append(other.hear(soon()))
    assert heard == ["SPAM", "", "ŒUFS"]


def test_lines_that_arrive_together_are_read_one_by_one(talk: Talk) -> None:
    other = talk("print('spam\\neggs\\n\\nham')")
    assert [other.hear(soon()) for _ in range(4)] == ["spam", "eggs", "", "ham"]
    assert hear_lost(other, soon()) == "ended by itself"


def test_a_line_that_arrives_in_pieces_is_read_whole(talk: Talk) -> None:
    # Each piece waits for a line, so that no two are read together; the last but one ends within a character.
    other = talk("""
import os
for piece in (b'sp', b'am ', b'\\xc5', b'\\x93ufs\\nham\\n'):
    os.read(0, 1)
    os.write(1, piece)
""")
    assert hear_lost(other, time.monotonic()) == "did not end in time"
    for _ in range(3):
        other.say("x")
        assert hear_lost(other, time.monotonic() + 0.1) == "did not end in time"
    other.say("x")
    assert [other.hear(soon()), other.hear(soon())] == ["spam œufs", "ham"]


def test_a_line_longer_than_a_pipes_buffer_is_read_whole(talk: Talk) -> None:
    assert talk("print('x' * 1_000_000)").hear(soon()) == "x" * 1_000_000


def test_a_silent_process_is_waited_for_until_the_deadline(talk: Talk) -> None:
    other = talk("import time; time.sleep(600)")
    deadline = time.monotonic() + 0.2
    assert hear_lost(other, deadline) == "did not end in time"
    assert time.monotonic() >= deadline
    assert other.group.exit_code() is None


def test_a_past_deadline_still_reads_available_lines(talk: Talk) -> None:
    other = talk("import os; os.write(1, b'spam\\neggs\\n')")
    assert other.hear(soon()) == "spam"
    assert other.hear(time.monotonic() - 1) == "eggs"


@pytest.mark.parametrize("code", ["", "print('half a line', end='')", "raise SystemExit(7)"])
def test_a_process_that_ends_is_lost_and_its_partial_line_is_discarded(talk: Talk, code: str) -> None:
    assert hear_lost(talk(code), soon()) == "ended by itself"


def test_sending_to_a_process_that_has_ended_fails(talk: Talk) -> None:
    other = talk("")
    other.group.leader.wait()
    with pytest.raises(LostError, match=r"^ended by itself$"):
        other.say("spam\n")


def test_sending_to_a_process_that_its_keeper_has_ended_fails(tmp_path: Path) -> None:
    with ProcessKeeper() as keeper:
        other = Conversation(keeper.start("other", ["cat"], tmp_path / "log", pipes=True))
        keeper.end_all()
        with pytest.raises(LostError, match=r"^has no standard input$"):
            other.say("spam\n")


def test_standard_error_is_logged_and_not_read_as_lines(talk: Talk) -> None:
    other = talk("import sys; print('a remark', file=sys.stderr, flush=True); print('spam')")
    assert (other.hear(soon()), other.group.log_tail()) == ("spam", "a remark")


def test_a_process_without_pipes_can_neither_receive_nor_send(tmp_path: Path) -> None:
    with ProcessKeeper() as keeper:
        other = Conversation(keeper.start("other", [sys.executable, "-c", ""], tmp_path / "log"))
        with pytest.raises(LostError, match=r"^has no standard input$"):
            other.say("spam\n")
        assert hear_lost(other, soon()) == "has no standard output"


def test_an_endless_line_is_not_read_beyond_the_deadline(talk: Talk) -> None:
    other = talk("while True: print('spam', end='')")
    assert hear_lost(other, time.monotonic() + 0.5) == "did not end in time"


def test_something_else_is_done_every_second_that_nothing_is_heard(talk: Talk) -> None:
    seconds: list[float] = []
    other = talk("import time; time.sleep(2.5); print('spam', flush=True); time.sleep(600)")
    begun = time.monotonic()
    assert other.hear(soon(), lambda: seconds.append(time.monotonic() - begun)) == "spam"
    assert len(seconds) in (2, 3)  # 3 where the other took long to start
    seconds.clear()
    with pytest.raises(LostError, match="did not end in time"):
        other.hear(time.monotonic() + 1.5, lambda: seconds.append(0.0))
    assert seconds == [0.0]
