# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes beside the tags that policies name, and when; the argument spec is `_argspec.removal_argument_spec`."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  delete_untagged:
    description:
      - Also delete manifests that no tag reached before this plan. Somebody may pull those by digest.
      - Only with the storage, because the API does not tell which these are.
    type: bool
    default: false
  untagged_older_than:
    description: With O(delete_untagged), only those at least this old.
    type: str
    default: 14d
  delete_detached_referrers:
    description:
      - Also delete signatures, SBOMs and other referrers that are attached to an image which is in no repository any
        more, and lists of such (the tag C(sha256-<hex>) and those that were replaced under it), with or without a tag.
      - Only with the storage, because over the API an image may not be listed.
    type: bool
    default: false
  broken_tags:
    description:
      - What becomes of a tag that does not pull, because its manifest, its configuration or a layer is gone, or the
        registry lists it and does not have it. Such tags are listed in RV(broken_tags). They take no place among the
        newest O(policies[].keep_n) or O(policies[].keep_groups), and are no repository's last tag, so that no image
        that pulls goes because of them.
      - With V(keep) they stay. With V(delete) those go that a policy judges and that neither
        O(policies[].keep_tags) nor O(protect_images) keeps, once they are older than O(grace_period); over the API,
        which tells no such age, whatever their age.
      - Over the API layers are asked for only where it matters, of images by whose place others go. So a tag that goes
        by age anyway, or stays anyway, is not found there.
    type: str
    choices: [keep, delete]
    default: keep
  grace_period:
    description:
      - Nothing younger than this is removed from storage. A tag stays while any part of its image is younger.
      - Without effect over the API, which removes nothing from storage.
    type: str
    default: 1h
  purge_uploads_older_than:
    description:
      - Remove uploads into which nothing was written for this long. Only with the storage.
      - On S3 multipart uploads that were never finished are aborted.
    type: str
    default: 7d
  remove_empty_repositories:
    description: Remove repositories in which nothing is left. Only with the storage.
    type: bool
    default: true
"""
