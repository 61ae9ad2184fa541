"""The newest messages of a waited room: read once, rendered once, the bytes shared.

All waiters of a process that know the same messages and want the same format get the
same bytes, unless a system message addresses one of the readers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from talk.api.polls.chat import ChatPoll
from talk.api.responses import RenderedResponse, ResponseFormat
from talk.domain.messages import Page
from talk.domain.progress import Progress
from talk.models import Message, Names
from talk.realtime.database import Database
from talk.realtime.database_threads import DatabaseThreads
from talk.rendering.readers import Reader
from talk.utils.single_flight import SingleFlight

MESSAGES_MAX = 100
"""Messages that are kept of a room, for clients that are between two polls."""

PAGES_MAX = 100
"""Rendered pages that are kept of a room until its next message."""

ANY_READER = Reader()
"""Stands for all readers whom no message addresses."""


class PageKey(NamedTuple):
    """Identifies a rendered page, except for its reader."""

    after: int
    limit: int
    response_format: ResponseFormat


@dataclass(slots=True)
class SharedPage:
    """A page rendered for all readers, and once more for each reader it addresses."""

    page: Page
    common: RenderedResponse
    addressed: frozenset[Reader]
    by_reader: dict[Reader, RenderedResponse] = field(default_factory=dict)

    def response_for(self, reader: Reader) -> RenderedResponse | None:
        """Return the reader's response, None if it is not rendered yet."""
        return self.by_reader.get(reader) if reader in self.addressed else self.common


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of one reading of the database."""

    progress: Progress
    page: Page
    pages: dict[PageKey, SharedPage]
    ended: set[int]
    """The sessions that have ended, of those that the polls need."""


class MessageCache:
    """The newest messages of one room, as far as the process has read them."""

    def __init__(
        self, *, room_id: int, token: str, threads: DatabaseThreads, database: Database
    ) -> None:
        self.progress: Progress | None = None
        """The end of what has been read; None before the first reading."""
        self._room_id = room_id
        self._token = token
        self._threads = threads
        self._database = database
        self._newest_position = 0
        """The newest position that a hint or a query has told."""
        self._clear_count = 0
        self._written: dict[int, tuple[Message, Names]] = {}
        """Comments that this process has written and not read yet, by position."""
        self._complete_after = 0
        """`_messages` holds all messages after this id."""
        self._messages: deque[tuple[Message, Names]] = deque()
        self._pages: dict[PageKey, SharedPage] = {}
        self._page_flights = SingleFlight[PageKey, SharedPage | None]()
        self._is_old = False

    @property
    def is_behind(self) -> bool:
        """Whether the room is known to have messages that have not been read."""
        return self.progress is None or self.progress.position < self._newest_position

    @property
    def comment_count(self) -> int:
        """The number of the room's comments, up to what has been read."""
        return self.progress.comments if self.progress is not None else 0

    def has_nothing_for(self, poll: ChatPoll) -> bool:
        """Whether a poll knows all messages that have been read."""
        return self.progress is not None and poll.after >= self.progress.newest_id

    def note_position(self, position: int) -> None:
        """Learn that the room has messages up to a position."""
        self._newest_position = max(self._newest_position, position)

    def add_written(self, message: Message, names: Names) -> None:
        """Keep a comment that this process has written; safe in any thread.

        The next hint makes it known. If it follows what has been read, it need not be
        read from the database.
        """
        if len(self._written) < MESSAGES_MAX:
            self._written[message.position] = (message, names)

    def clear(self) -> None:
        """Drop all messages and pages, because they may have changed."""
        self._clear_count += 1
        self._written.clear()
        self._messages.clear()
        self._pages.clear()
        if self.progress is not None:
            self._complete_after = self.progress.newest_id

    def clear_old(self) -> None:
        """Drop what has been kept since the last call; names in it may have changed."""
        if self._is_old:
            self.clear()
        self._is_old = True

    async def read(self, polls: Sequence[ChatPoll]) -> set[int]:
        """Read the new messages and render them for polls.

        One query, and one for the names in the messages, unless this process has
        written all of them; and one for the sessions that the polls need. Returns which
        of these sessions have ended.

        Raises:
            NotFound: the room is gone.
        """
        newest_position, clear_count = self._newest_position, self._clear_count
        written = self._take_written()
        wanted: dict[PageKey, set[Reader]] = {}
        needed = set()
        for poll in polls:
            wanted.setdefault(_key_of(poll), set()).add(poll.reader)
            if poll.needs_session and poll.session_pk is not None:
                needed.add(poll.session_pk)
        reading = await self._threads.run(
            partial(
                _read,
                self._database,
                room_id=self._room_id,
                token=self._token,
                known=self.progress,
                written=written,
                wanted=wanted,
                needed=needed,
            )
        )
        if self.progress is None:
            self._complete_after = reading.progress.newest_id
        self.progress = reading.progress
        if not reading.page.messages:
            if self._newest_position == newest_position:
                # The message was rolled back, or this database does not have it yet.
                self._newest_position = self.progress.position
            return reading.ended
        self._is_old = False
        if self._clear_count != clear_count:
            # The messages may have changed since the query; the waiters read again.
            self.clear()
            return reading.ended
        self._pages = reading.pages
        names = reading.page.names
        self._messages.extend((message, names) for message in reading.page.messages)
        while len(self._messages) > MESSAGES_MAX:
            self._complete_after = self._messages.popleft()[0].pk
        return reading.ended

    def _take_written(self) -> Page | None:
        """Return all new messages if this process has written them, else None.

        Positions have no gaps: two consecutive ones have no message between them.
        """
        page = None
        if self.progress is not None:
            new = range(self.progress.position + 1, self._newest_position + 1)
            if all(position in self._written for position in new):
                page = _join([self._written[position] for position in new])
        for position in list(self._written):
            if position <= self._newest_position:
                del self._written[position]
        return page

    def rendered_for(self, poll: ChatPoll) -> RenderedResponse | None:
        """Return the response to a poll if it is rendered already."""
        shared = self._pages.get(_key_of(poll))
        return None if shared is None else shared.response_for(poll.reader)

    async def render_for(self, poll: ChatPoll) -> RenderedResponse | None:
        """Return the messages that a poll does not know, None if it knows all.

        No query while the messages are kept, else one or two for all polls that want
        the same.
        """
        if self.has_nothing_for(poll):
            return None
        key = _key_of(poll)
        shared = self._pages.get(key)
        if shared is None:
            make = partial(self._make_page, key)
            shared = await self._page_flights.run(key, make)
        if shared is None:
            return None
        response = shared.response_for(poll.reader)
        if response is None:
            work = partial(
                _render, self._database, shared.page, self._token, poll.reader, key
            )
            response = shared.by_reader[poll.reader] = await self._threads.run(work)
        return response

    async def _make_page(self, key: PageKey) -> SharedPage | None:
        """Make a page, and keep it unless the room has changed meanwhile."""
        progress, clear_count = self.progress, self._clear_count
        kept = self._kept_page(key)
        work = partial(
            _make_page, self._database, self._room_id, self._token, key, kept
        )
        shared = await self._threads.run(work)
        is_current = self.progress is progress and self._clear_count == clear_count
        if shared is not None and is_current:
            if len(self._pages) >= PAGES_MAX:
                self._pages.clear()
            self._pages[key] = shared
        return shared

    def _kept_page(self, key: PageKey) -> Page | None:
        """Return the messages after an id, None if some of them are not kept."""
        if key.after < self._complete_after:
            return None
        newer = [kept for kept in self._messages if kept[0].pk > key.after]
        return _join(newer[: key.limit])


