"""People talk in the page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from talk.constants import NotificationLevel
from talk.models import Message, Room
from tests.browser.people import expect
from tests.client import TalkClient
from tests.factories import ParticipantFactory
from tests.timelines import write

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class TestTalking:
    """What one says, the others read."""

    def test_two_users_talk(self, visit, alice, bob, team):
        one, other = visit(alice).open(team), visit(bob).open(team)
        one.say("Hello Bob")
        expect(other.messages).to_contain_text(["Hello Bob"])
        other.say("Hello Alice")
        expect(one.messages).to_contain_text(["Hello Bob", "Hello Alice"])

    def test_nothing_is_doubled(self, visit, alice, bob, team):
        one, other = visit(alice).open(team), visit(bob).open(team)
        for number in range(10):
            (one if number % 2 else other).say(f"{number}")
        for visitor in (one, other):
            expect(visitor.messages).to_have_count(10)
            assert len(set(visitor.texts())) == 10

    def test_messages_of_one_author_are_grouped(self, visit, alice, team):
        client = TalkClient(alice)
        client.say(team, "one")
        client.say(team, "two")
        one = visit(alice).open(team)
        expect(one.messages).to_have_count(2)
        expect(one.log.locator(".tk-follow .tk-text")).to_have_text(["two"])

    def test_what_happened_is_told(self, visit, alice, team):
        one = visit(alice).open(team)
        expect(one.log).to_contain_text("You created the conversation")

    def test_addresses_are_links(self, visit, alice, team):
        one = visit(alice).open(team)
        one.say("see https://example.org/a?b=1.")
        link = one.messages.get_by_role("link")
        expect(link).to_have_attribute("href", "https://example.org/a?b=1")
        expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")

    def test_markup_is_text(self, visit, alice, bob, team):
        one, other = visit(alice).open(team), visit(bob).open(team)
        text = "<img src=x onerror=alert(1)> {mention-user1} <b>bold</b>"
        one.say(text)
        expect(other.messages.locator(".tk-text")).to_have_text([text])

    def test_a_text_that_is_too_long_cannot_be_sent(self, visit, alice, team):
        one = visit(alice).open(team)
        one.input.fill("x" * 1001)
        expect(one.page.get_by_text("1001 of 1000 characters")).to_be_visible()
        one.input.press("Enter")
        expect(one.input).to_have_value("x" * 1001)


class TestMentions:
    """Whom one means."""

    def test_names_are_suggested_while_one_writes(self, visit, alice, team):
        one = visit(alice).open(team)
        one.input.press_sequentially("hey @bo")
        expect(one.page.get_by_role("option")).to_have_text(["Bob Brownbob"])
        one.input.press("Enter")
        expect(one.input).to_have_value("hey @bob ")

    def test_suggestions_go_away_on_escape(self, visit, alice, team):
        one = visit(alice).open(team)
        one.input.press_sequentially("@b")
        expect(one.page.get_by_role("option")).to_have_count(1)
        one.input.press("Escape")
        expect(one.page.get_by_role("option")).to_have_count(0)

    def test_the_other_is_named_and_told(self, visit, alice, bob, team):
        other = visit(bob).open_list()
        TalkClient(alice).say(team, "hey @bob")
        expect(other.room("Team")).to_contain_text("You are mentioned")
        other.room("Team").get_by_role("link").click()
        expect(other.messages.locator(".tk-mention-own")).to_have_text("@Bob Brown")


class TestNotifications:
    """What the browser tells of rooms that are not looked at."""

    @pytest.fixture
    def other(self, visit, bob, team, square):
        """Bob, who looks at no room, and allows notifications."""
        other = visit(bob)
        other.context.add_init_script(NOTIFICATIONS)
        other.open_list()
        expect(other.room("Team")).to_be_visible()
        return other

    def test_a_mention_is_told_and_leads_to_the_room(self, other, alice, team):
        TalkClient(alice).say(team, "are you there, @bob?")
        other.page.wait_for_function("() => window.notifications.length > 0")
        [told] = other.page.evaluate(TOLD)
        assert told == [
            "You were mentioned in Team",
            "Alice Adams: are you there, @Bob Brown?",
        ]
        other.page.evaluate("() => { window.notifications[0].onclick(); }")
        expect(other.page.get_by_role("heading", name="Team")).to_be_visible()

    def test_each_rooms_level_decides(self, other, alice, bob, team, square):
        client, levels = TalkClient(alice), TalkClient(bob)
        quiet = client.create_room(type=2, name="Quiet")
        ParticipantFactory(room=Room.objects.get(token=quiet), user=bob)
        levels.post(f"/room/{quiet}/notify", level=NotificationLevel.NEVER)
        levels.post(f"/room/{square}/notify", level=NotificationLevel.ALWAYS)
        expect(other.room("Quiet")).to_be_visible()
        client.say(quiet, "psst, @bob")
        client.say(team, "nobody is meant")
        expect(other.room("Quiet")).to_contain_text("psst")
        expect(other.room("Team")).to_contain_text("nobody is meant")
        client.say(square, "everybody is meant")
        other.page.wait_for_function("() => window.notifications.length > 0")
        told = other.page.evaluate(TOLD)
        assert told == [["Square", "Alice Adams: everybody is meant"]]


class TestUnread:
    """What one has not seen yet."""

    def test_the_list_counts_it_without_a_reload(self, visit, alice, bob, team):
        other = visit(bob).open_list()
        expect(other.room("Team")).to_be_visible()
        for text in ("one", "two"):
            TalkClient(alice).say(team, text)
        expect(other.room("Team")).to_contain_text("2 unread messages")
        expect(other.room("Team")).to_contain_text("Alice Adams: two")

    def test_opening_the_room_reads_it(self, visit, alice, bob, team):
        TalkClient(alice).say(team, "one")
        other = visit(bob).open(team)
        expect(other.messages).to_have_count(1)
        expect(other.room("Team")).not_to_contain_text("unread")

    def test_a_line_shows_where_it_begins(self, visit, alice, bob, team):
        client = TalkClient(alice)
        client.say(team, "old")
        TalkClient(bob).poll(team, after=0)
        client.say(team, "new")
        other = visit(bob).open(team)
        line = other.log.locator(".tk-new + .tk-message")
        expect(line).to_contain_text("new")

    def test_the_title_counts_rooms_that_ask_for_attention(
        self, visit, alice, bob, team
    ):
        other = visit(bob).open_list()
        expect(other.room("Team")).to_be_visible()
        TalkClient(alice).say(team, "@bob")
        expect(other.page).to_have_title("(1) Talk")


class TestHistory:
    """What was said before."""

    @pytest.fixture
    def long(self, alice, bob, team):
        write(team, [f"line {number}" for number in range(1000)], user=alice)
        TalkClient(bob).poll(team, after=0)
        return team

    def test_it_is_all_there_and_in_order(self, visit, bob, long):
        other = visit(bob).open(long)
        expect(other.log).to_contain_text("line 999")
        seen = scroll_to_beginning(other)
        assert seen == [f"line {number}" for number in range(1000)]

    def test_few_of_them_are_elements(self, visit, bob, long):
        other = visit(bob).open(long)
        scroll_to_beginning(other)
        assert other.messages.count() <= 240

    def test_ten_thousand_scroll_by_smoothly(self, visit, alice, bob, team):
        texts = [f"line {number} " + "x " * (number % 90) for number in range(10_000)]
        start = timezone.now() - timedelta(days=11)
        for part in range(10):
            some = texts[1000 * part :][:1000]
            author = bob if part % 3 else alice
            write(team, some, user=author, now=start + timedelta(days=part))
        TalkClient(bob).poll(team, after=0)
        other = visit(bob, viewport={"width": 1000, "height": 1000}).open(team)
        expect(other.log).to_contain_text("line 9999 ")
        found = other.page.evaluate(SCROLL_THROUGH)
        assert found["jumps"] == []
        assert found["seen"] == list(range(9999, -1, -1))
        assert found["most"] <= 240
        # However many are known, a step makes and removes no more than this.
        assert 0 < found["changes"] <= 400

    def test_older_ones_do_not_move_what_one_reads(self, visit, bob, long):
        other = visit(bob).open(long)
        expect(other.log).to_contain_text("line 999")
        moved = other.page.evaluate(MEASURE_JUMPS)
        assert moved == []

    def test_nor_do_they_when_they_come_late(self, visit, bob, long):
        other = visit(bob).open(long)
        expect(other.log).to_contain_text("line 999")
        is_held, held = True, []

        def hold(route):
            if is_held and "lookIntoFuture=0" in route.request.url:
                held.append(route)
            else:
                route.fallback()

        other.page.route("**/chat/*", hold)
        other.page.wait_for_function(REACH_THE_EDGE)
        before = other.page.evaluate(WHERE_MESSAGES_ARE)
        is_held = False
        for route in held:
            route.continue_()
        expect(other.log).not_to_contain_text("Loading")
        after = other.page.evaluate(WHERE_MESSAGES_ARE)
        assert len(before) > 5
        assert [key for key in before if abs(after[key] - before[key]) > 1] == []

    def test_news_do_not_move_what_one_reads(self, visit, alice, bob, long):
        other = visit(bob).open(long)
        other.log.evaluate("log => log.scrollTop = log.scrollHeight / 2")
        before = other.page.evaluate(FIRST_IN_SIGHT)
        TalkClient(alice).say(long, "news")
        expect(other.page.get_by_role("button", name="1 new message")).to_be_visible()
        assert other.page.evaluate(FIRST_IN_SIGHT) == before

    def test_one_comes_back_to_where_one_was(self, visit, bob, long):
        other = visit(bob).open(long)
        other.log.evaluate("log => log.scrollTop = log.scrollHeight / 2")
        before = other.page.evaluate(FIRST_IN_SIGHT)
        other.open_list()
        other.open(long)
        other.page.wait_for_function(f"() => ({FIRST_IN_SIGHT}) === {before!r}")

    def test_one_gets_back_to_the_end(self, visit, bob, long):
        other = visit(bob).open(long)
        scroll_to_beginning(other)
        other.press("Newest messages")
        expect(other.messages.last).to_be_in_viewport()
        expect(other.messages.last).to_contain_text("line 999")


class TestDrafts:
    """What one was about to say."""

    def test_they_are_kept_by_room(self, visit, alice, team, square):
        one = visit(alice).open(team)
        one.input.fill("for the team")
        one.room("Square").get_by_role("link").click()
        expect(one.page.get_by_role("heading", name="Square")).to_be_visible()
        expect(one.input).to_have_value("")
        one.room("Team").get_by_role("link").click()
        expect(one.input).to_have_value("for the team")

    def test_they_survive_a_reload(self, visit, alice, team):
        one = visit(alice).open(team)
        one.input.fill("not yet")
        one.page.reload()
        expect(one.input).to_have_value("not yet")

    def test_what_was_sent_is_no_draft(self, visit, alice, team):
        one = visit(alice).open(team)
        one.say("said")
        expect(one.messages).to_have_count(1)
        one.page.reload()
        expect(one.messages).to_have_count(1)
        expect(one.input).to_have_value("")


class TestBadTimes:
    """Nothing is lost or doubled."""

    def test_offline_messages_wait_and_are_sent_once(self, visit, alice, team):
        one = visit(alice).open(team)
        one.context.set_offline(True)
        one.say("from the tunnel")
        expect(one.messages).to_contain_text(["Waiting for the connection"])
        one.context.set_offline(False)
        expect(one.log.get_by_text("Waiting for the connection")).to_have_count(0)
        assert comments(team) == ["from the tunnel"]
        expect(one.messages).to_have_count(1)

    def test_what_was_said_meanwhile_comes_after_being_offline(
        self, visit, alice, bob, team
    ):
        one = visit(alice).open(team)
        one.context.set_offline(True)
        for number in range(3):
            TalkClient(bob).say(team, f"{number}")
        one.context.set_offline(False)
        expect(one.messages).to_have_count(3)

    def test_a_waiting_message_survives_a_reload(self, visit, alice, team):
        one = visit(alice).open(team)
        one.page.route("**/chat/*", refuse_posts)
        one.say("keep me")
        expect(one.messages).to_contain_text(["Waiting for the connection"])
        one.page.unroute_all()
        one.page.reload()
        expect(one.messages).to_have_count(1)
        expect(one.log.locator(".tk-pending")).to_have_count(0)
        assert comments(team) == ["keep me"]

    def test_an_answer_that_is_lost_does_not_double_the_message(
        self, visit, alice, team
    ):
        one = visit(alice).open(team)
        lost = []

        def lose(route):
            if route.request.method != "POST" or lost:
                route.fallback()
                return
            lost.append(route.fetch().status)
            route.abort()

        one.page.route("**/chat/*", lose)
        one.say("once")
        expect(one.messages).to_have_count(1)
        one.say("twice")
        expect(one.messages).to_have_count(2)
        expect(one.log.locator(".tk-pending")).to_have_count(0)
        assert lost == [201]
        assert comments(team) == ["once", "twice"]

    def test_a_refused_message_can_be_sent_again(self, visit, alice, team):
        one = visit(alice).open(team)
        one.page.route("**/chat/*", refuse_posts_for_good)
        one.say("again")
        expect(one.messages).to_contain_text(["Not sent"])
        one.page.unroute_all()
        one.press("Try again")
        expect(one.log.locator(".tk-pending")).to_have_count(0)
        assert comments(team) == ["again"]

    def test_a_refused_message_can_be_discarded(self, visit, alice, team):
        one = visit(alice).open(team)
        one.page.route("**/chat/*", refuse_posts_for_good)
        one.say("never mind")
        one.press("Discard")
        expect(one.messages).to_have_count(0)

    def test_a_restart_of_the_server_loses_nothing(self, visit, site, alice, bob, team):
        one, other = visit(alice).open(team), visit(bob).open(team)
        one.say("before")
        expect(other.messages).to_have_count(1)
        site.stop()
        one.say("during")
        expect(one.page.get_by_text("No connection.")).to_be_visible()
        site.start()
        for visitor in (one, other):
            expect(visitor.messages).to_have_count(2)
        one.say("after")
        expect(other.messages).to_contain_text(["before", "during", "after"])
        assert comments(team) == ["before", "during", "after"]

    def test_a_reload_in_between_loses_nothing(self, visit, alice, bob, team):
        one, other = visit(alice).open(team), visit(bob).open(team)
        one.say("before")
        expect(other.messages).to_have_count(1)
        other.page.reload()
        one.say("after")
        expect(other.messages).to_contain_text(["before", "after"])
        expect(other.messages).to_have_count(2)

    def test_sleep_loses_nothing(self, visit, alice, bob, team):
        one, other = visit(alice).open(team), visit(bob).open(team)
        one.say("before")
        expect(other.messages).to_have_count(1)
        machine = other.context.new_cdp_session(other.page)
        machine.send("Page.setWebLifecycleState", {"state": "frozen"})
        for number in range(3):
            one.say(f"{number}")
        expect(one.log.locator(".tk-message:not(.tk-pending)")).to_have_count(4)
        machine.send("Page.setWebLifecycleState", {"state": "active"})
        expect(other.messages).to_contain_text(["before", "0", "1", "2"])
        expect(other.messages).to_have_count(4)

    def test_two_tabs_show_the_same(self, visit, alice, bob, team):
        one = visit(alice).open(team)
        tab = one.open_page()
        tab.goto(one.site.room(team))
        expect(tab.get_by_role("log")).to_be_visible()
        other = visit(bob).open(team)
        other.say("to both")
        expect(one.messages).to_have_count(1)
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

TOLD = "() => window.notifications.map(({ title, body }) => [title, body])"

FIRST_IN_SIGHT = """
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

REACH_THE_EDGE = """
() => {
  const log = document.querySelector("[role=log]");
  log.scrollTop = 0;
  return log.textContent.includes("Loading");
}
"""
"""Scroll up until there is nothing above that is known."""

WHERE_MESSAGES_ARE = """
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
    """Read everything from the end to the beginning; return it, oldest first."""
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
    """Return what the database says was said."""
    found = Message.objects.filter(room__token=token, system_message="")
    return list(found.order_by("position").values_list("text", flat=True))


def refuse_posts(route) -> None:
    """Let nobody say anything, as if the network were down."""
    if route.request.method == "POST":
        route.abort()
    else:
        route.fallback()


def refuse_posts_for_good(route) -> None:
    """Let nobody say anything, by decision of the server."""
    if route.request.method == "POST":
        route.fulfill(status=400, json={"ocs": {"meta": {}, "data": []}})
    else:
        route.fallback()
