# Sourced by the other scripts: what a build needs, and the compiler flags for this processor.

say() { printf '== %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

has_openblas() {
  printf '#include <cblas.h>\nint main(void) { return cblas_sdsdot == 0; }\n' |
    clang -x c - -o /dev/null -lopenblas 2>/dev/null
}

# Installs libopenblas-dev where it is missing, as root or through sudo.
prepare() {
  command -v swift >/dev/null || fail "there is no swift on the PATH; see https://www.swift.org/install"
  if has_openblas; then
    say "OpenBLAS is installed"
    return
  fi
  command -v apt-get >/dev/null ||
    fail "OpenBLAS is missing: install its development files (Debian and Ubuntu: libopenblas-dev)"
  as_root=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "OpenBLAS is missing: as root, apt-get install libopenblas-dev"
    as_root=sudo
  fi
  say "Installing libopenblas-dev"
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libopenblas-dev >/dev/null
  has_openblas || fail "libopenblas-dev is installed, but a program cannot be linked with it"
}

# Swift emits code for the oldest processors unless told otherwise.
cpu_flags() {
  if [ "$(uname -m)" = x86_64 ] && grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo &&
    grep -qw bmi2 /proc/cpuinfo; then
    echo "-Xcc -march=x86-64-v3"
  fi
}
