"""The quick reader of plain TOML says exactly what the slow reader of all TOML says."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.law import regimes
from incidents.law.regimes.plain import _plain, parsed

FOLDER = Path(regimes.__file__).parent

PLAIN = (
    *('a = "b"\n', "\n\n", "", "# note\na = 1\n", "#\tnote\n", "a = true\n", "a = 2026-11-22\n", "a = 123456789\n"),
    *('a = ["b", "c"]\n', 'a = ["b"]\n', 'a = [\n  "b",\n  "c",\n]\n', 'a = "1"\n[[rule]]\na = "2"\n[[rule]]\na = 3\n'),
    *('a = "b\'s é # [c]"\n', "a_b = 1\n"),
)
NOT_PLAIN = (
    *('a = "b"', "a = 1.5\n", "a = 0\n", "a = 1234567890\n", "a = '''b'''\n", "a = false\n", "a = []\n", "a=1\n"),
    *('a = "\\u00e9 \\"x\\""\n', 'a = ["b", 1]\n', 'a = "b" # c\n', 'a = "b\tc"\n', " a = 1\n", "A = 1\n", "a.b = 1\n"),
    *("[rule]\na = 1\n", "[[rules]]\na = 1\n", "rule = 1\n", 'a = "b"\r\n', "# note\r\n", "-1 = 1\n", "a = -1\n"),
)
WRONG = (
    *("a = 2026-13-01\n", "a = 007\n", "a = \n", 'a = ["b" "c"]\n', 'a = ["b",, "c"]\n', 'a = "b\x7f"\n', 'a = "b\r\n'),
    *(
        'a = "1"\na = "2"\n',
        '[[rule]]\na = "1"\na = "2"\n',
        "rule = 1\n[[rule]]\n",
        "# \x00\n",
        "[[rule]\n",
        "a = tru\n",
    ),
)


def outcome(reads: Callable[[str], object], text: str) -> object:
    try:
        return reads(text)
    except tomllib.TOMLDecodeError as error:
        return str(error)


def test_every_file_is_read_the_quick_way() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.toml")}

    assert {name: _plain(text) for name, text in texts.items()} == {
        name: tomllib.loads(text) for name, text in texts.items()
    }


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_plain_is_read_the_quick_way(text: str) -> None:
    assert _plain(text) == parsed(text) == tomllib.loads(text)


@pytest.mark.parametrize("text", [*NOT_PLAIN, *WRONG])
def test_what_is_not_plain_is_left_to_the_slow_reader(text: str) -> None:
    assert _plain(text) is None
    assert outcome(parsed, text) == outcome(tomllib.loads, text)


@given(st.text(alphabet='ab= "\n[]#\\0129-,\té\x7f', max_size=30))
def test_any_text_is_read_as_toml_reads_it(text: str) -> None:
    assert outcome(parsed, text) == outcome(tomllib.loads, text)
    assert outcome(parsed, f"a = {text}\n") == outcome(tomllib.loads, f"a = {text}\n")
