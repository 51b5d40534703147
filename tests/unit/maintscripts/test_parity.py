"""The dialogue's checks, in sh, and the postinst's, in Python, give one answer for each value.

The values are those with which tests of servers try both, all that was ever found to differ, and
many that nobody thought of.
"""

from __future__ import annotations

import itertools
import pwd
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.maintscripts import Scripts
from teamhub.people import accounts, membership
from teamhub.settings import conf
from teamhub_shared.settings import SETTINGS

#: An address that no server has: with it, config does not look who listens on a port.
ELSEWHERE = 'LISTEN_ADDRESS="192.0.2.1"\n'

Row = Mapping[str, str]

#: A batch is one run of dash over some twenty values.  A failing one is not made smaller: that
#: would start dash hundreds of times, and the difference names its value.
BATCHES = settings(
    max_examples=3,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Scripts:
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "teamhub.conf").write_text(ELSEWHERE)
    return Scripts(folder, folder / "teamhub.conf")


def python_refuses(arguments: Sequence[str]) -> bool:
    """Whether `teamhub setup check` refuses these arguments for what they say."""
    users, admins, *answers = arguments
    try:
        wanted = membership.read_membership(
            users.removeprefix("--users="), admins.removeprefix("--admins=")
        )
        values = conf.read(answers, path=Path("/nonexistent"))
        accounts.check_accounts(wanted.users, may_create=values["CREATE_ACCOUNTS"] == "yes")
    except (accounts.BadName, conf.BadSetting):
        return True
    return False


def check(scripts: Scripts, rows: Sequence[Row]) -> list[Row]:
    """Hold both to one answer for each row; the rows that both take."""
    by_config = [bool(fault) for fault in scripts.faults(rows)]
    by_python = [python_refuses(arguments) for arguments in scripts.arguments(rows)]
    differing = [
        f"{dict(row)}: {'only config' if in_config else 'only Python'} refuses it"
        for row, in_config, in_python in zip(rows, by_config, by_python, strict=True)
        if in_config != in_python
    ]
    assert differing == []
    return [row for row, refused in zip(rows, by_config, strict=True) if not refused]


def check_values(scripts: Scripts, question: str, values: Iterable[str]) -> set[str]:
    """Hold both to one answer for each value of a question; the values that both take.

    Without the line breaks at its end: debconf's confmodule loses them on the way to either.
    """
    stripped = sorted({value.rstrip("\n") for value in values})
    return {row[question] for row in check(scripts, [{question: value} for value in stripped])}


GOOD = {
    "create-accounts": ["true", "false", "yes", "no", " true", "false "],
    "server-names": [
        "", " ", ",", "hub", "HUB.example", "hub.example.org 192.0.2.7", "a, b", "a,b", " a ,, b ",
        "hub, hub.example.org ,10.0.0.5 ", "hub.test  other.test", "xn--bcher-kva.example",
        "3com.example", "10.0.0.1.nip.example", "a.1b", "1-1", "a-b.c-d", "true", "a" * 63,
        ".".join(["a" * 63] * 3 + ["a" * 61]), "255.255.255.255", "::", "::1", "1::",
        "fd00::5", "FD00::5", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::8",
        "1:2:3:4:5:6:192.0.2.7", "::192.0.2.7", "::ffff:192.0.2.7", "1::4:5:6:7:192.0.2.7",
        "1:2:3:4:5::192.0.2.7", "2001:0db8:0000:0000:0000:0000:0000:0007",
        "hub.example.org 10.0.0.5 fd00::5", "hub *.example.org", "*.hub.example.org",
    ],
    "subdomain-host": ["hub.example.org", "a.b", " hub.test ", "10.0.0.1.nip.example"],
    "certificate": ["own", "none", "acme", " own "],
    "https-port": ["443", "8443", "1", "880", "65535", " 443 ", "10000"],
    "http-port": ["80", "8080", "off", "65535", " off", "80 ", "80\n "],
    "interface": ["lab", "notebook", "lab "],
    "memory-limit": [
        "none", "256M", "0.25G", "1.5G", "2G", "512M", "262144K", "262144.0K", "0.01T", "1T",
        "999999.99T", "000256M", "256.00M", " 4G ", "0009G", "08.5G",
    ],
    "cpu-limit": ["none", "0.1", "0.10", "0.11", "1", "1.5", "2", "128", "9999", "9999.99", "0008"],
    "tasks-limit": ["none", "128", "512", "4096", "9999999", "0000128", "0000512", "0000999"],
    "idle-hours": ["0", "1", "12", "99999", "00012", " 8", "08"],
}  # fmt: skip

