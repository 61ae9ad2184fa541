"""The probe of the running site, under `talk.asgi` and other servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.doctor.verdicts import findings, verdicts
from tests.programs import free_port
from tests.servers import Server, uvicorn_server, wsgi_server
from tests.signaling_receiver import Receiver

SITE, POLLS = "site", "long polls"


@pytest.mark.server
@pytest.mark.django_db(transaction=True)
class TestServed:
    """A site that answers."""

    @pytest.fixture
    def asgi(self) -> Iterator[Server]:
        """Serve the site with `talk.asgi`."""
        server = uvicorn_server()
        yield server
        server.kill()

    @pytest.fixture
    def wsgi(self) -> Iterator[Server]:
        """Serve the site under WSGI."""
        server = wsgi_server()
        yield server
        server.kill()

    @pytest.fixture
    def bare(self) -> Iterator[Server]:
        """Serve the site under ASGI without `talk.asgi`."""
        server = Server(
            *("-m", "uvicorn", "tests.bare_server:application", "--port", "0")
        )
        yield server
        server.kill()

    def test_long_polls_under_talk_asgi_are_ok(self, asgi):
        assert verdicts("site", url=asgi.url) == [(SITE, "ok"), (POLLS, "ok")]

    def test_long_polls_under_wsgi_are_a_warning(self, wsgi):
        assert verdicts("site", url=wsgi.url) == [(SITE, "ok"), (POLLS, "warning")]

    def test_long_polls_under_plain_asgi_are_a_warning(self, bare):
        assert verdicts("site", url=bare.url) == [(SITE, "ok"), (POLLS, "warning")]

    def test_a_trailing_slash_is_accepted(self, asgi):
        assert verdicts("site", url=asgi.url + "/")[0] == (SITE, "ok")

    def test_the_url_defaults_to_the_setting(self, asgi, settings):
        settings.TALK = {"SITE_URL": asgi.url}
        assert verdicts("site") == [(SITE, "ok"), (POLLS, "ok")]

    def test_a_wrong_path_is_a_failure(self, asgi):
        (found,) = findings("site", url=asgi.url + "/elsewhere")
        assert (found.verdict, "404" in found.message) == ("failed", True)


def test_an_answer_of_another_service_is_a_failure() -> None:
    with closing(Receiver()) as receiver:
        url = f"http://{receiver.address}"
        assert verdicts("site", url=url) == [(SITE, "failed")]


def test_no_answer_is_a_failure() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert verdicts("site", url=url) == [(SITE, "failed")]


def test_the_probe_is_skipped_without_a_url() -> None:
    assert verdicts("site") == [(SITE, "skipped")]
