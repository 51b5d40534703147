"""An exported channel is one that another server can install from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.conda_channel import Channel
from support.web import Web
from teamhub.environment.conda import export
from teamhub.environment.conda.packages import CorruptPackage
from teamhub_build.repodata import read_repodata, write_repodata
from unit.teamhub.environment.conftest import Server


def identity(file: Path) -> tuple[int, int, int]:
    """What changes when a file is written or replaced, and not when it is read."""
    status = file.stat()
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def test_another_server_installs_from_it_without_a_network(
    server: Server, web: Web, tmp_path: Path, embedded: Channel
) -> None:
    server.ask("extra", channels=[web.url])
    server.apply()
    done = export.export(server.current, tmp_path / "exported", server.layout)
    assert done.packages == 3
    web.close()
    second = Server(tmp_path / "second", embedded)
    second.layout.root.parent.mkdir()
    second.ship()
    second.ask("extra", channels=[(tmp_path / "exported").as_uri()])
    second.configure()
    assert second.version("extra") == "1.0"


def test_a_second_export_into_the_same_folder_takes_over_what_is_there(
    server: Server, tmp_path: Path
) -> None:
    export.export(server.current, tmp_path / "exported", server.layout)
    (package,) = (tmp_path / "exported").glob("noarch/library-*.conda")
    before = identity(package)
    export.export(server.current, tmp_path / "exported", server.layout)
    assert identity(package) == before


def test_what_is_damaged_there_is_refused_by_name(server: Server, tmp_path: Path) -> None:
    export.export(server.current, tmp_path / "exported", server.layout)
    (package,) = (tmp_path / "exported").glob("noarch/library-*.conda")
    package.write_bytes(b"x")
    with pytest.raises(CorruptPackage, match=package.name):
        export.export(server.current, tmp_path / "exported", server.layout)


def test_a_folder_with_other_files_is_refused(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "thesis.tex").write_text("")
    with pytest.raises(export.CannotExport, match="other files"):
        export.export(server.current, folder, server.layout)


def test_a_file_in_the_folders_place_is_named(server: Server, tmp_path: Path) -> None:
    place = tmp_path / "passwd"
    place.write_text("zoe:x")
    with pytest.raises(export.CannotExport, match=f"{place} is not a folder"):
        export.export(server.current, place, server.layout)
    assert place.read_text() == "zoe:x"


def test_a_folder_that_cannot_be_made_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(export.CannotExport, match="Not a directory"):
        export.export(server.current, tmp_path / "file/folder", server.layout)


def test_what_a_channel_has_corrected_stays_corrected(
    server: Server, other: Channel, tmp_path: Path
) -> None:
    """conda-forge patches the repodata of packages whose files have turned out to be wrong."""
    patched = [{**entry, "depends": ["library >=2,<3"]} for entry in read_repodata(other.folder)]
    write_repodata(other.folder, patched)
    server.ask("extra", channels=[other.url])
    server.apply()
    export.export(server.current, tmp_path / "exported", server.layout)
    repodata = json.loads((tmp_path / "exported/noarch/repodata.json").read_text("utf-8"))
    assert repodata["packages.conda"]["extra-1.0-0.conda"]["depends"] == ["library >=2,<3"]
