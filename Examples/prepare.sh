# Sourced by the other scripts: what a build needs, and the options that builds and tests share.

say() { printf '== %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# A path that holds in every folder: absolute PATH [FOLDER], FOLDER (else the current one) being where it begins.
absolute() {
  case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "${2:-$PWD}/$1" ;;
  esac
}

# Sees to it that a build can succeed; installs libopenblas-dev where it is missing.
prepare() {
  command -v swift >/dev/null ||
    fail "there is no swift on the PATH; version 6.1 or later: https://www.swift.org/install"
  if has_openblas; then
    say "OpenBLAS is installed"
    return
  fi
  command -v apt-get >/dev/null ||
    fail "OpenBLAS is missing: install its development files (Debian and Ubuntu: libopenblas-dev)"
  say "Installing libopenblas-dev"
  install_packages libopenblas-dev || fail "OpenBLAS is missing: as root, apt-get install libopenblas-dev"
  has_openblas || fail "libopenblas-dev is installed, but a program cannot be linked with it"
}

# Whether a program that uses OpenBLAS compiles and links; the compiler comes with Swift.
has_openblas() {
  printf '#include <cblas.h>\nint main(void) { return cblas_sdsdot == 0; }\n' |
    clang -x c - -o /dev/null -lopenblas 2>/dev/null
}

# Sees to it that tests of devices have one: PoCL runs OpenCL's kernels on the processor. They are
# skipped without it.
prepare_opencl() {
  if has_opencl; then
    say "OpenCL is installed"
  elif command -v apt-get >/dev/null; then
    say "Installing pocl-opencl-icd"
    install_packages pocl-opencl-icd ocl-icd-libopencl1 ||
      say "OpenCL is missing, tests of devices are skipped: as root, apt-get install pocl-opencl-icd"
  else
    say "OpenCL is missing, tests of devices are skipped: install PoCL (Debian: pocl-opencl-icd)"
  fi
}

# Whether there is a platform of OpenCL, and the library that finds it.
has_opencl() {
  [ -n "$(find /etc/OpenCL/vendors -name '*.icd' -print -quit 2>/dev/null)" ] &&
    { ldconfig -p 2>/dev/null || /sbin/ldconfig -p; } | grep -q 'libOpenCL\.so\.1'
}

# Asks for the list of packages only where a package is not found without a new one.
install_packages() {
  as_root apt-get install -y -qq "$@" >/dev/null 2>&1 && return
  as_root apt-get update -qq && as_root apt-get install -y -qq "$@" >/dev/null
}

# Runs a command as root, or through sudo, which asks for a password only at a terminal.
as_root() {
  set -- env DEBIAN_FRONTEND=noninteractive "$@"
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif ! command -v sudo >/dev/null; then
    return 1
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

# Swift emits code for the oldest processors unless told otherwise. With the processor's own name
# the compiler also knows how wide its vectors should be, which the levels (x86-64-v4) leave open.
cpu_flags() {
  if [ "$(uname -m)" = x86_64 ]; then echo "-Xcc -march=native"; fi
}

# The options of all builds of the tests; in a folder of their own, since the program has other flags.
# shellcheck disable=SC2034,SC2207
test_options=(-c release --scratch-path .build-tests -Xswiftc -enable-testing $(cpu_flags))

# Runs some tests of a build that is there; what they say is shown only where they fail.
run_quietly() {
  local log
  log=$(mktemp)
  swift test --skip-build "${test_options[@]}" --filter "$1" >"$log" 2>&1 || { cat "$log"; exit 1; }
  rm "$log"
}

# Sets `python` (PYTHON, else python3). A path begins where the caller was before the script's one `cd`.
find_python() {
  python=${PYTHON:-python3}
  if [[ $python = */* ]]; then python=$(absolute "$python" "$OLDPWD"); fi
}

# The same, or ends the script where it lacks a module.
python_with() {
  find_python
  "$python" -c "import $1" 2>/dev/null && return
  say "Skipped: $python has no $2"
  exit 0
}
