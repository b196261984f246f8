# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies that decide which tags go; the argument spec is `_argspec.policy_argument_spec`."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  policies:
    description:
      - An ordered list. The first policy that matches a repository and a tag judges that tag; a tag that no policy
        matches is kept.
      - A policy needs at least one of O(policies[].keep_n), O(policies[].older_than), O(policies[].expire_after) and
        O(policies[].keep_groups).
      - Tags whose name belongs to another manifest (C(sha256-<hex>), C(.sig), C(.att), C(.sbom)) are never judged.
        They stay and go with that manifest.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What to call the policy in reasons and warnings.
        type: str
      repositories:
        description: A list of patterns of the repositories that the policy looks at.
        type: raw
        default: ["**"]
      exclude_repositories:
        description: A list of patterns of repositories that it does not look at.
        type: raw
        default: []
      tags:
        description:
          - A list of patterns of the tags that the policy judges.
          - Quote what looks like a number. Without quotes V(3.10) is the number 3.1 to YAML, and refused.
        type: raw
        default: ["*"]
      keep_tags:
        description:
          - A list of patterns of tags that are always kept in the repositories that the policy looks at, whatever
            policy judges them.
          - A pattern that matches no tag draws a warning, and so does one that matches only a part of a tag that goes,
            for example V(stable) where C(stable-1) does. It has to match the whole tag, as V(stable*) would.
        type: raw
        default: []
      keep_n:
        description:
          - Keep the newest N images among the judged tags, with all their tags. Tags kept by O(policies[].keep_tags)
            are not counted.
          - Alone, everything else goes. With O(policies[].older_than), of the rest only what is older goes.
        type: int
      older_than:
        description:
          - Delete only what is at least this old, for example V(30d). A tag of unknown age is kept.
          - A tag is as old as its push or, over the API and with O(policies[].sort_by=created), its image.
          - A date before 2013 or in the future is unknown, and so is one that different images of the repository have
            to the second, for reproducible builds carry such dates. The date of a Helm chart or another artifact is
            that in its annotation C(org.opencontainers.image.created).
        type: str
      expire_after:
        description: Delete what is at least this old even if it is among the newest O(policies[].keep_n).
        type: str
      group_by:
        description:
          - A regular expression with a group, behind a leading C(~). Tags for which the group matches the same text
            form a group, and O(policies[].keep_n) counts in each on its own.
          - Tags that it does not match are kept.
        type: str
      keep_groups:
        description: Keep only the newest N groups of O(policies[].group_by).
        type: int
      sort_by:
        description:
          - What makes one tag newer than another. V(pushed) is when the tag was pushed, V(created) the date of the
            image, V(version) the precedence of the tag as a version, V(name) its natural order.
          - A copy of a registry (C(skopeo sync), a mirror, a restored backup) leaves push times that tell nothing. It
            is seen where images were pushed in one go, with less than an hour from one to the next, ten or more or half
            of what the repository held then, most of them a day or more after they were built, and one among them was
            pushed no later than another and built a day or more after it. Then V(pushed) uses the dates of the
            repository's images and says so, and what is older than O(policies[].older_than) or
            O(policies[].expire_after) is so by both its times.
          - To see that, dates are read of images that were pushed in one go, if any tag may go by its time. That is one
            small file, or on S3 one request, for each of these images. Where those dates are unknown, and some of the
            images go and some stay, a warning says so; then V(version) or V(name) is the order to use.
          - With V(version), a version has a dot or a leading C(v), as C(1.2), C(v1) or C(2024.01.15). What follows is a
            pre-release of Semantic Versioning (C(1.2.0-rc1)) or in the spelling of Python and Java (C(1.2.0rc1),
            C(1.2.0.M1)), a post-release (C(1.2.0.post1)), and build metadata, which does not count
            (C(1.2.0_build.5), as Helm writes C(+)). Any other tag, such as a commit id, a build number, C(20240115),
            C(42-fix-login), C(1.2.0-5-g4f2a9c1) or C(1.2.0.Final), is no version. It is kept and not counted.
          - A variant such as C(1.2.3-alpine) looks like a pre-release, and comes before C(1.2.3). To count each variant
            on its own, use O(policies[].group_by), for example V(~[^-]+(-alpine|-slim|\)), or policies of their own.
          - Ages are those of V(created) with that order, otherwise of V(pushed).
        type: str
        choices: [pushed, created, version, name]
        default: pushed
"""
