"""Makes roles/registry_cleanup/README.md from the role's argument specs; with --check says whether it is up to date."""

from __future__ import annotations

import difflib
import html
import re
import sys
from pathlib import Path
from typing import Any

import yaml
from antsibull_docs_parser import md
from antsibull_docs_parser.parser import Context, parse
from jinja2 import Environment

ROLE = Path(__file__).parents[1] / "roles/registry_cleanup"
TEMPLATE = """\
# Role registry_cleanup

{{ main.short_description }}.

```yaml
- name: Clean up the registries
  hosts: registries
  gather_facts: false
  tasks:
    - name: Clean up
      ansible.builtin.import_role:
        name: drydock.registry.registry_cleanup
```

The playbooks `drydock.registry.cleanup`, `drydock.registry.preview` and `drydock.registry.restore` do that for the
group `registries`. All of it with every detail: `ansible-doc -t role drydock.registry.registry_cleanup`.

{% for name, entry in entry_points.items() %}
## Entry point `{{ name }}`

{% for text in entry.description %}
{{ text | markup }}

{% endfor %}
{% if entry.options != main.options or name == "main" %}
{{ "Variables" if name == "main" else "Variables that only it has" }}:

| variable | type | default | what it says |
|---|---|---|---|
{% for option, spec in entry.options.items() if name == "main" or option not in main.options %}
| `{{ option }}` | {{ spec.type }} | {{ spec | default_value }} | {{ spec.description | first_sentence | markup }} |
{% endfor %}

{% endif %}
{% endfor %}
## Licence

GPL-3.0-or-later
"""


def markup(text: str) -> str:
    """Return Ansible's markup as Markdown that reads well as text, too."""
    found = md.to_md(parse(text, Context()))
    found = re.sub(r"<code>(.*?)</code>", lambda match: f"`{re.sub('</?strong>', '', match[1])}`", found)
    return html.unescape(re.sub(r"\\(.)", r"\1", found))


def first_sentence(description: str | list[str]) -> str:
    text = description if isinstance(description, str) else description[0]
    return re.split(r"(?<=\.)\s+(?=[A-Z])", text.strip())[0]


def default_value(spec: dict[str, Any]) -> str:
    if "default" not in spec:
        return ""
    return f"`{yaml.safe_dump(spec['default'], default_flow_style=True).splitlines()[0]}`"


def readme() -> str:
    entry_points = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]
    environment = Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)  # noqa: S701 (Markdown)
    environment.filters.update(markup=markup, first_sentence=first_sentence, default_value=default_value)
    return environment.from_string(TEMPLATE).render(entry_points=entry_points, main=entry_points["main"])


def main() -> int:
    made, path = readme(), ROLE / "README.md"
    if "--check" not in sys.argv:
        path.write_text(made)
        return 0
    found = path.read_text() if path.exists() else ""
    sys.stdout.writelines(difflib.unified_diff(found.splitlines(True), made.splitlines(True), "README.md", "wanted"))
    return int(found != made)


if __name__ == "__main__":
    sys.exit(main())
