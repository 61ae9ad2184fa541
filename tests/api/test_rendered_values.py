"""OCS: how values look in XML and JSON."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talk.api.renderers import JSONRenderer, XMLRenderer
from tests.client import BASE, TalkClient
from tests.factories import ParticipantFactory, RoomFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestXML:
    """How values look in XML, byte by byte."""

    @staticmethod
    def render(value: Any) -> str:
        """Return the lines between `<ocs>` and `</ocs>`."""
        text = XMLRenderer().render({"ocs": {"data": value}}).decode()
        start, end = '<?xml version="1.0"?>\n<ocs>\n', "\n</ocs>\n"
        assert text.startswith(start)
        assert text.endswith(end)
        return text.removeprefix(start).removesuffix(end)

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ([], " <data/>"),
            ({}, " <data/>"),
            (None, " <data/>"),
            ("", " <data></data>"),
            (True, " <data>1</data>"),
            (False, " <data></data>"),
            (0, " <data>0</data>"),
            (-5, " <data>-5</data>"),
            (1545000000, " <data>1545000000</data>"),
            ("text", " <data>text</data>"),
            ("0", " <data>0</data>"),
            ("<b> & co", " <data>&lt;b&gt; &amp; co</data>"),
            ("Grüße ✓ 🎉", " <data>Grüße ✓ 🎉</data>"),
            (
                [1, "b"],
                " <data>\n  <element>1</element>\n  <element>b</element>\n </data>",
            ),
            (
                {"b": 1, "a": [{"c": None}]},
                " <data>\n  <b>1</b>\n  <a>\n   <element>\n    <c/>\n   </element>\n  </a>\n </data>",
            ),
        ],
        ids=repr,
    )
    def test_value(self, value: Any, expected: str) -> None:
        assert self.render(value) == expected

    @pytest.mark.parametrize(
        "text", ["a\rb", "a\r\nb", "a\nb", "a\tb", " a ", "\r", "]]>", "<!--", "&amp;"]
    )
    def test_a_text_comes_back_as_it_was(self, text: str) -> None:
        root = ElementTree.fromstring(XMLRenderer().render({"ocs": {"data": text}}))

        assert root.findtext("data") == text

    @given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
    def test_any_printable_text_comes_back_as_it_was(self, text: str) -> None:
        text = text.replace("\ufffe", "").replace("\uffff", "")
        root = ElementTree.fromstring(XMLRenderer().render({"ocs": {"data": text}}))

        assert root.findtext("data") == text

    @pytest.mark.parametrize(
        "character",
        ["\x00", "\x01", "\x08", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"],
    )
    def test_a_character_that_xml_cannot_hold_breaks_nothing(
        self, character: str
    ) -> None:
        document = XMLRenderer().render({"ocs": {"data": f"a{character}b"}})
        text = ElementTree.fromstring(document).findtext("data")

        assert (text[0], text[-1]) == ("a", "b")

    @pytest.mark.parametrize(
        "key",
        [
            "@home",
            "0",
            "1two",
            "with space",
            "a:b",
            "<b>",
            "ünï",
            "",
            "-",
            "x\x00y",
            "a/",
        ],
    )
    def test_a_key_that_is_no_name_breaks_nothing(self, key: str) -> None:
        document = XMLRenderer().render(
            {"ocs": {"data": {"a": 1, key: {"b": 2}, "c": 3}}}
        )
        data = ElementTree.fromstring(document).find("data")

        assert data.attrib == {}
        assert (data.findtext("a"), data.findtext("c")) == ("1", "3")

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda values: st.lists(values) | st.dictionaries(st.text(), values),
            max_leaves=20,
        )
    )
    def test_anything_becomes_a_document(self, value: Any) -> None:
        document = XMLRenderer().render({"ocs": {"data": value}})

        assert ElementTree.fromstring(document).find("data") is not None


class TestJSON:
    """How values look in JSON."""

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ([], b"[]"),
            (None, b"null"),
            ("", b'""'),
            (True, b"true"),
            (False, b"false"),
            (7, b"7"),
            ([1, "b"], b'[1,"b"]'),
            ({"0": 1, "1": 2}, b'{"0":1,"1":2}'),
        ],
        ids=repr,
    )
    def test_value(self, value: Any, expected: bytes) -> None:
        assert JSONRenderer().render({"data": value}) == b'{"data":%s}' % expected

    @given(st.text())
    def test_any_text_comes_back_as_it_was(self, text: str) -> None:
        assert json.loads(JSONRenderer().render({"data": text})) == {"data": text}


ODD_USER_IDS = ["0", "1", "@home", "a b", "a@example.org", "<b>", "ünï", "-x", "a:b"]


class TestRoomsAndMessages:
    """Odd values in real answers."""

    @pytest.fixture
    def room(self, alice: Any) -> Any:
        """A room whose members have odd user ids."""
        room = RoomFactory()
        ParticipantFactory(room=room, user=alice)
        for user_id in ODD_USER_IDS:
            ParticipantFactory(room=room, user=UserFactory(username=user_id))
        return room

    def test_odd_user_ids_are_keys_in_json(
        self, as_alice: TalkClient, room: Any
    ) -> None:
        answer = as_alice.get(f"/room/{room.token}")

        assert set(answer.data["participants"]) == {"alice", *ODD_USER_IDS}

    def test_odd_user_ids_do_not_break_xml(
        self, as_alice: TalkClient, room: Any
    ) -> None:
        response = as_alice.http.get(f"{BASE}/room/{room.token}")

        assert response.status_code == 200
        root = ElementTree.fromstring(response.content)
        assert root.findtext("data/token") == room.token

    def test_user_ids_that_count_from_zero_stay_keys(
        self, alice: Any, as_alice: TalkClient
    ) -> None:
        room = RoomFactory()
        user = UserFactory(username="0")
        ParticipantFactory(room=room, user=user)
        answer = TalkClient(user).get(f"/room/{room.token}")

        assert list(answer.data["participants"]) == ["0"]

    def test_a_message_with_control_characters_does_not_break_xml(
        self, as_alice: TalkClient
    ) -> None:
        token = as_alice.create_room()
        message_id = as_alice.say(token, "one\x01two\rthree\x1bfour")
        response = as_alice.http.get(f"{BASE}/chat/{token}")

        assert response.status_code == 200
        root = ElementTree.fromstring(response.content)
        texts = {m.findtext("id"): m.findtext("message") for m in root.iter("element")}
        assert "two\rthree" in texts[str(message_id)]

    @pytest.mark.parametrize("path", ["/room", "/room/{token}", "/chat/{token}"])
    def test_there_is_no_empty_object(self, as_alice: TalkClient, path: str) -> None:
        token = as_alice.create_room()
        as_alice.say(token, "hello")
        url = f"{BASE}{path.format(token=token)}?format=json"

        assert b"{}" not in as_alice.http.get(url).content.replace(b" ", b"")
