"""Programs of other projects that tests talk to: a signaling server and coturn."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

PATIENCE = 30.0

SIGNALING = "nextcloud-spreed-signaling-server"
TURN = "turnserver"
TURN_CLIENT = "turnutils_uclient"

TURN_SECRET = "example-turn-secret"


def need(program: str, package: str) -> str:
    """Return the path of a program, or skip the test; in CI it must be there."""
    path = shutil.which(program)
    if path is None:
        reason = f"needs {program}: apt-get install --no-install-recommends {package}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Program:
    """A server process whose output goes to a file."""

    def __init__(self, folder: Path, *command: str) -> None:
        self.log_path = folder / "log"
        with self.log_path.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, stdout=log, stderr=subprocess.STDOUT
            )

    @property
    def log(self) -> str:
        """The output so far."""
        return self.log_path.read_text(errors="replace")

    def wait_until(self, is_up: Callable[[], bool]) -> None:
        """Return once it is up; fail if it ends or takes too long."""
        end = time.monotonic() + PATIENCE
        while not is_up():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise AssertionError(self.log)
            time.sleep(0.02)

    def stop(self) -> None:
        """Terminate the process; kill it when it does not end.

        Not by SIGINT: shells have their background jobs ignore it, and so would this.
        """
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(PATIENCE)


def start_signaling(folder: Path, *, port: int, backend: str, secret: str) -> Program:
    """Start a signaling server that knows one site, `backend`, and its secret."""
    program = need(SIGNALING, "nextcloud-spreed-signaling")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "signaling.conf").write_text(
        f"""
[http]
listen = 127.0.0.1:{port}

[sessions]
hashkey = {"0123456789abcdef" * 4}
blockkey = 0123456789abcdef

[clients]
internalsecret = example-internal-secret

[backend]
backends = talk
allowall = false
timeout = 10
connectionsperhost = 8

[talk]
url = {backend}
secret = {secret}

[nats]
url = :loopback:

[mcu]
type =
"""
    )
    server = Program(folder, program, "-config", "signaling.conf")

    def is_up() -> bool:
        try:
            url = f"http://127.0.0.1:{port}/api/v1/welcome"
            return httpx.get(url, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    server.wait_until(is_up)
    return server


def start_turn(folder: Path, *, port: int, needs_password: bool = True) -> Program:
    """Start coturn, with `TURN_SECRET` and time-limited credentials or open to all."""
    program = need(TURN, "coturn")
    secret = f"use-auth-secret\nstatic-auth-secret={TURN_SECRET}"
    (folder / "turnserver.conf").write_text(
        f"""
listening-ip=127.0.0.1
relay-ip=127.0.0.1
listening-port={port}
min-port=49160
max-port=49200
fingerprint
{secret if needs_password else "no-auth"}
realm=talk.example.org
no-tls
no-dtls
no-cli
no-multicast-peers
allow-loopback-peers
userdb={folder}/turndb
pidfile={folder}/turn.pid
log-file=stdout
"""
    )
    server = Program(folder, program, "-c", "turnserver.conf")

    def is_up() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    server.wait_until(is_up)
    return server


def allocate(*, url: str, username: str, credential: str) -> bool:
    """Whether a TURN server, named as in ICE settings, relays for who says this."""
    address, _, protocol = url.removeprefix("turn:").partition("?transport=")
    host, _, port = address.rpartition(":")
    done = subprocess.run(
        [
            need(TURN_CLIENT, "coturn"),
            *(["-t"] if protocol == "tcp" else []),
            *("-p", port, "-u", username, "-w", credential),
            *("-y", "-c", "-n", "5", host),
        ],
        capture_output=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    return done.returncode == 0
