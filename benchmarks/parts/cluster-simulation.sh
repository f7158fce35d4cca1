# Sourced by benchmarks/cluster: one real node among many hosts that are records only. One endpoint in twenty is on the network
# that the real host has a container of, so one change in twenty matters to it.

HOSTS=1000 ENDPOINTS=50 RATE=200 SECONDS_OF_CHANGE=${SECONDS_OF_CHANGE:-60}

fake() { java -Xmx512m -Dcalico.log.level=WARN -cp "$classes:$(echo "$here"/calico-libnetwork/target/calico-libnetwork-*-bundle.jar)" io.calico.benchmarks.FakeCluster "$@"; }

part_simulation() {
  local profile pid start ready before after rate
  # The fake hosts are on link, so that each has a route.
  on $one ip addr add 10.10.250.254/16 dev eth0
  ctl $one pool add 10.96.0.0/12 >/dev/null
  profile=$(on $one docker network create --driver calico --ipam-driver calico simulation)
  container $one real simulation
  start=$(now)
  fake load "etcd://$etcd" "$profile" $HOSTS $ENDPOINTS
  echo "| a node among $HOSTS hosts with $ENDPOINTS endpoints each | |"
  echo "|---|---|"
  echo "| (the records are written in | $(( ($(now) - start) / 1000000 )) s) |"
  ctl $one node stop --force >/dev/null
  start=$(now)
  on $one sh -c 'exec setsid "$NODE" --libnetwork --ip=10.10.0.'$one' --log-dir=/var/log/calico </dev/null >/dev/null 2>&1 &'
  until on $one test -e /run/calico/node.ready; do sleep 0.05; done
  ready=$(now)
  echo "| from its start to being in sync | $(( (ready - start) / 1000 )) ms |"
  pid=$(on $one cat /run/calico/node.pid)
  memory() { on $one grep VmRSS "/proc/$pid/status" | awk '{printf "%.0f MB", $2 * 1024 / 1e6}'; }
  ticks() { on $one awk '{print $14 + $15}' "/proc/$pid/stat"; }
  echo "| processor time of that | $(awk -v t="$(ticks)" -v hz="$(getconf CLK_TCK)" 'BEGIN {printf "%.1f s", t / hz}') |"
  echo "| resident then | $(memory) |"
  echo "| members of the network's set | $(on $one nft list set inet calico "t4_$profile" | grep -oE '[0-9]+(\.[0-9]+){3}' | wc -l) |"
  echo "| routes to other hosts | $(on $one ip route show proto 80 | grep -c via || true) |"
  sleep 10
  echo "| resident 10 s later | $(memory) |"
  before=$(ticks)
  rate=$(fake change "etcd://$etcd" $RATE $SECONDS_OF_CHANGE)
  after=$(ticks)
  echo "| processor time of a core at $rate changes a second, of which one in twenty matters | $(awk -v t=$((after - before)) -v hz="$(getconf CLK_TCK)" -v s=$SECONDS_OF_CHANGE 'BEGIN {printf "%.1f", t / hz / s * 100}') % |"
  echo "| resident after that | $(memory) |"
  remove_containers
}
