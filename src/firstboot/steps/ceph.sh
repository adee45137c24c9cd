# shellcheck shell=sh disable=SC2153,SC2154
# Ceph on Proxmox VE, after the node has joined. RELEASE, REPOSITORY, NETWORK, CLUSTER_NETWORK: as pveceph takes them.
# MONITORS, MANAGERS: how many the cluster gets. DISKS: lines, each one a disk that becomes an OSD. WIPE: yes, no.
has pveceph || quit 3 'pveceph is not here: this step is for Proxmox VE'
conf=$ROOT/etc/pve/ceph.conf
name=$(hostname -s)

if [ ! -x "$ROOT/usr/bin/ceph-mon" ]; then
  # It asks, and has no option against that.
  yes | pveceph install --repository "$REPOSITORY" --version "$RELEASE"
fi

if ! grep -q '^[[:space:]]*fsid' "$conf" 2>/dev/null; then
  if [ -n "$CLUSTER_NETWORK" ]; then
    pveceph init --network "$NETWORK" --cluster-network "$CLUSTER_NETWORK"
  else
    pveceph init --network "$NETWORK"
  fi
fi

if ! grep -q "^\[mon\.$name\]" "$conf" && [ "$(grep -c '^\[mon\.' "$conf" || :)" -lt "$MONITORS" ]; then
  pveceph mon create
fi
if [ ! -d "$ROOT/var/lib/ceph/mgr/ceph-$name" ]; then
  # The active one came with the first monitor; the others have an entry with a gid each.
  standbys=$(ceph mgr dump -f json 2>/dev/null | grep -o '"gid":' | wc -l)
  [ $((standbys + 1)) -ge "$MANAGERS" ] || pveceph mgr create
fi

printf '%s\n' "$DISKS" | while read -r disk; do
  [ -n "$disk" ] || continue
  [ -e "$disk" ] || quit 3 "there is no $disk here"
  if ceph-volume lvm list "$disk" >/dev/null 2>&1; then
    echo "$disk is an OSD already"
    continue
  fi
  found=$(wipefs --noheadings --output TYPE "$disk" 2>/dev/null | tr '\n' ' ')
  if [ -n "$found" ]; then
    [ "$WIPE" = yes ] || quit 3 "$disk is not empty ($found); wipe it, or say wipe = true in the profile"
    ceph-volume lvm zap "$disk" --destroy
  fi
  pveceph osd create "$disk"
done
