import type { Links } from "./kind.ts";

/** What stands in place of a secret. */
export const HIDDEN = "(hidden)";

/** The addresses without the attempt's token, for what people look at. */
export function maskedLinks(links: Links): Links {
  const mask = (url: string) => (links.token === "" ? url : url.replaceAll(links.token, HIDDEN));
  const { plain } = links;
  return {
    answer: mask(links.answer),
    installed: mask(links.installed),
    firstBootScript: mask(links.firstBootScript),
    phoneHome: mask(links.phoneHome),
    token: HIDDEN,
    certFingerprint: links.certFingerprint,
    asset: (path) => mask(links.asset(path)),
    // Nothing in them is secret.
    image: links.image,
    plain: {
      answerFile: (name) => mask(plain.answerFile(name)),
      progress: mask(plain.progress),
      installed: mask(plain.installed),
      failed: mask(plain.failed),
      firstBootScript: mask(plain.firstBootScript),
    },
    // The token stands beside them, not in them.
    agent: links.agent,
  };
}
