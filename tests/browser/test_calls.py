"""Calls between real browsers, with cameras and microphones that Chromium pretends."""

from __future__ import annotations

import pytest

from talk.models import Message
from tests.browser.calling import (
    HEARD,
    SENT,
    WIDTH_AT_MOST,
    controls,
    expect_people,
    expect_to_see,
    join_call,
    press,
    tile,
    watch_connections,
)
from tests.browser.people import expect
from tests.client import TalkClient
from tests.factories import UserFactory
from tests.timelines import write

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ALICE, BOB, CAROL = "Alice Adams", "Bob Brown", "Carol Clark"


@pytest.fixture
def pair(visit, alice, bob, square):
    """Alice and Bob, in a call."""
    visitors = visit(alice), visit(bob)
    for visitor in visitors:
        watch_connections(visitor)
        join_call(visitor.open(square))
    for visitor, other in zip(visitors, (BOB, ALICE), strict=True):
        expect_to_see(visitor, other)
    return visitors


class TestCall:
    """Seeing and hearing each other."""

    def test_both_see_and_hear_each_other(self, pair):
        for visitor in pair:
            assert visitor.page.evaluate(HEARD)

    def test_mute_and_camera_off_are_seen_by_the_other(self, pair):
        one, other = pair
        press(one, "Mute")
        expect(tile(other, ALICE)).to_contain_text("Muted")
        press(one, "Turn the camera off")
        expect(tile(other, ALICE).locator("video")).to_have_css("opacity", "0")
        press(one, "Unmute")
        expect(tile(other, ALICE).get_by_text("Muted")).to_be_hidden()
        press(one, "Turn the camera on")
        expect(tile(other, ALICE).locator("video")).to_have_css("opacity", "1")
        expect_to_see(other, ALICE)

    def test_who_speaks_is_shown(self, pair):
        _one, other = pair
        # The pretended microphone beeps.
        expect(tile(other, ALICE)).to_contain_text("speaks")

    def test_screens_are_shared(self, pair):
        one, other = pair
        press(one, "Share the screen")
        expect_to_see(other, f"Screen of {ALICE}")
        press(one, "Stop sharing the screen")
        expect(tile(other, f"Screen of {ALICE}")).to_have_count(0)
        expect_people(other, 2)

    def test_a_third_joins_and_sees_the_screen_too(self, pair, visit, carol, square):
        one, other = pair
        press(one, "Share the screen")
        third = visit(carol).open(square)
        join_call(third)
        expect_to_see(third, ALICE, BOB, f"Screen of {ALICE}")
        expect_to_see(one, BOB, CAROL)
        expect_to_see(other, ALICE, CAROL)

    def test_the_chat_stays_at_its_end(self, visit, alice, square):
        write(square, [f"line {number}" for number in range(60)], user=alice)
        TalkClient(alice).poll(square, after=0)
        one = visit(alice).open(square)
        expect(one.messages.last).to_be_in_viewport()
        join_call(one)
        expect(one.log).to_contain_text("You started a call")
        expect(one.log.locator(".tk-system").last).to_be_in_viewport()
        press(one, "Leave the call")
        expect(one.log).to_contain_text("You left the call")
        expect(one.log.locator(".tk-system").last).to_be_in_viewport()

    def test_one_reloads_and_comes_back(self, pair):
        one, other = pair
        one.page.reload()
        expect_people(other, 1)
        join_call(one)
        expect_to_see(one, BOB)
        expect_to_see(other, ALICE)

    def test_one_leaves(self, pair, square):
        one, other = pair
        press(one, "Leave the call")
        expect_people(other, 1)
        expect(one.page.locator(".tk-call-view")).to_have_count(0)
        press(other, "Leave the call")
        expect(other.log).to_contain_text("Call with")
        keys = Message.objects.filter(room__token=square)
        assert keys.filter(system_message="call_ended").count() == 1

    def test_a_closed_window_is_seen_at_once(self, pair):
        one, other = pair
        one.page.close(run_before_unload=True)
        expect_people(other, 1)

    def test_two_devices_of_one_person(self, pair, visit, alice, square):
        second = visit(alice).open(square)
        join_call(second)
        expect_people(second, 3)
        expect_to_see(second, BOB)
        expect_people(pair[1], 3)

    def test_a_guest_calls(self, pair, visit, square):
        one, _other = pair
        guest = visit()
        guest.page.goto(guest.site.room(square))
        guest.page.get_by_label("Your name").fill("Grace")
        guest.press("Enter")
        join_call(guest)
        expect_to_see(one, "Grace")
        expect_to_see(guest, ALICE, BOB)


LAST_ROWS = """
() => {
  const tiles = document.querySelector(".tk-tiles");
  const [first] = tiles.children;
  const found = {};
  for (let count = 2; count <= 9; count += 1) {
    tiles.append(first.cloneNode(true));
    tiles.dataset.count = String(count);
    const boxes = [...tiles.children].map((tile) => tile.getBoundingClientRect());
    const last = boxes.filter((box) => box.top === boxes.at(-1).top);
    const { left, right } = tiles.getBoundingClientRect();
    found[count] = (last[0].left + last.at(-1).right) / 2 - (left + right) / 2;
  }
  return found;
}
"""
"""How far the last row is from the middle, by the number of people."""


