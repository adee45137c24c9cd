import { stringify, type TomlTable } from "smol-toml";
import { z } from "zod";
import { prefixLength } from "../net/ipv4-address.ts";
import { formatMacHyphens } from "../net/mac-address.ts";
import { checkDocument } from "../std/check-document.ts";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import { parseToml } from "../std/toml.ts";
import { fillTemplate, type Placeholders, type Template, templateProblems } from "./answer-template.ts";
import type { Answer, AnswerRequest, InstallTarget, Links, ProfileKind } from "./kind.ts";
import { HIDDEN, maskedLinks } from "./masked-links.ts";
import { proxmox } from "./proxmox.ts";
import { installerOf, NEWEST_OF, parseProduct } from "./proxmox-product.ts";
import { readBack } from "./proxmox-read-back.ts";
import { isAtLeast, parseRelease, type Release } from "./proxmox-release.ts";
import { ProxmoxSettings } from "./proxmox-settings.ts";
import { isForSilent, remoteOf } from "./proxmox-silent.ts";

/** What a profile may say beside its template: everything that does not stand in the answer file. */
const TemplateSettings = ProxmoxSettings.omit({ global: true, network: true, disk_setup: true }).extend({
  values: z
    .record(
      z.string().regex(/^[A-Za-z][\w-]*$/, { error: "expected a name of letters, digits, - and _" }),
      z.union([z.string(), z.number(), z.boolean(), z.array(z.string())], {
        error: "expected a text, a number, true, false or a list of texts",
      }),
    )
    .prefault({})
    .describe("Values of the operator's own, for placeholders such as `{{values.disk}}`."),
});

type TemplateSettings = z.infer<typeof TemplateSettings>;

/** Proxmox with an answer file of the operator's own, in which placeholders stand for what belongs to slot and install. */
export function proxmoxFromTemplate(template: Template): ProfileKind<TemplateSettings> {
  const hint = `unknown key; with a template it stands in ${template.name}`;
  return {
    name: proxmox.name,
    namesHardware: false,
    settings: TemplateSettings,
    hints: { global: hint, network: hint, disk_setup: hint },
    check: (settings) => [
      ...proxmox.check(typed(settings)),
      ...templateProblems(template, [...PLACEHOLDERS, ...Object.keys(ownValues(settings))]),
    ],
    warnings: (settings) => proxmox.warnings(typed(settings)),
    flow: (settings) => proxmox.flow(typed(settings)),
    usesDhcpOnceInstalled: (settings) => proxmox.usesDhcpOnceInstalled(typed(settings)),
    image: (settings) => proxmox.image(typed(settings)),
    assets: (settings, image) => proxmox.assets(typed(settings), image),
    bootPlan: (settings, target, links) => proxmox.bootPlan(typed(settings), target, links),
    files: null,
    readAnswerRequest: proxmox.readAnswerRequest,
    answer: (settings, target, links, request) => answer(template, settings, target, links, request),
    readInstallReport: proxmox.readInstallReport,
    readProgress: proxmox.readProgress,
    remote: remoteOf,
    firstBootScript: (settings, target, links) => proxmox.firstBootScript(typed(settings), target, links),
  };
}

function answer(
  template: Template,
  settings: TemplateSettings,
  target: InstallTarget,
  links: Links,
  request: AnswerRequest,
): Result<Answer, readonly Problem[]> {
  const product = parseProduct(request.installer ?? null) ?? settings.product ?? "pve";
  const release = parseRelease(request.release ?? "") ?? parseRelease(settings.release ?? "") ?? NEWEST_OF[product];
  const installer = installerOf(product, release);
  const made = fill(template, settings, target, links, installer);
  if (!made.ok) return made;
  const inFile = (problems: readonly Problem[]) =>
    problems.map(({ path, message }) => ({ path: "template", message: `${template.name}: ${path}: ${message}` }));
  const read = readBack(made.value.document, {
    target,
    links,
    installer,
    nics: request.macs,
    firstBoot: settings.first_boot,
  });
  if (!read.ok) return err(inFile(read.error));
  const { values: _, ...common } = settings;
  const checked = checkDocument<ProxmoxSettings>(ProxmoxSettings, { ...common, ...read.value }, proxmox.hints);
  if (!checked.ok) return err(inFile(checked.error));
  // The rules of an answer that we would write ourselves; that one is thrown away.
  const ours = proxmox.answer(checked.value, target, links, request);
  if (!ours.ok) return err(inFile(ours.error));
  const masked = fill(template, settings, target, maskedLinks(links), installer);
  const text = masked.ok ? stringify(withoutSecrets(masked.value.document)) : "";
  return ok({ contentType: "application/toml", text: made.value.text, masked: text });
}

