import type { Command } from "commander";
import type { AnswerView } from "../http/contract.ts";
import type { CliContext } from "./cli-context.ts";
import { CliFailure, EXIT } from "./exit-code.ts";
import { HOST_ARGUMENT } from "./look-commands.ts";
import { indented, oneLine, renderFacts } from "./table.ts";

/** `bootqueue render HOST`. */
export function addAnswerCommands(program: Command, context: CliContext): void {
  program
    .command("render")
    .description(
      "print the answer file that a machine's installer would get, exactly; secrets are masked, because what is printed ends up in tickets and logs",
    )
    .argument("<host>", HOST_ARGUMENT)
    .option(
      "--release <release>",
      "as for an installer of this release, such as 9.1 (default: the newest that is known)",
    )
    .option("--product <name>", "as for a machine that its firmware calls so, which may give it another server type")
    .option("--secrets", "with its secrets: the hash of root's password, and the token with which it reports")
    .action(async (host: string, options: AnswerOptions) => {
      const view = await getAnswer(context, host, options);
      context.print(view, () => (view.text.endsWith("\n") ? view.text : `${view.text}\n`));
    });
}

interface AnswerOptions {
  readonly release?: string;
  readonly product?: string;
  readonly secrets?: boolean;
}

export async function getAnswer(context: CliContext, host: string, options: AnswerOptions = {}): Promise<AnswerView> {
  if (host.trim() === "") throw new CliFailure(EXIT.usage, "the name of the host is empty");
  const { release, product, secrets } = options;
  const query = new URLSearchParams({
    ...(release === undefined ? {} : { release }),
    ...(product === undefined ? {} : { product }),
    ...(secrets === true ? { secrets: "true" } : {}),
  });
  const client = await context.client();
  return await client.get<AnswerView>(
    `/api/hosts/${encodeURIComponent(host)}/answer${query.size > 0 ? `?${query}` : ""}`,
  );
}

/** `bootqueue show HOST --answer`: each value with where it comes from. */
export function renderAnswerOrigins({ profile, serverType, armed, text, lines, settings }: AnswerView): string {
  const head = renderFacts([
    ["profile", profile],
    ["server type", serverType ?? "none"],
    ["install", armed ? "armed: this is what would be served" : "not armed: its token is made when it is"],
  ]);
  const places = new Map(settings.map(({ from, file }) => [from, file]));
  const where = `Where these stand\n${renderFacts([...places], "  ")}`;
  if (lines === null) {
    const facts = settings.map(({ path, value, from }) => [path, `${value}  (${from})`] as const);
    return [
      head,
      `Answer file, secrets masked\n${indented(text)}`,
      `Settings\n${renderFacts(facts, "  ")}`,
      where,
    ].join("\n");
  }
  const width = Math.min(
    WIDTH_MAX,
    Math.max(0, ...lines.filter(({ from }) => from !== null).map((line) => line.text.length)),
  );
  const body = lines.map(({ text, from }) => (from === null ? text : `${oneLine(text).padEnd(width)}  # ${from}`));
  return [head, `Answer file, secrets masked\n${indented(body.join("\n"))}`, where].join("\n");
}

const WIDTH_MAX = 60;
