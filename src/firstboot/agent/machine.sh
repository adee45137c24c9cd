# shellcheck shell=sh disable=SC2034,SC2154 # the parts share their variables

# --- the machine ---

# Words as a JSON list of texts.
json_list() {
  list=''
  for word in "$@"; do list="$list${list:+,}\"$(json_text "$word")\""; done
  printf '[%s]' "$list"
}

addresses() {
  if has ip; then
    ip -o addr show scope global 2>/dev/null | sed -n 's/.* inet6\{0,1\} \([0-9A-Fa-f.:]*\).*/\1/p'
  else
    hostname -I 2>/dev/null
  fi
}

hardware_addresses() {
  for file in "$SYS"/class/net/*/address; do
    [ -r "$file" ] || continue
    read -r hardware <"$file" || continue
    case $hardware in '' | 00:00:00:00:00:00) ;; *) echo "$hardware" ;; esac
  done
}

first_line_of() {
  head -n 1 "$1" 2>/dev/null | tr -cd '0-9A-Za-z-'
}

# STATUS [REASON]
phone_body() {
  # shellcheck disable=SC2046 # one word each
  printf '{"status":"%s","reason":"%s","hardware_id":"%s","machine_id":"%s","boot_id":"%s","uptime":%s,"time":"%s","agent":"%s","addresses":%s,"macs":%s}' \
    "$1" "$(json_text "${2:-}")" "$(first_line_of "$SYS/class/dmi/id/product_uuid")" "$(first_line_of /etc/machine-id)" \
    "$(json_text "$(boot_id)")" "$(uptime_seconds)" "$(now)" "$AGENT_VERSION" \
    "$(json_list $(addresses))" "$(json_list $(hardware_addresses))"
}
