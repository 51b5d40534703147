"""The questions of dpkg-reconfigure at a real terminal, in each frontend and each language.

A dialogue that a test leaves before its end changes nothing, and most do: what a finished one
changes is what other modules test.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.container import BootedServer
from support.dialogue import TEMPLATES, Dialogue, Words, shown_members
from support.installation import APT
from support.occupier import PROGRAM, occupy
from support.settings import CONF, setting
from support.settings import RECONFIGURE as NOT_ASKED

RECONFIGURE = ("dpkg-reconfigure", "teamhub")

#: Those that are asked with the server's own certificate, but for the last, purge-state.
QUESTIONS = (
    *("users", "admins", "create-accounts", "server-names", "certificate", "https-port"),
    *("http-port", "interface", "memory-limit", "cpu-limit", "tasks-limit", "idle-hours"),
)

#: In the order of the dialogue, with what they show on a server that nobody has configured.
SHOWN = {
    "users": "wash, zoe",
    "admins": "wash",
    "server-names": "{name}.test {name} {address}",
    "https-port": "443",
    "http-port": "80",
    "memory-limit": "none",
    "cpu-limit": "none",
    "tasks-limit": "none",
    "idle-hours": "0",
}

Reconfigure = Callable[..., Dialogue]


@pytest.fixture(scope="module")
def taiwanese(server: BootedServer) -> Words:
    """The words of the installed package, on a server where that language has been chosen."""
    server.run(*APT, "update")
    server.run(*APT, "install", "locales", DEBIAN_FRONTEND="noninteractive")
    server.run("localedef", "-i", "zh_TW", "-f", "UTF-8", "zh_TW.UTF-8")
    return Words(server.output("cat", str(TEMPLATES)), "zh_TW")


@pytest.fixture(scope="module")
def readline(server: BootedServer) -> None:
    """The library with which debconf's readline shows a value for editing, and goes back."""
    server.run(*APT, "update")
    server.run(*APT, "install", "libterm-readline-gnu-perl", DEBIAN_FRONTEND="noninteractive")


@pytest.fixture(scope="module")
def occupied(server: BootedServer) -> int:
    """A port that another program has."""
    occupy(server, 8443)
    return 8443


@pytest.fixture
def reconfigure(server: BootedServer, english: Words) -> Reconfigure:
    """Starts dpkg-reconfigure in a frontend, in English."""
    return lambda frontend="dialog": Dialogue(
        server, *RECONFIGURE, words=english, frontend=frontend
    )


@pytest.fixture(params=["dialog", "readline"])
def frontend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name == "readline":
        request.getfixturevalue("readline")
    return name


def test_a_terminal_that_cannot_show_values_names_them_and_keeps_them(
    server: BootedServer, reconfigure: Reconfigure
) -> None:
    with reconfigure("readline-bare") as dialogue:
        for name in ("users", "admins"):
            assert dialogue.value(name) == SHOWN[name]
            dialogue.accept(name)
        dialogue.type("create-accounts", "yes")
        dialogue.accept("server-names")
        dialogue.type("certificate", "1")
        dialogue.accept("https-port")
        dialogue.accept("http-port")
        dialogue.type("interface", "1")
        for name in ("memory-limit", "cpu-limit", "tasks-limit", "idle-hours"):
            dialogue.accept(name)
        dialogue.type("purge-state", "no")
        assert dialogue.end() == 0
    assert shown_members(server, "jupyterhub") == "wash, zoe"
    assert setting(server, "HTTPS_PORT") == "443"


@pytest.mark.parametrize(
    ("frontend", "language"),
    [
        ("dialog", "zh_TW"),
        ("readline", "C"),
        pytest.param("dialog", "C", marks=pytest.mark.exhaustive),
        pytest.param("readline", "zh_TW", marks=pytest.mark.exhaustive),
    ],
    indirect=["frontend"],
)
def test_every_question_shows_what_holds_and_stores_what_is_chosen(
    server: BootedServer, frontend: str, language: str, english: Words, taiwanese: Words
) -> None:
    words = taiwanese if language == "zh_TW" else english
    host = {"name": server.host.name, "address": server.host.address}
    with Dialogue(
        server, *RECONFIGURE, words=words, frontend=frontend, language=language
    ) as dialogue:
        for name in ("users", "admins", "create-accounts", "server-names", "certificate",
                     "https-port", "http-port"):  # fmt: skip
            if name in SHOWN:
                assert dialogue.value(name) == SHOWN[name].format(**host)
            dialogue.accept(name)
        dialogue.choose("interface", 2)
        for name in ("memory-limit", "cpu-limit", "tasks-limit", "idle-hours"):
            assert dialogue.value(name) == SHOWN[name]
            dialogue.accept(name)
        dialogue.accept("purge-state")
        assert dialogue.end() == 0
    assert setting(server, "INTERFACE") == "notebook"
    assert shown_members(server, "jupyterhub") == SHOWN["users"]
    server.run("sed", "-i", 's/^INTERFACE=.*/INTERFACE="lab"/', CONF)


