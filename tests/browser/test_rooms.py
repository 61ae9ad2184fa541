"""The list of rooms, and what may be changed about one."""

from __future__ import annotations

from typing import Any

import pytest

from talk.constants import ParticipantType, RoomType
from talk.models import Participant, Room
from tests.browser.people import expect
from tests.client import TalkClient
from tests.factories import GroupFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def participant(token: str, username: str) -> Any:
    """Return somebody's place in a room."""
    return Participant.objects.get(room__token=token, user__username=username)


class TestList:
    """All one's rooms."""

    def test_they_are_sorted_as_the_api_says(self, visit, alice, team, square):
        client = TalkClient(alice)
        client.say(square, "later")
        client.post(f"/room/{team}/favorite")
        one = visit(alice).open_list()
        expect(one.rooms.locator(".tk-item-name")).to_have_text(["Team", "Square"])

    def test_a_search_leaves_what_is_called_so(self, visit, alice, team, square):
        one = visit(alice).open_list()
        one.page.get_by_role("searchbox", name="Search conversations").fill("squ")
        expect(one.rooms.locator(".tk-item-name")).to_have_text(["Square"])

    def test_a_running_call_is_shown(self, visit, alice, bob, team):
        one = visit(alice).open_list()
        client = TalkClient(bob)
        client.join(team)
        client.post(f"/call/{team}")
        expect(one.room("Team")).to_contain_text("Call running")

    def test_a_new_room_appears_without_a_reload(self, visit, alice, bob, team):
        one = visit(alice).open_list()
        expect(one.room("Team")).to_be_visible()
        TalkClient(bob).create_room(type=1, invite="alice")
        expect(one.room("Bob Brown")).to_be_visible()

    def test_going_back_leads_to_the_room_before(self, visit, alice, team, square):
        one = visit(alice).open(team)
        one.room("Square").get_by_role("link").click()
        expect(one.page.get_by_role("heading", name="Square")).to_be_visible()
        one.page.go_back()
        expect(one.page.get_by_role("heading", name="Team")).to_be_visible()


class TestCreating:
    """New rooms."""

    @pytest.fixture
    def one(self, visit, alice, bob):
        """Alice, about to create a room."""
        one = visit(alice).open_list()
        one.press("New conversation")
        return one

    def test_with_a_person(self, one):
        one.dialog.get_by_role("searchbox").fill("bob")
        one.dialog.get_by_role("button", name="Bob Brown").click()
        expect(one.page.get_by_role("heading", name="Bob Brown")).to_be_visible()
        assert Room.objects.get().type == RoomType.ONE_TO_ONE

    def test_with_a_group(self, visit, alice, bob):
        GroupFactory(name="crew").user_set.add(alice, bob)
        one = visit(alice).open_list()
        one.press("New conversation")
        one.dialog.get_by_role("searchbox").fill("crew")
        one.dialog.get_by_role("button", name="crew").click()
        expect(one.page.get_by_role("heading", name="crew")).to_be_visible()
        assert Room.objects.get().type == RoomType.GROUP

    def test_with_a_name(self, one):
        one.dialog.get_by_label("Name").fill("Plans")
        one.dialog.get_by_role("button", name="Create").click()
        expect(one.page.get_by_role("heading", name="Plans")).to_be_visible()
        assert Room.objects.get().type == RoomType.GROUP

    def test_for_everybody(self, one):
        one.dialog.get_by_label("Name").fill("Forum")
        one.dialog.get_by_label("Everybody who has the link").check()
        one.dialog.get_by_role("button", name="Create").click()
        expect(one.page.get_by_role("heading", name="Forum")).to_be_visible()
        assert Room.objects.get().type == RoomType.PUBLIC


