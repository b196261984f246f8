# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials and challenges as they are written down; how they are used is in tests/real/test_probe.py."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.drydock.registry.plugins.module_utils._basics.errors import InvalidOptionError
from ansible_collections.drydock.registry.plugins.module_utils._client.auth import (
    Challenge,
    Credentials,
    load_docker_credentials,
    parse_challenges,
    parse_token,
)

WORDS = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@pytest.mark.parametrize(
    ("header", "challenges"),
    [
        ('Basic realm="Registry Realm"', [("basic", {"realm": "Registry Realm"})]),
        (
            'Bearer realm="https://auth.example.com/token",service="registry",scope="repository:a/b:pull,push"',
            [
                (
                    "bearer",
                    {
                        "realm": "https://auth.example.com/token",
                        "service": "registry",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        (
            'Basic realm="one", charset="UTF-8", Bearer realm=two , service="x"',
            [("basic", {"realm": "one", "charset": "UTF-8"}), ("bearer", {"realm": "two", "service": "x"})],
        ),
        ('BASIC REALM="a \\"quoted\\" word"', [("basic", {"realm": 'a "quoted" word'})]),
        ("", []),
        ("Negotiate", []),
    ],
)
def test_challenges(header: str, challenges: list[tuple[str, dict[str, str]]]) -> None:
    assert parse_challenges(header) == [Challenge(scheme, parameters) for scheme, parameters in challenges]


@given(st.lists(st.tuples(WORDS, st.dictionaries(WORDS.map(str.lower), VALUES, min_size=1, max_size=3)), max_size=3))
def test_any_challenges(challenges: list[tuple[str, dict[str, str]]]) -> None:
    def quote(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    header = ", ".join(
        f"{scheme} " + ",".join(f"{name}={quote(value)}" for name, value in parameters.items())
        for scheme, parameters in challenges
    )
    assert parse_challenges(header) == [Challenge(scheme.lower(), parameters) for scheme, parameters in challenges]


@pytest.mark.parametrize(
    ("answer", "value", "expires_at"),
    [
        ({"token": "t", "expires_in": 300}, "t", 270.0),
        ({"access_token": "t"}, "t", 54.0),
        ({"token": "t", "expires_in": -1}, "t", 54.0),
        ({"token": "t", "expires_in": "soon"}, "t", 54.0),
    ],
)
def test_token(answer: dict[str, Any], value: str, expires_at: float) -> None:
    token = parse_token(answer, 0.0)
    assert token is not None
    assert (token.value, token.expires_at) == (value, expires_at)


@pytest.mark.parametrize("answer", [None, [], {}, {"token": ""}, {"token": 1}])
def test_no_token(answer: Any) -> None:
    assert parse_token(answer, 0.0) is None


def test_no_secret_in_a_representation() -> None:
    shown = repr(Credentials("user", "hunter2")) + repr(Credentials(identity_token="hunter2"))
    shown += repr(parse_token({"token": "hunter2"}, 0.0))
    assert "hunter2" not in shown


def write(tmp_path: Path, config: Any) -> str:
    path = tmp_path / "config.json"
    path.write_text(config if isinstance(config, str) else json.dumps(config))
    return str(path)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("auths", "host", "user"),
    [
        ({"registry.example.com": {"auth": encoded("user:a:b")}}, "registry.example.com", ("user", "a:b")),
        ({"https://registry.example.com/v2/": {"auth": encoded("u:p")}}, "registry.example.com", ("u", "p")),
        ({"registry.example.com:5000": {"username": "u", "password": "p"}}, "registry.example.com:5000", ("u", "p")),
        # Another port is another registry.
        ({"registry.example.com:5000": {"username": "u", "password": "p"}}, "registry.example.com", (None, None)),
        ({"registry.example.com": {}}, "registry.example.com", (None, None)),
        ({}, "registry.example.com", (None, None)),
    ],
)
def test_docker_config(tmp_path: Path, auths: dict[str, Any], host: str, user: tuple[str, str]) -> None:
    found = load_docker_credentials(write(tmp_path, {"auths": auths}), host)
    assert (found.username, found.password) == user


def test_identity_token_in_docker_config(tmp_path: Path) -> None:
    path = write(tmp_path, {"auths": {"h": {"auth": encoded("00000000:"), "identitytoken": "t"}}})
    assert load_docker_credentials(path, "h").identity_token == "t"


@pytest.mark.parametrize("config", ["", "{", "[]", {"auths": {"h": {"auth": "no base64!"}}}])
def test_docker_config_that_is_none(tmp_path: Path, config: Any) -> None:
    path = write(tmp_path, config)
    with pytest.raises(InvalidOptionError, match=r"docker_config: .*config\.json"):
        load_docker_credentials(path, "h")


def test_missing_helper_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, {"credsStore": "nowhere-to-be-found"})
    with pytest.raises(InvalidOptionError, match="docker-credential-nowhere-to-be-found"):
        load_docker_credentials(path, "h")


def install_helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    helper = tmp_path / "docker-credential-test"
    helper.write_text(f"#!/bin/sh\n{script}\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


def test_helper_that_does_not_know_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_helper(tmp_path, monkeypatch, "echo credentials not found in native keychain; exit 1")
    path = write(tmp_path, {"credsStore": "test", "auths": {"h": {"auth": encoded("u:p")}}})
    assert load_docker_credentials(path, "h").username == "u"


@pytest.mark.parametrize("script", ["echo hunter2; exit 1", "echo hunter2", 'echo \'{"Secret": "hunter2"}\''])
def test_helper_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    install_helper(tmp_path, monkeypatch, script)
    path = write(tmp_path, {"credsStore": "test"})
    with pytest.raises(InvalidOptionError, match="docker-credential-test") as caught:
        load_docker_credentials(path, "h")
    assert "hunter2" not in str(caught.value)


def test_identity_token_of_a_helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_helper(tmp_path, monkeypatch, 'echo \'{"Username": "<token>", "Secret": "t"}\'')
    assert load_docker_credentials(write(tmp_path, {"credsStore": "test"}), "h").identity_token == "t"
