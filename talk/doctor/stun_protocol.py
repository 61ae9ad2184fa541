"""The little of STUN (RFC 8489) and TURN (RFC 8656) that a probe needs.

One request for one's own address, and one for a relay, with the long-term credentials
that coturn asks for. A library would be ten times what stands here, and none is kept
well.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

MAGIC = 0x2112A442
HEADER_BYTES = 20

BINDING, ALLOCATE, REFRESH = 0x0001, 0x0003, 0x0004
SUCCESS, ERROR = 0x0100, 0x0110

USERNAME, MESSAGE_INTEGRITY, ERROR_CODE = 0x0006, 0x0008, 0x0009
LIFETIME, REALM, NONCE = 0x000D, 0x0014, 0x0015
XOR_RELAYED, REQUESTED_TRANSPORT, XOR_MAPPED = 0x0016, 0x0019, 0x0020

UDP_TRANSPORT = bytes([17, 0, 0, 0])
"""What relays carry, however they are reached."""

INTEGRITY_BYTES = 24
"""The attribute that signs a message, with its header."""

TRY_SECONDS = (0.5, 1.0, 2.0, 4.0)
"""How long each copy of a UDP request waits for an answer."""

TCP_SECONDS = 8.0

UNAUTHORIZED = 401


class Refused(Exception):
    """The server has answered with an error."""

    def __init__(self, code: int, reason: str, attributes: Mapping[int, bytes]) -> None:
        super().__init__(f"{code} {reason}".strip())
        self.code = code
        self.attributes = attributes


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A name and a password, as a server asks for them in its realm."""

    username: str
    password: str
    realm: bytes
    nonce: bytes

    @property
    def key(self) -> bytes:
        """What messages are signed with."""
        realm = self.realm.decode(errors="replace")
        text = f"{self.username}:{realm}:{self.password}"
        return hashlib.md5(text.encode(), usedforsecurity=False).digest()


def own_address(host: str, port: int) -> str:
    """Return the address that a STUN server sees us at, "host:port".

    Raises:
        OSError: there is no answer.
        Refused: the server has answered with an error.
        ValueError: what has answered is no STUN server.
    """
    with _connect(host, port, "udp") as connection:
        attributes = _ask(connection, BINDING, {})
    return _address(attributes, XOR_MAPPED)


def relay_address(
    host: str, port: int, *, protocol: str, username: str, password: str
) -> str:
    """Return the address that a TURN server would relay for us at, and give it back.

    Raises:
        OSError: there is no answer.
        Refused: the server has answered with an error, to a wrong password for example.
        ValueError: what has answered is no TURN server.
    """
    wanted = {REQUESTED_TRANSPORT: UDP_TRANSPORT}
    with _connect(host, port, protocol) as connection:
        try:
            _ask(connection, ALLOCATE, wanted)
        except Refused as error:
            if error.code != UNAUTHORIZED:
                raise
            asked = error.attributes
        else:
            raise ValueError("it relays for anybody, without a password")
        credentials = Credentials(
            username=username,
            password=password,
            realm=asked.get(REALM, b""),
            nonce=asked.get(NONCE, b""),
        )
        attributes = _ask(connection, ALLOCATE, wanted, credentials)
        _ask(connection, REFRESH, {LIFETIME: bytes(4)}, credentials)
    return _address(attributes, XOR_RELAYED)


def _connect(host: str, port: int, protocol: str) -> socket.socket:
    if protocol == "tcp":
        return socket.create_connection((host, port), TCP_SECONDS)
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    connection = socket.socket(family, socket.SOCK_DGRAM)
    # Others' datagrams do not come in, and "nobody listens there" becomes an error.
    connection.connect(address)
    return connection


