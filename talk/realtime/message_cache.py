"""The newest messages of a waited room: read once, rendered once, the bytes shared.

All waiters of a process who know the same and read the same language get the same
bytes, unless a system message speaks of one of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from talk.api.polls.chat import ChatPoll, page_response
from talk.api.responses import RenderedResponse, ResponseFormat
from talk.domain import messages
from talk.domain.progress import Progress, room_progress
from talk.domain.sessions import ended_sessions
from talk.models import Message, Names
from talk.realtime.database_threads import DatabaseThreads
from talk.rendering.readers import Reader
from talk.rendering.system_messages import readers_addressed

LINES_MAX = 100
"""Messages that are kept of a room, for clients who are on their way back to wait."""

PAGES_MAX = 100
"""Answers that are kept of a room, between two of its messages."""

ANYBODY = Reader()
"""Whoever a message does not speak of."""


class PageKey(NamedTuple):
    """What an answer depends on, but for its reader."""

    after: int
    limit: int
    form: ResponseFormat


@dataclass(slots=True)
class SharedPage:
    """An answer for all who ask for the same; those it speaks of have their own."""

    page: messages.Page
    common: RenderedResponse
    addressed: frozenset[Reader]
    own: dict[Reader, RenderedResponse] = field(default_factory=dict)

    def answer_for(self, reader: Reader) -> RenderedResponse | None:
        """Return the reader's answer, None if it has not been rendered yet."""
        return self.own.get(reader) if reader in self.addressed else self.common


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look at the database has brought."""

    progress: Progress
    page: messages.Page
    pages: dict[PageKey, SharedPage]
    ended: set[int]
    """Those of the sessions asked for which have ended."""


class MessageCache:
    """One room's newest messages, as far as the process has read them."""

    def __init__(self, *, room_id: int, token: str, threads: DatabaseThreads) -> None:
        self.progress: Progress | None = None
        """How far the room has been read; None before the first time."""
        self._room_id = room_id
        self._token = token
        self._threads = threads
        self._heard = 0
        self._forgotten = 0
        self._offered: dict[int, tuple[Message, Names]] = {}
        self._kept_after = 0
        self._lines: deque[tuple[Message, Names]] = deque()
        self._pages: dict[PageKey, SharedPage] = {}
        self._making: dict[PageKey, asyncio.Task[SharedPage | None]] = {}
        self._is_old = False

    @property
    def is_behind(self) -> bool:
        """Whether there is more than has been read, as far as anybody has told."""
        return self.progress is None or self.progress.position < self._heard

    @property
    def comments(self) -> int:
        """The room's comments up to what has been read."""
        return self.progress.comments if self.progress is not None else 0

    def has_nothing_for(self, poll: ChatPoll) -> bool:
        """Whether a poll knows all that has been read."""
        return self.progress is not None and poll.after >= self.progress.newest_id

    def hear(self, position: int) -> None:
        """Learn how far the room has come."""
        self._heard = max(self._heard, position)

    def offer(self, message: Message, names: Names) -> None:
        """Learn a comment that this process has written; may be called in any thread.

        It is read with the next hint, and not from the database if it follows what has
        been read.
        """
        if len(self._offered) < LINES_MAX:
            self._offered[message.position] = (message, names)

    def forget(self) -> None:
        """Keep no message and no answer any more; they may have changed."""
        self._forgotten += 1
        self._offered.clear()
        self._lines.clear()
        self._pages.clear()
        if self.progress is not None:
            self._kept_after = self.progress.newest_id

    def grow_old(self) -> None:
        """Forget what was there at the last call already; names in it may have changed."""
        if self._is_old:
            self.forget()
        self._is_old = True

    async def read(self, polls: Sequence[ChatPoll]) -> set[int]:
        """Read what is new and render it for those who wait for it.

        A query, and one for names in it, unless this process has written all of it;
        and one for the sessions that the polls need. Returns which of these have ended.

        Raises:
            NotFound: the room is gone.
        """
        heard, forgotten = self._heard, self._forgotten
        offered = self._take_offered()
        wanted: dict[PageKey, set[Reader]] = {}
        needed = set()
        for poll in polls:
            wanted.setdefault(_key(poll), set()).add(poll.reader)
            if poll.needs_session and poll.session_pk is not None:
                needed.add(poll.session_pk)
        reading = await self._threads.run(
            partial(
                _read,
                room_id=self._room_id,
                token=self._token,
                known=self.progress,
                offered=offered,
                wanted=wanted,
                needed=needed,
            )
        )
        if self.progress is None:
            self._kept_after = reading.progress.newest_id
        self.progress = reading.progress
        if not reading.page.messages:
            if self._heard == heard:
                # Of what was rolled back, or what this database has not got yet.
                self._heard = self.progress.position
            return reading.ended
        self._is_old = False
        if self._forgotten != forgotten:
            # What has been read may have changed meanwhile; whoever waits reads anew.
            self.forget()
            return reading.ended
        self._pages = reading.pages
        self._lines.extend((line, reading.page.names) for line in reading.page.messages)
        while len(self._lines) > LINES_MAX:
            self._kept_after = self._lines.popleft()[0].pk
        return reading.ended

    def _take_offered(self) -> messages.Page | None:
        """Return all that is new, None if not all of it was offered.

        Positions have no gaps, so nothing is between what follows each other.
        """
        page = None
        if self.progress is not None:
            news = range(self.progress.position + 1, self._heard + 1)
            if all(position in self._offered for position in news):
                page = _page_of([self._offered[position] for position in news])
        for position in list(self._offered):
            if position <= self._heard:
                del self._offered[position]
        return page

    def answer_at_hand(self, poll: ChatPoll) -> RenderedResponse | None:
        """Return the answer to a poll if it has been rendered for somebody."""
        shared = self._pages.get(_key(poll))
        return None if shared is None else shared.answer_for(poll.reader)

    async def find(self, poll: ChatPoll) -> RenderedResponse | None:
        """Return what is new for a poll in what has been read, None if nothing is.

        No query while what it wants is kept, else one or two for all who want it.
        """
        if self.has_nothing_for(poll):
            return None
        key = _key(poll)
        shared = self._pages.get(key) or await self._make(key)
        if shared is None:
            return None
        answer = shared.answer_for(poll.reader)
        if answer is None:
            work = partial(_render, shared.page, self._token, poll.reader, key.form)
            answer = shared.own[poll.reader] = await self._threads.run(work)
        return answer

    async def _make(self, key: PageKey) -> SharedPage | None:
        task = self._making.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._make_once(key))
            self._making[key] = task
        return await asyncio.shield(task)

    async def _make_once(self, key: PageKey) -> SharedPage | None:
        """Make a page for all who ask meanwhile, and keep it if it is still true."""
        progress, forgotten = self.progress, self._forgotten
        try:
            kept = self._kept_page(key)
            work = partial(_make, self._room_id, self._token, key, kept)
            shared = await self._threads.run(work)
        finally:
            del self._making[key]
        is_true = self.progress is progress and self._forgotten == forgotten
        if shared is not None and is_true:
            if len(self._pages) >= PAGES_MAX:
                self._pages.clear()
            self._pages[key] = shared
        return shared

    def _kept_page(self, key: PageKey) -> messages.Page | None:
        """Return what is newer than an id, if all of that is kept."""
        if key.after < self._kept_after:
            return None
        found = [line for line in self._lines if line[0].pk > key.after]
        return _page_of(found[: key.limit])


