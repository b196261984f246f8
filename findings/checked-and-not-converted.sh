#!/bin/bash
# ansible-core 2.19.14 (PyPI).
#
# Expected: a role's argument specification, written in the words of a module's, gives the role what it gives a module:
# values of the types that it names, and the defaults that it names.
# What happens: the values are checked by converting a copy of them that is thrown away. `"no"` for a bool and `"5"` for
# an int pass, and stay texts: to a template in the role `"no"` is true. A default is not set at all.
#
# Output seen (the same specification, the same values, in a module and in a role):
#   module: enabled False, most 5 (int), mode quick
#   role:   enabled no (true to a template), most 5 (str), mode not defined
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ansible-core==2.19.14
export ANSIBLE_HOME=$work/ansible ANSIBLE_NOCOLOR=1 ANSIBLE_LOCALHOST_WARNING=false
export ANSIBLE_PYTHON_INTERPRETER=$work/venv/bin/python
mkdir -p "$work"/library "$work"/roles/example/{meta,tasks}
cat >"$work/library/example.py" <<'END'
from ansible.module_utils.basic import AnsibleModule
found = AnsibleModule({"enabled": {"type": "bool"}, "most": {"type": "int"}, "mode": {"default": "quick"}})
said = "enabled {enabled}, most {most} ({kind}), mode {mode}".format(kind=type(found.params["most"]).__name__, **found.params)
found.exit_json(said="module: " + said)
END
cat >"$work/roles/example/meta/argument_specs.yml" <<'END'
argument_specs:
  main:
    short_description: The options of the module
    options: {enabled: {type: bool}, most: {type: int}, mode: {default: quick}}
END
cat >"$work/roles/example/tasks/main.yml" <<'END'
- ansible.builtin.debug:
    msg: >-
      role:   enabled {{ enabled }} ({{ 'true to a template' if enabled else 'false' }}),
      most {{ most }} ({{ 'str' if most is string else 'int' }}), mode {{ mode | default('not defined') }}
END
cat >"$work/play.yml" <<'END'
- hosts: localhost
  gather_facts: false
  vars: {enabled: "no", most: "5"}
  tasks:
    - example: {enabled: "{{ enabled }}", most: "{{ most }}"}
      register: found
    - ansible.builtin.debug: {var: found.said}
    - ansible.builtin.import_role: {name: example}
END
cd "$work"
venv/bin/ansible-playbook play.yml 2>/dev/null | grep -oE '(module|role): .*[^"]' | tee said
diff said - <<'END'
module: enabled False, most 5 (int), mode quick
role:   enabled no (true to a template), most 5 (str), mode not defined
END
