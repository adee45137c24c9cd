# shellcheck shell=sh disable=SC2153,SC2154
# Devices for guests: IOMMU, for GRUB and for systemd-boot. ARGUMENTS: more for the kernel. REBOOT: yes, no.
case $(sed -n 's/^vendor_id[[:space:]]*: //p' "$PROC/cpuinfo" | head -n 1) in
  GenuineIntel) wanted="intel_iommu=on $ARGUMENTS" ;;
  # On by default; there is nothing to switch.
  *) wanted=$ARGUMENTS ;;
esac

# LINE: with every argument that it lacks.
with_arguments() {
  line=$1
  for argument in $wanted; do
    case " $line " in *" $argument "*) ;; *) line="$line $argument" ;; esac
  done
  printf '%s\n' "${line# }"
}

loaders=$(proxmox-boot-tool status 2>/dev/null | grep -o 'configured with: .*' || :)
case $loaders in
  *uefi*)
    # systemd-boot: one line.
    put 0644 "$ROOT/etc/kernel/cmdline" "$(with_arguments "$(head -n 1 "$ROOT/etc/kernel/cmdline")")"
    ;;
esac
case $loaders in
  '' | *grub*)
    put 0644 "$ROOT/etc/default/grub.d/bootqueue-iommu.cfg" \
      "GRUB_CMDLINE_LINUX_DEFAULT=\"\$GRUB_CMDLINE_LINUX_DEFAULT $wanted\""
    ;;
esac
put 0644 "$ROOT/etc/modules-load.d/bootqueue-vfio.conf" "vfio
vfio_iommu_type1
vfio_pci"

# What counts is what runs: a step that was killed between a file and its loader finds the file as it should be.
running=$(cat "$PROC/cmdline")
if [ "$(with_arguments "$running")" = "$running" ] && [ "$CHANGED" = no ]; then
  quit 2 'the kernel runs with these arguments'
fi
update-initramfs -u -k all
case $loaders in '' | *grub*) update-grub ;; esac
[ -z "$loaders" ] || proxmox-boot-tool refresh
[ "$REBOOT" = no ] || want_reboot
