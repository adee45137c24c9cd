import { renderBootScript } from "../../src/boot/boot-script.ts";
import type { Profile } from "../../src/profiles/profiles.ts";
import { assertGolden } from "./golden.ts";
import { LINKS, requestOf, TARGET } from "./proxmox-profile.ts";

/** Compares boot script and answer, with all its files, with `test/fixtures/answers/kinds/NAME.txt`. */
export function assertAnswerGolden(name: string, profile: Profile): void {
  const answer = profile.answer(TARGET, LINKS, requestOf(null));
  if (!answer.ok) throw new Error(`the answer was meant to be right: ${JSON.stringify(answer.error)}`);
  const script = renderBootScript(profile.bootPlan(TARGET, LINKS), "peach-beach at 10.11.0.2");
  const file = new URL(`../fixtures/answers/kinds/${name}.txt`, import.meta.url);
  assertGolden(file, `==> boot script <==\n${script}\n${answer.value.text}`);
}

/** The text of one of its files. */
export function fileOf(profile: Profile, name: string): string {
  const files = profile.files?.render(TARGET, LINKS);
  if (files === undefined || !files.ok) throw new Error(`no files: ${JSON.stringify(files?.error)}`);
  const content = files.value.get(name)?.content;
  if (typeof content !== "string") throw new Error(`no text is called ${name}`);
  return content;
}