def test_the_list_is_the_real_one_after_adduser(
    server: BootedServer, reconfigure: Reconfigure
) -> None:
    server.run("useradd", "--create-home", "river")
    server.run("adduser", "river", "jupyterhub")
    with reconfigure() as dialogue:
        assert sorted(dialogue.value("users").split(", ")) == ["river", "wash", "zoe"]
    server.run("deluser", "river", "jupyterhub")
    with reconfigure() as dialogue:
        assert dialogue.value("users") == "wash, zoe"


def test_a_name_that_is_added_comes_in_and_one_that_is_taken_off_is_out(
    server: BootedServer, reconfigure: Reconfigure
) -> None:
    for names in ("kaylee, zoe wash", "wash,zoe"):
        with reconfigure() as dialogue:
            dialogue.type("users", names)
            for name in ("admins", "create-accounts", "server-names", "certificate", "https-port",
                         "http-port", "interface", "memory-limit", "cpu-limit", "tasks-limit",
                         "idle-hours", "purge-state"):  # fmt: skip
                dialogue.accept(name)
            assert dialogue.end() == 0
        expected = ", ".join(sorted(names.replace(",", " ").split()))
        assert shown_members(server, "jupyterhub") == expected
    assert server.output("getent", "passwd", "kaylee")


def test_an_edited_file_is_what_is_shown(server: BootedServer, reconfigure: Reconfigure) -> None:
    before = server.output("cat", CONF)
    edits = {"HTTP_PORT": "'8080'", "MEMORY_LIMIT": "3G", "SERVER_NAMES": '"hub.test  other.test"'}
    for key, written in edits.items():
        server.run("sed", "-i", f"s/^{key}=.*/{key}={written}/", CONF)
    with reconfigure() as dialogue:
        for name in ("users", "admins", "create-accounts"):
            dialogue.accept(name)
        assert dialogue.value("server-names") == "hub.test other.test"
        for name in ("server-names", "certificate", "https-port"):
            dialogue.accept(name)
        assert dialogue.value("http-port") == "8080"
        for name in ("http-port", "interface"):
            dialogue.accept(name)
        assert dialogue.value("memory-limit") == "3G"
    server.run("tee", CONF, given=before + "\n")


def test_back_leads_to_the_questions_before_and_keeps_their_answers(
    reconfigure: Reconfigure, frontend: str
) -> None:
    with reconfigure(frontend) as dialogue:
        dialogue.type("users", "zoe")
        dialogue.accept("admins")
        dialogue.accept("create-accounts")
        for name in ("server-names", "create-accounts", "admins"):
            dialogue.back(name)
        assert dialogue.value("users") == "zoe"


def test_back_skips_the_questions_that_are_not_asked(reconfigure: Reconfigure) -> None:
    with reconfigure() as dialogue:
        for name in ("users", "admins", "create-accounts", "server-names", "certificate"):
            dialogue.accept(name)
        dialogue.back("https-port")
        dialogue.question("certificate")


def test_back_from_the_first_question_leaves_everything_as_it_is(
    server: BootedServer, reconfigure: Reconfigure, frontend: str
) -> None:
    before = server.output("cat", CONF, "/etc/group")
    with reconfigure(frontend) as dialogue:
        dialogue.type("users", "nobody-else")
        dialogue.back("admins")
        dialogue.back("users")
        assert dialogue.end() == 10
    assert server.output("cat", CONF, "/etc/group") == before
    with reconfigure(frontend) as dialogue:
        assert dialogue.value("users") == SHOWN["users"]


def test_a_dialogue_that_is_killed_leaves_no_answer_for_the_next_configuration(
    server: BootedServer, reconfigure: Reconfigure
) -> None:
    with reconfigure() as dialogue:
        dialogue.type("users", "zoe")
        dialogue.question("admins")
        server.run("pkill", "--full", "dpkg-reconfigure")
        dialogue.end()
    flag = server.run("debconf-communicate", given="FGET teamhub/users pending\n").stdout
    assert flag.split()[-1] != "true"


#: For each question what it refuses: the answer, the reason's template, what is named.  A dialogue
#: gives up after twenty; what else is refused is a matter of the checks, not of the dialogue.
WRONG = {
    "users": [
        ("zoe root", "system-account", "root"),
        ("rhea, zoe", "service-account", "rhea"),
        ("* $(touch /x)", "name", "* $(touch /x)"),
        (r"zo\e", "name", r"zo\e"),
        ("\"zoe\" 'wash' `id`", "name", "\"zoe\" 'wash' `id`"),
    ],
    "admins": [("nobody", "system-account", "nobody")],
    "server-names": [("https://hub.test", "server-name", "https://hub.test")],
    "https-port": [
        ("0", "port", "0"),
        ("8443", "port-in-use", PROGRAM),
    ],
    "http-port": [("443", "same-ports", "443")],
    "memory-limit": [("2GB", "memory", "2GB")],
    "cpu-limit": [("0.05", "cpu", "0.05")],
    "tasks-limit": [("12", "tasks", "12")],
    "idle-hours": [("1.5", "hours", "1.5")],
}