class TestManyPeople:
    """Everybody sends their pictures to each of the others."""

    @pytest.fixture
    def listeners(self, square):
        """Three who have neither camera nor microphone, nor a browser."""
        clients = [TalkClient(UserFactory()) for _ in range(3)]
        for client in clients:
            client.join(square)
            client.post(f"/call/{square}", flags=1)
        return clients

    def test_from_five_people_on_less_is_sent_to_each(self, pair, listeners, square):
        for visitor in pair:
            expect_people(visitor, 5)
            visitor.page.wait_for_function(
                SENT, arg={"scaleResolutionDownBy": 2, "maxBitrate": 500_000}
            )
        for visitor, other in zip(pair, (BOB, ALICE), strict=True):
            visitor.page.wait_for_function(WIDTH_AT_MOST, arg=[other, 640])
        listeners[0].delete(f"/call/{square}")
        for visitor in pair:
            expect_people(visitor, 4)
            visitor.page.wait_for_function(
                SENT, arg={"scaleResolutionDownBy": 1, "maxBitrate": 1_500_000}
            )

    def test_a_last_row_that_is_not_full_is_in_the_middle(self, visit, alice, square):
        one = visit(alice).open(square)
        join_call(one)
        middles = one.page.evaluate(LAST_ROWS)
        assert set(middles) == {str(count) for count in range(2, 10)}
        assert [count for count, off in middles.items() if abs(off) > 2] == []


class TestTrouble:
    """What goes wrong in calls."""

    def test_a_server_that_restarts_does_not_end_the_call(self, pair, site):
        one, other = pair
        site.stop()
        site.start()
        press(one, "Mute")
        expect(tile(other, ALICE)).to_contain_text("Muted")
        for visitor in pair:
            expect_people(visitor, 2)

    @pytest.mark.parametrize("kind", ["offer", "answer"])
    def test_what_got_lost_is_said_again(self, visit, alice, bob, square, kind):
        lost = []

        def lose(route):
            request = route.request
            if request.method != "POST" or kind not in request.post_data or lost:
                route.fallback()
                return
            lost.append(kind)
            route.fulfill(json={"ocs": {"meta": {}, "data": []}})

        visitors = visit(alice), visit(bob)
        for visitor in visitors:
            visitor.page.route("**/signaling/*", lose)
            join_call(visitor.open(square))
        for visitor, other in zip(visitors, (BOB, ALICE), strict=True):
            expect_to_see(visitor, other)
        assert lost == [kind]

    def test_another_network_ends_in_new_ways(self, pair):
        one, other = pair
        one.page.evaluate("window.dispatchEvent(new Event('online'))")
        one.page.wait_for_function(
            "() => window.connections.every((one) => one.signalingState === 'stable')"
        )
        for visitor, name in zip(pair, (BOB, ALICE), strict=True):
            expect_to_see(visitor, name)
            expect_people(visitor, 2)
        expect(tile(other, ALICE)).to_have_count(1)

    def test_without_devices_one_joins_all_the_same(self, visit, alice, bob, square):
        one, other = visit(alice), visit(bob).open(square)
        refuse_devices(one, "NotAllowedError")
        join_call(one.open(square))
        join_call(other)
        expect_to_see(one, BOB)
        expect(tile(other, ALICE)).to_contain_text("Muted")

    def test_a_camera_that_comes_later_is_seen(self, visit, alice, bob, square):
        one, other = visit(alice), visit(bob).open(square)
        one.context.add_init_script(
            "const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);"
            "navigator.mediaDevices.getUserMedia = (wish) => window.isPlugged ? ask(wish)"
            " : Promise.reject(new DOMException('', 'NotFoundError'));"
        )
        join_call(one.open(square))
        join_call(other)
        expect_to_see(one, BOB)
        one.page.evaluate("window.isPlugged = true")
        press(one, "Turn the camera on")
        expect_to_see(other, ALICE)

    def test_a_second_window_is_told_of_the_first(self, pair):
        one, _other = pair
        tab = one.open_page()
        tab.goto(one.page.url)
        tab.locator(".tk-call-button").click()
        tab.get_by_role("dialog").locator("footer button").click()
        expect(tab.get_by_text("in another window already")).to_be_visible()
        expect(controls(one)).to_be_visible()


def refuse_devices(visitor, error: str) -> None:
    """Let the browser have neither camera nor microphone, from the next page on."""
    visitor.context.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject("
        f"new DOMException('', '{error}'));"
    )


class TestPreview:
    """Before a call."""

    def test_one_sees_oneself(self, visit, alice, square):
        one = visit(alice).open(square)
        one.press("Start call")
        one.page.wait_for_function(
            "() => document.querySelector('.tk-preview video').videoWidth > 0"
        )

    def test_devices_can_be_chosen(self, visit, alice, square):
        one = visit(alice).open(square)
        one.press("Start call")
        microphone = one.dialog.get_by_label("Microphone")
        expect(microphone.locator("option")).not_to_have_count(0)
        microphone.select_option(index=1)
        one.page.wait_for_function("() => localStorage['talk:devices'] !== undefined")

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            ("NotAllowedError", "may not use your camera"),
            ("NotFoundError", "No camera was found"),
            ("NotReadableError", "Another program uses your camera"),
        ],
    )
    def test_why_there_is_no_picture_is_said(self, visit, alice, square, error, words):
        one = visit(alice)
        refuse_devices(one, error)
        one.open(square).press("Start call")
        expect(one.dialog.get_by_role("status")).to_contain_text(words)

    def test_one_may_think_better_of_it(self, visit, alice, square):
        one = visit(alice).open(square)
        one.press("Start call")
        one.page.keyboard.press("Escape")
        expect(one.page.get_by_role("button", name="Start call")).to_be_focused()
        assert not Message.objects.filter(system_message="call_started").exists()
