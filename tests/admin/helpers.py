"""Helpers that request admin pages and read the answers."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import UserFactory


def browser(*permissions: str, **fields: Any) -> Client:
    """Return a browser in which a staff user with these permissions is logged in."""
    user = UserFactory(is_staff=True, **fields)
    granted = Permission.objects.filter(
        content_type__app_label="talk", codename__in=permissions
    )
    assert len(granted) == len(permissions)
    user.user_permissions.set(granted)
    client = Client()
    client.force_login(user)
    return client


def list_url(model: type[Model], **parameters: Any) -> str:
    """Return the URL of the list of a model."""
    page = reverse(f"admin:talk_{model._meta.model_name}_changelist")
    query = "&".join(f"{key}={value}" for key, value in parameters.items())
    return f"{page}?{query}" if query else page


def page_url(row: Model, page: str = "change") -> str:
    """Return the URL of a page of one row."""
    return reverse(f"admin:talk_{row._meta.model_name}_{page}", args=[row.pk])


def add_url(model: type[Model]) -> str:
    """Return the URL of the page that would add a row."""
    return reverse(f"admin:talk_{model._meta.model_name}_add")


def shown(client: Client, url: str) -> str:
    """Return the text of a page, which must exist."""
    response = client.get(url)
    assert response.status_code == 200, response
    return response.content.decode()


def listed(client: Client, url: str) -> list[Any]:
    """Return the primary keys of the rows of a list."""
    response = client.get(url)
    assert response.status_code == 200, response
    return [row.pk for row in response.context["cl"].result_list]


def offered(client: Client, url: str) -> set[str]:
    """Return the names of the actions that a list offers."""
    form = client.get(url).context["action_form"]
    choices = form.fields["action"].choices if form is not None else []
    return {name for name, _ in choices} - {""}


def act(client: Client, rows: list[Any], action: str, **fields: Any) -> Any:
    """Request an action on rows of one model."""
    values = {"action": action, "_selected_action": [row.pk for row in rows], **fields}
    return client.post(list_url(type(rows[0])), values)


def act_confirmed(client: Client, rows: list[Any], action: str) -> list[str]:
    """Request an action, confirm it, and return the messages that report it."""
    question = act(client, rows, action)
    assert question.status_code == 200
    assert question.templates[0].name == "admin/talk/confirm.html"
    return told(client, act(client, rows, action, confirmed="yes"))


def told(client: Client, response: Any) -> list[str]:
    """Follow a redirect and return the messages on the next page."""
    assert response.status_code == 302, response
    page = client.get(response["Location"])
    assert page.status_code == 200
    return [str(message) for message in page.context["messages"]]


def cost(client: Client, url: str) -> int:
    """Return the number of queries of a page, without those of its transaction."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    sqls = [query["sql"] for query in queries.captured_queries]
    return sum("SAVEPOINT" not in sql for sql in sqls)
