# Shared by the scripts of this folder: where things are, quiet .NET, Debian packages where they are missing.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Checkpoints, data sets and peers that some tests and benchmarks use; nothing else needs them.
shared=${IBERT_SHARED:-$root/../shared}

# No servers that outlive the script, no telemetry, the same messages on every machine.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en MSBUILDDISABLENODEREUSE=1
if [ "${CI:-}" = true ]; then export UseSharedCompilation=false; fi
dotnet_options=(-c Release -v quiet -nologo)

say() { echo "${0##*/}: $*" >&2; }
die() { say "$1"; exit "${2:-1}"; }

command -v dotnet >/dev/null || die "the .NET 10 SDK is needed: https://dotnet.microsoft.com/download (or the package dotnet-sdk-10.0)"

# Installs the Debian packages of the commands and files that are missing. need COMMAND-OR-FILE PACKAGE [COMMAND-OR-FILE PACKAGE]...
need() {
  local missing=()
  while [ $# -gt 0 ]; do
    command -v "$1" >/dev/null || [ -e "$1" ] || missing+=("$2")
    shift 2
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || die "please install: sudo apt-get install ${missing[*]}"
    as_root=(sudo -n)
  fi
  command -v apt-get >/dev/null || die "missing: ${missing[*]} (names of Debian packages); please install them"
  { "${as_root[@]}" apt-get update && DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; } \
    >"${TMPDIR:-/tmp}/ibert-apt.log" 2>&1 </dev/null || { tail -n 5 "${TMPDIR:-/tmp}/ibert-apt.log" >&2; die "apt-get install ${missing[*]} failed"; }
}

# The Debian mirror of this machine's own apt sources, whichever way they are written; false where there is none.
debian_mirror() {
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null || true; } |
    sed -nE 's/^URIs: *([^ ]+).*/\1/p; s/^deb (\[[^]]*\] )?([^ ]+).*/\2/p' | grep -E '/debian/?$' | head -n 1 | grep .
}

# Debian 11's libraries for amd64 or arm64, unpacked once into the user's cache, away from the system's packages: native programs are linked
# with its C library, and ARM64 programs find theirs there under the emulator. Prints the folder; false where it cannot be had.
debian_sysroot() { # ARCHITECTURE
  local folder=${XDG_CACHE_HOME:-$HOME/.cache}/ibert-edge/debian11-$1 work keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirror name
  # The list stands in the mark, so that a longer list is fetched anew.
  local packages="libc6 libc6-dev libgcc-s1 libgcc-10-dev libstdc++6 libssl1.1 zlib1g"
  if [ "$(cat "$folder/ready" 2>/dev/null)" != "$packages" ]; then
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null && [ -e $keyring ] && mirror=$(debian_mirror) || return 1
    mkdir -p "$(dirname "$folder")"
    work=$(mktemp -d "$folder.XXXXXX")
    mkdir -p "$work"/{state/lists/partial,cache/archives/partial,deb,root}
    # apt reads and downloads as a user of its own where it runs as root.
    chmod 755 "$work"
    : >"$work/status"
    echo "deb [signed-by=$keyring] $mirror bullseye main" >"$work/sources.list"
    local options=(-o "Dir::State=$work/state" -o "Dir::State::status=$work/status" -o "Dir::Cache=$work/cache" -o Dir::Etc::sourceparts=-
      -o "Dir::Etc::sourcelist=$work/sources.list" -o "APT::Architecture=$1" -o "APT::Architectures=$1"
      -o Debug::NoLocking=1 -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none)
    say "fetching Debian 11's libraries for $1 (once)"
    # shellcheck disable=SC2086
    if ! (apt-get "${options[@]}" update && cd "$work/deb" && apt-get "${options[@]}" download $packages) >"$work/log" 2>&1 </dev/null; then
      tail -n 3 "$work/log" >&2
      rm -rf "$work"
      return 1
    fi
    for name in "$work"/deb/*.deb; do dpkg-deb -x "$name" "$work/root" || { rm -rf "$work"; return 1; }; done
    # Absolute links would lead out of the folder.
    find "$work/root" -type l -lname '/*' | while read -r name; do
      ln -sfn "$(realpath -m --relative-to="$(dirname "$name")" "$work/root$(readlink "$name")")" "$name"
    done
    echo "$packages" >"$work/root/ready"
    rm -rf "$folder"
    mv -T "$work/root" "$folder" 2>/dev/null || [ -e "$folder/ready" ]
    rm -rf "$work"
  fi
  echo "$folder"
}

# Names this processor for a benchmark's page: cpu and version, which cloud machines need, as they name quite different CPUs alike; and file_name.
describe_processor() {
  cpu=$(cpu_field 'model name')
  version="family $(cpu_field 'cpu family') model $(cpu_field model)"
  [ -n "$cpu" ] || { cpu="ARM part $(cpu_field 'CPU part')" version="revision $(cpu_field 'CPU revision')"; }
  file_name=$(echo "$cpu $version" | tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9]+/-/g; s/^-|-$//g')
}

cpu_field() { sed -nE "s/^$1[[:space:]]*: //p" /proc/cpuinfo | head -n 1; }

# Test runs append "NAME PASSED FAILED SKIPPED" here; build/test.sh begins it, .ci/run adds to it.
results=$root/artifacts/test-results

# Runs one test program with its own filters and notes its counts; one that hangs is ended after 40 minutes. run_tests NAME COMMAND...
run_tests() {
  local name=$1 status=0 report failed
  shift
  report=$results/$name.xml
  rm -f "$report"
  echo "== $name"
  timeout --kill-after=10 2400 "$@" -noLogo -noColor -result-xml "$report" </dev/null | sed -E '/^ *(Discovering|Discovered|Starting|Finished): /d' || status=$?
  if [ ! -s "$report" ]; then
    echo "$name ended with $status and no report"
    echo "$name 0 1 0" >>"$results/counts"
    return
  fi
  # A program that says it failed has failed, whatever its report says.
  failed=$(($(attribute "$report" failed) + $(attribute "$report" errors)))
  if [ "$status" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  echo "$name $(attribute "$report" passed) $failed $(attribute "$report" skipped)" >>"$results/counts"
}

attribute() { grep -oE '<assembly [^>]*' "$1" | grep -oE " $2=\"[0-9]+\"" | head -n 1 | tr -dc 0-9; }

# The one line that ends a test run; false when something failed or nothing ran.
summarize() {
  awk '{ p += $2; f += $3; s += $4 }
    END { printf "%d passed, %d failed%s\n", p, f, s ? ", " s " skipped" : ""; exit !(f == 0 && p > 0) }' "$results/counts"
}
