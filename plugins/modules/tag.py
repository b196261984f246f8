#!/usr/bin/python
# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tag
short_description: Delete single tags of a container registry
version_added: 1.0.0
author:
  - drydock maintainers (@drydock)
description:
  - Deletes tags by their names, over the API of a registry that is open. A tag that is not there is fine.
  - To know what else needs an image, it reads every tag of the repository, in one request each. It does not if none of
    the named tags is there.
  - Other tags of the same image stay, and so does every image of which the tagged one is a part.
  - An image that loses its last tag goes with it, together with its signatures and all else that is attached to it.
  - A tag that the registry lists and does not serve, because its manifest is gone or damaged, goes alone. Where only
    digests can be deleted (Distribution 2.8) that takes O(overwrite_shared_tags).
  - Some registries can't delete a tag without its image. Where that image is still needed, the module deletes nothing,
    fails, and says what needs it.
extends_documentation_fragment:
  - drydock.registry.attributes
  - drydock.registry.attributes.full
  - drydock.registry.attributes.actiongroup_registry
  - drydock.registry.absent
  - drydock.registry.registry
options:
  repository:
    description: Name of the repository, for example V(team/app). A string.
    type: raw
    required: true
  name:
    description:
      - Names of the tags. They are no patterns; M(drydock.registry.cleanup) deletes by pattern and age.
      - A list of strings. Quote what looks like a number. Without quotes, C(1.10) is the number 1.1 to YAML, and
        numbers are refused.
    type: raw
    required: true
  digest:
    description:
      - Delete a tag only if it points to this manifest, V(sha256:…). One that points elsewhere is left alone and listed
        in RV(drift).
      - With several tags, each of them has to point there.
    type: str
  overwrite_shared_tags:
    description:
      - What to do where the registry can't delete a tag without its image, as Distribution 2.8 can't, and the image is
        still needed.
      - With V(true) the tag is pushed onto a throw-away image first, and then deleted with that. The account needs the
        right to push.
    type: bool
    default: false
seealso:
  - module: drydock.registry.repository
  - module: drydock.registry.cleanup
"""

EXAMPLES = r"""
- name: Delete two tags
  drydock.registry.tag:
    registry_url: https://registry.example.com
    registry_username: cleaner
    registry_password: "{{ registry_password }}"
    repository: team/app
    name: [1.2-rc1, 1.2-rc2]
    state: absent

- name: Delete a tag, unless somebody has pushed something else to it
  drydock.registry.tag:
    registry_url: https://registry.example.com
    repository: team/app
    name: pr-17
    digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    state: absent

- name: Delete a tag of an image that has others, on any registry
  drydock.registry.tag:
    registry_url: https://registry.example.com
    repository: team/app
    name: broken
    overwrite_shared_tags: true
    state: absent
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
  description: Tags that were left alone, because they point elsewhere than O(digest) or have moved, at most 1000.
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
from ansible_collections.drydock.registry.plugins.module_utils._tasks.deletion_options import read_tag_options
from ansible_collections.drydock.registry.plugins.module_utils._tasks.edge import Output, RunMode, run_task
from ansible_collections.drydock.registry.plugins.module_utils._tasks.named_deletion import TagDeletion, empty_deletion


def argument_spec() -> dict[str, Any]:
    return {
        **absent_argument_spec(),
        "repository": {"type": "raw", "required": True},
        "name": {"type": "raw", "required": True},
        "digest": {"type": "str"},
        "overwrite_shared_tags": {"type": "bool", "default": False},
    }


def delete(params: Mapping[str, Any], mode: RunMode, output: Output) -> None:
    TagDeletion(read_tag_options(params), mode, output).run()


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
