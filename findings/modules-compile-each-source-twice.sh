#!/bin/bash
# ansible-core 2.19.14 (PyPI) on CPython 3.8 to 3.13: how often a module that it sends compiles its sources.
#
# Expected: a module compiles each file of module_utils that it imports once, each time it runs.
# What happens: twice. Ansible sends a module as a zip file and Python imports from it; zipimport compiles a source when
# it is asked for the name of its file, throws the code away, and compiles it again to run it. Of the time that a
# hundred files take to be imported, this is two fifths, on every task and every host.
#
# Output seen:
#   used.py of the module compiled 2 times
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ansible-core==2.19.14
mkdir -p "$work/library" "$work/module_utils" "$work/site"
echo 'ANSWER = 42' >"$work/module_utils/used.py"
cat >"$work/library/probe.py" <<'END'
#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.used import ANSWER

AnsibleModule({}).exit_json(answer=ANSWER)
END
# Python runs this at its start; what it compiles from then on is counted.
cat >"$work/site/sitecustomize.py" <<'END'
import os
import sys


def look(event, arguments):
    if event == "compile" and str(arguments[1]).endswith("module_utils/used.py") and ".zip/" in str(arguments[1]):
        descriptor = os.open(os.environ["COMPILED"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, b"compiled\n")
        os.close(descriptor)


sys.addaudithook(look)
END
cat >"$work/play.yml" <<'END'
- hosts: localhost
  gather_facts: false
  tasks:
    - probe:
      environment:
        PYTHONPATH: "{{ playbook_dir }}/site"
        COMPILED: "{{ playbook_dir }}/compiled"
END
(cd "$work" && ANSIBLE_HOME=$work/home ANSIBLE_LIBRARY=$work/library ANSIBLE_MODULE_UTILS=$work/module_utils \
  "$work/venv/bin/ansible-playbook" play.yml >"$work/log") || { cat "$work/log"; exit 2; }
times=$(wc -l <"$work/compiled")
echo "used.py of the module compiled $times times"
[ "$times" = 2 ]
