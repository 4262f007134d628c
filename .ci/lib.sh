# Functions that the scripts of .ci share. Sourced, not run.
# shellcheck shell=bash

# Programs installed for the checks; kept between runs.
TOOLS="${MULTISERVER_CI_TOOLS:-${XDG_CACHE_HOME:-${HOME:-$PWD/target}/.cache}/multiserver-ci}"
export PATH="$TOOLS/bin:$PATH"

current_step=

# step NAME COMMAND...: runs the command and tells how long it took.
step() {
    local name=$1 start=$SECONDS
    shift
    current_step=$name
    printf '\n=== %s\n' "$name"
    "$@"
    printf '=== %s: %d s (%d s in all)\n' "$name" $((SECONDS - start)) "$SECONDS"
    current_step=
}

# Names the step that failed, since its own output may end anywhere.
tell_failed_step() {
    local status=$?
    if ((status != 0)) && [[ -n $current_step ]]; then
        printf '\n=== %s: FAILED with status %d after %d s in all\n' "$current_step" "$status" "$SECONDS" >&2
    fi
}
trap tell_failed_step EXIT

has() { command -v "$1" >/dev/null 2>&1; }

# apt_install PACKAGE...: fails where there is no apt or no right to use it.
apt_install() {
    local apt=(apt-get)
    if ! has apt-get; then
        echo "There is no apt-get here: please install these by hand: $*" >&2
        return 1
    fi
    ((EUID == 0)) || apt=(sudo -n env DEBIAN_FRONTEND=noninteractive apt-get)
    DEBIAN_FRONTEND=noninteractive "${apt[@]}" update -qq </dev/null >/dev/null &&
        DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -qq -y --no-install-recommends "$@" </dev/null >/dev/null
}

# cargo_install CRATE: nothing to do when the version named here is there.
# Unoptimised, unless it computes much itself: most of these programs wait for others, and compile in half the time.
cargo_install() {
    local version options=() optimised=0
    case $1 in
        cargo-deny) version=0.20.2 ;;
        cargo-fuzz) version=0.13.2 ;;
        cargo-hack) version=0.6.46 ;;
        cargo-llvm-cov) version=0.9.1 ;;
        cargo-mutants) version=27.1.0 ;;
        cargo-public-api) version=0.52.0 ;;
        # Its authors name a later compiler than the pinned one, which compiles this version all the same.
        verifpal) version=1.6.7 options=(--features cli --ignore-rust-version) optimised=2 ;;
        wasm-bindgen-cli) version=0.2.130 ;;
        *) return 1 ;;
    esac
    options+=(--version "=$version")
    # With the versions that its authors tested, where the registry has them all.
    cargo_install_with "$optimised" "${options[@]}" --locked "$1" ||
        cargo_install_with "$optimised" "${options[@]}" "$1"
}

# cargo_install_with OPTIMISED OPTION... CRATE
cargo_install_with() {
    CARGO_PROFILE_RELEASE_OPT_LEVEL=$1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        cargo install --quiet --no-default-features --root "$TOOLS" "${@:2}"
}

# The toolchain and components that rust-toolchain.toml names, even where rustup does not install by itself.
install_toolchain() {
    if ! { cargo clippy --version && cargo fmt --version; } >/dev/null 2>&1; then
        rustup toolchain install || {
            echo "The pinned toolchain cannot be had: going on with stable."
            export RUSTUP_TOOLCHAIN=stable
        }
    fi
    cargo --version
}

# A C and a C++ compiler: the linker, ring and libFuzzer need them.
install_compiler() {
    if ! has cc || ! has c++; then
        apt_install build-essential
    fi
}

# The programs of others that tests talk to. A test that finds one missing fails and names the package.
install_peers() {
    install_node
    install_nginx
    install_haproxy
    install_chromium
    install_proxies
    install_groff
    install_metrics_parser
}

install_node() {
    if ! has node || ! has npm; then
        apt_install nodejs npm
    fi
    node --version
}

install_nginx() {
    if ! has nginx && [[ ! -x /usr/sbin/nginx ]]; then
        apt_install nginx-light
    fi
}

install_haproxy() {
    if ! has haproxy && [[ ! -x /usr/sbin/haproxy ]]; then
        apt_install haproxy
    fi
}

install_chromium() {
    if ! has chromium && ! has google-chrome; then
        apt_install chromium
    fi
}

install_groff() {
    if ! has groff; then
        apt_install groff-base
    fi
}

# Prometheus' own parser of metrics.
install_metrics_parser() {
    if ! /usr/bin/python3 -c 'import prometheus_client' 2>/dev/null; then
        apt_install python3-prometheus-client
    fi
}

ARM=aarch64-unknown-linux-gnu

# An emulated 64-bit ARM, and a compiler for it.
install_arm() {
    install_target "$ARM" || return
    if ! has qemu-aarch64 || ! has aarch64-linux-gnu-gcc; then
        apt_install qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    fi
}

# test_on_arm ARGUMENTS...
test_on_arm() { on_arm cargo test --target "$ARM" --locked "$@"; }

# on_arm COMMAND...: with the compiler's linker, and the emulator for what it has compiled.
on_arm() {
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu" "$@"
}

install_proxies() {
    if ! has microsocks || ! has tor || ! has tor-gencert; then
        apt_install microsocks tor
    fi
}

# run_tests ARGUMENTS...: all tests, and then their totals, whether they passed or not.
run_tests() {
    local status=0
    mkdir -p target
    cargo test --workspace --all-features "$@" 2>&1 | tee target/tests.log || status=$?
    print_totals
    return "$status"
}

# Sums the "test result:" lines of every test program.
print_totals() {
    awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
         END { printf "%d passed, %d failed, %d skipped\n", passed, failed, ignored }' target/tests.log
}

# cargo-fuzz wants unstable compiler flags; the pinned compiler has them behind this variable, so no nightly is needed.
cargo_fuzz() { RUSTC_BOOTSTRAP=1 cargo fuzz "$@"; }

install_target() {
    [[ -d $(rustc --print target-libdir --target "$1") ]] || timeout 120 rustup target add "$1"
}

# fuzz_target NAME SECONDS SANITIZER: starts from the inputs that are kept and from those that earlier runs here have found.
fuzz_target() {
    local found=fuzz/corpus/$1 dictionary=fuzz/dictionaries/$1.dict options=()
    mkdir -p "$found"
    if [[ -f $dictionary ]]; then
        options=(-dict="$dictionary")
    fi
    cargo_fuzz run --sanitizer "$3" "$1" "$found" "fuzz/seeds/$1" -- -max_total_time="$2" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 "${options[@]}"
}

# fuzz SECONDS SANITIZER: every target for that long, one for each processor at a time.
fuzz() {
    local targets
    targets=$(cargo_fuzz list)
    step "build fuzz targets" cargo_fuzz build --sanitizer "$2"
    mkdir -p target/fuzz
    export -f cargo_fuzz fuzz_target fuzz_quietly
    step "fuzz ${targets//$'\n'/ }" \
        xargs -P "$(nproc)" -I TARGET bash -euo pipefail -c 'fuzz_quietly "$@"' fuzz TARGET "$1" "$2" <<<"$targets"
}

# fuzz_quietly NAME SECONDS SANITIZER: prints what the run came to, or all of it when it fails.
fuzz_quietly() {
    local log=target/fuzz/$1.log
    if fuzz_target "$@" >"$log" 2>&1; then
        echo "$1: $(grep -E '^Done |^#.* DONE' "$log" | tr '\n' ' ')"
    else
        cat "$log"
        return 1
    fi
}
