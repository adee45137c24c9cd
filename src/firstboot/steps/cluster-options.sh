# shellcheck shell=sh disable=SC2153,SC2154
# Options of the whole cluster (Datacenter, Options). VALUES: lines of "name value". Each node may set them: they are the same.
has pvesh || quit 3 'pvesh is not here: this step is for Proxmox VE'
set --
while read -r name value; do
  [ -z "$name" ] || set -- "$@" "--$name" "$value"
done <<END
$VALUES
END
pvesh set /cluster/options "$@"
