#!/bin/sh
# Finds a Python 3.11 and hands over to tools/setup_environment.py, which needs one to run at all.
# PYTHON=/path/to/python picks one; otherwise the first that fits on PATH is taken.
cd "$(dirname "$0")/.." || exit 1

is_python_3_11() {
    "$1" -E -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) or sys.implementation.name != "cpython")' \
        >/dev/null 2>&1 </dev/null
}

if [ -n "$PYTHON" ]; then
    if ! is_python_3_11 "$PYTHON"; then
        echo "set-up: PYTHON=$PYTHON is not a working CPython 3.11; name one that is, or leave PYTHON out." >&2
        exit 1
    fi
    exec "$PYTHON" -E -s -m tools.setup_environment --chosen
fi
# The environment's own Python comes last: it is enough to see that nothing has to be done.
for candidate in python3.11 python3 python .venv/bin/python; do
    if is_python_3_11 "$candidate"; then
        exec "$candidate" -E -s -m tools.setup_environment
    fi
done
echo "set-up: no CPython 3.11 found as python3.11, python3 or python; install it (TFX needs 3.11, not newer)," \
    "or name it: make PYTHON=/path/to/python3.11 setup" >&2
exit 1
