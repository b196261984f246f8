#!/bin/bash
# pytest-ansible 26.10.0 (PyPI) with ansible-core 2.19.14 and pytest 9.2.0: `pytest --ansible-check`.
#
# Expected: as its help says ("don't make any changes; instead, try to predict some of the changes that may occur"),
# modules that run through its fixtures run in check mode.
# What happens: the option is accepted and looked at nowhere; the modules change what they are for.
#
# Output seen (both times a file was to be made):
#   ansible --check:        changed, the file is not there
#   pytest --ansible-check: changed, the file is there
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ansible-core==2.19.14 pytest==9.2.0 pytest-ansible==26.10.0
export ANSIBLE_HOME=$work/ansible ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_PYTHON_INTERPRETER=$work/venv/bin/python
cd "$work"
cat >touching.py <<'END'
def test_check(localhost):
    made = localhost.file(path="made-by-pytest", state="touch").localhost
    assert made["changed"]
END
there() { [ -e "$1" ] && echo "the file is there" || echo "the file is not there"; }

"$work/venv/bin/ansible" localhost --check -m file -a "path=$work/made-by-ansible state=touch" 2>/dev/null | grep -q CHANGED
echo "ansible --check:        changed, $(there made-by-ansible)"
[ ! -e made-by-ansible ]
"$work/venv/bin/python" -m pytest -q -p no:cacheprovider --ansible-check touching.py >pytest.log 2>&1 || { cat pytest.log; exit 1; }
echo "pytest --ansible-check: changed, $(there made-by-pytest)"
[ -e made-by-pytest ]
