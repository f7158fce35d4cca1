# Shared by the parts of bin/quickstart: how steps and commands are shown, the build, and tries of a port. Sourced after
# setup.sh. Callers set: db (the address), app (an array: a command that runs the rest of its words in the app container).

calicoctl=$here/bin/calicoctl

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
show() { printf '\033[32m$ %s\033[0m\n' "$(printf '%s ' "$@" | sed "s#$calicoctl#calicoctl#; s/ \$//")"; "$@"; }

build() {
  local jars=("$here"/calico-libnetwork/target/*-bundle.jar "$here"/calico-ctl/target/*-bundle.jar)
  if [ -e "${jars[0]}" ] && [ -e "${jars[1]}" ] &&
    [ -z "$(find "$here" \( -path '*/src/main/*' -o -name pom.xml \) -newer "${jars[1]}" -print -quit)" ]; then
    return
  fi
  step "Building (the first time Maven fetches its dependencies)"
  (cd "$here" && mvn -B -q -ntp package -DskipTests -Dspotless.check.skip=true -pl calico-libnetwork,calico-ctl -am)
}

# try PORT open|dropped: from the app container to db.
try() {
  printf '   app -> db:%s   ' "$1"
  if "${app[@]}" nc -w 1 "$db" "$1" </dev/null >/dev/null 2>&1; then
    say open
    [ "$2" = open ]
  else
    say "no answer (dropped by policy)"
    [ "$2" = dropped ]
  fi || die "expected db:$1 to be $2"
}
