"""Where the page's files are found, with whatever storage."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from talk.web import assets
from tests.factories import RoomFactory
from tests.web.test_security_headers import policy_of

pytestmark = pytest.mark.django_db

MANIFEST = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
FILES = {
    "talk.js": 'import "./api.js";\n',
    "talk-room.js": 'import "./call/view.js";\n',
    "api.js": 'import "./call/view.js";\n',
    "call/view.js": 'export const view = "</script>";\n',
    "talk.css": "body { color: black }\n",
    "icon.svg": "<svg/>\n",
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Some modules and a stylesheet, instead of the real ones."""
    root = tmp_path / "source" / "talk"
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    monkeypatch.setattr(assets, "ROOT", root)
    settings.STATICFILES_DIRS = [tmp_path / "source"]
    settings.STATICFILES_FINDERS = [
        "django.contrib.staticfiles.finders.FileSystemFinder"
    ]
    settings.STATIC_ROOT = tmp_path / "collected"


@pytest.fixture
def hashed(files: None, settings: Any) -> Path:
    """A site whose storage puts hashes into names; its files are collected."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": MANIFEST},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    return settings.STATIC_ROOT


def page(client: Client) -> Any:
    """Return the page of a public room."""
    return client.get(f"/call/{RoomFactory().token}")


def import_map_of(response: Any) -> str:
    """Return the text of the import map, empty without one."""
    pattern = r'<script type="importmap">(.*?)</script>'
    found = re.search(pattern, response.content.decode())
    return found[1] if found else ""


def module_of(response: Any) -> str:
    """Return the URL of the page's module."""
    pattern = r'<script type="module" src="([^"]*)"></script>'
    found = re.search(pattern, response.content.decode())
    assert found is not None
    return found[1]


class TestPlainNames:
    """Django's default storage."""

    @pytest.fixture(autouse=True)
    def with_files(self, files):
        pass

    def test_modules_are_found_without_a_map(self, client):
        response = page(client)
        assert module_of(response) == "/static/talk/talk.js"
        assert import_map_of(response) == ""
        assert policy_of(response)["script-src"] == ["'self'"]

    def test_files_may_lie_on_another_host(self, client, settings):
        settings.STATIC_URL = "https://cdn.example.org/static/"
        response = page(client)
        assert module_of(response) == "https://cdn.example.org/static/talk/talk.js"


class TestHashedNames:
    """A storage with a manifest, which changes no imports."""

    def test_the_map_leads_from_every_imported_name_to_a_file(self, client, hashed):
        response = page(client)
        imports = json.loads(import_map_of(response))["imports"]
        assert set(imports) == {
            f"/static/talk/{name}" for name in FILES if name.endswith(".js")
        }
        for plain, url in imports.items():
            assert url != plain
            assert (hashed / url.removeprefix("/static/")).read_text() == (
                FILES[plain.removeprefix("/static/talk/")]
            )

    def test_the_page_begins_with_a_hashed_name(self, client, hashed):
        response = page(client)
        assert re.fullmatch(r"/static/talk/talk\.[0-9a-f]{12}\.js", module_of(response))

    def test_the_map_stands_before_the_module(self, client, hashed):
        content = page(client).content.decode()
        assert content.index("importmap") < content.index('type="module"')

    def test_no_other_script_may_stand_in_the_page(self, client, hashed):
        response = page(client)
        digest = hashlib.sha256(import_map_of(response).encode()).digest()
        source = f"'sha256-{base64.b64encode(digest).decode()}'"
        assert policy_of(response)["script-src"] == ["'self'", source]

    def test_the_map_holds_on_another_host(self, client, hashed, settings):
        settings.STATIC_URL = "https://cdn.example.org/static/"
        imports = json.loads(import_map_of(page(client)))["imports"]
        assert "https://cdn.example.org/static/talk/api.js" in imports

    def test_a_page_without_script_has_none(self, client, hashed):
        response = client.get("/call/nosuchroom")
        assert import_map_of(response) == ""
        assert policy_of(response)["script-src"] == ["'self'"]

    def test_embedding_pages_load_what_lies_there_under_its_own_name(self, hashed):
        url = assets.plain_url(assets.ROOM_MODULE)
        assert url == "/static/talk/talk-room.js"
        assert (hashed / "talk" / "talk-room.js").read_text() == FILES["talk-room.js"]