BAD = {
    "create-accounts": ["", "maybe", "True", "yes no", "true\nfalse", "1"],
    "server-names": [
        "https://hub", "https://hub.test", "hub*", "hub;reboot", "hub\nroot", "$(touch /x)", "a;b",
        "10.0.0.256", "10.0.0", "10.0.0.01", "1.2.3.4.5", "a.1", "hub a.1", "1", "hub.123",
        "a" * 64,
        f"{'a' * 64}.example", ".".join(["a" * 63] * 3 + ["a" * 62]), ".".join(["a"] * 128),
        "hub *example.org", "*", "*.org", "*.1", "*.a.1", "**.example.org", "a.*.example.org",
        "-a", "a-", "a.-b", "a_b", "a..b", ".a", "a.", "[::1]", "hub:443",
        "dead:beef", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::",
        "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:192.0.2.7", "192.0.2.7::",
        "::192.0.2", "::192.0.2.256", "fe80::1%eth0", "::g", "bücher.example", "hub\tother",
        "hub\x0bother", "hub\xa0other", "hub\u3000other", "hub'", 'hub"', "hub\\", "`id`",
        "hub\udc80", "\udcc3\udca4", "hub\r",
    ],
    "subdomain-host": [
        "hub", "*.example.org", "10.0.0.1", "fd00::5", "hub.example.org hub.test", "a.1", "a..b",
        "https://hub.example.org", "hub.example.org:443", "hub.example.org.", "a_b.example",
        "hub.test\nroot.test", "$(id).test", f"{'a' * 64}.example",
    ],
    "certificate": ["", "bought", "letsencrypt", "Own", "own none", "own\nnone"],
    "https-port": [
        "", "0", "65536", "99999", "100000", "0443", "-1", "+443", "443 8443", "https", "on", "off",
        "4433\n4434", "443\t", "\uff14\uff14\uff13", "1e3", "0x1bb", "443.0", "none",
        "99999999999999999999",
    ],
    "http-port": ["", "0", "65536", "on", "maybe", "OFF", "80\n81", "off off"],
    "interface": ["", "emacs", "classic", "Lab", "lab notebook", "$(id)", "lab\nlab"],
    "memory-limit": [
        "", "0", "2GB", "2 GiB", "2g", "50%", "2147483648", "255M", "255.99M", "-2G", "0.24G",
        "262143K", "262143.99K", "0T", "0.00T", "1000000G", "1.555G", ".5G", "1.G", "2GM", "G",
        "infinity",
        "2G\n2G", "None", "none none", "2G 2G", "\u0663G",
    ],
    "cpu-limit": [
        "", "0", "0.0", "0.05", "0.09", "50%", "150%", "1,5", "10000", "999999", "1.555", "-1",
        "1.",
        ".5", "1 2", "1\n2", "all", "1e3",
    ],
    "tasks-limit": [
        "", "0", "12", "127", "33%", "10000000", "99999999", "512.5", "-512", "many", "512\n512",
        "1 28",
    ],
    "idle-hours": [
        "", "-1", "1.5", "never", "100000", "1\nALL", "1\n2", "½", "\u0663", "none", "1 2", "0x1",
    ],
}  # fmt: skip


@pytest.mark.parametrize("question", GOOD)
def test_what_is_good_is_taken_by_both(scripts: Scripts, question: str) -> None:
    assert check_values(scripts, question, GOOD[question]) == set(GOOD[question])


@pytest.mark.parametrize("question", BAD)
def test_what_is_bad_is_refused_by_both(scripts: Scripts, question: str) -> None:
    assert check_values(scripts, question, BAD[question]) == set()


def test_every_question_that_asks_for_a_setting_is_tried() -> None:
    questions = {setting.question for setting in SETTINGS if setting.question}
    assert (
        {*GOOD, "certificate-file", "key-file"}
        == questions
        == {*BAD, "certificate-file", "key-file"}
    )


def around(*numbers: int) -> st.SearchStrategy[str]:
    """Numbers near these, some with zeros in front or decimals behind."""
    near = st.sampled_from(numbers).flatmap(lambda n: st.integers(max(n - 3, 0), n + 3))
    number = (near | st.integers(0, 10**8)).map(str)
    return st.builds(
        "{}{}{}".format,
        st.sampled_from(["", "", "", "0", "000"]),
        number,
        st.sampled_from(["", "", "", ".", ".0", ".5", ".25", ".99", ".999"]),
    )


def pieces(*pieces: str) -> st.SearchStrategy[str]:
    """Texts out of these pieces, and of anything that an answer may hold."""
    return st.lists(st.sampled_from(pieces) | ANYTHING, max_size=9).map("".join)


