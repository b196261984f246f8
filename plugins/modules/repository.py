#!/usr/bin/python
# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: repository
short_description: Delete whole repositories of a container registry
version_added: 1.0.0
author:
  - drydock maintainers (@drydock)
description:
  - Deletes every tag of repositories, those of signatures too, over the API of a registry that is open. A repository
    that the registry does not know is fine.
  - Afterwards the tags are listed again, for listings can hide some while others are there (Distribution 3.1 on S3).
    Those go too; check mode can't show them. Where tags are left that were pushed meanwhile, the module fails and names
    them.
  - A tag that the registry lists and does not serve goes too, but not where only digests can be deleted
    (Distribution 2.8); it is told in RV(notes).
  - Images that have no tag are not seen over the API, and stay. M(drydock.registry.cleanup) finds them in the storage.
  - The API can't delete the name of a repository. Distribution goes on listing it in its catalogue, without tags.
    M(drydock.registry.cleanup) removes it from the storage. The old v1 registry deletes the repository, too, unless
    somebody pushes to it meanwhile.
extends_documentation_fragment:
  - drydock.registry.attributes
  - drydock.registry.attributes.full
  - drydock.registry.attributes.actiongroup_registry
  - drydock.registry.absent
  - drydock.registry.registry
options:
  name:
    description:
      - Names of the repositories, for example V(team/app). They are no patterns.
      - A name stands for this repository alone. V(team/app/web) is another one than V(team/app).
      - A list of strings. Without quotes YAML makes a number of C(3.10), and numbers are refused.
    type: raw
    required: true
seealso:
  - module: drydock.registry.tag
  - module: drydock.registry.cleanup
"""

EXAMPLES = r"""
- name: Delete the repositories of a project that has ended
  drydock.registry.repository:
    registry_url: https://registry.example.com
    registry_username: cleaner
    registry_password: "{{ registry_password }}"
    name: [old-project/app, old-project/web]
    state: absent

- name: Show what would go with a repository
  drydock.registry.repository:
    registry_url: https://registry.example.com
    name: team/app
    state: absent
  check_mode: true
  diff: true
"""

RETURN = r"""
deleted:
  description: How much was deleted; in check mode, how much a run would delete.
  returned: always
  type: dict
  contains:
    tags:
      description: Number of tags, those of signatures included.
      type: int
    manifests:
      description: Number of manifests. It is 0 on a registry that deletes tags.
      type: int
tags_deleted:
  description: The tags that were deleted, or in check mode would be, at most 1000.
  returned: always
  type: list
  elements: dict
  contains:
    repository:
      description: Name of the repository.
      type: str
    tag:
      description: Name of the tag.
      type: str
    digest:
      description: Digest that it pointed to; empty where the registry listed the tag and did not serve it.
      type: str
    reason:
      description: Why it goes.
      type: str
tags_deleted_total:
  description: The full number of RV(tags_deleted).
  returned: always
  type: int
left_untagged:
  description: Number of manifests that have lost their last tag and wait for the registry's own garbage collector.
  returned: always
  type: int
drift:
  description: What was left alone, because it has changed since it was read, at most 1000.
  returned: always
  type: list
  elements: dict
  contains:
    repository:
      description: Name of the repository.
      type: str
    kind:
      description: V(tag) or V(manifest).
      type: str
    name:
      description: Tag or digest.
      type: str
    why:
      description: What it points to, or what became of it.
      type: str
drift_total:
  description: The full number of RV(drift).
  returned: always
  type: int
not_deleted:
  description: What was to be deleted and was not, because the registry refused or failed, at most 1000.
  returned: always
  type: list
  elements: dict
  contains:
    repository:
      description: Name of the repository.
      type: str
    kind:
      description: V(tag) or V(manifest).
      type: str
    name:
      description: Tag or digest.
      type: str
    why:
      description: What the registry answered, or what ended the run.
      type: str
not_deleted_total:
  description: The full number of RV(not_deleted).
  returned: always
  type: int
notes:
  description:
    - What else was noticed, such as a repository that the registry does not know, or a tag that it lists and has no
      manifest for; at most 1000.
  returned: always
  type: list
  elements: str
notes_total:
  description: The full number of RV(notes).
  returned: always
  type: int
"""

from typing import Any, Mapping

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.drydock.registry.plugins.module_utils._basics import (  # pylint: disable=unused-import
    zip_imports,  # noqa: F401 (first)
)
from ansible_collections.drydock.registry.plugins.module_utils._tasks.argspec import (
    absent_argument_spec,
    registry_mutually_exclusive,
    registry_required_by,
    registry_required_together,
)
from ansible_collections.drydock.registry.plugins.module_utils._tasks.deletion_options import read_repository_options
from ansible_collections.drydock.registry.plugins.module_utils._tasks.edge import Output, RunMode, run_task
from ansible_collections.drydock.registry.plugins.module_utils._tasks.named_deletion import (
    RepositoryDeletion,
    empty_deletion,
)


def argument_spec() -> dict[str, Any]:
    return {
        **absent_argument_spec(),
        "name": {"type": "raw", "required": True},
    }


def delete(params: Mapping[str, Any], mode: RunMode, output: Output) -> None:
    RepositoryDeletion(read_repository_options(params), mode, output).run()


def main() -> None:
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=registry_mutually_exclusive(),
        required_together=registry_required_together(),
        required_by=registry_required_by(),
        supports_check_mode=True,
    )
    run_task(module, delete, empty_deletion())


if __name__ == "__main__":
    main()
