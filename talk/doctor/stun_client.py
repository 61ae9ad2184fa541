"""A client of STUN (RFC 8489) and TURN (RFC 8656) servers, as probes need it.

aioice speaks the protocols. It is an extra: a site without calls does not need it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from aioice import stun, turn

T = TypeVar("T")

TIMEOUT_SECONDS = 8.0
"""aioice repeats lost UDP requests for a minute; most get through in the first second."""

UNAUTHORIZED = 401


class ServerError(Exception):
    """A server has answered with an error, or with something unexpected."""


def public_address(host: str, port: int) -> str:
    """Return the address that a STUN server sees us at, as "host:port".

    Raises:
        OSError: there is no answer.
        ServerError: the server has answered with an error.
        ValueError: the answer is not STUN.
    """
    return asyncio.run(_in_time(_public_address(host, port)))


def relay_address(
    host: str, port: int, *, protocol: str, username: str, password: str
) -> str:
    """Return the address that a TURN server relays for us at, and free it again.

    Raises:
        OSError: there is no answer.
        ServerError: the server has answered with an error, for example because the
            password is wrong; or it relays without a password.
    """
    server = (host, port)
    return asyncio.run(_in_time(_relay_address(server, protocol, username, password)))


async def _in_time(work: Coroutine[Any, Any, T]) -> T:
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await work
    except TimeoutError:
        raise TimeoutError("there is no answer") from None
    except stun.TransactionFailed as error:
        code, reason = error.response.attributes.get("ERROR-CODE", (0, ""))
        raise ServerError(f"{code} {reason}".strip()) from error


class _StunClient(asyncio.DatagramProtocol):
    """Sends one request over a connected UDP socket."""

    def __init__(self, server: tuple[str, int]) -> None:
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        self.request = request
        self.transaction = stun.Transaction(request, server, self)
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # a datagram endpoint has no other
        self._transport = transport

    def send_stun(self, message: stun.Message, addr: tuple[str, int]) -> None:
        self._transport.sendto(bytes(message))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            message = stun.parse_message(data)
        except ValueError as error:
            self.error_received(error)
            return
        if message.transaction_id != self.request.transaction_id:
            return
        if message.message_class is stun.Class.REQUEST:
            self.error_received(ValueError("it sends our request back"))
            return
        self.transaction.response_received(message, addr)

    def error_received(self, error: Exception) -> None:
        """Fail at once, for example because nothing listens at the port."""
        if not self.failure.done():
            self.failure.set_exception(error)


async def _public_address(host: str, port: int) -> str:
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_datagram_endpoint(
        lambda: _StunClient((host, port)), remote_addr=(host, port)
    )
    answer = asyncio.ensure_future(client.transaction.run())
    try:
        await asyncio.wait(
            (answer, client.failure), return_when=asyncio.FIRST_COMPLETED
        )
        if client.failure.done():
            client.failure.result()
        response, _ = await answer
    finally:
        answer.cancel()
        client.failure.cancel()
        transport.close()
    address = response.attributes.get("XOR-MAPPED-ADDRESS")
    if address is None:
        raise ServerError("it answers without an address")
    return _text_of(address)


async def _relay_address(
    server: tuple[str, int], protocol: str, username: str, password: str
) -> str:
    try:
        await _allocate(server, protocol, None, None)
    except stun.TransactionFailed as error:
        if error.response.error_code != UNAUTHORIZED:
            raise
    else:
        raise ServerError("it relays without a password")
    return _text_of(await _allocate(server, protocol, username, password))


async def _allocate(
    server: tuple[str, int], protocol: str, username: str | None, password: str | None
) -> tuple[str, int]:
    """Allocate a relay, free it, and return its address."""
    transport, client = await turn.create_turn_endpoint(
        _Closing, server, username, password, transport=protocol
    )
    address: tuple[str, int] = transport.get_extra_info("sockname")
    transport.close()
    await client.closed.wait()
    return address


class _Closing(asyncio.DatagramProtocol):
    """Tells when its relay has been freed."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


def _text_of(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
