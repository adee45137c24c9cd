import type { ProfileName } from "../queue/slot.ts";
import { checkDocument } from "../std/check-document.ts";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import { originsOfToml } from "./answer-origins.ts";
import type { AnswerFiles, Links, ProfileKind } from "./kind.ts";
import { KIND_NAMES } from "./kinds.ts";
import { type Layer, layerFor, layerProblems, located, type MergedSettings, mergeLayers } from "./layers.ts";
import type { BoundFiles, Overlay, Profile } from "./profiles.ts";
import type { ServerType } from "./server-type.ts";

/** A profile's file, before its settings are looked at. */
export interface Bare<Settings> {
  readonly name: ProfileName;
  readonly secureBoot: boolean;
  readonly kind: ProfileKind<Settings>;
  readonly base: Layer;
}

/**
 * Binds a profile to its kind and settings. One that is not whole by itself must be so with one of `overlays`, which
 * then stands in for it. The error is that of the file by itself, with paths inside it.
 */
export function bindProfile<Settings>(
  bare: Bare<Settings>,
  overlays: readonly Overlay[],
): Result<Profile, readonly Problem[]> {
  const tryWith = (overlay: Overlay): Result<Profile, readonly Problem[]> => {
    const merged = overlaid(bare, overlay);
    if (!merged.ok) return merged;
    const bound = bind(bare, merged.value, withOverlay);
    return bound.ok ? bound : err(located(bound.error, merged.value));
  };
  let standIn: Profile | null = null;
  const withOverlay = remembered((overlay) => {
    const tried = tryWith(overlay);
    return tried.ok ? tried.value : refusing(standIn as Profile, tried.error);
  });
  const alone = mergeLayers(bare.base, []);
  const itself = bind(bare, alone, withOverlay);
  if (itself.ok) {
    standIn = itself.value;
    return itself;
  }
  for (const overlay of overlays) {
    const tried = tryWith(overlay);
    if (!tried.ok) continue;
    standIn = { ...tried.value, said: alone.said, problems: located(itself.error, alone) };
    return ok(standIn);
  }
  return itself;
}

/** The error has paths inside the settings. */
function bind<Settings>(
  { name, secureBoot, kind, base }: Bare<Settings>,
  merged: MergedSettings,
  withOverlay: Profile["with"],
): Result<Profile, readonly Problem[]> {
  const checked = checkDocument(kind.settings, merged.values, kind.hints);
  if (!checked.ok) return checked;
  const settings = checked.value;
  const problems = kind.check(settings);
  if (problems.length > 0) return err(problems);
  // What is said in the profile itself has its path alone: whoever reads the message knows which profile it is.
  const elsewhere = (faults: readonly Problem[]) =>
    faults.flatMap((fault) => (merged.sourceOf(fault.path) === base ? [fault] : located([fault], merged)));
  return ok({
    name,
    kind: kind.name,
    secureBoot,
    namesHardware: kind.namesHardware ?? false,
    warnings: () => kind.warnings(settings),
    flow: () => kind.flow(settings),
    usesDhcpOnceInstalled: () => kind.usesDhcpOnceInstalled(settings),
    image: () => kind.image(settings),
    assets: (image = null) => kind.assets(settings, image),
    bootPlan: (target, links) => kind.bootPlan(settings, target, links),
    script: () => kind.script?.(settings) ?? null,
    readAnswerRequest: (body) => kind.readAnswerRequest(body),
    answer: (target, links, request) => refusedBy(kind.answer(settings, target, links, request), elsewhere),
    files: kind.files === null ? null : bindFiles(kind.files, settings, elsewhere),
    readInstallReport: (body) => kind.readInstallReport(body),
    readProgress: (body) => kind.readProgress(body),
    remote: (target) => kind.remote?.(settings, target) ?? null,
    firstBootScript: (target, links) => kind.firstBootScript(settings, target, links),
    checkTarget: (target) => {
      const trial = kind.answer(settings, target, TRIAL_LINKS, { ...TRIAL_REQUEST, macs: [target.bootMac] });
      return trial.ok ? [] : elsewhere(trial.error);
    },
    with: withOverlay,
    problems: [],
    said: merged.said,
    originsOf: (masked) =>
      kind.madeInAnswer === undefined ? null : originsOfToml(masked, merged.said, kind.madeInAnswer),
  });
}

