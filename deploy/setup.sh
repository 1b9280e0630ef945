#!/usr/bin/env bash
# Makes a Debian 12 machine able to run everything: system packages, then .venv. Does nothing when all is there.
# With the word "checks": also what only the checks need, node and the packages that read the documents.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly UV=0.13.9
readonly TOOL=.venv/tool
readonly STAMP=.venv/installed
readonly DOCUMENTS=deploy/generate/documents
readonly WITH_CHECKS=$([[ ${1:-} == checks ]] && echo yes)

say() { printf '%s\n' "setup: $*"; }

fail() {
  say "$*" >&2
  exit 1
}

# ---- what is missing ----

has_library() { PATH="$PATH:/sbin:/usr/sbin" ldconfig -p | grep -q "$1"; }

# The stack can use a broker that runs already; the checks start brokers of their own.
has_broker() {
  [[ -n "${RABBITMQ_HOME:-}" || -d /usr/lib/rabbitmq/lib || (-z $WITH_CHECKS && -n "${GREEN_LOCAL_BROKER:-}") ]]
}

missing_packages() {
  python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
  has_broker || echo rabbitmq-server
  command -v prometheus >/dev/null || echo prometheus
  has_library libcurl.so.4 || echo libcurl4
  [[ -z $WITH_CHECKS ]] || command -v node >/dev/null || echo nodejs
  [[ -z $WITH_CHECKS ]] || command -v npm >/dev/null || echo npm
}

check_python() {
  command -v python3 >/dev/null || fail "python3 is missing. Run: apt-get install python3 python3-venv"
  python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' ||
    fail "python3 is $(python3 --version), but 3.11 or 3.12 is needed"
}

# ---- system packages ----

# The packages start services of their own when installed; the policy file is Debian's way to say no.
# Services that already run are not touched.
install_packages() {
  local root=$1 policy=/usr/sbin/policy-rc.d
  shift
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
    $root chmod +x "$policy"
    # shellcheck disable=SC2064 # the words are those of now
    trap "$root rm -f $policy" EXIT
  fi
  $root apt-get update -qq
  $root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

ensure_packages() {
  local wanted root=
  mapfile -t wanted < <(missing_packages)
  ((${#wanted[@]})) || return 0
  local command="apt-get install --no-install-recommends ${wanted[*]}"
  command -v apt-get >/dev/null || fail "missing: ${wanted[*]} (Debian's names). Install them and run this again."
  if ((EUID != 0)); then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
      root=sudo
    elif [[ ${wanted[*]} == prometheus ]]; then
      say "prometheus is missing and stays away; to have it, run as root: $command"
      return 0
    else
      fail "missing: ${wanted[*]}. Run as root: $command"
    fi
  fi
  say "installing ${wanted[*]}"
  install_packages "$root" "${wanted[@]}"
}

# ---- Python ----

wanted_stamp() {
  { echo "$UV" {contracts,services}/*/pyproject.toml; cat requirements-dev.txt; } | sha256sum
}

install_python() {
  [[ -x .venv/bin/python ]] || python3 -m venv .venv
  # In a folder of its own, because syncing removes from .venv what the requirements do not name.
  if [[ ! -x $TOOL/bin/uv ]]; then
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
    .venv/bin/python -m pip install -q --target "$TOOL" "uv==$UV"
  fi
  local pip=("$TOOL/bin/uv" pip)
  "${pip[@]}" sync -q --python .venv/bin/python --require-hashes requirements-dev.txt
  local rooms=() room
  for room in {contracts,services}/*/pyproject.toml; do
    rooms+=(-e "${room%/pyproject.toml}")
  done
  "${pip[@]}" install -q --python .venv/bin/python --no-deps "${rooms[@]}"
}

ensure_python() {
  local wanted
  wanted=$(wanted_stamp)
  [[ -f $STAMP && $(<"$STAMP") == "$wanted" ]] && return 0
  say "installing the Python packages into .venv"
  install_python
  printf '%s\n' "$wanted" >"$STAMP"
}

# ---- node, for the checks ----

ensure_node_packages() {
  local wanted installed=$DOCUMENTS/node_modules/installed
  wanted=$(sha256sum <"$DOCUMENTS/package-lock.json")
  [[ -f $installed && $(<"$installed") == "$wanted" ]] && return 0
  say "installing the npm packages of the checks into $DOCUMENTS/node_modules"
  (cd "$DOCUMENTS" && npm ci --silent --no-progress) || fail "npm ci in $DOCUMENTS failed: run it there to see why"
  printf '%s\n' "$wanted" >"$installed"
}

check_python
ensure_packages
ensure_python
[[ -z $WITH_CHECKS ]] || ensure_node_packages
# Nothing that Debian 12 has builds them: its kubectl knows no components.
[[ -z $WITH_CHECKS ]] || command -v kubectl >/dev/null || say "kubectl is missing: the manifests are not built in this run"