def _key(poll: ChatPoll) -> PageKey:
    return PageKey(poll.after, poll.limit, poll.form)


def _page_of(lines: Sequence[tuple[Message, Names]]) -> messages.Page:
    users: dict[str, str] = {}
    guests: dict[str, str] = {}
    for _, names in lines:
        users |= names.users
        guests |= names.guests
    names = Names(users=users, guests=guests)
    return messages.Page(messages=[message for message, _ in lines], names=names)


def _read(
    *,
    room_id: int,
    token: str,
    known: Progress | None,
    offered: messages.Page | None,
    wanted: Mapping[PageKey, Collection[Reader]],
    needed: Collection[int],
) -> Reading:
    """Look at the database; the first time only for how far the room has come."""
    ended = ended_sessions(pks=sorted(needed)) if needed else set()
    if known is None:
        progress = room_progress(room_id=room_id)
        return Reading(progress, messages.page_of([]), {}, ended)
    page = offered or messages.read_on(room_id=room_id, after=known.newest_id)
    if not page.messages:
        return Reading(known, page, {}, ended)
    last = page.messages[-1]
    progress = Progress(
        position=last.position, comments=last.comment_count, newest_id=last.pk
    )
    pages = {}
    for key, readers in wanted.items():
        # Whoever knows less than all did not sleep, and finds it another way.
        if key.after >= known.newest_id:
            shared = _share(_part(page, key), token, key)
            for reader in shared.addressed.intersection(readers):
                shared.own[reader] = _render(shared.page, token, reader, key.form)
            pages[key] = shared
    return Reading(progress, page, pages, ended)


def _make(
    room_id: int, token: str, key: PageKey, kept: messages.Page | None
) -> SharedPage | None:
    page = kept
    if page is None:
        page = messages.read_newer(room_id=room_id, after=key.after, limit=key.limit)
    return _share(page, token, key) if page.messages else None


def _part(page: messages.Page, key: PageKey) -> messages.Page:
    newer = [message for message in page.messages if message.pk > key.after]
    return messages.Page(messages=newer[: key.limit], names=page.names)


def _share(page: messages.Page, token: str, key: PageKey) -> SharedPage:
    addressed = frozenset[Reader]().union(*map(readers_addressed, page.messages))
    return SharedPage(page, _render(page, token, ANYBODY, key.form), addressed)


def _render(
    page: messages.Page, token: str, reader: Reader, form: ResponseFormat
) -> RenderedResponse:
    return form.make(partial(page_response, page, token=token, reader=reader))
