import { err, ok } from "../std/result.ts";
import type { ProfileKind } from "./kind.ts";
import { renderAnswer } from "./proxmox-answer.ts";
import { renderFirstBootScript } from "./proxmox-first-boot.ts";
import { NEWEST, parseRelease, type Release } from "./proxmox-release.ts";
import { readAnswerRequest, readInstallReport } from "./proxmox-report.ts";
import { releaseProblems, settingsProblems, settingsWarnings, targetProblems } from "./proxmox-rules.ts";
import { ProxmoxSettings } from "./proxmox-settings.ts";

const NO_CLEAR_TEXT =
  "passwords are not kept in clear text; make a hash with: mkpasswd --method=yescrypt (package whois), and give it as root_password_hashed";

/** Proxmox VE by its own automated installer, netbooted from a prepared ISO. */
export const proxmox: ProfileKind<ProxmoxSettings> = {
  name: "proxmox",
  settings: ProxmoxSettings,

  hints: {
    "global.root_password": NO_CLEAR_TEXT,
    "global.root-password": NO_CLEAR_TEXT,
    "global.fqdn": "unknown key; the name is made of the slot's hostname and network.domain",
    "network.cidr": "unknown key; the address is the slot's",
    "network.gateway": "unknown key; the gateway is network.router of the appliance",
    "network.filter": "unknown key; the NIC is always the one that booted from the network",
    post_installation_webhook: "unknown key; bootqueue adds its own webhook",
    "post-installation-webhook": "unknown key; bootqueue adds its own webhook",
  },

  check(settings) {
    const release = settings.release === undefined ? null : parseRelease(settings.release);
    return [...settingsProblems(settings), ...(release === null ? [] : releaseProblems(settings, release))];
  },

  warnings: settingsWarnings,

  flow: (settings) => ({ firstBoot: settings.first_boot?.phone_home ?? false, cluster: settings.cluster ?? null }),

  // The installer writes the address into /etc/network/interfaces, also when it came by DHCP.
  usesDhcpOnceInstalled: () => false,

  image: ({ image }) => ({ name: image, products: PRODUCTS, orFolder: true }),

  assets({ image, iso }, stored) {
    if (stored !== null) return [];
    const files = [`${image}/linux26`, `${image}/initrd.img`];
    return iso === false ? files : [...files, `${image}/${isoName(iso)}`];
  },

  bootPlan({ image, iso, kernel_args }, _target, links) {
    const stored = links.image(image);
    const initrd = { url: links.asset(`${image}/initrd.img`) };
    // The installer looks for exactly this name in the root of its initramfs.
    const disc = iso === false ? [] : [{ url: links.asset(`${image}/${isoName(iso)}`), as: "proxmox.iso" }];
    const extra = kernel_args.trim().replaceAll(/ +/g, " ");
    return {
      kernel: stored?.kernel ?? links.asset(`${image}/linux26`),
      initrds: stored?.initrds ?? [initrd, ...disc],
      args: `ramdisk_size=16777216 rw quiet splash=silent proxmox-start-auto-installer${extra === "" ? "" : ` ${extra}`}`,
    };
  },

  files: null,

  readAnswerRequest,

  answer(settings, target, links, request) {
    const release = releaseOf(settings, request.release);
    const problems = [
      ...settingsProblems(settings),
      ...releaseProblems(settings, release),
      ...targetProblems(settings, target),
    ];
    return problems.length > 0 ? err(problems) : ok(renderAnswer(settings, target, links, release));
  },

  readInstallReport,

  readProgress: () => null,

  firstBootScript: renderFirstBootScript,
};

/** They share the installer. */
const PRODUCTS = ["proxmox-ve", "proxmox-backup-server", "proxmox-mail-gateway", "proxmox-datacenter-manager"] as const;

/** As the installer says; else as the profile says; else the newest, whose spelling the next one will most likely share. */
function releaseOf(settings: ProxmoxSettings, said: string | null): Release {
  return parseRelease(said ?? settings.release ?? "") ?? NEWEST;
}

function isoName(iso: string | true): string {
  return iso === true ? "proxmox.iso" : iso;
}