function fill(
  template: Template,
  settings: TemplateSettings,
  target: InstallTarget,
  links: Links,
  installer: Release,
): Result<{ readonly text: string; readonly document: TomlTable }, readonly Problem[]> {
  const text = fillTemplate(template, { ...placeholders(target, links, installer), ...ownValues(settings) });
  if (!text.ok) return text;
  const document = parseToml(text.value);
  if (!document.ok) {
    const { path, message } = document.error;
    return err([{ path: "template", message: `${template.name}: ${path}: ${message}` }]);
  }
  // TOML has a table at its root.
  return ok({ text: text.value, document: document.value as TomlTable });
}

const PLACEHOLDERS = [
  "hostname",
  "domain",
  "fqdn",
  "address",
  "prefix",
  "cidr",
  "gateway",
  "dns",
  "boot_mac",
  "boot_nic",
  "webhook_url",
  "cert_fingerprint",
  "first_boot_url",
  "token",
  "auth_token",
  "ephemeral_ssh_key",
] as const;

/** `boot_nic`: udev's name for the NIC that booted. `auth_token`: none before 9.2, whose installers refuse the key. */
function placeholders(
  target: InstallTarget,
  links: Links,
  installer: Release,
): Record<(typeof PLACEHOLDERS)[number], Placeholders[string]> {
  const { hostname, domain, address, subnet, router, domainNameServers, bootMac } = target;
  return {
    hostname,
    domain,
    fqdn: `${hostname}.${domain}`,
    address,
    prefix: prefixLength(subnet),
    cidr: `${address}/${prefixLength(subnet)}`,
    gateway: router,
    dns: domainNameServers[0] ?? router,
    boot_mac: bootMac,
    boot_nic: `enx${formatMacHyphens(bootMac).replaceAll("-", "")}`,
    webhook_url: links.installed,
    cert_fingerprint: links.certFingerprint,
    first_boot_url: links.firstBootScript,
    token: links.token,
    auth_token: isAtLeast(installer, { major: 9, minor: 2 }) && links.token !== "" ? links.token : null,
    ephemeral_ssh_key: target.ephemeralSshKey ?? null,
  };
}

function ownValues({ values }: TemplateSettings): Placeholders {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`values.${name}`, value]));
}

/** With an answer that breaks no rule, for what is asked of the rest. */
function typed({ values: _, ...settings }: TemplateSettings): ProxmoxSettings {
  const global = {
    keyboard: "en-us",
    country: "de",
    timezone: "UTC",
    mailto: "root@localhost",
    root_password_hashed: "",
    root_password: isForSilent(settings) ? "" : undefined,
  };
  return {
    ...settings,
    global: { ...global, root_ssh_keys: [], reboot_on_error: false, reboot_mode: "reboot" },
    network: { source: "from-answer" },
    disk_setup: { filesystem: "ext4", disk_list: ["sda"] },
  };
}

function withoutSecrets(table: TomlTable): TomlTable {
  return Object.fromEntries(
    Object.entries(table).map(([key, value]) => {
      if (/password|subscription|token/.test(key)) return [key, HIDDEN];
      const isTable = typeof value === "object" && !Array.isArray(value) && !(value instanceof Date);
      return [key, isTable ? withoutSecrets(value as TomlTable) : value];
    }),
  );
}
