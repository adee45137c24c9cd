import { type Html, html, NOTHING } from "./html.ts";

/** The form that takes the operator token. `problem`: why the last one was not accepted. */
export function loginForm(next: string, problem: string | null): Html {
  return html`<h1>Sign in</h1>
    <p>Anyone on this network may look; acting takes the operator token. <code>bootqueue token</code>, run on the appliance, prints one.</p>
    ${problem === null ? NOTHING : html`<p class="problem" role="alert" id="problem">${problem}</p>`}
    <form method="post" action="/login" class="decision">
      <input type="hidden" name="next" value="${next}">
      <input type="text" name="username" value="operator" autocomplete="username" hidden>
      <label for="token">Operator token</label>
      <input id="token" name="token" type="password" required autofocus autocomplete="current-password" autocapitalize="none" spellcheck="false" ${problem === null ? NOTHING : html`aria-describedby="problem"`}>
      <div class="buttons"><button class="main">Sign in</button> <a class="quiet" href="${next}">Just look</a></div>
    </form>`;
}

/** Where to go after signing in: a path of our own, whatever the address line said. */
export function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])[\w\-./%]*$/.test(next) ? next : "/";
}
