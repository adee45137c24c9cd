# shellcheck shell=sh disable=SC2153,SC2154
# A second network: a bridge over one NIC, in /etc/network/interfaces, where the pages of Proxmox look for it.
# BRIDGE, PORT: names. ADDRESS: with prefix length. MTU: of both, because a bridge takes the smallest of its ports.
file=$ROOT/etc/network/interfaces
[ -r "$file" ] || quit 3 "$file is not there: this step is for systems with ifupdown, such as Proxmox VE"
if [ ! -e "$SYS/class/net/$PORT" ]; then
  quit 1 "there is no NIC $PORT here; these are: $(cd "$SYS/class/net" && echo *)"
fi
# Taking the port from the bridge that we are reached through would cut the machine off.
owner=$(awk -v port="$PORT" -v own="$BRIDGE" '
  $1 == "iface" { name = $2 }
  ($1 == "bridge-ports" || $1 == "bridge_ports" || $1 == "bond-slaves") && name != own {
    for (i = 2; i <= NF; i++) if ($i == port) print name
  }' "$file")
[ -z "$owner" ] || quit 3 "$PORT belongs to $owner already; name another port"

# Everything but what it says of these two so far; what it draws in from elsewhere has to stay last.
awk -v port="$PORT" -v bridge="$BRIDGE" '
  function ours(name) { return name == port || name == bridge }
  /^[ \t]*(auto|allow-[a-z]+)[ \t]/ {
    line = $1
    for (i = 2; i <= NF; i++) if (!ours($i)) line = line " " $i
    skipping = 0
    if (line != $1) kept[++n] = line
    next
  }
  /^[ \t]*iface[ \t]/ { skipping = ours($2) }
  /^[ \t]*(source|source-directory|mapping)[ \t]/ { skipping = 0 }
  /^[ \t]*source(-directory)?[ \t]/ { drawn[++m] = $0; next }
  !skipping { kept[++n] = $0 }
  END {
    while (n > 0 && kept[n] ~ /^[ \t]*$/) n--
    empty = 0
    for (i = 1; i <= n; i++) {
      if (kept[i] ~ /^[ \t]*$/) { if (empty++) continue } else empty = 0
      print kept[i]
    }
  }' "$file" >"$file.kept"
grep -E '^[[:space:]]*source(-directory)?[[:space:]]' "$file" >"$file.drawn" || :
wanted=$(
  cat "$file.kept"
  printf '\niface %s inet manual\n\tmtu %s\n' "$PORT" "$MTU"
  printf '\nauto %s\niface %s inet static\n\taddress %s\n\tbridge-ports %s\n\tbridge-stp off\n\tbridge-fd 0\n\tmtu %s\n' \
    "$BRIDGE" "$BRIDGE" "$ADDRESS" "$PORT" "$MTU"
  if [ -s "$file.drawn" ]; then printf '\n'; cat "$file.drawn"; fi
)
put 0644 "$file" "$wanted"
rm -f "$file.kept" "$file.drawn"
if [ "$CHANGED" = no ] && [ "$(cat "$SYS/class/net/$BRIDGE/mtu" 2>/dev/null)" = "$MTU" ]; then
  quit 2 "$BRIDGE is as it should be"
fi
ifreload -a
for name in "$PORT" "$BRIDGE"; do
  mtu=$(cat "$SYS/class/net/$name/mtu" 2>/dev/null) || quit 1 "$name did not come up; see: ifreload -a --debug"
  [ "$mtu" = "$MTU" ] || quit 1 "$name has MTU $mtu instead of $MTU"
done
