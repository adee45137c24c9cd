import { z } from "zod";
import { textLike, whole } from "../std/field.ts";
import type { Problem } from "../std/problem.ts";

/** iPXE reads them as words of a command: nothing that it would expand, or take for the end of one. */
const place = textLike(
  "file",
  "a path below assets/ or an address such as http://10.11.0.5/vmlinuz",
  /^(https?:\/\/)?[A-Za-z0-9][A-Za-z0-9._~:/?=%+-]*$/,
);

const title = textLike("title", "a title of up to 60 plain characters", /^[A-Za-z0-9][A-Za-z0-9 .,:()/+-]{0,59}$/);

const MenuEntry = z.strictObject({
  title: title.describe("As it is shown."),
  kernel: place.describe("What is loaded: a path below `paths.assets`, or an address."),
  initrds: z.array(place).prefault([]).describe("Its initrds, in the same form."),
  args: textLike("arguments", "arguments without $, |, & and line ends", /^[^$|&\r\n]*$/)
    .default("")
    .describe("Arguments of the kernel."),
});

export const MenuSection = z.strictObject({
  title: title.default("bootqueue").describe("Its head line."),
  timeout_seconds: whole(3, 3600).default(15).describe("After that the machine goes on to its own disk."),
  entry: z.array(MenuEntry).min(1, { error: "expected at least one entry" }).describe("What can be chosen."),
});

export type MenuSection = z.infer<typeof MenuSection>;

/** Whoever sees a menu needs an address first. */
export function menuProblems(menu: MenuSection | undefined, hasAddresses: boolean): Problem[] {
  if (menu === undefined || hasAddresses) return [];
  const message =
    'expected [pool] beside it, or dhcp.mode = "proxy": machines without a slot have no address to load the menu with';
  return [{ path: "menu", message }];
}