#: debconf keeps bytes: what is no UTF-8 arrives in Python as surrogates.
ANYTHING = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)
ASCII = st.characters(max_codepoint=0x7F, exclude_characters="\0")
NAMES = (
    *(".", ".", "-", "_", " ", ", ", ",", "a", "hub", "example", "1", "09", "a" * 62, "a" * 200),
    *(":", "::", ":1", ":0db8", "dead", "192.0.2.7", "255", "256", "%", "/", "\n", "\udc80"),
)
ADDRESSES = st.builds(
    "{}{}".format,
    st.lists(st.sampled_from(["0", "1", "dead", "0db8", "", "", "12345", "g"]), max_size=9).map(
        ":".join
    ),
    st.sampled_from(["", "", "::", ":192.0.2.7", "192.0.2.7", ":256.0.0.1"]),
)
LIMITS = st.sampled_from(["", "", "K", "M", "G", "T", "g", "GB", "%", " ", "\n1"])
TRIED = {
    "create-accounts": pieces("true", "false", "yes", "no", " ", "\n"),
    "server-names": pieces(*NAMES) | ADDRESSES,
    "certificate": pieces("own", "acme", "files", "none", " ", "\n"),
    "https-port": around(1, 443, 65535) | pieces("1", "443", "off", " ", "\n"),
    "http-port": around(1, 80, 65535) | pieces("1", "80", "off", " ", "\n"),
    "interface": pieces("lab", "notebook", " ", "\n"),
    "memory-limit": st.builds("{}{}".format, around(0, 256, 262144), LIMITS) | pieces("none", "2G"),
    "cpu-limit": around(0, 1, 9999) | pieces("none", "1.5", " ", "\n"),
    "tasks-limit": around(128, 9999999) | pieces("none", "512", " ", "\n"),
    "idle-hours": around(0, 99999) | pieces("12", " ", "\n"),
}


@pytest.mark.parametrize("question", TRIED)
@BATCHES
@given(data=st.data())
def test_whatever_is_answered_both_say_the_same(
    scripts: Scripts, question: str, data: st.DataObject
) -> None:
    values = data.draw(st.lists(TRIED[question], min_size=20, max_size=30))
    # of this choice something follows for other answers, see below
    check_values(scripts, question, [value for value in values if value.strip(" \n") != "files"])


def test_ports_and_certificate_go_together_or_not_in_both(scripts: Scripts, tmp_path: Path) -> None:
    file = tmp_path / "there.pem"
    file.touch()
    choices = {
        "certificate": ["own", "acme", "files", "none", "bought"],
        "certificate-file": ["", str(file)],
        "key-file": ["", str(file)],
        "https-port": ["443", "8443", " 443", "0"],
        "http-port": ["443", "80", "off", "443 "],
    }
    rows = [dict(zip(choices, row, strict=True)) for row in itertools.product(*choices.values())]
    # config does not ask for a port that is not used
    rows = [row for row in rows if (row["certificate"], row["https-port"]) != ("none", "0")]
    taken = check(scripts, rows)
    assert {row["certificate"] for row in taken} == {"own", "acme", "files", "none"}
    assert {"certificate": "none", "https-port": "443", "http-port": "443"}.items() <= (
        next(row for row in taken if row["certificate"] == "none").items()
    )


def test_names_and_acme_go_together_or_not_in_both(scripts: Scripts) -> None:
    choices = {
        "server-names": [
            *("", " , ", "hub", "10.0.0.5", "fd00::5", "hub 10.0.0.5", "hub.example.org"),
            *("hub, hub.example.org 10.0.0.5", "*.example.org", "hub.example.org,*.example.org"),
        ],
        "certificate": ["own", "acme", " acme ", "none"],
        "subdomain-host": ["", "hub.example.org"],
        "http-port": ["80", "off"],
    }
    rows = [dict(zip(choices, row, strict=True)) for row in itertools.product(*choices.values())]
    taken = [row for row in check(scripts, rows) if row["certificate"].strip() == "acme"]
    assert {(row["subdomain-host"], row["http-port"]) for row in taken} == {("", "80")}
    assert {row["server-names"] for row in taken} == {
        *("", " , ", "hub.example.org", "hub, hub.example.org 10.0.0.5")
    }


@pytest.mark.parametrize("question", ["certificate-file", "key-file"])
def test_paths_of_files_that_are_there(scripts: Scripts, question: str, tmp_path: Path) -> None:
    good = [
        *(
            "a.pem",
            "a b.pem",
            "[a] {b} (c)",
            "~a*?",
            "unser Zertifikät.pem",
            "憑證.pem",
            "a😀",
            "]-^",
        ),
        *("a\xa1", "a\u1ffe", "a\u2010", "a\u2027", "a\u2030", "a\ud7a3", "a\uffee", "a\U0003134a"),
    ]
    bad = [
        *("a'b", 'a"b', "a$b", "a`b`", "a\\b", "a\nb", "a\tb", "a\x7f", "a\x01", "a\r", "\x1b[0m"),
    ]
    for name in (*good, *bad):
        (tmp_path / name).touch()
    paths = {str(tmp_path / name) for name in (*good, *bad)}
    relative = {"a.pem", "./a.pem", "~/a.pem", "hostname"}
    taken = check_paths(scripts, question, paths | relative)
    assert taken == {str(tmp_path / name) for name in good}