def _key_of(poll: ChatPoll) -> PageKey:
    return PageKey(poll.after, poll.limit, poll.response_format)


def _join(messages: Sequence[tuple[Message, Names]]) -> Page:
    users: dict[str, str] = {}
    guests: dict[str, str] = {}
    for _, names in messages:
        users |= names.users
        guests |= names.guests
    names = Names(users=users, guests=guests)
    return Page(messages=[message for message, _ in messages], names=names)


def _read(
    database: Database,
    *,
    room_id: int,
    token: str,
    known: Progress | None,
    written: Page | None,
    wanted: Mapping[PageKey, Collection[Reader]],
    needed: Collection[int],
) -> Reading:
    """Read the messages after `known`; the first time only how far the room has come."""
    ended = database.ended_sessions(pks=sorted(needed)) if needed else set()
    if known is None:
        progress = database.room_progress(room_id=room_id)
        return Reading(progress, _join([]), {}, ended)
    page = written or database.read_on(room_id=room_id, after=known.newest_id)
    if not page.messages:
        return Reading(known, page, {}, ended)
    last = page.messages[-1]
    progress = Progress(
        position=last.position, comments=last.comment_count, newest_id=last.pk
    )
    pages = {}
    for key, readers in wanted.items():
        # A poll that knows less than `known` was not asleep, and fetches for itself.
        if key.after >= known.newest_id:
            shared = _share(database, _part_of(page, key), token, key)
            for reader in shared.addressed.intersection(readers):
                response = _render(database, shared.page, token, reader, key)
                shared.by_reader[reader] = response
            pages[key] = shared
    return Reading(progress, page, pages, ended)


def _make_page(
    database: Database, room_id: int, token: str, key: PageKey, kept: Page | None
) -> SharedPage | None:
    page = kept
    if page is None:
        page = database.read_newer(room_id=room_id, after=key.after, limit=key.limit)
    return _share(database, page, token, key) if page.messages else None


def _part_of(page: Page, key: PageKey) -> Page:
    newer = [message for message in page.messages if message.pk > key.after]
    return Page(messages=newer[: key.limit], names=page.names)


def _share(database: Database, page: Page, token: str, key: PageKey) -> SharedPage:
    addressed = frozenset[Reader]().union(
        *map(database.readers_addressed, page.messages)
    )
    common = _render(database, page, token, ANY_READER, key)
    return SharedPage(page, common, addressed)


def _render(
    database: Database, page: Page, token: str, reader: Reader, key: PageKey
) -> RenderedResponse:
    make = partial(database.page_response, page, token=token, reader=reader)
    return key.response_format.render(make)
