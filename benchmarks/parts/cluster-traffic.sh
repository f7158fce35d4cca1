# Sourced by benchmarks/cluster: what packets between containers on two hosts cost, each kind of network in turn within a round.

# Namespaces with an address of their own, routed by hand: the least that any routed network can cost.
plain_pair() {
  local n peer
  for n in $plain_one $plain_two; do
    "$vhost" down $n; "$vhost" up $n >/dev/null
    on $n sh -c "echo 1 > /proc/sys/net/ipv4/ip_forward
      ip netns add w; ip link add host0 type veth peer name in0 netns w
      ip link set host0 up; ip addr add 169.254.1.1/32 dev host0; ip route add 10.83.$n.1/32 dev host0
      ip -n w link set lo up; ip -n w link set in0 up; ip -n w addr add 10.83.$n.1/32 dev in0
      ip -n w route add 169.254.1.1 dev in0 scope link; ip -n w route add default via 169.254.1.1"
  done
  on $plain_one ip route add 10.83.$plain_two.1/32 via 10.10.0.$plain_two
  on $plain_two ip route add 10.83.$plain_one.1/32 via 10.10.0.$plain_one
}

# server KIND COMMAND…, client KIND COMMAND…: on the first and on the second host
server() {
  local kind=$1; shift
  if [ "$kind" = plain ]; then on $plain_one ip netns exec w "$@"; else within $one "server-$kind" "$@"; fi
}
client() {
  local kind=$1; shift
  if [ "$kind" = plain ]; then on $plain_two ip netns exec w "$@"; else within $two "client-$kind" "$@"; fi
}

# Jiffies that the kernel's threads for packets have used: work that no program's time shows.
softirq_ticks() { cat /proc/[0-9]*/stat 2>/dev/null | awk '/\(ksoftirqd/ {t += $14 + $15} END {print t + 0}'; }

# json FILE FIELD: the field's last value in iperf3's output
json() { sed -nE "s/.*\"$2\":[[:space:]]*([0-9.e+]+).*/\1/p" "$1" | tail -1; }

measure() {
  local kind=$1 address=$2 before after seconds=4
  before=$(softirq_ticks)
  client "$kind" iperf3 -c "$address" -t $seconds -J > "$times/iperf"
  after=$(softirq_ticks)
  # Both programs' share of a core, and the kernel threads', per gigabyte.
  awk -v bits="$(json "$times/iperf" bits_per_second)" -v local="$(json "$times/iperf" host_total)" \
    -v remote="$(json "$times/iperf" remote_total)" -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" -v t=$seconds \
    'BEGIN {print bits / 1e9, ((local + remote) / 100 * t + ticks / hz) / (bits / 8e9 * t)}' >> "$times/tcp-$kind"
  client "$kind" busybox ping -q -i 0.002 -c 1000 "$address" |
    awk -F'[/= ]+' '/round-trip/ {for (i = 1; i <= NF; i++) if ($i ~ /^[0-9.]+$/) {n++; if (n == 2) print $i * 1000}}' >> "$times/ping-$kind"
}

part_traffic() {
  command -v iperf3 >/dev/null || { echo "benchmarks/cluster: 'traffic' needs iperf3" >&2; exit 1; }
  local kinds=(plain calico vxlan) reached=() kind round against
  declare -A address
  plain_pair
  calico_network traffic-calico --subnet 192.168.0.0/16
  ctl $one pool add 10.84.0.0/16 --vxlan=always >/dev/null
  calico_network traffic-vxlan --subnet 10.84.0.0/16
  case $("$vhost" exec $one dockerd --version) in
    *" 20.10."*) kinds+=(overlay); network traffic-overlay --driver overlay ;;
  esac
  address[plain]=10.83.$plain_one.1
  for kind in "${kinds[@]:1}"; do
    container $one "server-$kind" "traffic-$kind"
    container $two "client-$kind" "traffic-$kind"
    address[$kind]=$(address_of $one "server-$kind" "traffic-$kind")
  done
  for kind in "${kinds[@]}"; do
    if client "$kind" busybox ping -q -c 5 "${address[$kind]}" >/dev/null; then reached+=("$kind"); else echo "not reached: $kind" >&2; fi
  done
  kinds=("${reached[@]}")
  for kind in "${kinds[@]}"; do background server "$kind" iperf3 -s >/dev/null 2>&1; done
  sleep 1
  for round in $(seq 0 "$rounds"); do
    for kind in "${kinds[@]}"; do
      measure "$kind" "${address[$kind]}"
      # The first round warms up.
      [ "$round" -gt 0 ] || rm -f "$times/tcp-$kind" "$times/ping-$kind"
    done
  done
  echo "| between containers on two hosts, $rounds rounds interleaved, medians | TCP, Gbit/s | processor s per GB | round trip, us |"
  echo "|---|---|---|---|"
  for kind in "${kinds[@]}"; do
    cut -d' ' -f1 "$times/tcp-$kind" > "$times/rate-$kind"
    cut -d' ' -f2 "$times/tcp-$kind" > "$times/cpu-$kind"
    echo "| $(kind_name "$kind") | $(median < "$times/rate-$kind" | awk '{printf "%.2f", $1}') | $(median < "$times/cpu-$kind" | awk '{printf "%.3f", $1}') | $(median < "$times/ping-$kind" | awk '{printf "%.0f", $1}') |"
  done
  for against in "${kinds[@]}"; do
    [ "$against" = calico ] || echo "| calico / $(kind_name "$against"), median of the rounds' ratios | $(ratio "$times/rate-calico" "$times/rate-$against") | $(ratio "$times/cpu-calico" "$times/cpu-$against") | $(ratio "$times/ping-calico" "$times/ping-$against") |"
  done
  remove_containers
}

kind_name() {
  case $1 in
    plain) echo "veth pairs routed by hand" ;;
    vxlan) echo "calico, VXLAN" ;;
    overlay) echo "Docker's overlay" ;;
    *) echo "$1" ;;
  esac
}
