import { isHostAddress } from "../net/ipv4-address.ts";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import type {
  AnswerFile,
  FileRequest,
  InstallProgress,
  InstallTarget,
  Links,
  ProfileKind,
  RemoteInstall,
} from "./kind.ts";
import { maskedLinks } from "./masked-links.ts";
import { readSimpleProgress, readSimpleReport } from "./simple-report.ts";

/** One of the files of an answer. */
export interface RenderedFile {
  readonly contentType: string;
  readonly content: string | Uint8Array;
  /** Left out: `content`, which must then be a text. */
  readonly readable?: string;
}

/** What is left to say of a kind whose installer fetches files by GET, and whose end a shell reports. */
export interface FetchedKind<Settings>
  extends Pick<
    ProfileKind<Settings>,
    | "name"
    | "settings"
    | "hints"
    | "check"
    | "warnings"
    | "flow"
    | "usesDhcpOnceInstalled"
    | "image"
    | "assets"
    | "bootPlan"
  > {
  /** Names of the files. */
  readonly files: readonly string[];
  /** The one that makes the installer wipe the disk. */
  readonly decisive: string;
  /** With something else in place of every secret. */
  hideSecrets(settings: Settings): Settings;
  /** Rules between the settings and the slot, beyond those that hold for every static address. */
  targetProblems?(settings: Settings, target: InstallTarget): readonly Problem[];
  /** Each of `files`, of settings and a target that have passed every check. */
  render(settings: Settings, target: InstallTarget, links: Links): Readonly<Record<string, RenderedFile>>;
  identityOf?(headers: Headers): FileRequest;
  readProgress?(body: unknown): InstallProgress | null;
  remote?(settings: Settings, target: InstallTarget): RemoteInstall | null;
  firstBootScript?(settings: Settings, target: InstallTarget, links: Links): string | null;
}

/** The whole kind. */
export function fetchedKind<Settings>(kind: FetchedKind<Settings>): ProfileKind<Settings> {
  const { name, settings, hints, check, warnings, flow, usesDhcpOnceInstalled, image, assets, bootPlan } = kind;
  const render = (
    given: Settings,
    target: InstallTarget,
    links: Links,
  ): Result<ReadonlyMap<string, AnswerFile>, readonly Problem[]> => {
    const problems = [
      ...check(given),
      ...(usesDhcpOnceInstalled(given) ? [] : staticAddressProblems(target)),
      ...(kind.targetProblems?.(given, target) ?? []),
    ];
    if (problems.length > 0) return err(problems);
    const real = kind.render(given, target, links);
    const masked = kind.render(kind.hideSecrets(given), target, maskedLinks(links));
    return ok(new Map(kind.files.map((file) => [file, answerFile(real[file], masked[file])])));
  };
  return {
    name,
    settings,
    hints,
    check,
    warnings,
    flow,
    usesDhcpOnceInstalled,
    image,
    assets,
    bootPlan,
    files: {
      names: kind.files,
      decisive: kind.decisive,
      render,
      identityOf: (headers) => kind.identityOf?.(headers) ?? { macs: [], serial: null },
    },
    readAnswerRequest: () => err([{ path: "", message: `an installer of the kind ${name} fetches its files by GET` }]),
    answer(given, target, links) {
      const files = render(given, target, links);
      if (!files.ok) return files;
      const real = kind.render(given, target, links);
      const text = kind.files.map((file) => `==> ${file} <==\n${readableOf(real[file])}`).join("\n");
      const masked = [...files.value].map(([file, each]) => `==> ${file} <==\n${each.masked}`).join("\n");
      return ok({ contentType: "text/plain; charset=utf-8", text, masked });
    },
    readInstallReport: readSimpleReport,
    readProgress: (body) => (kind.readProgress ?? readSimpleProgress)(body),
    remote: (given, target) => kind.remote?.(given, target) ?? null,
    firstBootScript: (given, target, links) => kind.firstBootScript?.(given, target, links) ?? null,
  };
}

function answerFile(real: RenderedFile | undefined, masked: RenderedFile | undefined): AnswerFile {
  if (real === undefined) throw new RangeError("a file of the answer was not rendered");
  return { contentType: real.contentType, content: real.content, masked: readableOf(masked) };
}

function readableOf(file: RenderedFile | undefined): string {
  const readable = file?.readable ?? file?.content;
  if (typeof readable !== "string") throw new RangeError("a file of the answer has no form for people");
  return readable;
}

/** What no installer with a static address would be happy with. */
function staticAddressProblems({ address, subnet, router }: InstallTarget): Problem[] {
  const problems: Problem[] = [];
  const say = (path: string, message: string) => problems.push({ path, message });
  if (!isHostAddress(address, subnet)) say("address", `expected the address of a host in ${subnet}, found ${address}`);
  if (!isHostAddress(router, subnet)) say("router", `expected a gateway inside ${subnet}, found ${router}`);
  if (address === router) say("address", `expected another address than the gateway's, found ${address}`);
  return problems;
}