def test_the_dialogue_leaves_characters_outside_of_ascii_to_the_postinst(
    scripts: Scripts, tmp_path: Path
) -> None:
    names = [
        *("a\x85b", "a\xa0b", "a\u2028b", "a\u200bb", "a\u202eb", "a\ufdd0", "a\uffff", "a\ufffe"),
        *("a\udc80", "\udcc3", "a\U0001ffff"),
    ]
    rows = [with_file("key-file", str(tmp_path / name)) for name in names]
    for row in rows:
        Path(row["key-file"]).touch()
    assert scripts.faults(rows) == [""] * len(rows)
    assert all(python_refuses(arguments) for arguments in scripts.arguments(rows))


@BATCHES
@given(st.lists(st.text(ASCII, max_size=4), min_size=20, max_size=30))
def test_whatever_a_file_is_called(
    scripts: Scripts, tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    paths = {str(folder / f"a{name.replace('/', '')}.pem") for name in names}
    for path in paths:
        Path(path).touch()
    check_paths(scripts, "key-file", paths)


def with_file(question: str, path: str) -> Row:
    """The answers where the certificate is one of files, and one file is this."""
    other = {"certificate-file": "key-file", "key-file": "certificate-file"}[question]
    return {"certificate": "files", other: "/etc/hostname", question: path}


def check_paths(scripts: Scripts, question: str, paths: Iterable[str]) -> set[str]:
    """As `check_values`, where the certificate is one of files."""
    rows = [with_file(question, path) for path in paths]
    return {row[question] for row in check(scripts, rows)}


#: Names that a list of people may have, and what comes in their place.
PEOPLE_GOOD = [
    "", " ", ",", "zoe", "zoe, wash", "wash zoe", "zoe\nwash", " zoe,,wash , zoe ", "zoe\twash\r\n",
    "kaylee, zoe wash", "wash,zoe", "zoe,wash  zoe kaylee", "zoe\x0bwash\x0czoe", "z" * 32, "z-_9",
    " ".join(f"user{number}" for number in range(300)),
]  # fmt: skip
PEOPLE_BAD = [
    "root", "zoe root", "www-data", "rhea", "rhea, zoe", "nobody", "daemon", "Zoe", "Kaylee",
    "1zoe", "teamhub-build",
    "-zoe", "zoe!", "zoë", "z" * 33, "ALL=(ALL)", "zoe ALL=(ALL)", "%sudo", "zoe:x", "#1000",
    "zoe.w",
    "* $(touch /x)", r"zo\e", "\"zoe\" 'wash' `id`", "zoe\nroot", "$(touch /x) * 'a\"",
    "jayne;reboot",
    "zoe\x1cwash", "zoe\x85wash", "zoe\xa0wash", "zoe\u2003wash", "zoe\u3000wash", "zoe\x7f",
    "zoe\udc80",
    " ".join(f"user{number}" for number in range(300)) + " backup", "_zoe", "zoe/..", "..", "-",
    "--help",
]  # fmt: skip


@pytest.mark.parametrize("question", ["users", "admins"])
def test_lists_of_people_are_taken_by_both_or_refused_by_both(
    scripts: Scripts, question: str
) -> None:
    stripped = {value.rstrip("\n") for value in PEOPLE_GOOD}
    assert check_values(scripts, question, [*PEOPLE_GOOD, *PEOPLE_BAD]) == stripped


@BATCHES
@given(data=st.data())
def test_whatever_a_list_of_people_holds(scripts: Scripts, data: st.DataObject) -> None:
    there = [account.pw_name for account in pwd.getpwall()]
    piece = st.sampled_from(
        ["zoe", "z" * 31, "-", "9", "_", ",", " ", "\n", "\t", "Z", "rhea", "\udc80", *there]
    )
    lists = st.lists(piece | ANYTHING, max_size=8).map("".join)
    check_values(scripts, "users", data.draw(st.lists(lists, min_size=20, max_size=30)))


def test_people_without_an_account_are_refused_by_both_where_none_is_created(
    scripts: Scripts,
) -> None:
    lists = ["", "zoe", "no-such-account", "zoe, no-such-account", " , "]
    rows = [
        {"users": users, "admins": admins, "create-accounts": create}
        for users, admins, create in itertools.product(lists, lists, ["true", "false", "no", "yes"])
    ]
    taken = check(scripts, rows)
    assert {row["create-accounts"] for row in taken} == {"true", "yes", "false", "no"}
    assert {row["users"] for row in taken if row["create-accounts"] in ("false", "no")} == {
        "",
        " , ",
    }
