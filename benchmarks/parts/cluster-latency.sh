# Sourced by benchmarks/cluster: how long a change takes to reach the other host. The hosts have one clock.

# Waits until FILE has more lines than COUNT; prints the last line, or nothing after 5 s.
next_line() {
  for _ in $(seq 500); do
    [ "$(wc -l < "$1")" -le "$2" ] || { tail -1 "$1"; return; }
    sleep 0.01
  done
}

part_rule() {
  calico_network rule-db
  calico_network rule-app
  container $one db rule-db
  container $two app rule-app
  : > "$times/arrivals"
  background within $one db $(clock receive 3306) > "$times/arrivals"
  background within $two app $(clock send "$(address_of $one db rule-db)" 3306) 2>/dev/null
  sleep 2
  local round before line rule="inbound allow udp from tag rule-app to ports 3306"
  for round in $(seq 0 "$rounds"); do
    before=$(wc -l < "$times/arrivals")
    # shellcheck disable=SC2016 — expanded there
    on $two bash -c 'date +%s%N; "$CTL" profile rule-db rule add '"$rule"' >/dev/null; date +%s%N' > "$times/command"
    line=$(next_line "$times/arrivals" "$before")
    [ -n "$line" ] || { echo "no packet passed in round $round" >&2; continue; }
    [ "$round" = 0 ] || awk -v at="$line" 'NR == 1 {start = $1} END {print at - start / 1000, at - $1 / 1000}' "$times/command" >> "$times/rule"
    ctl $two profile rule-db rule remove $rule >/dev/null
    sleep 0.7
  done
  echo "| ms, $(wc -l < "$times/rule") rounds | median | p90 | most |"
  echo "|---|---|---|---|"
  echo "| from the start of \`calicoctl … rule add\` on one host to the first packet that passes on the other | $(cut -d' ' -f1 "$times/rule" | spread) |"
  echo "| from its end (negative: before it ended) | $(cut -d' ' -f2 "$times/rule" | spread) |"
  kill "${children[@]: -2}"
  remove_containers
}

part_start() {
  local pool=10.82.0.0/16 round address end
  ctl $one pool add $pool >/dev/null
  calico_network start --subnet $pool
  container $one first start
  container $two peer start
  address=$(address_of $one first start)
  : > "$times/arrivals"
  background within $two peer $(clock receive 3306) > "$times/arrivals"
  sleep 1
  for round in $(seq 0 "$rounds"); do
    # An address of a block that the host has, as the next container would get one.
    within $two peer $(clock reach "${address%.*}.$((${address##*.} / 64 * 64 + 20 + round % 40))") > "$times/reached" & local reacher=$!
    sleep 0.5
    end=$(on $one bash -c "docker run -d --name new --net start --ip ${address%.*}.$((${address##*.} / 64 * 64 + 20 + round % 40)) busybox:local sleep 1000 >/dev/null; date +%s%N")
    wait $reacher || { echo "not reached in round $round" >&2; on $one docker rm -f new >/dev/null; continue; }
    [ "$round" = 0 ] || echo $(($(cat "$times/reached") - end / 1000)) >> "$times/start"
    on $one docker rm -f new >/dev/null

    before=$(wc -l < "$times/arrivals")
    end=$(on $one bash -c "docker run -d --name new --net start busybox:local sh -c 'while :; do tftp -g -l /dev/null -r x $(address_of $two peer start) 3306 & usleep 5000; done' >/dev/null; date +%s%N")
    line=$(next_line "$times/arrivals" "$before")
    on $one docker rm -f new >/dev/null
    [ "$round" = 0 ] || [ -z "$line" ] || echo $((line - end / 1000)) >> "$times/sends"
    sleep 0.4
  done
  echo "| ms after \`docker run -d\` has answered (negative: before) | rounds | median | p90 | most |"
  echo "|---|---|---|---|---|"
  echo "| the container is reached from the other host | $(wc -l < "$times/start") | $(spread < "$times/start") |"
  echo "| a packet of the container, which sends every 5 ms, arrives on the other host | $(wc -l < "$times/sends") | $(spread < "$times/sends") |"
  kill "${children[@]: -1}"
  remove_containers
}
