import type { Problem } from "../std/problem.ts";
import { err, ok } from "../std/result.ts";
import type { ProfileKind } from "./kind.ts";
import { MADE_IN_ANSWER, renderAnswer } from "./proxmox-answer.ts";
import { slotDiskProblems, withSlotDisks } from "./proxmox-disks.ts";
import { renderFirstBootScript } from "./proxmox-first-boot.ts";
import { PROXMOX_REPLACEMENTS, settingsOfHardware } from "./proxmox-hardware.ts";
import { installerOf, NEWEST_OF, PRODUCTS, type Product, parseProduct } from "./proxmox-product.ts";
import { parseRelease, type Release } from "./proxmox-release.ts";
import { readAnswerRequest, readInstallReport } from "./proxmox-report.ts";
import {
  productProblems,
  releaseProblems,
  settingsProblems,
  settingsWarnings,
  targetProblems,
} from "./proxmox-rules.ts";
import { ProxmoxSettings } from "./proxmox-settings.ts";
import { NO_CLEAR_TEXT, remoteOf } from "./proxmox-silent.ts";

/** Proxmox VE by its own automated installer, netbooted from a prepared ISO. */
export const proxmox: ProfileKind<ProxmoxSettings> = {
  name: "proxmox",
  namesHardware: true,
  settings: ProxmoxSettings,

  hints: {
    "global.root-password": NO_CLEAR_TEXT,
    "network.cidr": "unknown key; the address is the slot's",
    post_installation_webhook: "unknown key; bootqueue adds its own webhook",
    "post-installation-webhook": "unknown key; bootqueue adds its own webhook",
  },

  replacements: PROXMOX_REPLACEMENTS,
  madeInAnswer: MADE_IN_ANSWER,
  settingsOfHardware,

  check(settings) {
    const release = settings.release === undefined ? null : parseRelease(settings.release);
    const { product } = settings;
    return [
      ...settingsProblems(settings),
      ...(product === undefined ? [] : productProblems(settings, product)),
      ...(release === null ? [] : releaseProblems(settings, release, product)),
    ];
  },

  warnings: settingsWarnings,

  flow: (settings) => ({ firstBoot: settings.first_boot?.phone_home ?? false, cluster: settings.cluster ?? null }),

  // The installer writes the address into /etc/network/interfaces, also when it came by DHCP.
  usesDhcpOnceInstalled: () => false,

  image: ({ image }) => ({ name: image, products: IMAGES, orFolder: true }),

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

  answer(profileSettings, target, links, request) {
    const settings = withSlotDisks(profileSettings, target);
    const product = parseProduct(request.installer ?? null) ?? settings.product ?? "pve";
    const release = releaseOf(settings, request.release, product);
    const problems = [
      ...installerProblems(settings, product),
      ...settingsProblems(settings),
      ...productProblems(settings, product),
      ...releaseProblems(settings, release, product),
      ...targetProblems(settings, target),
      ...slotDiskProblems(settings, target),
    ];
    if (problems.length > 0) return err(problems);
    const asking = { installer: installerOf(product, release), nics: request.macs };
    return ok(renderAnswer(settings, target, links, asking));
  },

  readInstallReport,

  readProgress: () => null,

  remote: remoteOf,

  firstBootScript: renderFirstBootScript,
};

/** They share the installer. */
const IMAGES = ["proxmox-ve", "proxmox-backup-server", "proxmox-mail-gateway", "proxmox-datacenter-manager"] as const;

/** As the installer says; else as the profile says; else the newest, whose spelling the next one will most likely share. */
function releaseOf(settings: ProxmoxSettings, said: string | null, product: Product): Release {
  return parseRelease(said ?? "") ?? parseRelease(settings.release ?? "") ?? NEWEST_OF[product];
}

/** What is installed is what the operator thinks it is. */
function installerProblems({ product, image }: ProxmoxSettings, found: Product): Problem[] {
  if (product === undefined || product === found) return [];
  const message = `expected the installer of ${PRODUCTS[product]}, found that of ${PRODUCTS[found]}; is image = "${image}" the right one?`;
  return [{ path: "product", message }];
}

function isoName(iso: string | true): string {
  return iso === true ? "proxmox.iso" : iso;
}
