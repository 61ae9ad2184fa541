"""The list of rooms, and the settings of a room."""

from __future__ import annotations

from typing import Any

import pytest

from talk.constants import ParticipantType, RoomType
from talk.models import Participant, Room
from tests.browser.visitors import expect
from tests.client import TalkClient
from tests.factories import GroupFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def participant(token: str, username: str) -> Any:
    """Return the participant of a user in a room."""
    return Participant.objects.get(room__token=token, user__username=username)


class TestList:
    """The list of the user's rooms."""

    def test_rooms_are_sorted_as_in_the_api(self, visit, alice, team, square):
        client = TalkClient(alice)
        client.say(square, "later")
        client.post(f"/room/{team}/favorite")
        alice_visitor = visit(alice).open_list()
        expect(alice_visitor.rooms.locator(".tk-item-name")).to_have_text(
            ["Team", "Square"]
        )

    def test_a_search_filters_by_name(self, visit, alice, team, square):
        alice_visitor = visit(alice).open_list()
        alice_visitor.page.get_by_role("searchbox", name="Search conversations").fill(
            "squ"
        )
        expect(alice_visitor.rooms.locator(".tk-item-name")).to_have_text(["Square"])

    def test_a_running_call_is_shown(self, visit, alice, bob, team):
        alice_visitor = visit(alice).open_list()
        client = TalkClient(bob)
        client.join(team)
        client.post(f"/call/{team}")
        alice_visitor.load_changes()
        expect(alice_visitor.room("Team")).to_contain_text("Call running")

    def test_a_new_room_appears_without_a_reload(self, visit, alice, bob, team):
        alice_visitor = visit(alice).open_list()
        expect(alice_visitor.room("Team")).to_be_visible()
        TalkClient(bob).create_room(type=1, invite="alice")
        expect(alice_visitor.room("Bob Brown")).to_be_visible()

    def test_the_back_button_leads_to_the_room_before(self, visit, alice, team, square):
        alice_visitor = visit(alice).open(team)
        alice_visitor.room("Square").get_by_role("link").click()
        expect(alice_visitor.page.get_by_role("heading", name="Square")).to_be_visible()
        alice_visitor.page.go_back()
        expect(alice_visitor.page.get_by_role("heading", name="Team")).to_be_visible()


class TestCreating:
    """The dialog that creates a room."""

    @pytest.fixture
    def alice_visitor(self, visit, alice, bob):
        """A visitor for Alice, with the dialog open."""
        alice_visitor = visit(alice).open_list()
        alice_visitor.press("New conversation")
        return alice_visitor

    def test_a_room_with_a_user(self, alice_visitor):
        alice_visitor.dialog.get_by_role("searchbox").fill("bob")
        alice_visitor.dialog.get_by_role("button", name="Bob Brown").click()
        expect(
            alice_visitor.page.get_by_role("heading", name="Bob Brown")
        ).to_be_visible()
        assert Room.objects.get().type == RoomType.ONE_TO_ONE

    def test_a_room_with_a_group(self, visit, alice, bob):
        GroupFactory(name="crew").user_set.add(alice, bob)
        alice_visitor = visit(alice).open_list()
        alice_visitor.press("New conversation")
        alice_visitor.dialog.get_by_role("searchbox").fill("crew")
        alice_visitor.dialog.get_by_role("button", name="crew").click()
        expect(alice_visitor.page.get_by_role("heading", name="crew")).to_be_visible()
        assert Room.objects.get().type == RoomType.GROUP

    def test_a_room_with_a_name(self, alice_visitor):
        alice_visitor.dialog.get_by_label("Name").fill("Plans")
        alice_visitor.dialog.get_by_role("button", name="Create").click()
        expect(alice_visitor.page.get_by_role("heading", name="Plans")).to_be_visible()
        assert Room.objects.get().type == RoomType.GROUP

    def test_a_public_room(self, alice_visitor):
        alice_visitor.dialog.get_by_label("Name").fill("Forum")
        alice_visitor.dialog.get_by_label("Everybody who has the link").check()
        alice_visitor.dialog.get_by_role("button", name="Create").click()
        expect(alice_visitor.page.get_by_role("heading", name="Forum")).to_be_visible()
        assert Room.objects.get().type == RoomType.PUBLIC


