"""The lines of the `pip:` list are those of a requirements file of pip's."""

from __future__ import annotations

import pytest

from teamhub.environment.team import pip_lines


@pytest.mark.parametrize(
    "line",
    [
        "thing",
        "thing[extra] >=1 ; python_version > '3'",
        "thing @ https://example.org/thing.whl",
        "--no-binary thing",
        "--no-binary=thing,Other.One",
        "--no-binary :all:",
        "--extra-index-url https://example.org/simple",
        "-rmore.txt",
        "-e /srv/thing",
        "--pre",
    ],
)
def test_what_pip_takes_is_without_fault(line: str) -> None:
    assert pip_lines.fault(line) == ""


@pytest.mark.parametrize(
    "line", ["--no-binary", "--no-binary=", "--no-binary a b", "--no-binary a,"]
)
def test_no_binary_needs_names(line: str) -> None:
    assert "`--no-binary` needs the names" in pip_lines.fault(line)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("--no-binaries thing", "--no-binaries"),
        ("--target /", "--target"),
        ("-U", "-U"),
        ("-", "-"),
    ],
)
def test_an_option_that_such_a_list_cannot_have_is_named(line: str, named: str) -> None:
    assert pip_lines.fault(line) == f"pip has no option {named} for a list of packages"


@pytest.mark.parametrize(
    "line",
    [
        "--no-binary thing",
        "thing @ https://example.org/thing-1.0.tar.gz#sha256=12",
        "thing@git+https://example.org/thing",
        "thing[extra] @ file:///srv/thing",
        "git+ssh://git@example.org/thing",
        "https://example.org/thing.zip ; python_version > '3'",
        "/srv/thing",
        "./thing",
        "srv/thing-1.0.tar.gz",
        "-e /srv/thing",
        "-r /srv/more.txt",
    ],
)
def test_lines_by_which_code_of_a_package_may_run(line: str) -> None:
    assert pip_lines.lets_build(line)


@pytest.mark.parametrize(
    "line",
    [
        "thing",
        "thing ==1.0 --hash=sha256:12",
        "thing ; sys_platform == 'a/b'",
        "thing @ https://example.org/thing-1.0-py3-none-any.whl#sha256=12",
        "/srv/thing-1.0-py3-none-any.whl",
        "--extra-index-url https://example.org/simple",
        "--only-binary thing",
    ],
)
def test_lines_by_which_it_may_not(line: str) -> None:
    assert not pip_lines.lets_build(line)