class TestSettings:
    """What may be changed, and is."""

    def test_the_name(self, visit, alice, team):
        one = visit(alice).open(team)
        details = one.open_details()
        details.get_by_label("Name of the conversation").fill("Crew")
        details.get_by_role("button", name="Save").first.click()
        expect(one.page.get_by_role("heading", name="Crew")).to_be_visible()

    def test_the_level_of_notifications(self, visit, alice, team):
        details = visit(alice).open(team).open_details()
        details.get_by_label("Notify me").select_option("Never")
        expect(details.get_by_text("Saved.")).to_be_visible()
        assert participant(team, "alice").notification_level == 3

    def test_favorites(self, visit, alice, team):
        details = visit(alice).open(team).open_details()
        details.get_by_label("Favorite").check()
        expect(details.get_by_text("Saved.")).to_be_visible()
        assert participant(team, "alice").favorite

    def test_the_public_link(self, visit, alice, team):
        one = visit(alice, permissions=["clipboard-read", "clipboard-write"]).open(team)
        details = one.open_details()
        details.get_by_label("Everybody who has the link").check()
        details.get_by_role("button", name="Copy").click()
        expect(details.get_by_text("Copied.")).to_be_visible()
        link = one.page.evaluate("() => navigator.clipboard.readText()")
        assert link == one.site.room(team)
        assert Room.objects.get().is_public

    def test_the_link_is_for_nobody_any_more(self, visit, alice, square):
        details = visit(alice).open(square).open_details()
        details.get_by_label("Everybody who has the link").uncheck()
        expect(details.get_by_text("Saved.")).to_be_visible()
        assert not Room.objects.get().is_public

    def test_the_password(self, visit, alice, square):
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

    def test_adding_a_person(self, visit, alice, carol, team):
        self.assert_adds_carol(
            visit(alice).open(team), search="carol", found="Carol Clark"
        )

    def test_adding_a_group(self, visit, alice, carol, team):
        GroupFactory(name="crew").user_set.add(alice, carol)
        self.assert_adds_carol(visit(alice).open(team), search="crew", found="crew")

    def test_who_is_here_is_shown(self, visit, alice, bob, team):
        details = visit(alice).open(team).open_details()
        place_of_bob = details.get_by_role("listitem").filter(has_text="Bob Brown")
        expect(place_of_bob).to_contain_text("Not here now")
        visit(bob).open(team)
        expect(place_of_bob).to_contain_text("Here now")

    def test_inviting_by_mail(self, visit, alice, team):
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

    def test_removing_somebody(self, visit, alice, team):
        one = visit(alice).open(team)
        details = one.open_details()
        details.get_by_role("button", name="More: Bob Brown").click()
        details.get_by_role("button", name="Remove", exact=True).click()
        one.dialog.get_by_role("button", name="Remove", exact=True).click()
        people = details.get_by_role("list", name="People")
        expect(people).not_to_contain_text("Bob Brown")

    def test_leaving(self, visit, bob, team):
        other = visit(bob).open(team)
        details = other.open_details()
        details.get_by_role("button", name="Leave the conversation").click()
        other.dialog.get_by_role("button", name="Leave", exact=True).click()
        expect(other.room("Team")).to_have_count(0)
        assert Participant.objects.count() == 1

    def test_deleting(self, visit, alice, team):
        one = visit(alice).open(team)
        details = one.open_details()
        details.get_by_role("button", name="Delete the conversation").click()
        one.dialog.get_by_role("button", name="Delete", exact=True).click()
        expect(one.room("Team")).to_have_count(0)
        assert not Room.objects.exists()

    def test_what_one_may_not_do_is_not_offered(self, visit, bob, square):
        details = visit(bob).open(square).open_details()
        expect(details.get_by_label("Link to the conversation")).to_be_visible()
        for name in ("Save", "Delete the conversation", "More: Alice Adams"):
            expect(details.get_by_role("button", name=name)).to_have_count(0)
        expect(details.get_by_label("Password")).to_have_count(0)
        expect(details.get_by_role("searchbox")).to_have_count(0)
