"""The chat in the page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from talk.constants import NotificationLevel
from talk.models import Message, Room
from tests.browser.visitors import expect
from tests.client import TalkClient
from tests.factories import ParticipantFactory
from tests.timelines import write

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class TestMessages:
    """Sending and receiving messages."""

    def test_two_users_exchange_messages(self, visit, alice, bob, team):
        alice_visitor, bob_visitor = visit(alice).open(team), visit(bob).open(team)
        alice_visitor.say("Hello Bob")
        expect(bob_visitor.messages).to_contain_text(["Hello Bob"])
        bob_visitor.say("Hello Alice")
        expect(alice_visitor.messages).to_contain_text(["Hello Bob", "Hello Alice"])

    def test_no_message_is_shown_twice(self, visit, alice, bob, team):
        alice_visitor, bob_visitor = visit(alice).open(team), visit(bob).open(team)
        for number in range(10):
            (alice_visitor if number % 2 else bob_visitor).say(f"{number}")
        for visitor in (alice_visitor, bob_visitor):
            expect(visitor.messages).to_have_count(10)
            assert len(set(visitor.texts())) == 10

    def test_messages_of_one_author_are_grouped(self, visit, alice, team):
        client = TalkClient(alice)
        client.say(team, "one")
        client.say(team, "two")
        alice_visitor = visit(alice).open(team)
        expect(alice_visitor.messages).to_have_count(2)
        expect(alice_visitor.log.locator(".tk-follow .tk-text")).to_have_text(["two"])

    def test_system_messages_are_shown(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        expect(alice_visitor.log).to_contain_text("You created the conversation")

    def test_urls_become_links(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        alice_visitor.say("see https://example.org/a?b=1.")
        link = alice_visitor.messages.get_by_role("link")
        expect(link).to_have_attribute("href", "https://example.org/a?b=1")
        expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")

    def test_markup_is_shown_as_text(self, visit, alice, bob, team):
        alice_visitor, bob_visitor = visit(alice).open(team), visit(bob).open(team)
        text = "<img src=x onerror=alert(1)> {mention-user1} <b>bold</b>"
        alice_visitor.say(text)
        expect(bob_visitor.messages.locator(".tk-text")).to_have_text([text])

    def test_a_text_that_is_too_long_cannot_be_sent(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        alice_visitor.input.fill("x" * 1001)
        expect(
            alice_visitor.page.get_by_text("1001 of 1000 characters")
        ).to_be_visible()
        alice_visitor.input.press("Enter")
        expect(alice_visitor.input).to_have_value("x" * 1001)


class TestMentions:
    """Mentioning participants."""

    def test_names_are_suggested_while_typing(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        alice_visitor.input.press_sequentially("hey @bo")
        expect(alice_visitor.page.get_by_role("option")).to_have_text(["Bob Brownbob"])
        alice_visitor.input.press("Enter")
        expect(alice_visitor.input).to_have_value("hey @bob ")

    def test_escape_closes_the_suggestions(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        alice_visitor.input.press_sequentially("@b")
        expect(alice_visitor.page.get_by_role("option")).to_have_count(1)
        alice_visitor.input.press("Escape")
        expect(alice_visitor.page.get_by_role("option")).to_have_count(0)

    def test_a_mentioned_user_is_named_and_notified(self, visit, alice, bob, team):
        bob_visitor = visit(bob).open_list()
        expect(bob_visitor.room("Team")).to_be_visible()
        TalkClient(alice).say(team, "hey @bob")
        bob_visitor.load_changes()
        expect(bob_visitor.room("Team")).to_contain_text("You are mentioned")
        bob_visitor.room("Team").get_by_role("link").click()
        expect(bob_visitor.messages.locator(".tk-mention-own")).to_have_text(
            "@Bob Brown"
        )


class TestNotifications:
    """Notifications about rooms that are not visible."""

    @pytest.fixture
    def bob_visitor(self, visit, bob, team, square):
        """A visitor for Bob, with no room open and notifications allowed."""
        bob_visitor = visit(bob)
        bob_visitor.context.add_init_script(NOTIFICATIONS)
        bob_visitor.open_list()
        expect(bob_visitor.room("Team")).to_be_visible()
        return bob_visitor

    def test_a_mention_notifies_and_its_click_opens_the_room(
        self, bob_visitor, alice, team
    ):
        TalkClient(alice).say(team, "are you there, @bob?")
        bob_visitor.load_changes()
        bob_visitor.page.wait_for_function("() => window.notifications.length > 0")
        [notification] = bob_visitor.page.evaluate(SHOWN_NOTIFICATIONS)
        assert notification == [
            "You were mentioned in Team",
            "Alice Adams: are you there, @Bob Brown?",
        ]
        bob_visitor.page.evaluate("() => { window.notifications[0].onclick(); }")
        expect(bob_visitor.page.get_by_role("heading", name="Team")).to_be_visible()

    def test_notifications_follow_the_level_of_each_room(
        self, bob_visitor, alice, bob, team, square
    ):
        client, levels = TalkClient(alice), TalkClient(bob)
        quiet = client.create_room(type=2, name="Quiet")
        ParticipantFactory(room=Room.objects.get(token=quiet), user=bob)
        levels.post(f"/room/{quiet}/notify", level=NotificationLevel.NEVER)
        levels.post(f"/room/{square}/notify", level=NotificationLevel.ALWAYS)
        bob_visitor.load_changes()
        expect(bob_visitor.room("Quiet")).to_be_visible()
        client.say(quiet, "psst, @bob")
        client.say(team, "nobody is meant")
        bob_visitor.load_changes()
        expect(bob_visitor.room("Quiet")).to_contain_text("psst")
        expect(bob_visitor.room("Team")).to_contain_text("nobody is meant")
        client.say(square, "everybody is meant")
        bob_visitor.load_changes()
        bob_visitor.page.wait_for_function("() => window.notifications.length > 0")
        notification = bob_visitor.page.evaluate(SHOWN_NOTIFICATIONS)
        assert notification == [["Square", "Alice Adams: everybody is meant"]]


class TestUnread:
    """Unread messages."""

    def test_the_list_counts_unread_messages_without_a_reload(
        self, visit, alice, bob, team
    ):
        bob_visitor = visit(bob).open_list()
        expect(bob_visitor.room("Team")).to_be_visible()
        for text in ("one", "two"):
            TalkClient(alice).say(team, text)
        expect(bob_visitor.room("Team")).to_contain_text("2 unread messages")
        expect(bob_visitor.room("Team")).to_contain_text("Alice Adams: two")

    def test_opening_a_room_marks_its_messages_as_read(self, visit, alice, bob, team):
        TalkClient(alice).say(team, "one")
        bob_visitor = visit(bob).open(team)
        expect(bob_visitor.messages).to_have_count(1)
        expect(bob_visitor.room("Team")).not_to_contain_text("unread")

    def test_a_line_separates_unread_messages(self, visit, alice, bob, team):
        client = TalkClient(alice)
        client.say(team, "old")
        TalkClient(bob).poll(team, after=0)
        client.say(team, "new")
        bob_visitor = visit(bob).open(team)
        line = bob_visitor.log.locator(".tk-new + .tk-message")
        expect(line).to_contain_text("new")

    def test_the_title_counts_rooms_that_ask_for_attention(
        self, visit, alice, bob, team
    ):
        bob_visitor = visit(bob).open_list()
        expect(bob_visitor.room("Team")).to_be_visible()
        TalkClient(alice).say(team, "@bob")
        bob_visitor.load_changes()
        expect(bob_visitor.page).to_have_title("(1) Talk")


class TestHistory:
    """Older messages."""

    @pytest.fixture
    def long(self, alice, bob, team):
        write(team, [f"line {number}" for number in range(1000)], user=alice)
        TalkClient(bob).poll(team, after=0)
        return team

    def test_the_history_is_complete_and_in_order(self, visit, bob, long):
        bob_visitor = visit(bob).open(long)
        expect(bob_visitor.log).to_contain_text("line 999")
        seen = scroll_to_beginning(bob_visitor)
        assert seen == [f"line {number}" for number in range(1000)]

    def test_only_messages_near_the_visible_ones_are_elements(self, visit, bob, long):
        bob_visitor = visit(bob).open(long)
        scroll_to_beginning(bob_visitor)
        assert bob_visitor.messages.count() <= 240

    def test_ten_thousand_messages_scroll_without_jumps(self, visit, alice, bob, team):
        texts = [f"line {number} " + "x " * (number % 90) for number in range(10_000)]
        start = timezone.now() - timedelta(days=11)
        for part in range(10):
            some = texts[1000 * part :][:1000]
            author = bob if part % 3 else alice
            write(team, some, user=author, now=start + timedelta(days=part))
        TalkClient(bob).poll(team, after=0)
        bob_visitor = visit(bob, viewport={"width": 1000, "height": 1000}).open(team)
        expect(bob_visitor.log).to_contain_text("line 9999 ")
        found = bob_visitor.page.evaluate(SCROLL_THROUGH)
        assert found["jumps"] == []
        assert found["seen"] == list(range(9999, -1, -1))
        assert found["most"] <= 240
        # The bound holds for any number of loaded messages.
        assert 0 < found["changes"] <= 400

    def test_loading_older_messages_does_not_move_visible_ones(self, visit, bob, long):
        bob_visitor = visit(bob).open(long)
        expect(bob_visitor.log).to_contain_text("line 999")
        moved = bob_visitor.page.evaluate(MEASURE_JUMPS)
        assert moved == []

    def test_older_messages_that_arrive_late_do_not_move_visible_ones(
        self, visit, bob, long
    ):
        bob_visitor = visit(bob).open(long)
        expect(bob_visitor.log).to_contain_text("line 999")
        is_held, held = True, []

        def hold(route):
            if is_held and "lookIntoFuture=0" in route.request.url:
                held.append(route)
            else:
                route.fallback()

        bob_visitor.page.route("**/chat/*", hold)
        bob_visitor.page.wait_for_function(SCROLL_TO_LOADING)
        before = bob_visitor.page.evaluate(POSITIONS_OF_MESSAGES)
        is_held = False
        for route in held:
            route.continue_()
        expect(bob_visitor.log).not_to_contain_text("Loading")
        after = bob_visitor.page.evaluate(POSITIONS_OF_MESSAGES)
        assert len(before) > 5
        assert [key for key in before if abs(after[key] - before[key]) > 1] == []

    def test_new_messages_do_not_move_visible_ones(self, visit, alice, bob, long):
        bob_visitor = visit(bob).open(long)
        bob_visitor.log.evaluate("log => log.scrollTop = log.scrollHeight / 2")
        before = bob_visitor.page.evaluate(FIRST_VISIBLE_TEXT)
        TalkClient(alice).say(long, "news")
        expect(
            bob_visitor.page.get_by_role("button", name="1 new message")
        ).to_be_visible()
        assert bob_visitor.page.evaluate(FIRST_VISIBLE_TEXT) == before

    def test_a_reopened_room_shows_the_last_scroll_position(self, visit, bob, long):
        bob_visitor = visit(bob).open(long)
        bob_visitor.log.evaluate("log => log.scrollTop = log.scrollHeight / 2")
        before = bob_visitor.page.evaluate(FIRST_VISIBLE_TEXT)
        bob_visitor.open_list()
        bob_visitor.open(long)
        bob_visitor.page.wait_for_function(
            f"() => ({FIRST_VISIBLE_TEXT}) === {before!r}"
        )

    def test_a_button_scrolls_to_the_newest_message(self, visit, bob, long):
        bob_visitor = visit(bob).open(long)
        scroll_to_beginning(bob_visitor)
        bob_visitor.press("Newest messages")
        expect(bob_visitor.messages.last).to_be_in_viewport()
        expect(bob_visitor.messages.last).to_contain_text("line 999")


class TestDrafts:
    """Drafts: messages that are not sent yet."""

    def test_each_room_keeps_its_own_draft(self, visit, alice, team, square):
        alice_visitor = visit(alice).open(team)
        alice_visitor.input.fill("for the team")
        alice_visitor.room("Square").get_by_role("link").click()
        expect(alice_visitor.page.get_by_role("heading", name="Square")).to_be_visible()
        expect(alice_visitor.input).to_have_value("")
        alice_visitor.room("Team").get_by_role("link").click()
        expect(alice_visitor.input).to_have_value("for the team")

    def test_a_draft_survives_a_reload(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        alice_visitor.input.fill("not yet")
        alice_visitor.page.reload()
        expect(alice_visitor.input).to_have_value("not yet")

    def test_a_sent_message_is_no_draft(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        alice_visitor.say("said")
        expect(alice_visitor.messages).to_have_count(1)
        alice_visitor.page.reload()
        expect(alice_visitor.messages).to_have_count(1)
        expect(alice_visitor.input).to_have_value("")


class TestFailures:
    """No message is lost or duplicated."""

    def test_offline_messages_wait_and_are_sent_once(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        alice_visitor.context.set_offline(True)
        alice_visitor.say("from the tunnel")
        expect(alice_visitor.messages).to_contain_text(["Waiting for the connection"])
        alice_visitor.context.set_offline(False)
        expect(
            alice_visitor.log.get_by_text("Waiting for the connection")
        ).to_have_count(0)
        assert comments(team) == ["from the tunnel"]
        expect(alice_visitor.messages).to_have_count(1)

    def test_messages_sent_meanwhile_arrive_after_being_offline(
        self, visit, alice, bob, team
    ):
        alice_visitor = visit(alice).open(team)
        alice_visitor.context.set_offline(True)
        for number in range(3):
            TalkClient(bob).say(team, f"{number}")
        alice_visitor.context.set_offline(False)
        expect(alice_visitor.messages).to_have_count(3)

    def test_a_waiting_message_survives_a_reload(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        alice_visitor.page.route("**/chat/*", refuse_posts)
        alice_visitor.say("keep me")
        expect(alice_visitor.messages).to_contain_text(["Waiting for the connection"])
        alice_visitor.page.unroute_all()
        alice_visitor.page.reload()
        expect(alice_visitor.messages).to_have_count(1)
        expect(alice_visitor.log.locator(".tk-pending")).to_have_count(0)
        assert comments(team) == ["keep me"]

    def test_a_lost_response_does_not_duplicate_the_message(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        lost = []

        def lose(route):
            if route.request.method != "POST" or lost:
                route.fallback()
                return
            lost.append(route.fetch().status)
            route.abort()

        alice_visitor.page.route("**/chat/*", lose)
        alice_visitor.say("once")
        expect(alice_visitor.messages).to_have_count(1)
        alice_visitor.say("twice")
        expect(alice_visitor.messages).to_have_count(2)
        expect(alice_visitor.log.locator(".tk-pending")).to_have_count(0)
        assert lost == [201]
        assert comments(team) == ["once", "twice"]

    def test_a_refused_message_can_be_sent_again(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        alice_visitor.page.route("**/chat/*", refuse_posts_for_good)
        alice_visitor.say("again")
        expect(alice_visitor.messages).to_contain_text(["Not sent"])
        alice_visitor.page.unroute_all()
        alice_visitor.press("Try again")
        expect(alice_visitor.log.locator(".tk-pending")).to_have_count(0)
        assert comments(team) == ["again"]

    def test_a_refused_message_can_be_discarded(self, visit, alice, team):
        alice_visitor = visit(alice).open(team)
        alice_visitor.page.route("**/chat/*", refuse_posts_for_good)
        alice_visitor.say("never mind")
        alice_visitor.press("Discard")
        expect(alice_visitor.messages).to_have_count(0)

    def test_a_restart_of_the_server_loses_no_message(
        self, visit, site, alice, bob, team
    ):
        alice_visitor, bob_visitor = visit(alice).open(team), visit(bob).open(team)
        alice_visitor.say("before")
        expect(bob_visitor.messages).to_have_count(1)
        site.stop()
        alice_visitor.say("during")
        expect(alice_visitor.page.get_by_text("No connection.")).to_be_visible()
        site.start()
        for visitor in (alice_visitor, bob_visitor):
            expect(visitor.messages).to_have_count(2)
        alice_visitor.say("after")
        expect(bob_visitor.messages).to_contain_text(["before", "during", "after"])
        assert comments(team) == ["before", "during", "after"]

    def test_a_reload_loses_no_message(self, visit, alice, bob, team):
        alice_visitor, bob_visitor = visit(alice).open(team), visit(bob).open(team)
        alice_visitor.say("before")
        expect(bob_visitor.messages).to_have_count(1)
        bob_visitor.page.reload()
        alice_visitor.say("after")
        expect(bob_visitor.messages).to_contain_text(["before", "after"])
        expect(bob_visitor.messages).to_have_count(2)

    def test_sleep_loses_no_message(self, visit, alice, bob, team):
        alice_visitor, bob_visitor = visit(alice).open(team), visit(bob).open(team)
        alice_visitor.say("before")
        expect(bob_visitor.messages).to_have_count(1)
        machine = bob_visitor.context.new_cdp_session(bob_visitor.page)
        machine.send("Page.setWebLifecycleState", {"state": "frozen"})
        for number in range(3):
            alice_visitor.say(f"{number}")
        expect(alice_visitor.log.locator(".tk-message:not(.tk-pending)")).to_have_count(
            4
        )
        machine.send("Page.setWebLifecycleState", {"state": "active"})
        expect(bob_visitor.messages).to_contain_text(["before", "0", "1", "2"])
        expect(bob_visitor.messages).to_have_count(4)

    def test_two_tabs_show_the_same_messages(self, visit, alice, bob, team):
        alice_visitor = visit(alice).open(team)
        tab = alice_visitor.open_page()
        tab.goto(alice_visitor.site.room(team))
        expect(tab.get_by_role("log")).to_be_visible()
        bob_visitor = visit(bob).open(team)
        bob_visitor.say("to both")
        expect(alice_visitor.messages).to_have_count(1)
        expect(tab.get_by_role("log").get_by_role("article")).to_have_count(1)


NOTIFICATIONS = """
window.notifications = [];
window.Notification = class extends EventTarget {
  static permission = "granted";
  constructor(title, { body }) {
    super();
    Object.assign(this, { title, body });
    this.onclick = () => this.dispatchEvent(new Event("click"));
    window.notifications.push(this);
  }
  close() {}
};
"""
"""A headless browser shows none: keep what would have been shown."""

SHOWN_NOTIFICATIONS = (
    "() => window.notifications.map(({ title, body }) => [title, body])"
)

FIRST_VISIBLE_TEXT = """
[...document.querySelectorAll(".tk-message")].find(
  (element) => element.getBoundingClientRect().bottom > 120
)?.querySelector(".tk-text").textContent
"""

SCROLL_THROUGH = """
async () => {
  const log = document.querySelector("[role=log]");
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => resolve()));
  const box = () => log.getBoundingClientRect();
  const inSight = () => [...log.querySelectorAll(".tk-message")].filter((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return bottom > box().top && top < box().bottom;
  });
  const numberOf = (one) => Number(/line (\\d+) /.exec(one.textContent)[1]);
  const seen = [], jumps = [];
  const known = new Set();
  let most = 0, changes = 0;
  let changed = 0;
  new MutationObserver((records) => {
    for (const { addedNodes, removedNodes } of records) {
      changed += addedNodes.length + removedNodes.length;
    }
  }).observe(log, { childList: true });
  while (true) {
    const shown = inSight();
    for (const one of shown.reverse()) {
      if (!known.has(one.dataset.id)) seen.push(numberOf(one));
      known.add(one.dataset.id);
    }
    most = Math.max(most, log.querySelectorAll(".tk-message").length);
    if (log.scrollTop === 0 && log.textContent.includes("The beginning")) break;
    const anchor = shown.at(-1);
    const way = Math.min(log.clientHeight * 0.7, log.scrollTop);
    const wanted = anchor.getBoundingClientRect().bottom + way;
    changed = 0;
    log.scrollTop -= way;
    await frame();
    changes = Math.max(changes, changed);
    const moved = anchor.getBoundingClientRect().bottom - wanted;
    if (!anchor.isConnected || Math.abs(moved) > 2) jumps.push([numberOf(anchor), moved]);
  }
  return { seen, jumps, most, changes };
}
"""

SCROLL_TO_LOADING = """
() => {
  const log = document.querySelector("[role=log]");
  log.scrollTop = 0;
  return log.textContent.includes("Loading");
}
"""
"""Scroll to the top; true once the log waits for older messages."""

POSITIONS_OF_MESSAGES = """
() => Object.fromEntries(
  [...document.querySelectorAll(".tk-message .tk-text")]
    .map((text) => [text.textContent, text.getBoundingClientRect().top])
    .filter(([, top]) => top > 0 && top < window.innerHeight)
)
"""

MEASURE_JUMPS = """
async () => {
  const log = document.querySelector("[role=log]");
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => resolve()));
  const moved = [];
  for (let step = 0; step < 200 && log.scrollTop > 0; step += 1) {
    const anchor = [...log.children].find(
      (child) => child.dataset.id && child.getBoundingClientRect().top > 200
    );
    const before = anchor.getBoundingClientRect().bottom;
    const wanted = before + Math.min(100, log.scrollTop);
    log.scrollTop -= 100;
    await frame();
    await frame();
    const after = anchor.getBoundingClientRect().bottom;
    if (log.scrollTop > 0 && Math.abs(after - wanted) > 2) moved.push([step, after - wanted]);
  }
  return moved;
}
"""


def scroll_to_beginning(visitor) -> list[str]:
    """Scroll from the end to the beginning; return all texts, oldest first."""
    seen: dict[str, None] = {}
    while True:
        texts = visitor.texts()
        seen = dict.fromkeys([*texts, *seen])
        if "The beginning" in visitor.log.inner_text():
            return list(seen)
        first = texts[0]
        visitor.log.evaluate("log => log.scrollTop = 0")
        visitor.page.wait_for_function(
            """(first) => {
              const log = document.querySelector("[role=log]");
              return log.querySelector(".tk-text").textContent !== first
                || log.textContent.includes("The beginning");
            }""",
            arg=first,
        )


def comments(token: str) -> list[str]:
    """Return the texts of all comments in the database."""
    found = Message.objects.filter(room__token=token, system_message="")
    return list(found.order_by("position").values_list("text", flat=True))


def refuse_posts(route) -> None:
    """Abort POST requests, as without a network."""
    if route.request.method == "POST":
        route.abort()
    else:
        route.fallback()


def refuse_posts_for_good(route) -> None:
    """Refuse POST requests with an error that retrying does not help."""
    if route.request.method == "POST":
        route.fulfill(status=400, json={"ocs": {"meta": {}, "data": []}})
    else:
        route.fallback()
