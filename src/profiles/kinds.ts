import { alpine } from "./alpine.ts";
import type { Template } from "./answer-template.ts";
import { debian } from "./debian.ts";
import { flatcar } from "./flatcar.ts";
import { ipxe } from "./ipxe.ts";
import { kickstart } from "./kickstart.ts";
import type { ProfileKind } from "./kind.ts";
import { nixos } from "./nixos.ts";
import { proxmox } from "./proxmox.ts";
import { proxmoxFromTemplate } from "./proxmox-template.ts";
import { talos } from "./talos.ts";
import { ubuntu } from "./ubuntu.ts";

/** Takes a kind together with what it calls its settings, which nobody outside needs to know. */
type UseKind<T> = <Settings>(kind: ProfileKind<Settings>) => T;

/** Every kind of profile. A new one is a line here. */
const KINDS = {
  proxmox: <T>(use: UseKind<T>) => use(proxmox),
  alpine: <T>(use: UseKind<T>) => use(alpine),
  debian: <T>(use: UseKind<T>) => use(debian),
  flatcar: <T>(use: UseKind<T>) => use(flatcar),
  kickstart: <T>(use: UseKind<T>) => use(kickstart),
  nixos: <T>(use: UseKind<T>) => use(nixos),
  talos: <T>(use: UseKind<T>) => use(talos),
  ubuntu: <T>(use: UseKind<T>) => use(ubuntu),
  ipxe: <T>(use: UseKind<T>) => use(ipxe),
} as const;

export const KIND_NAMES: readonly string[] = Object.keys(KINDS);

/** Kinds whose answer may be a template of the operator's own. */
const TEMPLATE_KINDS = {
  proxmox: <T>(template: Template, use: UseKind<T>) => use(proxmoxFromTemplate(template)),
} as const;

/** null: this kind takes no template. */
export function withTemplateKind<T>(name: string, template: Template, use: UseKind<T>): T | null {
  if (!Object.hasOwn(TEMPLATE_KINDS, name)) return null;
  return TEMPLATE_KINDS[name as keyof typeof TEMPLATE_KINDS](template, use);
}

/** null: there is no such kind. */
export function withKind<T>(name: string, use: UseKind<T>): T | null {
  return Object.hasOwn(KINDS, name) ? KINDS[name as keyof typeof KINDS](use) : null;
}
