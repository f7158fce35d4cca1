# Shared by bin/quickstart and bin/test: installs what is missing and remembers it, so that --clean can take it away again.
# Sourced, not run. Callers set: here (the checkout), me (the command's name).

state=/var/lib/calico-setup
say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "$me" "$*" >&2; exit 1; }

as_root() { [ "$(id -u)" = 0 ] || die "needs root: it sets up containers, interfaces and firewall rules; run it with sudo"; }

# install COMMAND PACKAGE …: the packages whose command is missing.
install_missing() {
  local missing=() command package
  while [ $# -gt 0 ]; do
    command=$1 package=$2
    shift 2
    case $command in
      /*) [ -e "$command" ] || missing+=("$package") ;;
      *) PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null 2>&1 || missing+=("$package") ;;
    esac
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null 2>&1 ||
    die "install these with your package manager, then run it again (Debian's names): ${missing[*]}"
  say "installing: ${missing[*]}"
  apt-get -qq update || say "apt-get update failed; trying with the package lists that are here"
  # No service is started behind our back: the scripts start what they need.
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}" >/tmp/calico-setup-apt.log 2>&1 ||
    { tail -5 /tmp/calico-setup-apt.log >&2; die "apt-get could not install: ${missing[*]}"; }
  mkdir -p "$state"
  printf '%s\n' "${missing[@]}" >> "$state/packages"
}

# A JDK 17 or newer with its compiler, and Maven.
install_build_tools() {
  local version=0
  if command -v javac >/dev/null 2>&1; then
    version=$(javac -version 2>&1 | sed -nE 's/^javac ([0-9]+).*/\1/p')
  fi
  if [ "${version:-0}" -lt 17 ]; then
    install_missing /usr/lib/jvm/java-17-openjdk-$(dpkg --print-architecture 2>/dev/null || echo amd64)/bin/javac openjdk-17-jdk-headless
  fi
  install_missing mvn maven
}

install_runtime() {
  install_missing dockerd docker.io docker docker.io nft nftables iptables iptables ip iproute2 busybox busybox-static \
    nsenter util-linux pgrep procps
  # A machine may bring a docker client of its own; the engine's package is what counts.
  PATH=$PATH:/usr/sbin command -v dockerd >/dev/null 2>&1 || die "docker.io is installed, but there is no dockerd"
}

# The servers of an etcd cluster; started by who needs one.
install_etcd() {
  install_missing etcd etcd-server etcdctl etcd-client
}

# What only the tests look with.
install_test_tools() {
  install_missing conntrack conntrack openssl openssl systemctl systemd
}

remove_installed() {
  [ -s "$state/packages" ] || return 0
  local packages
  packages=$(sort -u "$state/packages" | tr '\n' ' ')
  say "removing what was installed: $packages"
  # shellcheck disable=SC2086 — one word per package
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y remove $packages >/dev/null 2>&1 || say "apt-get could not remove all of them"
  rm -rf "$state"
}