def _ask(
    connection: socket.socket,
    method: int,
    attributes: Mapping[int, bytes],
    credentials: Credentials | None = None,
) -> dict[int, bytes]:
    transaction = secrets.token_bytes(12)
    request = _request(method, transaction, attributes, credentials)
    if connection.type == socket.SOCK_STREAM:
        connection.sendall(request)
        answer = _read_stream(connection)
    else:
        answer = _read_datagram(connection, request, transaction)
    kind, found = _parse(answer, transaction)
    if kind == method | ERROR:
        code, reason = _error(found)
        raise Refused(code, reason, found)
    if kind != method | SUCCESS:
        raise ValueError(f"it answers with a message of the kind {kind:#06x}")
    return found


def _request(
    method: int,
    transaction: bytes,
    attributes: Mapping[int, bytes],
    credentials: Credentials | None,
) -> bytes:
    body = b"".join(_attribute(kind, value) for kind, value in attributes.items())
    if credentials is None:
        return _header(method, len(body), transaction) + body
    body += _attribute(USERNAME, credentials.username.encode())
    body += _attribute(REALM, credentials.realm)
    body += _attribute(NONCE, credentials.nonce)
    signed = _header(method, len(body) + INTEGRITY_BYTES, transaction) + body
    signature = hmac.new(credentials.key, signed, hashlib.sha1).digest()
    return signed + _attribute(MESSAGE_INTEGRITY, signature)


def _header(method: int, length: int, transaction: bytes) -> bytes:
    return struct.pack("!HHI", method, length, MAGIC) + transaction


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _read_datagram(
    connection: socket.socket, request: bytes, transaction: bytes
) -> bytes:
    """Send a request until an answer to it comes, which may get lost on both ways.

    Raises:
        TimeoutError: none has come.
    """
    for seconds in TRY_SECONDS:
        connection.settimeout(seconds)
        connection.send(request)
        try:
            while (answer := connection.recv(4096))[8:HEADER_BYTES] != transaction:
                pass
        except TimeoutError:
            continue
        return answer
    raise TimeoutError("there is no answer")


def _read_stream(connection: socket.socket) -> bytes:
    header = _read_exactly(connection, HEADER_BYTES)
    return header + _read_exactly(connection, struct.unpack("!H", header[2:4])[0])


def _read_exactly(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = connection.recv(count - len(found))
        if not part:
            raise ConnectionError("the connection was closed")
        found += part
    return found


def _parse(answer: bytes, transaction: bytes) -> tuple[int, dict[int, bytes]]:
    if len(answer) < HEADER_BYTES or answer[8:HEADER_BYTES] != transaction:
        raise ValueError("it answers something else than STUN")
    kind, _, magic = struct.unpack("!HHI", answer[:8])
    if magic != MAGIC:
        raise ValueError("it answers something else than STUN")
    attributes = dict(_attributes(answer[HEADER_BYTES:]))
    for masked in (XOR_RELAYED, XOR_MAPPED):
        if masked in attributes:
            attributes[masked] = _unmask(attributes[masked], answer[4:HEADER_BYTES])
    return kind, attributes


def _attributes(body: bytes) -> Iterator[tuple[int, bytes]]:
    while len(body) >= 4:
        kind, length = struct.unpack("!HH", body[:4])
        yield kind, body[4 : 4 + length]
        body = body[4 + length + -length % 4 :]


def _error(attributes: Mapping[int, bytes]) -> tuple[int, str]:
    value = attributes.get(ERROR_CODE, b"").ljust(4, b"\0")
    return value[2] * 100 + value[3], value[4:].decode(errors="replace")


def _address(attributes: Mapping[int, bytes], kind: int) -> str:
    value = attributes.get(kind, b"")
    if len(value) not in (8, 20):
        raise ValueError("it answers without an address")
    port = struct.unpack("!H", value[2:4])[0] ^ (MAGIC >> 16)
    host = ip_address(value[4:])
    return f"[{host}]:{port}" if host.version == 6 else f"{host}:{port}"


def _unmask(value: bytes, mask: bytes) -> bytes:
    """Return an address as it is; on the way, routers might change what looks so."""
    masked = zip(value[4:], mask, strict=False)
    return value[:4] + bytes(byte ^ other for byte, other in masked)
