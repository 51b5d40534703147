"""What ships of a wheel, and what stays behind."""

from __future__ import annotations

import pytest

from teamhub_build.packages.left_out import is_left_out

ICONS = "jupyterhub-6.1.data/data/share/jupyterhub/static/components/@fortawesome/fontawesome-free"


@pytest.mark.parametrize(
    "path",
    [
        "numpy/tests/test_lazyloading.py",
        "sklearn/datasets/tests/data/openml/id_1/api.json.gz",
        "joblib/test/common.py",
        "bintrees/test/test_api.js",
        "jupyter_server/static/style/bootstrap.min.css.map",
        "app-1.0.data/data/share/jupyter/nbextensions/app/index.js.map",
        "pip/_vendor/distlib/t64.exe",
        f"{ICONS}/svgs/solid/star.svg",
        f"{ICONS}/svgs-full/solid/star.svg",
        f"{ICONS}/sprites/solid.svg",
        f"{ICONS}/js/all.js",
        f"{ICONS}/metadata/icons.json",
    ],
)
def test_what_no_server_uses_stays_behind(path: str) -> None:
    assert is_left_out(path)


@pytest.mark.parametrize(
    "path",
    [
        "numpy/testing/__init__.py",
        "pandas/testing.py",
        "scipy/_lib/_testutils.py",
        "unittests/app.py",
        "app/test.py",
        "numpy/_core/include/numpy/arrayobject.h",
        "numpy/__init__.pyi",
        "jedi/third_party/django-stubs/django-stubs/test/client.pyi",
        "tzdata/zoneinfo/zone.tab",
        "app/world.map",
        f"{ICONS}/LICENSE.txt",
        f"{ICONS}/css/all.min.css",
        f"{ICONS}/webfonts/fa-solid-900.woff2",
    ],
)
def test_what_people_and_the_hub_use_ships(path: str) -> None:
    assert not is_left_out(path)
