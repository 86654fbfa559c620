"""The examples of docs/extending.md, for tests that run them."""

from __future__ import annotations

import re

from support.command import ROOT


def example(section: str, language: str) -> str:
    """The code of that language in a section. Fails the test where there is none, or more than one."""
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    found = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", found, re.MULTILINE | re.DOTALL)
    return str(code)


def names_of(code: str, names: dict[str, object]) -> dict[str, object]:
    """Run an example with these names; return what it defines."""
    defined: dict[str, object] = {}
    exec(compile("from __future__ import annotations\n" + code, "docs/extending.md", "exec"), {**names}, defined)  # noqa: S102
    return defined
