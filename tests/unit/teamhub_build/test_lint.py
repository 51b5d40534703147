"""lintian's findings: what is read from its output, and what fails a build."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from teamhub_build.lint import (
    LintError,
    Lintian,
    Tag,
    lint,
    parse_tags,
    read_overrides,
    refuse_tags,
    refused_tags,
)

OUTPUT = """\
N: hub and proxy are ours
O: teamhub: embedded-library libyaml [usr/lib/teamhub/rattler/rattler.abi3.so]
W: teamhub: non-standard-dir-perm 0750 != 0755 [etc/sudoers.d/]
E: teamhub source: source-is-missing [a.js:3]
I: teamhub: arch-dep-package-has-big-usr-share 232643kB 74%
E: teamhub changes: bad-distribution-in-changes-file nowhere
P: teamhub: no-context
"""


class TestParseTags:
    """From lintian's lines to tags."""

    def test_reads_every_part_of_a_tag(self) -> None:
        assert parse_tags(OUTPUT) == [
            Tag(
                "overridden",
                "teamhub",
                "binary",
                "embedded-library",
                "libyaml",
                "usr/lib/teamhub/rattler/rattler.abi3.so",
            ),
            Tag(
                "warning",
                "teamhub",
                "binary",
                "non-standard-dir-perm",
                "0750 != 0755",
                "etc/sudoers.d/",
            ),
            Tag("error", "teamhub", "source", "source-is-missing", "", "a.js:3"),
            Tag("info", "teamhub", "binary", "arch-dep-package-has-big-usr-share", "232643kB 74%"),
            Tag("error", "teamhub", "changes", "bad-distribution-in-changes-file", "nowhere"),
            Tag("pedantic", "teamhub", "binary", "no-context"),
        ]

    def test_refuses_what_it_does_not_understand(self) -> None:
        with pytest.raises(LintError, match="warning: the authors changed"):
            parse_tags("warning: the authors changed the format")

    def test_errors_and_warnings_are_refused_errors_first(self) -> None:
        assert [tag.name for tag in refused_tags(parse_tags(OUTPUT))] == [
            "source-is-missing",
            "bad-distribution-in-changes-file",
            "non-standard-dir-perm",
        ]


class TestLintian:
    """A real lintian on a package that cannot please it."""

    @pytest.fixture
    def deb(self, tmp_path: Path) -> Path:
        """A package with nothing in it, which breaks several rules of Debian's policy."""
        control = tmp_path / "package/DEBIAN/control"
        control.parent.mkdir(parents=True)
        control.write_text(
            "Package: empty\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\n"
            "Description: holds nothing\n"
        )
        deb = tmp_path / "empty.deb"
        build = ["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", str(control.parents[1])]
        subprocess.run([*build, str(deb)], check=True, capture_output=True)
        return deb

    def test_lists_refused_tags_with_lintians_explanation(self, deb: Path) -> None:
        with pytest.raises(LintError) as refused:
            refuse_tags(deb, lint(deb), progress=print)
        assert "error: no-copyright-file" in refused.value.problem
        assert "copyright" in refused.value.problem.partition("no-copyright-file")[2]

    def test_a_file_that_lintian_cannot_read_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "broken.deb").write_text("not a package")
        with pytest.raises(LintError):
            lint(tmp_path / "broken.deb")

    def test_one_that_is_given_no_package_ends(self) -> None:
        Lintian().close()


class TestReadOverrides:
    """Overrides and why they are there."""

    def test_a_comment_is_the_reason_of_the_overrides_below_it_up_to_a_blank_line(
        self, tmp_path: Path
    ) -> None:
        file = tmp_path / "overrides"
        file.write_text("# Because\n# so.\nteamhub: a-tag\nteamhub: b-tag\n\nteamhub: c-tag *\n")
        assert [(override.line, override.reason) for override in read_overrides(file)] == [
            ("teamhub: a-tag", "Because so."),
            ("teamhub: b-tag", "Because so."),
            ("teamhub: c-tag *", ""),
        ]
