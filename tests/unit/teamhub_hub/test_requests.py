"""What one request may ask of a real hub."""

from __future__ import annotations

from http import HTTPStatus
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from jupyterhub import orm
from jupyterhub.user import User

from support.hub_app import HubApp
from support.hub_client import HubClient
from support.hub_surroundings import PERSON
from teamhub_hub import requests


@pytest.fixture
def few_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person has as many without having made one."""
    monkeypatch.setattr(requests, "MOST_TOKENS", 0)


def new_token(person: HubClient, note: str = "") -> tuple[int, dict[str, Any]]:
    """What the API answers to a wish for a token."""
    answer = person.hub_api("POST", f"/users/{PERSON}/tokens", json={"note": note})
    return answer.status_code, answer.json()


def test_a_long_note_is_cut(person: HubClient) -> None:
    status, token = new_token(person, "x" * 5000)
    assert status == HTTPStatus.CREATED
    assert len(token["note"]) == requests.LONGEST_NOTE


@pytest.mark.usefixtures("few_tokens")
def test_a_person_with_too_many_tokens_gets_no_more_and_reads_why(person: HubClient) -> None:
    status, answer = new_token(person)
    assert status == HTTPStatus.FORBIDDEN
    assert "revoke some at /hub/token first" in answer["message"]


def test_strangers_learn_no_version(hub: HubApp, person: HubClient) -> None:
    assert hub.client("nobody").get("/hub/api/").json() == {}
    assert person.get("/hub/api/").json()["version"]


@pytest.mark.parametrize(
    ("size", "status"),
    [(0, HTTPStatus.FORBIDDEN), (requests.LARGEST_BODY + 1, HTTPStatus.BAD_REQUEST)],
)
def test_a_large_body_is_not_waited_for(hub: HubApp, size: int, status: HTTPStatus) -> None:
    place = urlsplit(hub.url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=10)
    connection.putrequest("POST", "/hub/login")
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    assert connection.getresponse().status == status
    connection.close()


def asks(own: list[str], client: orm.OAuthClient) -> bool:
    """Whether somebody whose servers have the clients `own` is asked before entering another."""
    handler = cast(
        "requests.AuthorizeHandler",
        SimpleNamespace(settings={}),
    )
    spawners = {name: SimpleNamespace(oauth_client_id=name) for name in own}
    person = cast("User", SimpleNamespace(spawners=spawners))
    return requests.AuthorizeHandler.needs_oauth_confirm(handler, person, client, [])


@pytest.fixture
def of_zoe() -> orm.OAuthClient:
    """The client of zoe's server."""
    return orm.OAuthClient(identifier="jupyterhub-user-zoe", spawner=orm.Spawner(name=""))


def test_an_admin_is_asked_each_time_before_they_enter_somebodys_server(
    of_zoe: orm.OAuthClient,
) -> None:
    assert asks(["jupyterhub-user-wash"], of_zoe)
