// The task after this one: fetched while this one is answered, held under a short lease of its own, given back when the
// page goes without it.

import { parsed } from "../sluice/swapping.js";

const WAIT_MS = 300; // the task in front comes first
let next = null; // {form, nodes}

const fields = (form) => {
  const body = new FormData();
  for (const name of ["csrfmiddlewaretoken", "lease", "token"]) body.set(name, form.querySelector(`[name=${name}]`).value);
  return body;
};

// Fetches what comes after the task in `form`; whatever was fetched before is shown by now, or the server has it back.
export function fetchAfter(form) {
  next = null;
  if (form.dataset.ahead) setTimeout(fetchNow, WAIT_MS, form);
}

async function fetchNow(form) {
  if (!form.isConnected) return;
  try {
    const answer = await fetch(form.dataset.ahead, { method: "POST", body: fields(form), redirect: "error" });
    if (answer.status !== 200 || !form.isConnected) return;
    const nodes = [...document.importNode(parsed(await answer.text()), true).querySelectorAll("[data-work]")];
    if (form.isConnected) next = { form: nodes.find((node) => node.matches("form#answer")), nodes };
  } catch {
    // Without it the next task comes with the answer's response, as it always may.
  }
}

// The parts of the next task, once; null where it is not here yet.
export function taken() {
  const nodes = next?.nodes ?? null;
  next = null;
  return nodes;
}

addEventListener("pagehide", () => {
  if (next?.form) navigator.sendBeacon(next.form.dataset.giveBack, fields(next.form));
  next = null;
});
