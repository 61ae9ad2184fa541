"""Every code block in the README works: it is run, or checked by the program it is for."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.asgi import get_asgi_application
from django.core.checks import ERROR, run_checks
from django.core.management import get_commands, load_command_class
from django.db.utils import ConnectionHandler
from django.dispatch import Signal
from django.template import Context, Template
from django.test import override_settings
from django.urls import URLPattern, URLResolver, path, resolve
from django.utils import timezone
from uvicorn.main import main as uvicorn_command

from example_project.models import Article
from talk import signals
from talk.domain.notifications import notifications_for
from talk.models import Message
from talk.notifications import Notification
from tests.client import TalkClient
from tests.factories import UserFactory
from tests.programs import need
from tests.readme import README, ROOT, Block, blocks

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
EXTRAS = set(PROJECT["optional-dependencies"])

MODULES = {"channels_redis": "channels_redis", "backends.postgresql": "psycopg"}
"""Modules of extras, by the text of blocks that need them; without them, tests are skipped."""

NEEDS_MORE = re.compile(r"^(?:pip|curl|uvicorn|systemctl)\b", re.MULTILINE)
"""Programs that change the machine or use the network; their blocks are only parsed."""


def test_every_block_is_tested() -> None:
    tested = {"", "python", "sh", "html", "nginx", "ini"}
    assert {block.language for block in blocks()} == tested
    assert README.count("```") == 2 * len([b for b in blocks() if b.language])


@pytest.mark.parametrize("block", blocks(""), ids=str)
def test_indented_blocks_are_run_by_ci(block: Block) -> None:
    """Unchanged, because newcomers copy them."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (line,) = block.text.splitlines()
    pattern = line.replace("[", r"\[").replace("]", r"\]")
    assert f"'^{pattern}$'" in script


@pytest.fixture
def article(db: None) -> Any:
    article = Article.objects.create(title="A park", text="For all.")
    article.author = UserFactory()
    return article


@pytest.fixture
def notification(db: None) -> Notification:
    alice, bob = UserFactory(), UserFactory()
    as_alice = TalkClient(alice)
    token = as_alice.create_room(type=1, invite=bob.get_username())
    pk = as_alice.say(token, "Are you there?")
    message = Message.objects.filter(pk=pk).with_actors().with_rooms().get()
    (found,) = notifications_for(message=message, now=timezone.now())
    return found


@pytest.fixture
def restored_signals() -> Iterator[None]:
    """Disconnect the receivers that a block connects."""
    found = [each for each in vars(signals).values() if isinstance(each, Signal)]
    before = [list(signal.receivers) for signal in found]
    yield
    for signal, receivers in zip(found, before, strict=True):
        signal.receivers = receivers
        signal.sender_receivers_cache.clear()


@pytest.mark.parametrize("block", blocks("python"), ids=str)
@pytest.mark.usefixtures("restored_signals")
def test_python_runs(block: Block, article: Any, notification: Notification) -> None:
    for name, module in MODULES.items():
        if name in block.text:
            pytest.importorskip(module)
    names: dict[str, Any] = {
        "INSTALLED_APPS": [],
        "path": path,
        "urlpatterns": [],
        "get_asgi_application": get_asgi_application,
        "article": article,
        "notification": notification,
    }
    exec(compile(block.text, f"README.md, {block}", "exec"), names)
    assert all(isinstance(p, URLPattern | URLResolver) for p in names["urlpatterns"])
    for test in [names[name] for name in names if name.startswith("test_")]:
        test(alice=UserFactory(), bob=UserFactory())

    settings = {name: names[name] for name in names if name.isupper()}
    del settings["INSTALLED_APPS"]
    databases = settings.pop("DATABASES", None)
    if databases is not None:
        assert ConnectionHandler(databases)["default"].vendor == "postgresql"
    with override_settings(**settings):
        assert [found for found in run_checks() if found.level >= ERROR] == []


@pytest.mark.parametrize("block", blocks("html"), ids=str)
def test_templates_show_rooms(block: Block, article: Any, rf: Any) -> None:
    request = rf.get("/")
    request.user = article.author
    request.session = {}
    context = Context({"request": request, "article": article})
    assert "<talk-room token=" in Template(block.text).render(context)