class TestSettings:
    """Changes of a room and its participants."""

    def test_changing_the_name(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        details = alice_visitor.open_details()
        details.get_by_label("Name of the conversation").fill("Crew")
        details.get_by_role("button", name="Save").first.click()
        expect(alice_visitor.page.get_by_role("heading", name="Crew")).to_be_visible()

    def test_changing_the_notification_level(self, visit, alice, team):
        details = visit(alice).open(team).open_details()
        details.get_by_label("Notify me").select_option("Never")
        expect(details.get_by_text("Saved.")).to_be_visible()
        assert participant(team, "alice").notification_level == 3

    def test_marking_a_favorite(self, visit, alice, team):
        details = visit(alice).open(team).open_details()
        details.get_by_label("Favorite").check()
        expect(details.get_by_text("Saved.")).to_be_visible()
        assert participant(team, "alice").favorite

    def test_making_a_room_public_and_copying_its_link(self, visit, alice, team):
        alice_visitor = visit(
            alice, permissions=["clipboard-read", "clipboard-write"]
        ).open(team)
        details = alice_visitor.open_details()
        details.get_by_label("Everybody who has the link").check()
        details.get_by_role("button", name="Copy").click()
        expect(details.get_by_text("Copied.")).to_be_visible()
        link = alice_visitor.page.evaluate("() => navigator.clipboard.readText()")
        assert link == alice_visitor.site.room(team)
        assert Room.objects.get().is_public

    def test_making_a_room_private(self, visit, alice, square):
        details = visit(alice).open(square).open_details()
        details.get_by_label("Everybody who has the link").uncheck()
        expect(details.get_by_text("Saved.")).to_be_visible()
        assert not Room.objects.get().is_public

    def test_setting_and_removing_the_password(self, visit, alice, square):
        details = visit(alice).open(square).open_details()
        details.get_by_label("Password").fill("sesame")
        details.get_by_role("button", name="Save").last.click()
        details.get_by_role("button", name="Remove the password").click()
        expect(details.get_by_label("New password")).to_have_count(0)
        assert Room.objects.get().password == ""

    def assert_adds_carol(self, room, *, search: str, found: str) -> None:
        details = room.open_details()
        details.get_by_role("searchbox").fill(search)
        details.get_by_role("button", name=found).click()
        people = details.get_by_role("list", name="People")
        expect(people).to_contain_text("Carol Clark")

    def test_adding_a_user(self, visit, alice, carol, team):
        self.assert_adds_carol(
            visit(alice).open(team), search="carol", found="Carol Clark"
        )

    def test_adding_a_group(self, visit, alice, carol, team):
        GroupFactory(name="crew").user_set.add(alice, carol)
        self.assert_adds_carol(visit(alice).open(team), search="crew", found="crew")

    def test_present_participants_are_marked(self, visit, alice, bob, team):
        details = visit(alice).open(team).open_details()
        item_of_bob = details.get_by_role("listitem").filter(has_text="Bob Brown")
        expect(item_of_bob).to_contain_text("Not here now")
        visit(bob).open(team)
        expect(item_of_bob).to_contain_text("Here now")

    def test_inviting_an_email_address(self, visit, alice, team):
        details = visit(alice).open(team).open_details()
        details.get_by_role("searchbox").fill("grace@example.org")
        details.get_by_role("button", name="grace@example.org").click()
        expect(details.get_by_text("The invitation was sent.")).to_be_visible()

    def test_promoting_and_demoting(self, visit, alice, team):
        details = visit(alice).open(team).open_details()
        details.get_by_role("button", name="More: Bob Brown").click()
        details.get_by_role("button", name="Make a moderator").click()
        details.get_by_role("button", name="No longer a moderator").click()
        expect(details.get_by_role("button", name="Make a moderator")).to_be_visible()
        assert participant(team, "bob").type == ParticipantType.USER

    def test_removing_a_participant(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        details = alice_visitor.open_details()
        details.get_by_role("button", name="More: Bob Brown").click()
        details.get_by_role("button", name="Remove", exact=True).click()
        alice_visitor.dialog.get_by_role("button", name="Remove", exact=True).click()
        people = details.get_by_role("list", name="People")
        expect(people).not_to_contain_text("Bob Brown")

    def test_leaving_a_room(self, visit, bob, team):
        bob_visitor = visit(bob).open(team)
        details = bob_visitor.open_details()
        details.get_by_role("button", name="Leave the conversation").click()
        bob_visitor.dialog.get_by_role("button", name="Leave", exact=True).click()
        expect(bob_visitor.room("Team")).to_have_count(0)
        assert Participant.objects.count() == 1

    def test_deleting_a_room(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        details = alice_visitor.open_details()
        details.get_by_role("button", name="Delete the conversation").click()
        alice_visitor.dialog.get_by_role("button", name="Delete", exact=True).click()
        expect(alice_visitor.room("Team")).to_have_count(0)
        assert not Room.objects.exists()

    def test_forbidden_actions_are_not_offered(self, visit, bob, square):
        details = visit(bob).open(square).open_details()
        expect(details.get_by_label("Link to the conversation")).to_be_visible()
        for name in ("Save", "Delete the conversation", "More: Alice Adams"):
            expect(details.get_by_role("button", name=name)).to_have_count(0)
        expect(details.get_by_label("Password")).to_have_count(0)
        expect(details.get_by_role("searchbox")).to_have_count(0)