type Locate = (problems: readonly Problem[]) => readonly Problem[];

function refusedBy<T>(result: Result<T, readonly Problem[]>, locate: Locate): Result<T, readonly Problem[]> {
  return result.ok ? result : err(locate(result.error));
}

function bindFiles<Settings>(files: AnswerFiles<Settings>, settings: Settings, locate: Locate): BoundFiles {
  const { names, decisive } = files;
  return {
    names,
    decisive,
    render: (target, links) => refusedBy(files.render(settings, target, links), locate),
    identityOf: (headers) => files.identityOf(headers),
  };
}

/** All layers in one; the error is what is wrong with one of them by itself. */
function overlaid<Settings>(
  { kind, base }: Bare<Settings>,
  { serverType, layers }: Overlay,
): Result<MergedSettings, readonly Problem[]> {
  const ofType = serverType === null ? ok([]) : layersOfType(kind, serverType);
  if (!ofType.ok) return ofType;
  const all = [...ofType.value, ...layers].flatMap((layer) => layerFor(layer, kind.name, KIND_NAMES));
  const problems = all.flatMap((layer) => located(layerProblems(layer), { sourceOf: () => layer }));
  return problems.length > 0 ? err(problems) : ok(mergeLayers(base, all, kind.replacements));
}

function layersOfType<Settings>(
  kind: ProfileKind<Settings>,
  type: ServerType,
): Result<readonly Layer[], readonly Problem[]> {
  const { name, file, path, hardware, settings } = type;
  const below = (key: string) => (path === "" ? key : `${path}.${key}`);
  const own: Layer = { name: `server type ${name}`, file, path: below("settings"), values: settings };
  const named = [
    ...(hardware.bootDisk === null ? [] : ["boot_disk"]),
    ...(hardware.managementNic === null ? [] : ["management_nic"]),
  ];
  if (named.length === 0) return ok([own]);
  if (kind.settingsOfHardware === undefined) {
    // Not left out in silence: the installer would then take a disk that nobody meant.
    const message = `profiles of the kind ${kind.name} have no words for this: leave it out here, and say it in ${below(`settings.${kind.name}`)} as their reference page does, and for the other kinds likewise`;
    return err(named.map((key) => ({ path: `${file}: ${below(key)}`, message })));
  }
  const made = kind.settingsOfHardware(hardware);
  if (!made.ok) return err(made.error.map((problem) => ({ ...problem, path: `${file}: ${below(problem.path)}` })));
  return ok([{ name: `server type ${name}`, file, path, values: made.value, isDerived: true }, own]);
}

/** Answers what is asked of the profile itself, and serves nothing. */
export function refusing(standIn: Profile, problems: readonly Problem[]): Profile {
  return {
    ...standIn,
    problems,
    answer: () => err(problems),
    files: standIn.files === null ? null : { ...standIn.files, render: () => err(problems) },
    checkTarget: () => problems,
  };
}

/** One profile for each overlay of the same parts: asked for with every packet, and made once. */
function remembered(make: (overlay: Overlay) => Profile): Profile["with"] {
  const root: Known = { below: new WeakMap() };
  return (overlay) => {
    let at = root;
    for (const part of [overlay.serverType ?? NO_TYPE, ...overlay.layers]) {
      const next = at.below.get(part) ?? { below: new WeakMap() };
      at.below.set(part, next);
      at = next;
    }
    at.profile ??= make(overlay);
    return at.profile;
  };
}

interface Known {
  profile?: Profile;
  readonly below: WeakMap<object, Known>;
}

const NO_TYPE = {};

const TRIAL_LINKS: Links = {
  answer: "http://192.0.2.1/",
  installed: "http://192.0.2.1/",
  firstBootScript: "http://192.0.2.1/",
  phoneHome: "http://192.0.2.1/",
  token: "",
  certFingerprint: null,
  asset: (path) => `http://192.0.2.1/${path}`,
  image: () => null,
  plain: {
    answerFile: (name) => `http://192.0.2.1/${name}`,
    progress: "http://192.0.2.1/",
    installed: "http://192.0.2.1/",
    failed: "http://192.0.2.1/",
    firstBootScript: "http://192.0.2.1/",
  },
  agent: { base: "http://192.0.2.1", trust: null },
};

const TRIAL_REQUEST = { uuid: null, serial: null, product: null, release: null } as const;
