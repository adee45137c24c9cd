import { parseMacAddress } from "../net/mac-address.ts";
import type { Problem } from "../std/problem.ts";
import { fetchedKind } from "./fetched-kind.ts";
import { kernelLine, ownWordProblems } from "./kernel-args.ts";
import { renderKickstart } from "./kickstart-file.ts";
import { KickstartSettings } from "./kickstart-settings.ts";
import type { FileRequest } from "./kind.ts";
import { hiddenIdentity, IDENTITY_HINTS, identityProblems } from "./linux-accounts.ts";
import { firstBootFlow, firstBootProblems, firstBootScript, firstBootTargetProblems } from "./linux-first-boot.ts";
import { NETWORK_HINTS, networkProblems, networkTargetProblems, networkWarnings } from "./linux-network.ts";

/** Fedora, Rocky Linux, AlmaLinux and their relatives, by Anaconda. */
export const kickstart = fetchedKind<KickstartSettings>({
  name: "kickstart",
  settings: KickstartSettings,
  hints: { ...IDENTITY_HINTS, ...NETWORK_HINTS, url: "unknown key; write repo", locale: "unknown key; write language" },
  check: settingsProblems,
  warnings: ({ network }) => networkWarnings(network),
  flow: firstBootFlow,
  usesDhcpOnceInstalled: ({ network }) => network.source === "dhcp",
  image: ({ image }) => ({ name: image, products: null, orFolder: true }),
  assets: ({ image }, stored) => (stored === null ? [`${image}/vmlinuz`, `${image}/initrd.img`] : []),

  bootPlan({ image, repo, kernel_args }, _target, links) {
    const stored = links.image(image);
    const words = [
      `inst.ks=${links.plain.answerFile("ks.cfg")}`,
      // Its hardware addresses and its serial number come along in the request for the file.
      "inst.ks.sendmac",
      "inst.ks.sendsn",
      `inst.repo=${repo}`,
      ...(stored?.extras.tree === undefined ? [] : [`inst.stage2=${stored.extras.tree}`]),
      "ip=dhcp",
      "inst.text",
      kernel_args,
    ];
    return {
      kernel: stored?.kernel ?? links.asset(`${image}/vmlinuz`),
      initrds: stored?.initrds ?? [{ url: links.asset(`${image}/initrd.img`) }],
      args: kernelLine(words),
    };
  },

  files: ["ks.cfg"],
  decisive: "ks.cfg",
  identityOf,

  targetProblems: (settings, target) => [
    ...firstBootTargetProblems(settings, target),
    ...networkTargetProblems(settings.network, target),
  ],

  render: (settings, target, links) => ({
    "ks.cfg": { contentType: "text/plain; charset=utf-8", content: renderKickstart(settings, target, links) },
  }),

  firstBootScript,
  hideSecrets: (settings) => ({ ...settings, identity: hiddenIdentity(settings.identity) }),
});

function settingsProblems(settings: KickstartSettings): readonly Problem[] {
  const { identity, network, storage, kernel_args } = settings;
  const problems = [...identityProblems(identity), ...networkProblems(network), ...firstBootProblems(settings)];
  if (storage.type === "btrfs" && storage.filesystem !== undefined) {
    const message = 'expected no filesystem with type = "btrfs": it is one itself';
    problems.push({ path: "storage.filesystem", message });
  }
  for (const [index, command] of settings.late_commands.entries()) {
    // Anaconda looks for the end of a section before any shell sees its lines.
    if (/^%/m.test(command)) {
      problems.push({
        path: `late_commands[${index}]`,
        message: "expected no line that begins with %: it ends the script",
      });
    }
  }
  return [...problems, ...ownWordProblems(kernel_args, /^(initrd=|ip=|inst\.(ks|repo|stage2|text)\b)/)];
}

/** `X-RHN-Provisioning-MAC-0: eth0 52:54:00:…`, one for each NIC, and `X-System-Serial-Number` (Anaconda's boot options). */
function identityOf(headers: Headers): FileRequest {
  const macs = Array.from({ length: NICS_MAX }, (_, n) => headers.get(`x-rhn-provisioning-mac-${n}`) ?? "")
    .map((value) => parseMacAddress(value.trim().split(/\s+/).at(-1) ?? ""))
    .flatMap((mac) => (mac.ok ? [mac.value] : []));
  const serial = headers.get("x-system-serial-number")?.trim() ?? "";
  return { macs, serial: /^[\x20-\x7e]{1,64}$/.test(serial) ? serial : null };
}

const NICS_MAX = 32;
