"""Whatever bytes come, a parser answers with its result or with one of its refusals, and with nothing else."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.fuzz.parsers import WORDS, Parser, parsers

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
"""Inputs for each parser; `make fuzz` tries more than the gate does."""
PARSERS = parsers()
DEEP = (b"[" * 200_000, b'{"a":' * 100_000, b"9" * 100_000, b"a = " + b"[" * 100_000, b"=" * 100_000)
LONGEST_PART = 40


@st.composite
def changed(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A good input with some parts replaced, doubled or left out."""
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 5))):
        begins = draw(st.integers(0, len(content)))
        ends = begins + draw(st.integers(0, LONGEST_PART))
        part = bytes(content[begins:ends])
        content[begins:ends] = draw(
            st.one_of(st.binary(max_size=8), st.sampled_from(WORDS), st.sampled_from((b"", part * 2, part[::-1])))
        )
    return bytes(content)


def inputs(parser: Parser) -> st.SearchStrategy[bytes]:
    texts = st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
    return st.one_of(changed(parser.seeds), changed(parser.seeds), st.binary(max_size=200), texts)


@pytest.mark.parametrize("name", PARSERS)
def test_parser_answers_or_refuses(name: str) -> None:
    parser = PARSERS[name]

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(inputs(parser))
    @example(b"")
    def check(content: bytes) -> None:
        with suppress(*parser.refusals):
            parser.parse(content)

    check()


@pytest.mark.parametrize("name", PARSERS)
def test_good_input_is_read(name: str) -> None:
    parser = PARSERS[name]
    read = 0
    for seed in parser.seeds:
        with suppress(*parser.refusals):
            parser.parse(seed)
            read += 1
    assert read


@pytest.mark.parametrize("name", PARSERS)
def test_no_parser_recurses_or_counts_without_end(name: str) -> None:
    parser = PARSERS[name]
    for content in (
        *WORDS,
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"9" * 100_000,
        b"a = " + b"[" * 100_000,
        b"=" * 100_000,
    ):
        with suppress(*parser.refusals):
            parser.parse(content)