def commands_of(block: Block) -> list[list[str]]:
    """Return the commands of a shell block, each with its arguments."""
    text = re.sub(r"^\w+=\$\((.*)\)$", r"\1", block.text, flags=re.MULTILINE)
    simple = re.split(r"\n| && | \| ", text.strip())
    return [shlex.split(command) for command in simple]


def read_pip(*arguments: str) -> None:
    """Check that the installed packages and extras exist."""
    assert arguments[0] == "install"
    wanted = [each for each in arguments[1:] if not each.startswith("-")]
    for requirement in wanted:
        name, _, extras = requirement.rstrip("]").partition("[")
        assert name in {".", PROJECT["name"], "uvicorn"}
        assert set(filter(None, extras.split(","))) <= EXTRAS


def read_python(*arguments: str) -> None:
    """Parse the arguments with the command of ``manage.py``, or as those of pip."""
    if arguments[:2] == ("-m", "pip"):
        read_pip(*arguments[2:])
        return
    script, name, *options = arguments
    assert script == "manage.py"
    command = load_command_class(get_commands()[name], name)
    command.create_parser("manage.py", name).parse_args(options)


def read_uvicorn(*arguments: str) -> None:
    """Parse the arguments with uvicorn."""
    uvicorn_command.make_context("uvicorn", list(arguments))


def read_curl(*arguments: str) -> None:
    """Check that the URL leads to a view of Talk."""
    url = urlsplit(arguments[-1])
    assert resolve(url.path).func.__module__.startswith("talk.")


def read_systemctl(*arguments: str) -> None:
    """Check that the units are those of the README."""
    units = [name for name in arguments[1:] if not name.startswith("-")]
    for unit in units:
        assert f"/{unit.partition('@')[0]}@.service`" in README


def read_export(*arguments: str) -> None:
    """Check that the example project reads the variables."""
    source = (ROOT / "example_project" / "settings.py").read_text(encoding="utf-8")
    for argument in arguments:
        assert argument.partition("=")[0] in source


READERS: dict[str, Callable[..., None]] = {
    "curl": read_curl,
    "echo": lambda *_: None,
    "export": read_export,
    "pip": read_pip,
    "python": read_python,
    "systemctl": read_systemctl,
    "uvicorn": read_uvicorn,
}


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_commands_parse(block: Block) -> None:
    if "spectacular" in block.text:
        pytest.importorskip("drf_spectacular")
    for program, *arguments in commands_of(block):
        READERS[program](*arguments)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], None]:
    """Return a function that runs shell commands in a demo with its own database."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "manage.py").symlink_to(ROOT / "manage.py")
    (folder / "python").symlink_to(sys.executable)
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder / 'demo.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "example_project.settings",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }

    def run(text: str) -> None:
        command = ["bash", "-euo", "pipefail", "-c", text]
        result = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr

    create = (
        "from example_project.demo_data import create_demo_data as create; create()"
    )
    run(f"python manage.py migrate -v0 && python manage.py shell -v0 -c '{create}'")
    return run


@pytest.mark.parametrize(
    "block",
    [block for block in blocks("sh") if not NEEDS_MORE.search(block.text)],
    ids=str,
)
def test_commands_run_in_the_demo(block: Block, demo: Callable[[str], None]) -> None:
    if "spectacular" in block.text:
        pytest.importorskip("drf_spectacular")
    demo(block.text)


@pytest.mark.parametrize("block", blocks("nginx"), ids=str)
def test_nginx_accepts_its_configuration(block: Block, tmp_path: Path) -> None:
    nginx = need("nginx", "nginx-light")
    # Only root may listen on port 80.
    servers = block.text.replace("listen 80;", "listen 127.0.0.1:18080;")
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {temporary_paths(tmp_path)}\n{servers} }}\n"
    )
    command = [nginx, "-t", "-q", "-e", "stderr", "-p", str(tmp_path), "-c"]
    command.append(str(configuration))
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def temporary_paths(folder: Path) -> str:
    """Return directives that make nginx write only inside a folder."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)


@pytest.mark.parametrize("block", blocks("ini"), ids=str)
def test_systemd_accepts_the_unit(block: Block, tmp_path: Path) -> None:
    verify = need("systemd-analyze", "systemd")
    unit = tmp_path / "talk@1.service"
    # systemd checks that the program exists.
    text = re.sub(r"/srv/site/venv/bin/\w+", shutil.which("true") or "", block.text)
    unit.write_text(text.replace("%i", "1"))
    command = [verify, "verify", "--man=no", str(unit)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
