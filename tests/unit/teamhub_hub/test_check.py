"""What the hub's own check says of configurations that the hub could not start with, or could."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.hub_config import HubConfig
from teamhub.hub.check import HubCannotStart, output_of, read_answer
from teamhub_hub.check import Findings, check_config
from teamhub_hub.configuration import Finding


def run(config: HubConfig) -> subprocess.CompletedProcess[str]:
    """The check as the server runs it, in a process of its own whose output is buffered."""
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    return subprocess.run(
        command(config), env=variables, capture_output=True, text=True, check=False, timeout=60
    )


def command(config: HubConfig) -> list[str]:
    program = """
import pathlib, sys
sys.path.insert(0, "src")
from teamhub_hub.check import main
main(sys.argv[1], pathlib.Path(sys.argv[2]))
"""
    return [sys.executable, "-P", "-c", program, str(config.main), str(database_of(config))]


def database_of(config: HubConfig) -> Path:
    return config.main.with_name("jupyterhub.sqlite")


def test_what_ships_has_neither_error_nor_warning(config: HubConfig) -> None:
    assert check_config(config.main) == Findings()


class TestErrors:
    """Each is named with its file and its line."""

    @pytest.mark.parametrize(
        ("text", "line", "message"),
        [
            ("import os\n\nfoo\n", 3, "NameError: name 'foo' is not defined"),
            ("c.JupyterHub.port = 1\nif True\n", 2, "SyntaxError: expected ':'"),
            ("import json\njson.loads('{')\n", 2, "json.decoder.JSONDecodeError: .*"),
            ("\nc.Spawner.args = 5\n", 2, "TraitError: The 'args' trait .* the int 5.*"),
            ("c.JupyterHub.spawner_class = 'a.B'\n", 1, "TraitError: The 'spawner_class' trait.*"),
            ("import sys\nsys.exit(0)\n", 2, "SystemExit: 0"),
            ("open('/does/not/exist')\n", 1, "FileNotFoundError: .*"),
            ("raise ValueError('one\\ntwo')\n", 1, "ValueError: one two"),
            ("raise KeyboardInterrupt\n", 1, "KeyboardInterrupt"),
            ("def f():\n    g()\n\nf()\n", 2, "NameError: name 'g' is not defined"),
            ("c.SudoSpawner.sudospawner_path = 1\n", 1, "TraitError: The 'sudospawner_path' .*"),
            ("c.PAMAuthenticator.service = None\n", 1, "TraitError: The 'service' trait .*"),
            ("c.JupyterHub.services.append(1)\nc.JupyterHub.services = 7\n", 2, "TraitError: .*"),
        ],
    )
    def test_one_is_named(self, config: HubConfig, text: str, line: int, message: str) -> None:
        path = config.snippet(text)
        (error,) = check_config(config.main).errors
        assert (error.file, error.line) == (str(path), line)
        assert re.fullmatch(message, error.message)

    def test_every_file_with_one_is_named(self, config: HubConfig) -> None:
        first = config.snippet("foo\n", "10-one.py")
        config.snippet("c.JupyterHub.port = 8000\n", "15-good.py")
        second = config.snippet("\nbar\n", "20-two.py")
        errors = check_config(config.main).errors
        assert errors == [
            Finding(str(first), 1, "NameError: name 'foo' is not defined"),
            Finding(str(second), 2, "NameError: name 'bar' is not defined"),
        ]

    def test_every_value_of_a_wrong_kind_is_named(self, config: HubConfig) -> None:
        config.snippet("c.Spawner.args = 5\nc.Spawner.start_timeout = 'long'\n")
        assert [error.line for error in check_config(config.main).errors] == [1, 2]

    def test_the_last_line_that_sets_it_is_the_one(self, config: HubConfig) -> None:
        config.snippet("c.Spawner.args = ['--debug']\n", "10-one.py")
        later = config.snippet("\n\nc.Spawner.args = 5\n", "20-two.py")
        (error,) = check_config(config.main).errors
        assert (error.file, error.line) == (str(later), 3)

    def test_one_in_a_file_that_a_snippet_loads_is_named(
        self, config: HubConfig, tmp_path: Path
    ) -> None:
        (tmp_path / "inner.py").write_text("\nfoo\n")
        config.snippet(f"load_subconfig({str(tmp_path / 'inner.py')!r})\n")
        (error,) = check_config(config.main).errors
        assert (error.file, error.line) == (str(tmp_path / "inner.py"), 2)

    def test_the_main_file_is_named_where_it_is_gone(self, config: HubConfig) -> None:
        config.main.unlink()
        (error,) = check_config(config.main).errors
        assert (error.file, error.line) == (str(config.main), 0)
        assert error.message.startswith("traitlets.config.loader.ConfigFileNotFound: ")


class TestNoErrors:
    """What the hub takes, the check takes."""

    def test_a_file_that_a_snippet_loads_may_be_missing(self, config: HubConfig) -> None:
        config.snippet("load_subconfig('/does/not/exist.py')\n")
        assert check_config(config.main) == Findings()

    @pytest.mark.parametrize(
        "text",
        [
            "c.Spawner.args.append('--debug')\n",
            "c.JupyterHub.services.append({'name': 'one', 'command': ['true']})\n",
            "c.Spawner.pre_spawn_hook = lambda spawner: None\n",
            "c.Spawner.environment.update({'A': '1'})\n",
            "import jupyterhub.handlers\n\n\nclass C:\n    pass\n",
        ],
    )
    def test_a_good_snippet_passes(self, config: HubConfig, text: str) -> None:
        config.snippet(text)
        assert check_config(config.main) == Findings()


class TestWarnings:
    """A name that the hub does not know may be a mistake."""

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("c.JupyterHub.prot = 1\n", "JupyterHub has no setting prot; did you mean port?"),
            ("c.Spawnr.args = []\n", "the hub has no class Spawnr; did you mean Spawner?"),
            ("c.Zzzz.args = []\n", "the hub has no class Zzzz"),
        ],
    )
    def test_it_is_named_with_what_may_be_meant(
        self, config: HubConfig, text: str, message: str
    ) -> None:
        path = config.snippet(text)
        assert check_config(config.main) == Findings(warnings=[Finding(str(path), 1, message)])


class TestProcess:
    """What `teamhub` starts, and reads the answer of."""

    def test_the_answer_is_read_back(self, config: HubConfig) -> None:
        path = config.snippet("foo\n")
        answer = read_answer(run(config).stdout)
        assert [str(error) for error in answer.errors] == [
            f"{path}, line 1: NameError: name 'foo' is not defined"
        ]
        assert answer.database is None

    def test_a_database_that_the_hub_cannot_read_is_reported_with_the_errors(
        self, config: HubConfig
    ) -> None:
        config.snippet("foo\n")
        database_of(config).mkdir()
        answer = read_answer(run(config).stdout)
        assert len(answer.errors) == 1
        assert answer.database is not None
        problem, remedy = answer.database
        assert problem == f"{database_of(config)}: unable to open database file"
        assert remedy == f"see whether there is room: df -h {database_of(config).parent}"

    def test_a_configuration_prints_what_it_likes(self, config: HubConfig) -> None:
        config.snippet("print('{')\nimport os\nos.system('echo [')\n")
        done = run(config)
        assert json.loads(done.stdout) == {"errors": [], "warnings": [], "database": None}
        assert "{" in done.stderr.splitlines()

    def test_one_that_ends_the_process_leaves_no_answer(self, config: HubConfig) -> None:
        config.snippet("import os\nos._exit(0)\n")
        done = run(config)
        assert (done.returncode, done.stdout) == (0, "")

    def test_a_thread_of_a_configuration_may_go_on(self, config: HubConfig) -> None:
        config.snippet(
            "import threading, time\nthreading.Thread(target=time.sleep, args=[600]).start()\n"
        )
        assert json.loads(run(config).stdout)["errors"] == []

    def test_it_writes_no_file(self, config: HubConfig, tmp_path: Path) -> None:
        config.snippet("foo\n")
        before = sorted(tmp_path.rglob("*"))
        run(config)
        assert sorted(tmp_path.rglob("*")) == before

    def test_one_that_never_ends_is_given_up_with_all_that_it_has_started(
        self, config: HubConfig, tmp_path: Path
    ) -> None:
        started = tmp_path / "started"
        config.snippet(
            "import subprocess\n"
            f"subprocess.run(['sh', '-c', 'echo $$ > {started}.new; mv {started}.new {started};"
            " exec sleep 600'])\n"
        )
        process = subprocess.Popen(
            command(config),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        end = time.monotonic() + 60
        while not started.exists() and time.monotonic() < end:
            time.sleep(0.05)
        with pytest.raises(HubCannotStart, match=r"did not load within 0\.2 s\n.*does not end"):
            output_of(process, seconds=0.2)
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)
        wait_until_gone(int(started.read_text()))


def wait_until_gone(pid: int) -> None:
    """Return when a process that was killed is over; another than we may have to reap it."""
    end = time.monotonic() + 10
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        assert time.monotonic() < end, f"process {pid} runs on"
        time.sleep(0.05)
