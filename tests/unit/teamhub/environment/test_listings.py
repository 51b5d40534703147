"""What the admin is shown of packages, generations and differences."""

from __future__ import annotations

from support.conda_channel import Channel
from teamhub.environment import listings
from unit.teamhub.environment.conftest import Server


def test_the_list_says_from_where_and_who_asked(server: Server, other: Channel) -> None:
    other.add("helper")
    other.add("wanted", depends=["helper"])
    server.ask("wanted", channels=[other.url])
    server.apply()
    rows = listings.packages(server.state.find("2"), server.layout)
    assert [tuple(row.values()) for row in rows] == [
        ("helper", "1.0", other.url, "dependency"),
        ("jupyterhub", "6.1.1", "teamhub", "teamhub"),
        ("library", "2.0", "teamhub", "teamhub"),
        ("wanted", "1.0", other.url, "team"),
    ]


def test_the_difference_of_two_generations(server: Server, other: Channel) -> None:
    server.ask("extra", channels=[other.url])
    server.apply()
    first, second = server.state.generations
    assert listings.differences(first, second) == [
        {"name": "extra", "before": "-", "after": "1.0 0"}
    ]
    assert listings.differences(first, first) == []


def test_the_history_says_which_is_current(server: Server, other: Channel) -> None:
    server.ask("extra", channels=[other.url])
    server.apply()
    server.roll_back()
    rows = listings.switches(server.state)
    assert [(row["generation"], row["why"], row["state"]) for row in rows] == [
        (1, "install", "kept"),
        (2, "apply", "kept"),
        (1, "rollback", "current"),
    ]
