# Sourced by the parts.
now() { echo $(( $(date +%s%N) / 1000 )); }
median() { sort -n | awk '{v[NR] = $1} END {print (NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2)}'; }
milliseconds() { awk '{printf "%.0f", $1 / 1000}'; }
# ratio FILE FILE: the median of the rounds' ratios
ratio() { paste "$1" "$2" | awk '{print $1 / $2}' | median | awk '{printf "%.2f", $1}'; }
resident_mb() { awk '/VmRSS/ {printf "%.0f", $2 * 1024 / 1e6}' "/proc/$1/status"; }
