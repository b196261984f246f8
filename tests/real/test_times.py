# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times that are not ages: those of a copy, and dates that tell nothing."""

from __future__ import annotations

from typing import Any

import pytest

from support import images
from support.images import Image
from support.pushing import push, skopeo
from support.registries import V2, V3, NewRegistry, RegistryProcess
from support.store import Store
from support.sweeping import DAY, sweep
from support.sweeping_api import date
from support.ways import Way

CREATED = "org.opencontainers.image.created"
HOUR = 3600.0


def policy(**words: Any) -> list[dict[str, Any]]:
    return [{"name": "test", **words}]


@pytest.fixture
def mirrored(new_registry: NewRegistry) -> RegistryProcess:
    """A registry into which skopeo has just copied twelve monthly builds from another one, in the order of names."""
    source, target = new_registry(V2, "source"), new_registry(V3, "target")
    for month in range(1, 13):
        push(source, "app", images.image(f"build {month}", created=date(30.0 * (13 - month))), f"1.{month}")
    skopeo(
        "--insecure-policy", "sync", "--all", "--src-tls-verify=false", "--dest-tls-verify=false",
        "--src", "docker", "--dest", "docker", f"{source.host}/app", target.host,
    )  # fmt: skip
    return target


BUILDS = [f"1.{month}" for month in range(1, 13)]


def test_a_mirror_keeps_the_newest_builds(mirrored: RegistryProcess) -> None:
    swept = sweep(mirrored, {"app": ["1.10", "1.11", "1.12"]}, policies=policy(keep_n=3))
    assert "as after a copy; image dates are used instead" in swept.said


def test_what_was_mirrored_two_hours_ago_is_not_old(mirrored: RegistryProcess) -> None:
    Store(mirrored.storage).age_everything(2 * HOUR)
    swept = sweep(mirrored, {"app": BUILDS}, policies=policy(keep_n=3, older_than="30d"), allow_empty=True)
    assert not swept.run["changed"]


def test_what_was_mirrored_long_ago_is_old_once_its_image_is_too(mirrored: RegistryProcess) -> None:
    push(mirrored, "app", images.image("young", created=date(2.0)), "young")
    Store(mirrored.storage).age_everything(40 * DAY)
    sweep(mirrored, {"app": ["young"]}, policies=policy(older_than="20d"))


def test_quick_pushes_are_believed(registry: RegistryProcess) -> None:
    """Images of one morning, the last of which was built first."""
    for number in range(6):
        push(registry, "app", images.image(f"quick {number}", created=date(40 + number / 100)), f"b{number}")
    swept = sweep(registry, {"app": ["b4", "b5"]}, policies=policy(keep_n=2), grace_period="0s")
    assert "image dates are used" not in swept.said


def chart(version: str, created: str | None) -> Image:
    """A Helm chart as `helm push` stores it: its date is in an annotation, its configuration has none."""
    layer = images.layer(version, media_type="application/vnd.cncf.helm.chart.content.v1.tar+gzip")
    plain = images.image(version, [layer], created=None, annotations=None if created is None else {CREATED: created})
    return images.with_config_type(plain, "application/vnd.cncf.helm.config.v1+json")


def test_charts_and_artifacts_are_dated_by_their_annotation(way: Way) -> None:
    for version, days in {"1.0.0": 90.0, "1.1.0": 60.0, "1.2.0": 2.0}.items():
        way.push("charts/app", chart(version, date(days)), version, age=days)
    way.push("charts/undated", chart("2.0.0", None), "2.0.0", age=90.0)
    way.push("charts/undated", chart("2.1.0", "1980-01-01T00:00:01Z"), "2.1.0", age=90.0)
    listed = images.index([chart("3.0.0", None)], annotations={CREATED: date(95.0)})
    way.push("charts/app", listed, "3.0.0", age=90.0)
    keeps = {"charts/app": ["1.2.0"], "charts/undated": ["2.0.0", "2.1.0"]}
    way.sweep(keeps, policies=policy(older_than="30d", sort_by="created"), allow_empty=True)


def test_an_image_does_not_have_the_date_of_its_base(way: Way) -> None:
    """`podman build` hands the annotations of the base image down."""
    inherited = {CREATED: date(900.0)}
    way.push("app", images.image("reproducible", created="1980-01-01T00:00:01Z", annotations=inherited), "1", age=90.0)
    way.push_aged("app", {"2": 60.0, "3": 50.0})
    way.sweep({"app": ["1", "3"]}, policies=policy(keep_n=1, sort_by="created"))


def test_a_date_that_different_images_share_is_none(way: Way) -> None:
    way.push_aged("app", {"1": 90.0, "2": 80.0}, created="2020-01-01T00:00:00Z")
    way.push_aged("app", {"3": 70.0, "4": 1.0})
    multi = images.multi_platform("multi", created=date(60.0))
    way.push("app", multi, "multi", age=60.0)
    way.push("app", multi.children[0], "multi-amd64", age=60.0)
    swept = way.sweep({"app": ["1", "2", "4"]}, policies=policy(older_than="30d", sort_by="created"))
    assert "2 of them have images with one and the same date" in swept.said
