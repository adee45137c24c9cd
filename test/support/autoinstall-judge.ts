/**
 * A strict reader of autoinstall documents, as the installer of Ubuntu Server 24.04 reads them: unknown keys, wrong types
 * and missing keys are complaints. Written from canonical/subiquity `autoinstall-schema.json` (branch ubuntu/noble) as a
 * table of its own; it shares nothing with the code that writes the documents.
 */
export function autoinstallComplaints(document: unknown): readonly string[] {
  if (!isTable(document) || !isTable(document.autoinstall)) return ["autoinstall: missing"];
  return complaints("autoinstall", document.autoinstall, TOP);
}

/** Of one value: a check of its own, a table of keys (with `!` where required), or a list of one of these. */
type Form = ((value: unknown) => boolean) | { readonly [key: string]: Form } | readonly [Form];

const text = (value: unknown) => typeof value === "string";
const flag = (value: unknown) => typeof value === "boolean";
const integer = (value: unknown) => Number.isInteger(value);
const table = (value: unknown) => isTable(value);
const commands = (value: unknown) =>
  Array.isArray(value) && value.every((each) => text(each) || (Array.isArray(each) && each.every(text)));
const one =
  (...words: readonly unknown[]) =>
  (value: unknown) =>
    words.includes(value);

const TOP: Form = {
  "version!": one(1),
  "refresh-installer": { update: flag, channel: text },
  source: { id: text, search_drivers: flag },
  locale: text,
  keyboard: { "layout!": text, variant: text, toggle: (value) => text(value) || value === null },
  timezone: text,
  proxy: text,
  network: { "version!": one(2), ethernets: table, bonds: table, bridges: table, vlans: table },
  apt: {
    geoip: flag,
    fallback: one("abort", "continue-anyway", "offline-install"),
    "mirror-selection": { primary: [table] },
    preserve_sources_list: flag,
  },
  storage: {
    layout: {
      "name!": one("lvm", "direct", "zfs", "hybrid"),
      "sizing-policy": one("scaled", "all"),
      match: {
        serial: text,
        model: text,
        vendor: text,
        path: text,
        id_path: text,
        devpath: text,
        ssd: flag,
        size: one("largest", "smallest"),
      },
      password: text,
    },
    swap: { size: integer, filename: text, maxsize: integer },
    config: [table],
  },
  identity: { "hostname!": text, "username!": text, "password!": text, realname: text },
  ssh: { "install-server": flag, "allow-pw": flag, "authorized-keys": [text] },
  snaps: [{ "name!": text, channel: text, classic: flag }],
  drivers: { install: flag },
  codecs: { install: flag },
  kernel: { package: text, flavor: text },
  oem: { "install!": (value) => flag(value) || value === "auto" },
  "ubuntu-pro": { token: text },
  "debconf-selections": text,
  "active-directory": { "admin-name": text, "domain-name": text },
  packages: [text],
  updates: one("security", "all"),
  "user-data": table,
  reporting: (value) => isTable(value) && Object.values(value).every(isReporter),
  "early-commands": commands,
  "late-commands": commands,
  "error-commands": commands,
  shutdown: one("reboot", "poweroff"),
};

/** What the constructor of curtin's `WebHookHandler` takes; an unknown argument raises inside the installer. */
function isReporter(value: unknown): boolean {
  const known = "type endpoint consumer_key token_key token_secret consumer_secret timeout retries level".split(" ");
  if (!isTable(value) || !Object.keys(value).every((key) => known.includes(key))) return false;
  const { retries } = value;
  return retries === undefined || (Array.isArray(retries) && retries.every((each) => typeof each === "number"));
}

function complaints(path: string, value: unknown, form: Form): string[] {
  if (typeof form === "function") return form(value) ? [] : [`${path}: ${JSON.stringify(value)}`];
  if (Array.isArray(form)) {
    if (!Array.isArray(value)) return [`${path}: no list`];
    return value.flatMap((each, index) => complaints(`${path}[${index}]`, each, form[0] as Form));
  }
  if (!isTable(value)) return [`${path}: no table`];
  const keys = new Map(
    Object.entries(form).map(([key, each]) => [key.replace("!", ""), [key.endsWith("!"), each] as const]),
  );
  const unknown = Object.keys(value).filter((key) => !keys.has(key));
  return [
    ...unknown.map((key) => `${path}.${key}: unknown`),
    ...[...keys].flatMap(([key, [required, each]]) =>
      key in value ? complaints(`${path}.${key}`, value[key], each) : required ? [`${path}.${key}: missing`] : [],
    ),
  ];
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
