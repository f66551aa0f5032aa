# Sourced by the scripts beside it: gives the project a .venv that holds exactly what a lock file says.
# shellcheck shell=bash

# Prints the first interpreter that is new enough. A name on PATH may be a shim without a Python behind it, so each is run.
venv_base_python() {
  local name
  for name in ${DXNODE_BASE_PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  echo "error: no Python 3.11 or newer found on PATH" >&2
  echo "hint: install one, or name it: DXNODE_BASE_PYTHON=/path/to/python3.12 $0" >&2
  return 1
}

# venv_ready LOCK: makes or mends .venv in the current directory so that LOCK (requirements.lock or requirements-dev.lock,
# which contains the first) is installed with every hash checked, and the project itself on top of it.
venv_ready() {
  local lock="$1" wanted base log
  wanted="$(cat requirements.lock "$lock" pyproject.toml | sha256sum)"
  venv_holds "$lock" "$wanted" && return

  mkdir -p .venv
  exec 9>.venv/.bootstrap
  if command -v flock >/dev/null; then flock 9; fi # two scripts started together take turns
  if ! venv_holds "$lock" "$wanted"; then
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
      base="$(venv_base_python)" || return 1
      echo "making .venv with $("$base" --version)" >&2
      if ! "$base" -m venv --clear .venv >&2; then
        echo "hint: on Debian and Ubuntu, venv comes in a package of its own: apt-get install python3-venv" >&2
        return 1
      fi
    fi
    echo "installing $lock into .venv (about a minute the first time)" >&2
    log="$(mktemp)"
    rm -f .venv/.holds-*
    if ! { venv_pip --require-hashes --only-binary :all: --requirement "$lock" &&
      venv_pip --no-deps --no-build-isolation --editable .; } >"$log" 2>&1; then
      cat "$log" >&2
      rm -f "$log"
      echo "error: $lock could not be installed; the lines above say why" >&2
      return 1
    fi
    rm -f "$log"
    echo "$wanted" >".venv/.holds-$lock"
  fi
  exec 9>&-
}

# The development lock contains the other one, so a .venv made for development also serves to run.
venv_holds() {
  local lock="$1" wanted="$2" dev
  [ -x .venv/bin/python ] || return 1
  [ "$(cat ".venv/.holds-$lock" 2>/dev/null)" = "$wanted" ] && return
  [ "$lock" = requirements.lock ] || return 1
  dev="$(cat requirements.lock requirements-dev.lock pyproject.toml | sha256sum)"
  [ "$(cat .venv/.holds-requirements-dev.lock 2>/dev/null)" = "$dev" ]
}

venv_pip() {
  .venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet "$@"
}
