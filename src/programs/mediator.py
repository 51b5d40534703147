"""sudospawner's mediator, loaded by its path.

`import sudospawner` brings in the spawner and with it all of JupyterHub: 44 MB and 0.6 s for each
person's server, since the mediator runs as long as the server.  It starts `sudospawner-singleuser`
in the folder of this file.
"""

import importlib.util
import os
import pwd
import re
import stat
import sys
from pathlib import Path
from typing import Any

#: Variables by which somebody else's code would run before the server, or in each of its programs:
#: those that sudo itself removes (sudo -V, as root), and those of the languages that people use.
#: sudospawner-singleuser has a PATH of its own.
RUNS_CODE = re.compile(
    r"(LD|DYLD|BASH|NODE|MALLOC|GLIBC|GCONV)_.*|(PYTHON|PERL|RUBY).*"
    r"|PATH|ENV|IFS|PS4|CDPATH|SHELLOPTS|BASHOPTS|PROMPT_COMMAND|GLOBIGNORE"
    r"|LOCALDOMAIN|RES_OPTIONS|HOSTALIASES|NLSPATH|LOCPATH|PATH_LOCALE|TERMINFO.*|TERMCAP"
    r"|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|R_PROFILE.*|R_ENVIRON.*"
)


def without_code(environment: dict[str, str]) -> dict[str, str]:
    """What the hub may set for a person's server: no variable that runs code, no shell function."""
    return {
        name: value
        for name, value in environment.items()
        if not RUNS_CODE.fullmatch(name) and not value.startswith("()")
    }


def fault_of_home(account: pwd.struct_passwd) -> str:
    """Why no server can start in the home of the account that this runs as; empty if one can.

    A home that is full or read-only is no fault: a server starts there, and shows what is in it.
    """
    home = account.pw_dir
    try:
        found = Path(home).stat()
    except FileNotFoundError:
        return f"the home folder {home} does not exist"
    except OSError as error:
        return f"the home folder {home} cannot be opened: {error.strerror}"
    if not stat.S_ISDIR(found.st_mode):
        return f"the home {home} is not a folder"
    if found.st_uid != account.pw_uid:
        owner = name_of(found.st_uid)
        return f"the home folder {home} belongs to {owner}, not to {account.pw_name}"
    if not os.access(home, os.R_OK | os.X_OK):
        return f"the home folder {home} cannot be opened by {account.pw_name}: wrong mode"
    return ""


def fault_of_folder(account: pwd.struct_passwd) -> str:
    """Why the server cannot listen in the account's folder for its socket; empty if it can."""
    folder = f"/var/lib/teamhub-servers/{account.pw_uid}"
    if os.access(folder, os.W_OK | os.X_OK):
        return ""
    return (
        f"the folder {folder} does not exist, or does not belong to {account.pw_name}: the line of "
        "pam_exec in /etc/pam.d/teamhub-spawn makes it"
    )


def be_killed_first() -> None:
    """Give back what spares the hub when memory runs out; anybody may do that."""
    score = Path("/proc/self/oom_score_adj")
    if int(score.read_text("ascii")) < 0:
        score.write_text("0", "ascii")


def name_of(uid: int) -> str:
    """The account that has a uid, or the uid if none has it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


# finds the package, and imports nothing of it
package = importlib.util.find_spec("sudospawner")
if package is None or package.origin is None:
    sys.exit("teamhub: sudospawner is missing; type: apt install --reinstall teamhub")
spec = importlib.util.spec_from_file_location(
    "mediator", Path(package.origin).parent / "mediator.py"
)
if spec is None or spec.loader is None:
    sys.exit("teamhub: sudospawner has no mediator; type: apt install --reinstall teamhub")
mediator: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mediator)
start = mediator.spawn


def start_at_home(singleuser: str, args: list[str], env: dict[str, str]) -> None:
    """Start a person's server if its home can hold one; else answer why not."""
    be_killed_first()
    account = pwd.getpwuid(os.getuid())
    fault = fault_of_home(account) or fault_of_folder(account)
    if fault:
        mediator.finish({"ok": False, "error": fault})
    else:
        start(singleuser, args, without_code(env))


mediator.spawn = start_at_home
mediator.main()
