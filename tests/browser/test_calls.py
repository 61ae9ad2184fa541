"""Calls between real browsers, with Chromium's simulated cameras and microphones."""

from __future__ import annotations

import pytest

from talk.models import Message
from tests.browser.call_actions import (
    RECEIVES_AUDIO,
    RECEIVES_WIDTH,
    SENDS_QUALITY,
    controls,
    expect_people_in_call,
    expect_to_see,
    join_call,
    press,
    record_connections,
    tile,
)
from tests.browser.visitors import expect
from tests.client import TalkClient
from tests.factories import UserFactory
from tests.timelines import write

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ALICE, BOB, CAROL = "Alice Adams", "Bob Brown", "Carol Clark"


@pytest.fixture
def pair(visit, alice, bob, square):
    """Visitors for Alice and Bob, in a call."""
    visitors = visit(alice), visit(bob)
    for visitor in visitors:
        record_connections(visitor)
        join_call(visitor.open(square))
    for visitor, name in zip(visitors, (BOB, ALICE), strict=True):
        expect_to_see(visitor, name)
    return visitors


class TestCall:
    """Calls of two and more people."""

    def test_both_see_and_hear_each_other(self, pair):
        for visitor in pair:
            assert visitor.page.evaluate(RECEIVES_AUDIO)

    def test_mute_and_camera_off_are_shown_to_the_other(self, pair):
        alice_visitor, bob_visitor = pair
        press(alice_visitor, "Mute")
        expect(tile(bob_visitor, ALICE)).to_contain_text("Muted")
        press(alice_visitor, "Turn the camera off")
        expect(tile(bob_visitor, ALICE).locator("video")).to_have_css("opacity", "0")
        press(alice_visitor, "Unmute")
        expect(tile(bob_visitor, ALICE).get_by_text("Muted")).to_be_hidden()
        press(alice_visitor, "Turn the camera on")
        expect(tile(bob_visitor, ALICE).locator("video")).to_have_css("opacity", "1")
        expect_to_see(bob_visitor, ALICE)

    def test_the_tile_of_a_speaker_is_marked(self, pair):
        _alice_visitor, bob_visitor = pair
        # Chromium's simulated microphone beeps.
        expect(tile(bob_visitor, ALICE)).to_contain_text("speaks")

    def test_a_shared_screen_is_shown_until_it_stops(self, pair):
        alice_visitor, bob_visitor = pair
        press(alice_visitor, "Share the screen")
        expect_to_see(bob_visitor, f"Screen of {ALICE}")
        press(alice_visitor, "Stop sharing the screen")
        expect(tile(bob_visitor, f"Screen of {ALICE}")).to_have_count(0)
        expect_people_in_call(bob_visitor, 2)

    def test_a_third_user_joins_and_sees_the_screen(self, pair, visit, carol, square):
        alice_visitor, bob_visitor = pair
        press(alice_visitor, "Share the screen")
        carol_visitor = visit(carol).open(square)
        join_call(carol_visitor)
        expect_to_see(carol_visitor, ALICE, BOB, f"Screen of {ALICE}")
        expect_to_see(alice_visitor, BOB, CAROL)
        expect_to_see(bob_visitor, ALICE, CAROL)

    def test_the_chat_stays_at_its_end_during_a_call(self, visit, alice, square):
        write(square, [f"line {number}" for number in range(60)], user=alice)
        TalkClient(alice).poll(square, after=0)
        alice_visitor = visit(alice).open(square)
        expect(alice_visitor.messages.last).to_be_in_viewport()
        join_call(alice_visitor)
        expect(alice_visitor.log).to_contain_text("You started a call")
        expect(alice_visitor.log.locator(".tk-system").last).to_be_in_viewport()
        press(alice_visitor, "Leave the call")
        expect(alice_visitor.log).to_contain_text("You left the call")
        expect(alice_visitor.log.locator(".tk-system").last).to_be_in_viewport()

    def test_a_user_reloads_the_page_and_joins_again(self, pair):
        alice_visitor, bob_visitor = pair
        alice_visitor.page.reload()
        expect_people_in_call(bob_visitor, 1)
        join_call(alice_visitor)
        expect_to_see(alice_visitor, BOB)
        expect_to_see(bob_visitor, ALICE)

    def test_the_last_user_who_leaves_ends_the_call(self, pair, square):
        alice_visitor, bob_visitor = pair
        press(alice_visitor, "Leave the call")
        expect_people_in_call(bob_visitor, 1)
        expect(alice_visitor.page.locator(".tk-call-view")).to_have_count(0)
        press(bob_visitor, "Leave the call")
        expect(bob_visitor.log).to_contain_text("Call with")
        keys = Message.objects.filter(room__token=square)
        assert keys.filter(system_message="call_ended").count() == 1

    def test_a_closed_window_leaves_the_call_at_once(self, pair):
        alice_visitor, bob_visitor = pair
        alice_visitor.page.close(run_before_unload=True)
        expect_people_in_call(bob_visitor, 1)

    def test_a_user_joins_with_two_devices(self, pair, visit, alice, square):
        second = visit(alice).open(square)
        join_call(second)
        expect_people_in_call(second, 3)
        expect_to_see(second, BOB)
        expect_people_in_call(pair[1], 3)

    def test_a_guest_joins_a_call(self, pair, visit, square):
        alice_visitor, _bob_visitor = pair
        guest = visit()
        guest.page.goto(guest.site.room(square))
        guest.page.get_by_label("Your name").fill("Grace")
        guest.press("Enter")
        join_call(guest)
        expect_to_see(alice_visitor, "Grace")
        expect_to_see(guest, ALICE, BOB)


