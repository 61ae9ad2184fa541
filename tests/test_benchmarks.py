"""The benchmarks detect lost, doubled and disordered messages."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks.connections import Answer, Connection, parse
from tests.benchmarks.load import Waiter, compare, summary
from tests.benchmarks.report import Row, merge


def body_of(*ids: int) -> bytes:
    """Return the body of a response with these comments."""
    data = [{"id": one, "systemMessage": ""} for one in ids]
    return json.dumps({"ocs": {"data": data}}).encode()


def waiter_with(*bodies: bytes) -> Waiter:
    """Return a waiter that received these responses."""
    waiter = Waiter(Connection(), "room", "")
    waiter.messages = [(0.0, body) for body in bodies]
    return waiter


def faults(*bodies: bytes) -> dict[str, int]:
    """Return the faults of a waiter in a room with the messages 1, 2 and 3."""
    counts = compare([waiter_with(*bodies)], {"room": [1, 2, 3]})
    names = ("lost", "doubled", "disordered")
    return {name: counts[name] for name in names if counts[name]}


def test_messages_that_arrive_once_and_in_order_are_no_fault():
    assert faults(body_of(1), body_of(2, 3)) == {}


def test_a_message_that_does_not_arrive_is_lost():
    assert faults(body_of(1), body_of(3)) == {"lost": 1}


def test_a_message_that_arrives_twice_is_doubled():
    assert faults(body_of(1, 2), body_of(2, 3)) == {"doubled": 1}


def test_a_message_after_a_later_one_is_disordered():
    assert faults(body_of(1), body_of(3), body_of(2)) == {"disordered": 1}


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    ],
    ids=["length", "chunks"],
)
def test_an_answer_is_complete_with_its_last_byte(data: bytes):
    assert [parse(data[:end], 0.0) for end in range(len(data))] == [None] * len(data)
    answer = parse(data, 0.0)
    assert answer is not None
    assert answer.body == b"hello"


def test_an_answer_without_content_ends_with_its_head():
    head = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"
    assert parse(head, 0.0) == Answer(304, 0.0, head[:-4].lower(), b"")


def test_percentiles_are_values_that_were_measured():
    figures = summary([number / 1000 for number in range(1, 101)])
    assert figures == pytest.approx(
        {"p50_ms": 50, "p95_ms": 95, "p99_ms": 99, "max_ms": 100}
    )


def test_a_fault_of_one_pass_is_not_lost_among_the_others():
    passes = [{"p50_ms": 1.0, "lost": 0}, {"p50_ms": 3.0, "lost": 2}, {"failed": 1}]
    rows = [Row(family="wake", case="", subject="", figures=one) for one in passes]
    assert merge(rows).figures == {"p50_ms": 2.0, "lost": 2, "failed": 1}
