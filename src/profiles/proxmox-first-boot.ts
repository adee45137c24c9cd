import { renderFirstBootHook } from "../firstboot/render-hook.ts";
import type { FirstBootStep } from "../firstboot/step-settings.ts";
import type { InstallTarget, Links } from "./kind.ts";
import type { ProxmoxSettings } from "./proxmox-settings.ts";

/**
 * The script of the first boot: the profile's own, and behind it the call that the machine is up. The service runs it
 * again at every boot until it ends with 0, so each part leaves a mark when it is done. POSIX shell: `/bin/sh` is dash,
 * and Proxmox brings wget but not always curl.
 */
export function renderFirstBootScript(settings: ProxmoxSettings, target: InstallTarget, links: Links): string | null {
  const firstBoot = settings.first_boot;
  if (firstBoot === undefined || firstBoot.source === "from-iso" || firstBoot.url !== undefined) return null;
  const own = firstBoot.script ?? null;
  if (!firstBoot.phone_home) return own;
  const steps = stepsOf(firstBoot);
  if (firstBoot.steps.length > 0) return renderFirstBootHook({ steps }, target, links);
  return [
    HEAD.replace("@NAME@", `${target.hostname}.${target.domain}`),
    own === null ? "" : ownPart(own),
    phoneHomePart(links),
  ].join("");
}

/** Over HTTPS where there is any: the key is pinned, and neither name nor date looked at. */
function phoneHomePart({ phoneHome, agent, token }: Links): string {
  const url = agent.trust === null ? phoneHome : `${agent.base}/phone-home/${token}`;
  return PHONE_HOME.replace("@URL@", () => quoted(url)).replace("@PIN@", () => quoted(agent.trust?.publicKeyPin ?? ""));
}

/** What the first-boot agent does: the profile's own script, and then its steps. Empty: there is no agent. */
export function stepsOf(firstBoot: ProxmoxSettings["first_boot"]): readonly FirstBootStep[] {
  if (firstBoot === undefined || firstBoot.steps.length === 0) return [];
  const { script, steps } = firstBoot;
  return script === undefined
    ? steps
    : [{ type: "script", name: "own-script", script, minutes: 60, tries: 3 }, ...steps];
}

function ownPart(script: string): string {
  let end = "END-OF-SCRIPT";
  while (script.split("\n").includes(end)) end += "-";
  const text = script.endsWith("\n") ? script : `${script}\n`;
  return OWN_PART.replaceAll("@END@", end).replace("@SCRIPT@", () => text);
}

/** As one word for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const HEAD = `#!/bin/sh
# First boot of @NAME@, made by bootqueue.
set -u
umask 077
folder=\${BOOTQUEUE_FOLDER:-/var/lib/bootqueue-first-boot}
mkdir -p "$folder" || exit 1

say() {
  printf 'bootqueue: %s\\n' "$1"
}

# Leaves the time in a file that is there whole or not at all.
mark() {
  date -u +%Y-%m-%dT%H:%M:%SZ >"$folder/$1.new" && sync && mv "$folder/$1.new" "$folder/$1"
}

[ -e "$folder/phoned-home" ] && exit 0
`;

const OWN_PART = `
# The profile's own script, once.
if [ ! -e "$folder/script-done" ]; then
  cat >"$folder/script" <<'@END@' || exit 1
@SCRIPT@@END@
  chmod 700 "$folder/script" || exit 1
  # It makes files for others to read, such as sources of packages.
  (umask 022 && exec "$folder/script" "$@")
  code=$?
  if [ "$code" -ne 0 ]; then
    say "the profile's script ended with $code; it runs again at the next boot"
    exit "$code"
  fi
  mark script-done || exit 1
fi
`;

const PHONE_HOME = `
url=@URL@
# SHA-256 of the public key that HTTPS must show; empty: plain HTTP.
pin=@PIN@
uuid=''
if [ -r /sys/class/dmi/id/product_uuid ]; then
  uuid=$(tr -cd '0-9A-Fa-f-' </sys/class/dmi/id/product_uuid)
fi
addresses=$(hostname -I 2>/dev/null | tr -cd '0-9A-Fa-f:. ')
body=$(printf '{"ip":"%s","hardware_id":"%s"}' "\${addresses%% *}" "$uuid")
export no_proxy='*'

# 0: heard. 1: worth another try. 2: refused for good.
phone_home() {
  if command -v curl >/dev/null 2>&1; then
    status=$(curl --silent --output /dev/null --max-time 20 --write-out '%{http_code}' \\
      \${pin:+--insecure --pinnedpubkey "sha256//$pin"} \\
      --header 'Content-Type: application/json' --data "$body" "$url")
  elif command -v wget >/dev/null 2>&1; then
    status=$(wget --server-response --output-document=/dev/null --timeout=20 --tries=1 \\
      \${pin:+--no-check-certificate --pinnedpubkey="sha256//$pin"} \\
      --header='Content-Type: application/json' --post-data="$body" "$url" 2>&1 |
      sed -n 's|^ *HTTP/[0-9.]* \\([0-9][0-9][0-9]\\).*|\\1|p' | tail -n 1)
  else
    say 'neither curl nor wget is installed'
    return 2
  fi
  case $status in
    2??) return 0 ;;
    '' | 000 | 408 | 425 | 429 | 5??) return 1 ;;
    *) return 2 ;;
  esac
}

# About ten minutes: the appliance may be restarting.
attempt=1
pause=5
while :; do
  phone_home
  code=$?
  if [ "$code" -eq 0 ]; then
    mark phoned-home
    exit $?
  fi
  if [ "$code" -eq 2 ] || [ "$attempt" -ge 14 ]; then
    say "could not phone home (HTTP status \${status:-none}, attempt $attempt); next try at the next boot"
    exit 1
  fi
  sleep "$pause"
  attempt=$((attempt + 1))
  pause=$((pause * 2))
  [ "$pause" -gt 60 ] && pause=60
done
`;
