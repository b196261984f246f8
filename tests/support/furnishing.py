# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine of the fleet has on its disk: a registry with its init script, sshd, where wanted nginx and Redis."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from support.playbook import ROOT
from support.registries import V2, V3, registry_binary

SCRIPTS = Path(__file__).parent / "machine"
PROGRAMS = ("sshd", "ssh", "ssh-keygen", "nginx", "redis-server")
STORAGE = "/var/lib/registry"
SNIPPET = "/etc/nginx/drydock/closed.conf"
CONFIG = "/etc/docker/registry/config.yml"
PYTHON = "/srv/python"
# Users that packages make; a package that was only unpacked has made none.
USERS = {"sshd": 9001, "redis": 9002, "www-data": 9003, "docker-registry": 9004}

SSHD = """
    HostKey /etc/ssh/host_key
    AuthorizedKeysFile /etc/ssh/authorized_keys
    PermitRootLogin prohibit-password
    PasswordAuthentication no
    UsePAM no
    PidFile /run/sshd.pid
    Subsystem sftp internal-sftp
"""
# What runs the modules: Python as it is here, which a test can hold.
INTERPRETER = f"""
    #!/bin/sh
    PYTHONPATH=/srv exec {sys.executable} "$@"
"""
REDIS = """
    bind 127.0.0.1
    daemonize yes
    pidfile /run/redis/redis-server.pid
    dir /var/lib/redis
    logfile /var/log/redis/redis-server.log
    save ""
"""
NGINX = """
    user www-data;
    worker_processes 1;
    pid /run/nginx.pid;
    error_log /var/log/nginx/error.log;
    events { worker_connections 256; }
    http {
        access_log off;
        server {
            listen 80;
            client_max_body_size 0;
            include /etc/nginx/drydock/*.conf;
            location / {
                proxy_pass http://127.0.0.1:5000;
                proxy_set_header Host $http_host;
                proxy_request_buffering off;
            }
        }
    }
"""


@dataclass(frozen=True)
class Furniture:
    """What is on one machine."""

    version: str = V3
    nginx: bool = False
    redis: bool = False
    shares: bool = False  # its storage, with all others of which this is said

    @property
    def services(self) -> tuple[str, ...]:
        """In the order in which they start."""
        return ("redis-server",) * self.redis + ("docker-registry",) + ("nginx",) * self.nginx

    @property
    def port(self) -> int:
        return 80 if self.nginx else 5000

    def config(self) -> dict[str, Any]:
        """The registry's configuration file."""
        config: dict[str, Any] = {
            "version": 0.1,
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": STORAGE},
                "cache": {"blobdescriptor": "redis" if self.redis else "inmemory"},
            },
            "http": {"addr": "127.0.0.1:5000" if self.nginx else ":5000", "secret": "the same on every machine"},
        }
        if self.redis:
            address = "127.0.0.1:6379"
            config["redis"] = {"addr": address} if self.version == V2 else {"addrs": [address]}
        return config


def furnish(home: Path, furniture: Furniture, storage: Path, authorized_key: str) -> str:
    """Lay out the disk of a machine below `home` and name what is mounted where. Returns the public host key."""
    etc = home / "etc"
    shutil.copytree("/etc", etc, symlinks=True)
    _make_users(etc)
    for package in ("docker", "redis", "nginx"):
        shutil.rmtree(etc / package, ignore_errors=True)
    _write(etc / "docker/registry/config.yml", yaml.safe_dump(furniture.config(), sort_keys=False))
    _write(etc / "redis/redis.conf", REDIS)
    _write(etc / "default/redis-server", "")  # it asks for more open files than may be had here
    _write(etc / "nginx/nginx.conf", NGINX)
    (etc / "nginx/drydock").mkdir()
    shutil.copy(SCRIPTS / "docker-registry", etc / "init.d/docker-registry")
    _choose_services(etc, furniture)
    key = _make_sshd(etc / "ssh", authorized_key)
    for directory in ("lib/registry", "lib/nginx", "lib/redis", "log/redis", "log/nginx", "run", "tmp", "srv"):
        (home / directory).mkdir(parents=True)
    for directory in ("lib/redis", "log/redis"):
        shutil.chown(home / directory, USERS["redis"])
    (home / "srv/docker-registry").touch()
    _write(home / "srv/python", INTERPRETER)
    (home / "srv/python").chmod(0o755)
    shutil.copy(SCRIPTS / "sitecustomize.py", home / "srv")
    storage.mkdir(parents=True, exist_ok=True)
    shutil.chown(storage, USERS["docker-registry"])
    _write(home / "mounts", "".join(f"{source} {target}\n" for source, target in _mounts(home, furniture, storage)))
    return key


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip())


def _make_users(etc: Path) -> None:
    """The users with numbers of ours, and root without a password but not locked: sshd lets a locked user in never."""
    for name, line in (("passwd", "{0}:x:{1}:{1}::/:/usr/sbin/nologin"), ("group", "{0}:x:{1}:")):
        kept = [one for one in (etc / name).read_text().splitlines() if one.split(":")[0] not in USERS]
        (etc / name).write_text("\n".join([*kept, *(line.format(user, number) for user, number in USERS.items()), ""]))
    shadow = [one for one in (etc / "shadow").read_text().splitlines() if not one.startswith("root:")]
    (etc / "shadow").write_text("\n".join(["root:*:20000:0:99999:7:::", *shadow, ""]))


def _choose_services(etc: Path, furniture: Furniture) -> None:
    """Nothing starts at boot but what this machine is for."""
    for link in etc.glob("rc?.d/*"):
        link.unlink()
    for number, service in enumerate(furniture.services, start=1):
        script = etc / "init.d" / service
        assert script.exists(), f"{script} is missing: was the package only unpacked?"
        script.chmod(0o755)
        (etc / "rc2.d" / f"S{number:02}{service}").symlink_to(f"../init.d/{service}")


def _make_sshd(ssh: Path, authorized_key: str) -> str:
    ssh.mkdir(exist_ok=True)
    shutil.rmtree(ssh / "sshd_config.d", ignore_errors=True)
    _write(ssh / "sshd_config", SSHD)
    (ssh / "authorized_keys").write_text(authorized_key)
    return make_key(ssh / "host_key")


def make_key(path: Path) -> str:
    """A key without passphrase; returns its public half, "TYPE KEY"."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    return path.with_suffix(".pub").read_text().strip()


def _mounts(home: Path, furniture: Furniture, storage: Path) -> list[tuple[Path, str]]:
    mounts = [(storage, f"{home}/lib/registry")]
    temporary = Path("/tmp")  # noqa: S108 (it is the machine's own)
    if ROOT.is_relative_to(temporary):  # or the modules' Python would be gone with it
        kept = home / "tmp" / ROOT.relative_to(temporary)
        kept.mkdir(parents=True)
        mounts.append((ROOT, str(kept)))
    mounts.append((registry_binary(furniture.version), f"{home}/srv/docker-registry"))
    mounts += [(home / name, f"/var/{name}") for name in ("lib", "log")]
    mounts += [(home / name, f"/{name}") for name in ("etc", "srv", "run")]
    return [*mounts, (home / "tmp", "/tmp")]  # last: `home` itself may be below it  # noqa: S108


def missing() -> str:
    """Which of the programs is not on this machine; empty where all are."""
    path = os.environ["PATH"] + ":/usr/sbin"
    return ", ".join(program for program in PROGRAMS if shutil.which(program, path=path) is None)
