import type { Problem } from "../std/problem.ts";
import type { RemoteInstall } from "./kind.ts";
import { installerOf, PRODUCTS, type Product, WEB_PORTS } from "./proxmox-product.ts";
import { formatRelease, isAtLeast, parseRelease, REPORTING, type Release } from "./proxmox-release.ts";
import type { ProxmoxSettings } from "./proxmox-settings.ts";

/**
 * The installer of 8.2, and those of the other products of its age: it takes root's password in clear text alone, and tells
 * nobody how it ended. A profile is for it when it says so; then the end is seen from outside.
 */
export function isForSilent({ release, product = "pve" }: Pick<ProxmoxSettings, "release" | "product">): boolean {
  const said = parseRelease(release ?? "");
  return said !== null && isSilent(installerOf(product, said));
}

/** `installer`: as a release of Proxmox VE. */
export function isSilent(installer: Release): boolean {
  return !isAtLeast(installer, REPORTING);
}

/** How the end of such an install is noticed; null: it is told. */
export function remoteOf(settings: Pick<ProxmoxSettings, "release" | "product">): RemoteInstall | null {
  if (!isForSilent(settings)) return null;
  return { port: WEB_PORTS[settings.product ?? "pve"], command: null, endsAtReboot: true };
}

/**
 * A password in clear text is kept for the one installer that takes nothing else; and that one must not restart a machine
 * that it did not install, because nobody could tell.
 */
export function silentProblems(settings: ProxmoxSettings): readonly Problem[] {
  const { root_password: clear, root_password_hashed: hash, reboot_on_error: isRestless } = settings.global;
  const isFor82 = isForSilent(settings);
  if (isRestless && isFor82) return [{ path: "global.reboot_on_error", message: NO_RESTART }];
  if (clear !== undefined && !isFor82) return [{ path: "global.root_password", message: NO_CLEAR_TEXT }];
  if (hash !== undefined || isFor82) return [];
  return [
    { path: "global.root_password_hashed", message: `missing: expected the hash of root's password; ${MKPASSWD}` },
  ];
}

/** What this installer cannot be given. */
export function passwordProblemsFor(settings: ProxmoxSettings, release: Release, product: Product): readonly Problem[] {
  const { root_password: clear, root_password_hashed: hash } = settings.global;
  const name = `${PRODUCTS[product]} ${formatRelease(release)}`;
  if (!isSilent(installerOf(product, release))) {
    const message = `missing: ${name} takes the hash of root's password; ${MKPASSWD}`;
    return hash === undefined ? [{ path: "global.root_password_hashed", message }] : [];
  }
  if (clear !== undefined) return [];
  const newer =
    product === "pve" ? formatRelease(REPORTING) : `another release, as new as Proxmox VE ${formatRelease(REPORTING)},`;
  const message = `missing: ${name} takes root's password only in clear text; give it beside release = "${formatRelease(release)}", or use an ISO of ${newer} or later`;
  return [{ path: "global.root_password", message }];
}

const NO_RESTART =
  "expected false: this installer does not tell how it ended, so a machine that boots again counts as installed";

const MKPASSWD = "make one with: mkpasswd --method=yescrypt (package whois)";

export const NO_CLEAR_TEXT =
  'passwords are not kept in clear text, but for release = "8.2", whose installer takes nothing else; make a hash with: mkpasswd --method=yescrypt (package whois), and give it as root_password_hashed';
