"""GET /signaling/settings."""

from __future__ import annotations

import pytest

from talk.domain.ice_servers import turn_credential
from talk.domain.signaling_tickets import is_valid_ticket
from tests.api.helpers import TIMESTAMP
from tests.client import TalkClient
from tests.external_signaling import SERVER, TALK
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PATH = "/signaling/settings"
TURN = {
    "server": "turn.example.org:3478",
    "secret": "example-turn-secret",
    "protocols": ("udp", "tcp"),
}


def settings_of(client: TalkClient):
    """Return what a client is told, which is always a 200."""
    answer = client.get(PATH)
    assert answer.status == 200
    assert answer.meta["status"] == "ok"
    return answer.data


class TestSettings:
    """Its four keys."""

    @pytest.mark.parametrize("who", ["alice", "guest"])
    def test_users_and_guests_get_them(self, request, who):
        told = settings_of(request.getfixturevalue(f"as_{who}"))
        assert set(told) == {"server", "ticket", "stunservers", "turnservers"}

    def test_a_site_that_configures_nothing_names_no_server(self, as_guest):
        told = settings_of(as_guest)
        del told["ticket"]
        assert told == {"server": "", "stunservers": [], "turnservers": []}

    def test_a_basic_login_counts(self, alice):
        told = settings_of(TalkClient(alice, basic="correct horse"))
        assert is_valid_ticket(ticket=told["ticket"], user_id="alice")

    def test_it_is_no_room(self, as_alice):
        assert as_alice.get("/signaling/settings").status == 200
        assert as_alice.post("/signaling/settings").status == 405

    @pytest.mark.parametrize("path", [PATH + "/", PATH + "//", "/signaling/setting"])
    def test_another_path_is_another_path(self, as_alice, path):
        assert as_alice.get(path).status == 404

    def test_no_query_but_those_of_the_login(self, as_alice, django_assert_num_queries):
        with django_assert_num_queries(2):
            settings_of(as_alice)

    def test_no_query_for_guests(self, as_guest, django_assert_num_queries):
        with django_assert_num_queries(0):
            settings_of(as_guest)


class TestTicket:
    """`ticket`."""

    @pytest.mark.parametrize("name", ["alice", "a@example.org", "1234"])
    def test_a_users_names_the_user(self, clock, name):
        told = settings_of(TalkClient(UserFactory(username=name)))
        _, moment, user_id, _ = told["ticket"].split(":")
        assert (moment, user_id) == (str(TIMESTAMP), name)
        assert is_valid_ticket(ticket=told["ticket"], user_id=name)

    def test_a_guests_names_nobody(self, clock, as_guest):
        told = settings_of(as_guest)
        _, moment, user_id, _ = told["ticket"].split(":")
        assert (moment, user_id) == (str(TIMESTAMP), "")
        assert is_valid_ticket(ticket=told["ticket"], user_id="")

    def test_a_guest_who_has_joined_is_still_nobody(self, as_guest, public):
        as_guest.join(public)
        assert is_valid_ticket(ticket=settings_of(as_guest)["ticket"], user_id="")

    def test_it_is_there_with_a_server_too(self, settings, as_alice):
        settings.TALK = TALK
        ticket = settings_of(as_alice)["ticket"]
        assert is_valid_ticket(ticket=ticket, user_id="alice")


class TestServer:
    """`server`."""

    @pytest.mark.parametrize(
        "url", ["wss://signaling.example.org", "https://example.org/standalone/"]
    )
    def test_it_is_as_configured(self, settings, as_guest, url):
        settings.TALK = {"SIGNALING_SERVERS": [{**SERVER, "server": url}]}
        assert settings_of(as_guest)["server"] == url

    def test_a_server_is_chosen_at_random(self, settings, as_guest):
        urls = {"wss://one.example.org", "wss://two.example.org"}
        servers = [{**SERVER, "server": url} for url in urls]
        settings.TALK = {"SIGNALING_SERVERS": servers}
        assert {settings_of(as_guest)["server"] for _ in range(60)} == urls

    @pytest.mark.parametrize("secret", [{"secret": ""}, {}], ids=["empty", "missing"])
    def test_a_server_without_a_secret_is_left_out(self, settings, as_guest, secret):
        server = {"server": "wss://signaling.example.org", **secret}
        settings.TALK = {"SIGNALING_SERVERS": [server]}
        assert settings_of(as_guest)["server"] == ""

    def test_no_secret_is_told(self, settings, as_alice):
        settings.TALK = {**TALK, "TURN_SERVERS": [TURN]}
        text = str(settings_of(as_alice))
        assert SERVER["secret"] not in text
        assert TURN["secret"] not in text


class TestStun:
    """`stunservers`."""

    def test_a_server_has_the_keys_of_old_and_new_clients(self, settings, as_guest):
        settings.TALK = {"STUN_SERVERS": ["stun.example.org:3478"]}
        url = "stun:stun.example.org:3478"
        assert settings_of(as_guest)["stunservers"] == [{"url": url, "urls": [url]}]

    def test_a_server_is_chosen_at_random(self, settings, as_guest):
        settings.TALK = {"STUN_SERVERS": ["one.example.org:1", "two.example.org:2"]}
        told = [settings_of(as_guest)["stunservers"] for _ in range(60)]
        assert all(len(servers) == 1 for servers in told)
        urls = {servers[0]["url"] for servers in told}
        assert urls == {"stun:one.example.org:1", "stun:two.example.org:2"}


class TestTurn:
    """`turnservers`."""

    def test_each_protocol_has_an_entry_with_the_same_credentials(
        self, settings, clock, as_guest
    ):
        settings.TALK = {"TURN_SERVERS": [TURN]}
        udp, tcp = settings_of(as_guest)["turnservers"]
        username = udp["username"]
        assert username.startswith(f"{TIMESTAMP + 86400}:")
        secret = {
            "username": username,
            "credential": turn_credential(secret=TURN["secret"], username=username),
        }
        for entry, protocol in ((udp, "udp"), (tcp, "tcp")):
            url = [f"turn:turn.example.org:3478?transport={protocol}"]
            assert entry == {"url": url, "urls": url, **secret}

    def test_one_protocol_is_one_entry(self, settings, as_guest):
        settings.TALK = {"TURN_SERVERS": [{**TURN, "protocols": ["tcp"]}]}
        (entry,) = settings_of(as_guest)["turnservers"]
        assert entry["urls"] == ["turn:turn.example.org:3478?transport=tcp"]

    def test_each_request_gets_other_credentials(self, settings, as_guest):
        settings.TALK = {"TURN_SERVERS": [TURN]}
        names = {settings_of(as_guest)["turnservers"][0]["username"] for _ in range(9)}
        assert len(names) == 9

    def test_of_several_one_is_told(self, settings, as_guest):
        other = {**TURN, "server": "other.example.org:1"}
        settings.TALK = {"TURN_SERVERS": [TURN, other]}
        told = [settings_of(as_guest)["turnservers"] for _ in range(60)]
        pairs = {tuple(entry["url"][0] for entry in servers) for servers in told}
        assert len(pairs) == 2
        assert all(len({url.split("?")[0] for url in pair}) == 1 for pair in pairs)


def test_capabilities_do_not_lead_servers_elsewhere(as_guest) -> None:
    answer = as_guest.get("/ocs/v2.php/cloud/capabilities")
    assert all(isinstance(part, dict) for part in answer.data["capabilities"].values())
    assert "signaling-v3" not in answer.data["capabilities"]["spreed"]["features"]