def test_a_wrong_answer_is_named_and_asked_again(
    server: BootedServer,
    occupied: int,  # noqa: ARG001 - has to be taken
    reconfigure: Reconfigure,
    frontend: str,
) -> None:
    host = {"name": server.host.name, "address": server.host.address}
    with reconfigure(frontend) as dialogue:
        for question in QUESTIONS:
            if question not in WRONG:
                dialogue.accept(question)
                continue
            for answer, fault, culprit in WRONG[question]:
                dialogue.type(question, answer)
                dialogue.refusal(fault, culprit)
            dialogue.type(question, SHOWN[question].format(**host))
        dialogue.question("purge-state")
    assert server.run("test", "-e", "/x", check=False).returncode == 1


def go_to(dialogue: Dialogue, question: str) -> None:
    """Accept everything before a question."""
    for name in QUESTIONS[: QUESTIONS.index(question)]:
        dialogue.accept(name)


def test_it_gives_up_rather_than_ask_for_ever(reconfigure: Reconfigure) -> None:
    with reconfigure() as dialogue:
        for _ in range(19):
            dialogue.type("users", "root")
            dialogue.refusal("system-account", "root")
        dialogue.type("users", "root")
        # the postinst has the last word
        assert dialogue.end() != 0
        assert "teamhub: 'root'" in dialogue.terminal.printed


@pytest.mark.fault(
    "a dialogue that was left after an answer",
    person="nothing: people work on",
    admin="nothing: what was answered is not used later",
    remedy="none needed",
)
def test_what_was_answered_before_it_was_left_is_not_used_later(
    server: BootedServer, reconfigure: Reconfigure
) -> None:
    with reconfigure() as dialogue:
        dialogue.type("users", "zoe, wash, saffron")
        dialogue.question("admins")
    server.run(*NOT_ASKED)
    assert shown_members(server, "jupyterhub") == "wash, zoe"
    assert server.run("getent", "passwd", "saffron", check=False).returncode == 2


def test_files_that_are_not_there_are_named(reconfigure: Reconfigure) -> None:
    with reconfigure() as dialogue:
        go_to(dialogue, "certificate")
        dialogue.choose("certificate", 3)
        dialogue.type("certificate-file", "/no/such.crt")
        dialogue.refusal("certificate-file", "/no/such.crt")
        dialogue.type("certificate-file", "/etc/hostname")
        dialogue.type("key-file", "hostname")
        dialogue.refusal("key-file", "hostname")
        # and one thinks better of it
        dialogue.back("key-file")
        dialogue.back("certificate-file")
        dialogue.question("certificate")


def test_without_a_certificate_the_one_port_left_cannot_be_off(reconfigure: Reconfigure) -> None:
    with reconfigure() as dialogue:
        go_to(dialogue, "certificate")
        dialogue.choose("certificate", 4)
        # the hub's encrypted port is not asked for
        dialogue.type("http-port", "off")
        dialogue.refusal("port-off", "")
        dialogue.type("http-port", "8000")
        dialogue.question("interface")


def test_the_port_at_which_an_authority_looks_cannot_be_off(reconfigure: Reconfigure) -> None:
    with reconfigure() as dialogue:
        go_to(dialogue, "certificate")
        dialogue.choose("certificate", 2)
        dialogue.accept("https-port")
        dialogue.type("http-port", "off")
        dialogue.refusal("acme-port", "")
        dialogue.type("http-port", "80")
        dialogue.question("interface")


def test_a_person_without_an_account_is_named_where_none_are_created(
    reconfigure: Reconfigure, frontend: str
) -> None:
    with reconfigure(frontend) as dialogue:
        dialogue.type("users", "zoe, inara, book")
        dialogue.accept("admins")
        dialogue.switch("create-accounts", to=False)
        dialogue.refusal("no-account", "inara book")
        dialogue.type("users", "zoe")
        dialogue.accept("admins")
        dialogue.accept("create-accounts")
        dialogue.question("server-names")


def test_a_wrong_answer_is_explained_in_chinese_too(
    server: BootedServer, frontend: str, taiwanese: Words
) -> None:
    with Dialogue(
        server, *RECONFIGURE, words=taiwanese, frontend=frontend, language="zh_TW"
    ) as dialogue:
        dialogue.type("users", "zoe root")
        dialogue.refusal("system-account", "root")
        dialogue.question("users")
