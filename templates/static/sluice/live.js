// Parts of a page that come by themselves: [data-parts-url] is fetched once, [data-live-url] every data-live-s seconds.
// An answer holds parts by name (data-part-of), each of which takes the place of its namesake in the page.

import { parsed, same, swap } from "./swapping.js";

async function fetchParts(url) {
  const answer = await fetch(url, { headers: { Accept: "text/html" }, redirect: "error" });
  if (!answer.ok) throw new Error(answer.statusText);
  for (const fresh of parsed(await answer.text()).querySelectorAll("[data-part-of]")) {
    const place = document.querySelector(`[data-part-of="${CSS.escape(fresh.dataset.partOf)}"]`);
    const inUse = place?.contains(document.activeElement);
    if (!place || inUse || same(place, fresh)) continue;
    swap(place, fresh);
    place.ariaBusy = null;
  }
}

async function live(element) {
  const mayLook = !document.hidden && !document.querySelector("dialog[open]");
  try {
    if (mayLook) await fetchParts(element.dataset.liveUrl);
  } catch {
    // The server is away; the next look tells.
  }
  setTimeout(live, Number(element.dataset.liveS) * 1000, element);
}

for (const element of document.querySelectorAll("[data-parts-url]")) {
  fetchParts(element.dataset.partsUrl).catch(() => {
    for (const link of document.querySelectorAll("[data-part-of] [data-instead]")) link.hidden = false;
  });
}
for (const element of document.querySelectorAll("[data-live-url]")) {
  setTimeout(live, Number(element.dataset.liveS) * 1000, element);
}
