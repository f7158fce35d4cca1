# Shared by bin/calicoctl and bin/calico-node: starts a bundled jar with what makes a JVM start fast, above all a class-data
# archive, made at first use for this JVM and this jar. What goes wrong with the archive costs time, never the program.
# Sourced by a POSIX shell. Callers set: program (a word), module (calico-…),
# training (main class of the training run, whose argument is etcd if there is one), options (for java), CALICO_HOME.
#
# Looks for the jar in CALICO_HOME, else in the directory above the script's; for java in JAVA_HOME, else in PATH.
# CALICO_JAVA_OPTS: more options for java. CALICO_CACHE: where archives are kept (default: /var/cache/calico for root,
# else the user's cache directory).

fail() {
  echo "$program: $*" >&2
  exit 1
}

find_jar() {
  for jar in "$CALICO_HOME"/lib/"$module"-*-bundle.jar "$CALICO_HOME"/"$module"-*-bundle.jar \
    "$CALICO_HOME"/"$module"/target/"$module"-*-bundle.jar; do
    [ ! -f "$jar" ] || return 0
  done
  fail "not built yet: no $module-*-bundle.jar in $CALICO_HOME; there, run: mvn -q package -DskipTests -pl calico-ctl -am"
}

find_java() {
  if [ -n "${JAVA_HOME:-}" ] && [ -x "$JAVA_HOME/bin/java" ]; then
    java=$JAVA_HOME/bin/java
  else
    java=$(command -v java) || fail "needs Java 17 or newer: install one (Debian: openjdk-17-jre-headless) or set JAVA_HOME"
  fi
}

# Given launch's arguments, sets store to etcd if the data is there as far as these and the environment tell, else to nothing:
# etcd's classes are much of an archive, and a daemon holds in memory what it maps. A wrong guess costs time, nothing else.
guess_store() {
  case " $*" in
    *" --datastore"[=\ ]*) store=" $*"; store=${store##* --datastore?} ;;
    *) store=${CALICO_DATASTORE:-${ETCD_ENDPOINTS:+etcd:}${ETCD_AUTHORITY:+etcd:}${ETCD_SCHEME:+etcd:}} ;;
  esac
  case $store in
    etcd:* | etcds:*) store=etcd ;;
    *) store= ;;
  esac
}

# Sets archive to the file's name, from what identifies the user, the JVM and the jar; to nothing if there is no place.
name_archive() {
  # shellcheck disable=SC2046 — six words: user and three identities
  set -- $(stat -L -c '%u %d.%i.%Y.%s' /proc/self "$java" "$jar" 2>/dev/null)
  archive=
  [ $# -eq 6 ] || return 0
  if [ -n "${CALICO_CACHE:-}" ]; then
    cache=$CALICO_CACHE
  elif [ "$1" = 0 ]; then
    cache=/var/cache/calico
  elif [ -n "${XDG_CACHE_HOME:-${HOME:-}}" ]; then
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/calico
  else
    return 0
  fi
  archive=$cache/$program${store:+-$store}-$4-$6.jsa
}

# Made under another name and renamed, so that nobody ever maps half a file. The eight newest archives are kept.
make_archive() (
  umask 022
  mkdir -p "$cache" && [ -w "$cache" ] || exit 0
  rm -f "$cache/.$program"-*.jsa
  new=$cache/.$program-$$.jsa
  # An empty file, which the JVM passes over, keeps the next start from trying in vain again.
  # shellcheck disable=SC2086 — several options
  "$java" $options "-XX:ArchiveClassesAtExit=$new" -cp "$jar" "$training" $store </dev/null || : > "$new"
  mv -f "$new" "$archive"
  # shellcheck disable=SC2012 — names are ours
  ls -t "$cache/$program"-*.jsa | tail -n +9 | while read -r old; do rm -f "$old"; done
) >/dev/null 2>&1

# launch MAIN-CLASS ARGUMENT…; options holds the JVM's.
launch() {
  find_jar
  find_java
  # Archives are mapped where they were dumped for. Elsewhere, as newer JVMs do by default, every pointer in them is patched: some
  # 20 ms of each start, and their pages become each process's own memory instead of shared ones of the file.
  options="-XX:+UnlockDiagnosticVMOptions -XX:ArchiveRelocationMode=0 $options"
  options="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xshare:auto -Xlog:disable -Xlog:all=error:stderr $options"
  guess_store "$@"
  name_archive
  if [ -n "$archive" ]; then
    [ -f "$archive" ] || make_archive
    [ ! -f "$archive" ] || options="$options -XX:SharedArchiveFile=$archive"
  fi
  # shellcheck disable=SC2086 — several options
  exec "$java" $options ${CALICO_JAVA_OPTS:-} -cp "$jar" "$@"
}
