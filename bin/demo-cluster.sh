# The part of bin/quickstart that needs more than one host: two virtual Docker hosts on this machine (tools/vhost), each with a
# dockerd and a node, and one etcd on the machine. Sourced after demo.sh.

export VHOST_STATE=$state/vhost
machine=10.10.0.254
authority=$machine:2379
# Every command on a host gets what a login script would set there.
on() { local n=$1; shift; "$here/tools/vhost" exec "$n" env "ETCD_AUTHORITY=$authority" "$@"; }
show_on() {
  printf '\033[32mhost%s$ %s\033[0m\n' "$1" "$(shift; printf '%s ' "$@" | sed "s#$calicoctl#calicoctl#; s/ \$//")"
  on "$@"
}

stop_cluster() {
  [ ! -d "$VHOST_STATE" ] || "$here/tools/vhost" down-all
  if [ -s "$state/etcd.pid" ]; then
    kill "$(cat "$state/etcd.pid")" 2>/dev/null || true
    for _ in $(seq 50); do kill -0 "$(cat "$state/etcd.pid")" 2>/dev/null || break; sleep 0.1; done
  fi
  rm -rf "$state/etcd" "$state/etcd.pid"
}

start_etcd() {
  local v2=()
  # Engines with a cluster store speak the v2 API; etcd 3.6 has it no more.
  ! etcd --help 2>&1 | grep -q -- --enable-v2 || v2=(--enable-v2)
  setsid etcd --name quickstart --data-dir "$state/etcd" --listen-client-urls "http://$authority" \
    --advertise-client-urls "http://$authority" --listen-peer-urls http://127.0.0.1:2390 \
    --initial-advertise-peer-urls http://127.0.0.1:2390 --initial-cluster quickstart=http://127.0.0.1:2390 \
    "${v2[@]}" --logger=zap --log-level=warn --log-outputs=stderr </dev/null >/var/log/calico/etcd.log 2>&1 &
  echo $! > "$state/etcd.pid"
  for _ in $(seq 100); do
    ! ETCDCTL_API=3 etcdctl "--endpoints=$authority" endpoint health >/dev/null 2>&1 || return 0
    sleep 0.1
  done
  tail -3 /var/log/calico/etcd.log >&2
  die "etcd does not answer on $authority; its log is /var/log/calico/etcd.log"
}

# Docker 20.10 and older share networks through a store of their own; with newer engines the nodes do it.
start_engine() {
  local store=()
  case $(dockerd --version | sed -nE 's/.*version ([0-9]+)\..*/\1/p') in
    1 | 17 | 18 | 19 | 20) store=("--cluster-store=etcd://$authority" "--cluster-advertise=10.10.0.$1:2376") ;;
  esac
  "$here/tools/vhost" docker "$1" "${store[@]}"
}

await_network() {
  local start=$SECONDS
  until on "$1" docker network inspect "$2" >/dev/null 2>&1; do
    [ $((SECONDS - start)) -lt 20 ] || die "host$1 does not list the network $2; its log: tools/vhost exec $1 cat /var/log/calico/node.log"
    sleep 0.1
  done
}

cluster() {
  as_root
  mkdir -p "$state" /var/log/calico
  install_build_tools
  install_runtime
  install_etcd
  build
  stop_cluster

  step "Two virtual hosts on this machine, and etcd, which they share"
  "$here/tools/vhost" up 1
  "$here/tools/vhost" up 2
  start_etcd
  say "etcd: $authority"

  step "On each host: Docker, and the Calico node with nothing but the address of etcd"
  local n
  for n in 1 2; do
    start_engine $n
    show_on $n "$calicoctl" node --libnetwork
  done

  step "Networks that are made on host 1 are there on host 2"
  show_on 1 docker network create --driver calico --ipam-driver calico data-tier
  show_on 1 docker network create --driver calico --ipam-driver calico app-tier
  await_network 2 data-tier
  await_network 2 app-tier
  show_on 2 docker network ls

  step "db on host 1, app on host 2, and a second database there"
  local serve='nc -ll -p 3306 -e cat & exec nc -ll -p 3307 -e cat'
  show_on 1 docker run -d --name db --net data-tier busybox:local sh -c "$serve"
  show_on 2 docker run -d --name app --net app-tier busybox:local sleep 1000000
  show_on 2 docker run -d --name replica --net data-tier busybox:local sleep 1000000
  db=$(on 1 docker inspect -f '{{(index .NetworkSettings.Networks "data-tier").IPAddress}}' db)
  say "db has the address $db"

  step "Within a network all is open, also from host to host"
  show_on 2 docker exec replica ping -c 2 "$db"

  step "A network is closed to all others"
  app=(on 2 docker exec app)
  try 3306 dropped

  step "One rule, given on either host, opens one port to one network"
  show_on 2 "$calicoctl" profile data-tier rule add inbound allow tcp from tag app-tier to ports 3306
  sleep 0.5
  try 3306 open
  try 3307 dropped

  step "What is there now"
  show_on 2 "$calicoctl" profile data-tier rule show --names
  show_on 2 "$calicoctl" endpoint show --detailed
  show_on 1 ip route show proto 80

  step "How to go on"
  cat <<TEXT
Hosts, containers and networks are still there. A shell on host 2, in which docker and calicoctl work:
  sudo VHOST_STATE=$VHOST_STATE $here/tools/vhost exec 2 env ETCD_AUTHORITY=$authority PATH=$here/bin:\$PATH bash
There, for example:
  calicoctl profile data-tier rule add inbound allow icmp type 8 from tag app-tier
  docker exec app ping -c 3 $db
  calicoctl status
README.md says more. To take everything away again: bin/quickstart --clean
TEXT
}
