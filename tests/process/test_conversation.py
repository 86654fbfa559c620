"""Lines go to and from a process whole, however they are cut up on the way; a silent one is not waited for for ever."""

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
    """A deadline that is not to come."""
    return time.monotonic() + 60


def hear_lost(other: Conversation, deadline: float) -> str:
    with pytest.raises(LostError) as raised:
        other.hear(deadline)
    return str(raised.value)


ECHO = "import sys\nfor line in sys.stdin: print(line.upper(), end='', flush=True)"


def test_each_line_said_is_answered_by_a_line_heard(talk: Talk) -> None:
    other = talk(ECHO)
    heard = []
    for word in ("spam", "", "œufs"):
        other.say(f"{word}\n")
        heard.append(other.hear(soon()))
    assert heard == ["SPAM", "", "ŒUFS"]


def test_lines_that_come_together_are_heard_one_by_one(talk: Talk) -> None:
    other = talk("print('spam\\neggs\\n\\nham')")
    assert [other.hear(soon()) for _ in range(4)] == ["spam", "eggs", "", "ham"]
    assert hear_lost(other, soon()) == "ended by itself"


def test_a_line_that_comes_in_pieces_is_heard_whole(talk: Talk) -> None:
    # Each piece waits for a word, so none is read with the one before; the last but one cuts a letter in two.
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


def test_a_line_longer_than_any_pipe_is_heard_whole(talk: Talk) -> None:
    assert talk("print('x' * 1_000_000)").hear(soon()) == "x" * 1_000_000


def test_a_silent_process_is_waited_for_until_the_deadline_and_no_longer(talk: Talk) -> None:
    other = talk("import time; time.sleep(600)")
    deadline = time.monotonic() + 0.2
    assert hear_lost(other, deadline) == "did not end in time"
    assert time.monotonic() >= deadline
    assert other.group.exit_code() is None


def test_a_deadline_in_the_past_still_takes_what_is_there_already(talk: Talk) -> None:
    other = talk("import os; os.write(1, b'spam\\neggs\\n')")
    assert other.hear(soon()) == "spam"
    assert other.hear(time.monotonic() - 1) == "eggs"


@pytest.mark.parametrize("code", ["", "print('half a line', end='')", "raise SystemExit(7)"])
def test_a_process_that_ends_is_lost_and_half_a_line_is_none(talk: Talk, code: str) -> None:
    assert hear_lost(talk(code), soon()) == "ended by itself"


def test_nothing_can_be_said_to_a_process_that_has_ended(talk: Talk) -> None:
    other = talk("")
    other.group.leader.wait()
    with pytest.raises(LostError, match=r"^ended by itself$"):
        other.say("spam\n")


def test_what_is_written_to_standard_error_is_logged_and_not_heard(talk: Talk) -> None:
    other = talk("import sys; print('a remark', file=sys.stderr, flush=True); print('spam')")
    assert (other.hear(soon()), other.group.log_tail()) == ("spam", "a remark")


def test_a_process_started_without_pipes_can_neither_be_told_nor_heard(tmp_path: Path) -> None:
    with ProcessKeeper() as keeper:
        other = Conversation(keeper.start("other", [sys.executable, "-c", ""], tmp_path / "log"))
        with pytest.raises(LostError, match=r"^has no standard input$"):
            other.say("spam\n")
        assert hear_lost(other, soon()) == "has no standard output"


def test_a_process_that_goes_on_writing_one_line_for_ever_is_not_heard_beyond_the_deadline(talk: Talk) -> None:
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
