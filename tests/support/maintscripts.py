"""The functions of config and postinst as a build renders them, run without debconf.

Their main parts are left out, and db_get and db_set keep the answers in shell variables: all else
is what runs on a server.  One dash does a whole list of answers, since each start takes time.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from support.checkout import REPOSITORY
from teamhub_build import settings
from teamhub_build.render import write_rendered

CONFMODULE = ". /usr/share/debconf/confmodule\n"
#: Where the main part of each script begins.
MAIN = {"config": "\ndb_capb backup escape\n", "postinst": '\ncase "$1" in\n'}

DEBCONF = r"""
variable_of() {
	printf 'stored_%s' "${1#teamhub/}" | tr - _
}
db_get() {
	eval "RET=\$$(variable_of "$1")"
}
db_set() {
	eval "$(variable_of "$1")=\$2"
}
"""


def functions(name: str, folder: Path) -> str:
    """The functions of a maintainer script, with answers in shell variables."""
    rendered = folder / name
    write_rendered(REPOSITORY / f"maintscripts/{name}.j2", rendered, settings.context())
    head, main, _ = rendered.read_text("utf-8").partition(MAIN[name])
    assert main
    assert CONFMODULE in head
    return head.replace(CONFMODULE, DEBCONF)


def run(script: str, *arguments: str) -> str:
    """What dash prints when it runs a script."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(["dash", file.name, *arguments], stdout=subprocess.PIPE, check=True)
    return os.fsdecode(done.stdout)


class Scripts:
    """config and postinst, on a server whose teamhub.conf is `conf`."""

    def __init__(self, folder: Path, conf: Path) -> None:
        """The scripts are rendered into `folder`."""
        self.folder = folder
        self.config = f"{functions('config', folder)}\nCONF='{conf}'\n"
        self.postinst = functions("postinst", folder)

    def faults(self, rows: Sequence[Mapping[str, str]]) -> list[str]:
        """Why config refuses the answers of each row, or "": the first fault after a question.

        All rows have the same questions, in the order of the dialogue.
        """
        questions = list(rows[0])
        loop = f"""
set +e
while [ $# -gt 0 ]; do
	for question in {" ".join(questions)}; do
		db_set "teamhub/$question" "$1"
		read_answer "$question"
		shift
	done
	fault=
	for question in {" ".join(questions)}; do
		if applies "$question"; then
			find_fault "$question" after
			[ -z "$fault" ] || break
		fi
	done
	printf '%s\\n' "$fault"
done
"""
        values = [row[question] for row in rows for question in questions]
        faults = run(self.config + loop, *values).splitlines()
        assert len(faults) == len(rows)
        return faults

    def arguments(self, rows: Sequence[Mapping[str, str]]) -> list[list[str]]:
        """What postinst gives to `teamhub setup check` for the answers of each row."""
        questions = list(rows[0])
        lists = [name for name in ("users", "admins") if name in questions]
        loop = f"""
SETTINGS="{" ".join(question for question in questions if question not in lists)}"
teamhub() {{
	[ "$2" = check ] || return 0
	shift 2
	printf '%s\\0' "$@"
}}
while [ $# -gt 0 ]; do
	for question in {" ".join(questions)}; do
		db_set "teamhub/$question" "$1"
		shift
	done
	configure 2>&1
done
"""
        values = [row[question] for row in rows for question in questions]
        printed = run(self.postinst + loop, *values).split("\0")[:-1]
        # the two lists come in any case
        of_one = 2 + len(questions) - len(lists)
        assert len(printed) == of_one * len(rows)
        return [printed[start : start + of_one] for start in range(0, len(printed), of_one)]

    def shown(self, text: str, question: str, conf: Path) -> str | None:
        """What config shows for a setting in a teamhub.conf with this text; None: what it had."""
        conf.write_text(text, "utf-8")
        show = f"""
db_set teamhub/{question} "$1"
action=reconfigure
show_setting {question}
db_get teamhub/{question}
printf '%s' "$RET"
"""
        value = run(self.config + show, "\n")
        return None if value == "\n" else value
