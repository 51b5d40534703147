"""A rendered tree is the source tree with its templates filled in, under any umask."""

from __future__ import annotations

from pathlib import Path

import pytest

from teamhub_build.render import RenderError, render_tree


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source/etc").mkdir(parents=True)
    return tmp_path / "source"


def test_renders_templates_and_drops_their_suffix(source: Path, tmp_path: Path) -> None:
    (source / "etc/a.conf.j2").write_text("{% if big %}\nsize={{ size }}\n{%- endif %}\n")
    render_tree(source, tmp_path / "target", {"big": True, "size": 3})
    assert (tmp_path / "target/etc/a.conf").read_text() == "\nsize=3\n"
    assert not (tmp_path / "target/etc/a.conf.j2").exists()


def test_copies_all_else_byte_for_byte(source: Path, tmp_path: Path) -> None:
    data = b"{{ not a template }}\r\n\xff\0"
    (source / "etc/data").write_bytes(data)
    render_tree(source, tmp_path / "target", {})
    assert (tmp_path / "target/etc/data").read_bytes() == data


def test_keeps_symbolic_links(source: Path, tmp_path: Path) -> None:
    (source / "etc/link").symlink_to("../nowhere")
    render_tree(source, tmp_path / "target", {})
    assert (tmp_path / "target/etc/link").readlink() == Path("../nowhere")


def test_leaves_bytecode_behind(source: Path, tmp_path: Path) -> None:
    (source / "__pycache__").mkdir()
    (source / "__pycache__/a.pyc").touch()
    render_tree(source, tmp_path / "target", {})
    assert not (tmp_path / "target/__pycache__").exists()


@pytest.mark.parametrize(
    ("mode", "expected"), [(0o600, 0o644), (0o664, 0o644), (0o700, 0o755), (0o775, 0o755)]
)
def test_modes_depend_on_the_execute_bit_alone(
    source: Path, tmp_path: Path, mode: int, expected: int
) -> None:
    for name in ("plain", "template.j2"):
        (source / name).touch()
        (source / name).chmod(mode)
    source.chmod(0o700)
    render_tree(source, tmp_path / "target", {})
    modes = {
        path.stat().st_mode & 0o777 for path in (tmp_path / "target").iterdir() if path.is_file()
    }
    assert modes == {expected}


def test_an_unknown_name_is_an_error_with_file_and_line(source: Path, tmp_path: Path) -> None:
    (source / "a.j2").write_text("first\n{{ suit }}\n")
    with pytest.raises(RenderError) as refused:
        render_tree(source, tmp_path / "target", {"suite": 1, "profile": 2})
    assert refused.value.problem == f"{source / 'a.j2'}, line 2: 'suit' is undefined"
    assert refused.value.remedy == "use only these names: profile, suite"


def test_a_template_that_does_not_parse_is_an_error_with_file_and_line(
    source: Path, tmp_path: Path
) -> None:
    (source / "a.j2").write_text("first\nsecond\n{% if %}\n")
    with pytest.raises(RenderError, match=r"a\.j2, line 3: "):
        render_tree(source, tmp_path / "target", {})
