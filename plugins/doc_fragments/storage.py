# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say where a registry keeps its data; the argument spec is `_argspec.storage_argument_spec`."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  registry_config:
    description:
      - Path on the target of the registry's own configuration file, for example V(/etc/docker/registry/config.yml).
      - That of the old v1 registry is known by its content. Its flavor is C(SETTINGS_FLAVOR) in
        O(registry_environment), or C(dev), or the only one there is.
    type: path
  registry_environment:
    description:
      - The C(REGISTRY_*) variables that the registry is started with, which override its configuration file.
      - Of the old v1 registry they are all the variables that its file takes values from, and C(REGISTRY_HOST) and
        C(REGISTRY_PORT), without which its address is not known.
      - They are applied the way the registry applies them. The environment of the module itself is never looked at.
      - A dictionary or list as value is passed on as JSON, as V({"enabled":true}) would be.
    type: dict
    default: {}
  storage:
    description:
      - "The storage, in the words of the C(storage) section of the registry's own configuration file,
        for example C({filesystem: {rootdirectory: /srv/registry}})."
      - Takes precedence over what O(registry_config) says. Needed when the registry runs in a container and sees its
        storage under another path than the target host does, or when the module runs on another host.
      - "The drivers are C(filesystem) and C(s3), the latter with Distribution's parameters: C(bucket), C(region),
        C(regionendpoint), C(rootdirectory), C(forcepathstyle), C(secure), C(skipverify), C(accesskey), C(secretkey),
        C(sessiontoken), C(encrypt), C(keyid), C(storageclass), C(objectacl), C(v4auth), C(usedualstack),
        C(usefipsendpoint) and C(accelerate). Without keys boto3 finds credentials as it always does, which are the
        environment, a profile, or the role of the instance."
      - For the old v1 registry C(rootdirectory) is its C(storage_path), the directory that has C(images) and
        C(repositories) in it.
    type: dict
requirements:
  - boto3 (Python library on the target; only where the storage is S3)
  - PyYAML (Python library on the target; only where O(registry_config) or O(registry_environment) is given)
"""
