import type { Problem } from "../std/problem.ts";
import { err, ok } from "../std/result.ts";
import { filledIn, placeholderProblems } from "./ipxe-placeholders.ts";
import { IpxeSettings } from "./ipxe-settings.ts";
import type { BootPlan, InstallTarget, Links, ProfileKind } from "./kind.ts";
import { maskedLinks } from "./masked-links.ts";
import { readSimpleProgress, readSimpleReport } from "./simple-report.ts";

/** Anything that a boot loader can load: a kernel, initrds, arguments. What it does then, it has to tell by itself. */
export const ipxe: ProfileKind<IpxeSettings> = {
  name: "ipxe",
  settings: IpxeSettings,

  hints: {
    args: "unknown key; the arguments are called kernel_args",
    initrd: "unknown key; it is a list: initrds",
    url: "unknown key; kernel and initrds take addresses",
  },

  check: settingsProblems,
  warnings: settingsWarnings,

  flow: ({ purpose, phone_home }) => ({ firstBoot: purpose === "install" && phone_home, cluster: null }),

  usesDhcpOnceInstalled: ({ uses_dhcp }) => uses_dhcp,

  image: ({ image }) => (image === undefined ? null : { name: image, products: null, orFolder: false }),

  assets: ({ kernel, initrds }) =>
    [kernel, ...initrds.map((initrd) => (typeof initrd === "string" ? initrd : initrd.file))].flatMap((file) =>
      file === undefined || isUrl(file) ? [] : [file],
    ),

  bootPlan: planOf,

  script: ({ purpose, boots }) =>
    purpose === "install" ? { type: "install" } : { type: "live", boots: boots === "always" ? null : boots },

  files: null,

  readAnswerRequest: () => err([{ path: "", message: "a profile of the kind ipxe has no answer file" }]),

  /** There is none; people are shown what the boot loader gets. */
  answer(settings, target, links) {
    const problems = settingsProblems(settings);
    if (problems.length > 0) return err(problems);
    const show = (known: Links) => {
      const { kernel, initrds, args } = planOf(settings, target, known);
      const more = initrds.map(({ url, as }) => `initrd ${url}${as === undefined ? "" : ` ${as}`}\n`);
      return `# no answer file; what the boot loader loads:\nkernel ${kernel} ${args}\n${more.join("")}`;
    };
    return ok({ contentType: "text/plain; charset=utf-8", text: show(links), masked: show(maskedLinks(links)) });
  },

  readInstallReport: readSimpleReport,
  readProgress: readSimpleProgress,
  firstBootScript: () => null,
};

function planOf(settings: IpxeSettings, target: InstallTarget, links: Links): BootPlan {
  const image = settings.image === undefined ? null : links.image(settings.image);
  const addressOf = (file: string) => (isUrl(file) ? file : links.asset(file));
  const own = settings.initrds.map((initrd) =>
    typeof initrd === "string" ? { url: addressOf(initrd) } : { url: addressOf(initrd.file), as: initrd.as },
  );
  // Without its image the machine stops at a file whose name tells which one is missing.
  const kernel = image?.kernel ?? addressOf(settings.kernel ?? `images/${settings.image}`);
  const args = filledIn(settings.kernel_args, { target, links, image });
  return {
    kernel,
    initrds: [...(image?.initrds ?? []), ...own],
    args: args
      .split(" ")
      .filter((word) => word !== "")
      .join(" "),
  };
}

function settingsProblems({ image, kernel, kernel_args, purpose, boots, phone_home }: IpxeSettings): Problem[] {
  const problems = placeholderProblems("kernel_args", kernel_args, image !== undefined);
  const say = (path: string, message: string) => problems.push({ path, message });
  if (image === undefined && kernel === undefined) say("kernel", "missing: expected kernel, or image");
  if (image !== undefined && kernel !== undefined)
    say("kernel", `expected kernel or image, found both; the image ${image} has a kernel`);
  if (/(^| )initrd=/.test(kernel_args)) say("kernel_args", "expected no initrd=: bootqueue adds it, as initrds says");
  if (purpose === "install" && boots !== 1) say("boots", 'expected purpose = "live" to go with it');
  if (purpose === "live" && phone_home) say("phone_home", 'expected purpose = "install" to go with it');
  return problems;
}

function settingsWarnings({ purpose, kernel_args }: IpxeSettings): Problem[] {
  if (purpose === "live" || /\{(installed|progress|phone_home)\}/.test(kernel_args)) return [];
  const message =
    "nothing tells the system where to report its end, {installed}; without a report every install ends in `failed` until somebody says `bootqueue mark-installed`";
  return [{ path: "kernel_args", message }];
}

function isUrl(file: string): boolean {
  return /^https?:\/\//.test(file);
}
