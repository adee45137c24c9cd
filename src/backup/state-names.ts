/** Files of the state folder that belong into a backup, by their names in it, and what may happen to them meanwhile. */
const KEPT: readonly { readonly name: RegExp; readonly changes: "together" | "alone" }[] = [
  { name: /^state\.json$/, changes: "together" },
  { name: /^clusters\.json$/, changes: "together" },
  { name: /^join-keys\/[A-Za-z0-9._-]+\.json$/, changes: "together" },
  { name: /^operator-token\.sha256$/, changes: "together" },
  { name: /^tls-(until-\d+-)?(key|cert)\.pem$/, changes: "together" },
  { name: /^leases\.json$/, changes: "alone" },
  { name: /^registrations\.json$/, changes: "alone" },
  { name: /^timeline\.jsonl(\.\d+)?$/, changes: "alone" },
];

/** Not in a backup, and of no use beside a restored state: they would be taken for its past, or its continuation. */
const VOID = /^(state\.journal|state\.json\.\d+|tls-next-(key|cert)\.pem|[a-z-]+\.json\.tmp)$/;

export const JOIN_KEYS_FOLDER = "join-keys";

/** `name`: below the state folder, with slashes. */
export function isKept(name: string): boolean {
  return KEPT.some((kept) => kept.name.test(name));
}

/** true: one moment must be found for all of these; of the others, each is sound by itself. */
export function changesTogether(name: string): boolean {
  return KEPT.some((kept) => kept.changes === "together" && kept.name.test(name));
}

/** true: a restore puts it away, if the backup has none of that name. */
export function isReplaced(name: string): boolean {
  return isKept(name) || VOID.test(name);
}
