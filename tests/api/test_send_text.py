"""POST /chat/{token}: how long a text may be, what is trimmed, what stays as it was typed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.api.callers import Caller, anonymous, uninvited
from tests.api.helpers import UNSTORABLE, assert_not_found, assert_refused, rows, texts
from tests.client import BASE, TalkClient

pytestmark = pytest.mark.django_db

TRIMMED = {
    "space": " ",
    "tab": "\t",
    "line feed": "\n",
    "carriage return": "\r",
    "NUL": "\0",
    "vertical tab": "\x0b",
}

NOT_TRIMMED = {
    "no-break space": "\u00a0",
    "form feed": "\x0c",
    "next line": "\u0085",
    "em space": "\u2003",
    "line separator": "\u2028",
    "ideographic space": "\u3000",
    "zero-width space": "\u200b",
    "byte order mark": "\ufeff",
    "unit separator": "\x1f",
}

NO_TEXTS = [None, 5, 0, 1.5, True, False, [], ["hello"], {}, {"text": "hello"}]


class TestRefused:
    """Messages that are not a text, empty, too long or not storable."""

    def test_a_missing_message_is_refused(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        before = rows()
        answer = as_alice.post(f"/chat/{shared}")
        assert_refused(answer, 400)
        assert rows() == before

    @pytest.mark.parametrize("value", NO_TEXTS)
    def test_another_value_than_a_text_is_refused(
        self, as_alice: TalkClient, shared: str, value: Any
    ) -> None:
        before = rows()
        answer = as_alice.post_json(f"/chat/{shared}", {"message": value})
        assert_refused(answer, 400)
        assert rows() == before

    @pytest.mark.parametrize("name", ["message[]", "message[a]"])
    def test_a_list_or_map_in_a_form_is_refused(
        self, as_alice: TalkClient, shared: str, name: str
    ) -> None:
        answer = as_alice.request("POST", f"/chat/{shared}", form={name: "hello"})
        assert answer.status == 400
        assert texts(as_alice.history(shared)) == []

    @pytest.mark.parametrize("body", ["", "{", "[]", "null", "5", '"hello"', b"\xff"])
    def test_a_body_that_says_nothing_is_refused(
        self, as_alice: TalkClient, shared: str, body: Any
    ) -> None:
        assert as_alice.post_json(f"/chat/{shared}", body).status == 400

    @pytest.mark.parametrize("text", ["", " ", "\n", " \t\n\r\0\x0b", " " * 1001])
    def test_an_empty_text_is_refused(
        self, as_alice: TalkClient, shared: str, text: str
    ) -> None:
        before = rows()
        answer = as_alice.post_json(f"/chat/{shared}", {"message": text})
        assert_refused(answer, 400)
        assert rows() == before

    @pytest.mark.parametrize(
        "text",
        ["x" * 1001, "😀" * 1001, "e\u0301" * 500 + "e", " " + "x" * 1001 + " "],
    )
    def test_more_than_1000_characters_are_too_large(
        self, as_alice: TalkClient, shared: str, text: str
    ) -> None:
        before = rows()
        answer = as_alice.post(f"/chat/{shared}", message=text)
        assert_refused(answer, 413)
        assert rows() == before

    @pytest.mark.parametrize("text", ["x" * 1000, "😀" * 1000, "e\u0301" * 500])
    def test_1000_characters_are_accepted_whatever_their_bytes(
        self, as_alice: TalkClient, shared: str, text: str
    ) -> None:
        as_alice.say(shared, text)
        assert texts(as_alice.history(shared)) == [text]

    def test_the_length_is_counted_after_trimming(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        spaces = " " * 500
        as_alice.say(shared, f"{spaces}{'x' * 998}{spaces}")
        assert texts(as_alice.history(shared)) == ["x" * 998]

    @pytest.mark.parametrize("text", UNSTORABLE)
    def test_a_text_that_no_database_stores_is_refused(
        self, as_alice: TalkClient, shared: str, text: str
    ) -> None:
        before = rows()
        answer = as_alice.post_json(f"/chat/{shared}", {"message": text})
        assert_refused(answer, 400)
        assert rows() == before

    def test_the_length_is_checked_before_the_characters(
        self, as_alice: TalkClient, shared: str
    ) -> None:
        text = "x" * 1000 + "\0x"
        answer = as_alice.post_json(f"/chat/{shared}", {"message": text})
        assert answer.status == 413

    @pytest.mark.parametrize("body", [{}, {"message": 5}, {"message": "x" * 1001}])
    @pytest.mark.parametrize("caller", [uninvited, anonymous])
    def test_strangers_learn_nothing_from_a_bad_message(
        self,
        shared: str,
        body: dict[str, Any],
        caller: Caller,
    ) -> None:
        assert_not_found(caller(shared).post_json(f"/chat/{shared}", body))

    @pytest.mark.parametrize("body", [{}, {"message": ""}, {"message": "x" * 1001}])
    def test_a_refused_message_of_a_guest_changes_nothing(
        self, as_guest: TalkClient, public: str, body: dict[str, Any]
    ) -> None:
        as_guest.join(public)
        before = rows()
        body = {**body, "actorDisplayName": "Gwen"}
        answer = as_guest.post_json(f"/chat/{public}", body)
        assert answer.status in (400, 413)
        assert rows() == before


class TestKept:
    """As it was typed."""

    @pytest.mark.parametrize("name", TRIMMED)
    def test_white_space_at_both_ends_is_trimmed(
        self, as_alice: TalkClient, shared: str, name: str
    ) -> None:
        char = TRIMMED[name]
        text = f"{char}{char}hello{char}"
        answer = as_alice.post_json(f"/chat/{shared}", {"message": text})
        assert answer.status == 201
        assert answer.data["message"] == "hello"

    @pytest.mark.parametrize("name", NOT_TRIMMED)
    def test_other_white_space_stays(
        self, as_alice: TalkClient, shared: str, name: str
    ) -> None:
        text = f"{NOT_TRIMMED[name]}hello{NOT_TRIMMED[name]}"
        answer = as_alice.post_json(f"/chat/{shared}", {"message": text})
        assert answer.status == 201
        assert answer.data["message"] == text

    @pytest.mark.parametrize("name", NOT_TRIMMED)
    def test_other_white_space_is_a_text(
        self, as_alice: TalkClient, shared: str, name: str
    ) -> None:
        text = NOT_TRIMMED[name]
        answer = as_alice.post_json(f"/chat/{shared}", {"message": text})
        assert answer.status == 201
        assert answer.data["message"] == text

    @pytest.mark.parametrize(
        "text",
        [
            "one\r\ntwo\n\n\nthree\rfour",
            "a  b\t\tc",
            "<b>bold</b> & \"quoted\" 'text' </script>",
            "{actor} and {mention-user1} and {{both}}",
            "%s %(name)s %d",
            "café and cafe\u0301",
            "\u202eright to left\u202c שלום مرحبا",
            "👩\u200d👩\u200d👧 🇩🇪",
            "\x01\x07\x1b[31m\x7f",
            "\ufffe\uffff\U0010ffff",
            "null",
            "0",
        ],
    )
    def test_the_text_is_returned_as_it_was_typed(
        self, as_alice: TalkClient, shared: str, text: str
    ) -> None:
        answer = as_alice.post_json(f"/chat/{shared}", {"message": text})
        assert answer.status == 201
        assert answer.data["message"] == text
        assert answer.data["messageParameters"] == []
        assert texts(as_alice.history(shared)) == [text]

    @pytest.mark.parametrize("text", ["@nobody", "@", "a@bob"])
    def test_a_text_without_mentions_is_returned_as_it_was_typed(
        self, as_alice: TalkClient, shared: str, text: str
    ) -> None:
        answer = as_alice.post(f"/chat/{shared}", message=text)
        assert answer.data["message"] == text
        assert answer.data["messageParameters"] == []

    def test_a_0_in_a_form_is_a_text(self, as_alice: TalkClient, shared: str) -> None:
        assert as_alice.post(f"/chat/{shared}", message="0").status == 201


class TestAnything:
    """Any text at all."""

    @hypothesis_settings(
        max_examples=150,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        text=st.one_of(
            st.text(st.characters(exclude_categories=())),
            st.text(),
            st.text(" \t\n\r\0\x0b\x0c\u00a0x", max_size=12),
            st.builds(str.__mul__, st.text(min_size=1, max_size=3), st.just(500)),
        )
    )
    @example(text="x" * 1000)
    @example(text="x" * 1001)
    def test_any_text_is_kept_as_trimmed_or_refused(
        self, as_alice: TalkClient, shared: str, text: str
    ) -> None:
        text = json.loads(json.dumps(text))  # two surrogates may have become one pair
        trimmed = text.strip(" \t\n\r\0\x0b")
        is_storable = not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in trimmed)
        answer = as_alice.post_json(f"/chat/{shared}", {"message": text})
        if not trimmed:
            assert answer.status == 400
        elif len(trimmed) > 1000:
            assert answer.status == 413
        elif not is_storable:
            assert answer.status == 400
        else:
            assert answer.status == 201
            assert answer.data["message"] == trimmed
            (stored,) = as_alice.history(shared, limit=1).data
            assert stored == answer.data

    @hypothesis_settings(
        max_examples=100,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        value=st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        )
    )
    def test_any_json_value_is_accepted_or_refused(
        self, as_alice: TalkClient, shared: str, value: Any
    ) -> None:
        body = {"message": value, "actorDisplayName": value}
        answer = as_alice.post_json(f"/chat/{shared}", body)
        assert answer.status in (201, 400, 413)

    @hypothesis_settings(
        max_examples=50,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        body=st.binary(),
        content_type=st.sampled_from(
            [
                "application/json",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
                "text/plain",
                "",
            ]
        ),
    )
    def test_any_body_is_accepted_or_refused(
        self, as_alice: TalkClient, shared: str, body: bytes, content_type: str
    ) -> None:
        response = as_alice.http.generic(
            "POST",
            f"{BASE}/chat/{shared}",
            body,
            content_type=content_type,
            headers=as_alice.headers,
        )
        assert response.status_code in (201, 400, 413)