OFFSETS_OF_LAST_ROWS = """
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
"""The distance of the last row of tiles from the centre, by the number of tiles."""


class TestManyPeople:
    """Calls with many people, in which each browser sends video to each other one."""

    @pytest.fixture
    def listeners(self, square):
        """Three clients in the call without camera, microphone or browser."""
        clients = [TalkClient(UserFactory()) for _ in range(3)]
        for client in clients:
            client.join(square)
            client.post(f"/call/{square}", flags=1)
        return clients

    def test_video_quality_is_lower_from_five_people_on(self, pair, listeners, square):
        for visitor in pair:
            expect_people_in_call(visitor, 5)
            visitor.page.wait_for_function(
                SENDS_QUALITY, arg={"scaleResolutionDownBy": 2, "maxBitrate": 500_000}
            )
        for visitor, name in zip(pair, (BOB, ALICE), strict=True):
            visitor.page.wait_for_function(RECEIVES_WIDTH, arg=[name, 640])
        listeners[0].delete(f"/call/{square}")
        for visitor in pair:
            expect_people_in_call(visitor, 4)
            visitor.page.wait_for_function(
                SENDS_QUALITY, arg={"scaleResolutionDownBy": 1, "maxBitrate": 1_500_000}
            )

    def test_a_last_row_that_is_not_full_is_centred(self, visit, alice, square):
        alice_visitor = visit(alice).open(square)
        join_call(alice_visitor)
        middles = alice_visitor.page.evaluate(OFFSETS_OF_LAST_ROWS)
        assert set(middles) == {str(count) for count in range(2, 10)}
        assert [count for count, off in middles.items() if abs(off) > 2] == []


class TestTrouble:
    """Calls survive failures."""

    def test_a_restart_of_the_server_does_not_end_the_call(self, pair, site):
        alice_visitor, bob_visitor = pair
        site.stop()
        site.start()
        press(alice_visitor, "Mute")
        expect(tile(bob_visitor, ALICE)).to_contain_text("Muted")
        for visitor in pair:
            expect_people_in_call(visitor, 2)

    @pytest.mark.parametrize("kind", ["offer", "answer"])
    def test_a_lost_signaling_message_is_sent_again(
        self, visit, alice, bob, square, kind
    ):
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
        for visitor, name in zip(visitors, (BOB, ALICE), strict=True):
            expect_to_see(visitor, name)
        assert lost == [kind]

    def test_a_change_of_network_renegotiates_connections(self, pair):
        alice_visitor, bob_visitor = pair
        alice_visitor.page.evaluate("window.dispatchEvent(new Event('online'))")
        alice_visitor.page.wait_for_function(
            "() => window.connections.every((one) => one.signalingState === 'stable')"
        )
        for visitor, name in zip(pair, (BOB, ALICE), strict=True):
            expect_to_see(visitor, name)
            expect_people_in_call(visitor, 2)
        expect(tile(bob_visitor, ALICE)).to_have_count(1)

    def test_a_user_without_devices_can_join(self, visit, alice, bob, square):
        alice_visitor, bob_visitor = visit(alice), visit(bob).open(square)
        refuse_devices(alice_visitor, "NotAllowedError")
        join_call(alice_visitor.open(square))
        join_call(bob_visitor)
        expect_to_see(alice_visitor, BOB)
        expect(tile(bob_visitor, ALICE)).to_contain_text("Muted")

    def test_a_camera_plugged_in_later_is_shown(self, visit, alice, bob, square):
        alice_visitor, bob_visitor = visit(alice), visit(bob).open(square)
        alice_visitor.context.add_init_script(
            "const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);"
            "navigator.mediaDevices.getUserMedia = (wish) => window.isPlugged ? ask(wish)"
            " : Promise.reject(new DOMException('', 'NotFoundError'));"
        )
        join_call(alice_visitor.open(square))
        join_call(bob_visitor)
        expect_to_see(alice_visitor, BOB)
        alice_visitor.page.evaluate("window.isPlugged = true")
        press(alice_visitor, "Turn the camera on")
        expect_to_see(bob_visitor, ALICE)

    def test_a_second_window_cannot_join_with_the_same_session(self, pair):
        alice_visitor, _bob_visitor = pair
        tab = alice_visitor.open_page()
        tab.goto(alice_visitor.page.url)
        tab.locator(".tk-call-button").click()
        tab.get_by_role("dialog").locator("footer button").click()
        expect(tab.get_by_text("in another window already")).to_be_visible()
        expect(controls(alice_visitor)).to_be_visible()


def refuse_devices(visitor, error: str) -> None:
    """Refuse camera and microphone to pages opened from now on."""
    visitor.context.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject("
        f"new DOMException('', '{error}'));"
    )


class TestPreview:
    """The preview before a call."""

    def test_the_preview_shows_the_own_camera(self, visit, alice, square):
        alice_visitor = visit(alice).open(square)
        alice_visitor.press("Start call")
        alice_visitor.page.wait_for_function(
            "() => document.querySelector('.tk-preview video').videoWidth > 0"
        )

    def test_devices_can_be_chosen(self, visit, alice, square):
        alice_visitor = visit(alice).open(square)
        alice_visitor.press("Start call")
        microphone = alice_visitor.dialog.get_by_label("Microphone")
        expect(microphone.locator("option")).not_to_have_count(0)
        microphone.select_option(index=1)
        alice_visitor.page.wait_for_function(
            "() => localStorage['talk:devices'] !== undefined"
        )

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            ("NotAllowedError", "may not use your camera"),
            ("NotFoundError", "No camera was found"),
            ("NotReadableError", "Another program uses your camera"),
        ],
    )
    def test_the_preview_says_why_there_is_no_picture(
        self, visit, alice, square, error, words
    ):
        alice_visitor = visit(alice)
        refuse_devices(alice_visitor, error)
        alice_visitor.open(square).press("Start call")
        expect(alice_visitor.dialog.get_by_role("status")).to_contain_text(words)

    def test_escape_closes_the_preview_without_a_call(self, visit, alice, square):
        alice_visitor = visit(alice).open(square)
        alice_visitor.press("Start call")
        alice_visitor.page.keyboard.press("Escape")
        expect(
            alice_visitor.page.get_by_role("button", name="Start call")
        ).to_be_focused()
        assert not Message.objects.filter(system_message="call_started").exists()
