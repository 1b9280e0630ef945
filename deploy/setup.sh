#!/usr/bin/env bash
# Makes a Debian 12 machine able to run everything: system packages, then .venv. Does nothing when all is there.
# With the word "checks": also what only the checks need, node and the packages that read the documents. With the word
# "wheelhouse": collects every Python package in one folder, from which a machine without a network installs.
# It writes to stderr only: TOKEN=$(make -s token) must hold the token and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly UV=0.13.9
readonly TOOL=.venv/tool
readonly STAMP=.venv/installed
readonly DOCUMENTS=deploy/generate/documents
readonly WHEELHOUSE=${GREEN_WHEELHOUSE:-wheelhouse}
readonly WITH_CHECKS=$([[ ${1:-} == checks ]] && echo yes)

say() { printf '%s\n' "setup: $*" >&2; }

fail() {
  say "$*"
  exit 1
}

# ---- what is missing ----

# grep reads to the end: with -q it leaves early, ldconfig gets SIGPIPE, and pipefail calls the library missing.
has_library() { PATH="$PATH:/sbin:/usr/sbin" ldconfig -p | grep -F "$1" >/dev/null; }

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
  $root apt-get update -qq >&2 && $root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
    --no-install-recommends "$@" >/dev/null ||
    fail "apt-get could not install $*. Without a network, install them from your mirror or your media, then run this again"
}

# What Debian starts by itself when somebody else than this script installs the packages.
own_services() {
  local each started=()
  for each in "$@"; do
    [[ $each != rabbitmq-server && $each != prometheus ]] || started+=("$each")
  done
  ((!${#started[@]})) || printf '. Debian then starts services of its own, which nothing here needs: %s' \
    "systemctl disable --now ${started[*]}"
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
      say "prometheus is missing and stays away; to have it, run as root: $command$(own_services prometheus)"
      return 0
    else
      fail "missing: ${wanted[*]}. Run as root: $command$(own_services "${wanted[@]}")"
    fi
  fi
  say "installing ${wanted[*]}"
  install_packages "$root" "${wanted[@]}"
}

# ---- Python ----

wanted_stamp() {
  { echo "$UV" {contracts,services}/*/pyproject.toml; cat requirements-dev.txt; } | sha256sum
}

# The folder that make wheelhouse filled, if it is there: nothing is then asked of any index.
offline() { [[ ! -d $WHEELHOUSE ]] || printf '%s\n' --no-index --find-links "$WHEELHOUSE"; }

install_python() {
  local from
  mapfile -t from < <(offline)
  [[ -x .venv/bin/python ]] || python3 -m venv .venv
  # In a folder of its own, because syncing removes from .venv what the requirements do not name.
  if [[ ! -x $TOOL/bin/uv ]]; then
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
    .venv/bin/python -m pip install -q --disable-pip-version-check --retries 1 "${from[@]}" --target "$TOOL" "uv==$UV"
  fi
  local pip=("$TOOL/bin/uv" pip)
  "${pip[@]}" sync -q --python .venv/bin/python "${from[@]}" --require-hashes requirements-dev.txt
  local rooms=() room
  for room in {contracts,services}/*/pyproject.toml; do
    rooms+=(-e "${room%/pyproject.toml}")
  done
  "${pip[@]}" install -q --python .venv/bin/python "${from[@]}" --no-deps "${rooms[@]}"
}

# In a shell of its own: a condition around the function would switch -e off inside it.
try_python() {
  local output=.venv/installing.log
  mkdir -p .venv
  set +e
  (set -e; install_python) >"$output" 2>&1
  local outcome=$?
  set -e
  ((outcome)) || return 0
  tail -n 3 "$output" >&2
  [[ ! -d $WHEELHOUSE ]] ||
    fail "the folder $WHEELHOUSE does not hold what requirements-dev.txt names: make wheelhouse again, or remove it"
  fail "the Python packages could not be fetched (all of it: $output). Behind a mirror set PIP_INDEX_URL and \
UV_DEFAULT_INDEX; without any network run make wheelhouse on a machine that has one, copy its folder wheelhouse here"
}

collect_wheels() {
  local pip=(.venv/bin/python -m pip)
  "${pip[@]}" --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
  mkdir -p "$WHEELHOUSE"
  "${pip[@]}" download -q --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt -d "$WHEELHOUSE"
  "${pip[@]}" download -q --disable-pip-version-check --no-deps "uv==$UV" "uv_build==$UV" -d "$WHEELHOUSE"
  say "$WHEELHOUSE holds $(find "$WHEELHOUSE" -type f | wc -l) packages for $(python3 --version) on $(uname -m): copy it \
into the clone on the machine without a network; every make target then installs from it"
}

ensure_python() {
  local wanted
  wanted=$(wanted_stamp)
  [[ -f $STAMP && $(<"$STAMP") == "$wanted" ]] && return 0
  say "installing the Python packages into .venv"
  try_python
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

# Its tests source it for the functions.
[[ ${BASH_SOURCE[0]} == "$0" ]] || return 0

check_python
if [[ ${1:-} == wheelhouse ]]; then
  [[ -x .venv/bin/python ]] || python3 -m venv .venv
  collect_wheels
  exit
fi
ensure_packages
ensure_python
[[ -z $WITH_CHECKS ]] || ensure_node_packages
# Nothing that Debian 12 has builds them: its kubectl knows no components.
[[ -z $WITH_CHECKS ]] || command -v kubectl >/dev/null || say "kubectl is missing: the manifests are not built in this run"
