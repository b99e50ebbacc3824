// Puts a fresh part of a page in the place of the old one. Pictures that are there stay: the signature in their
// address differs each time, what they show does not. What was opened stays open.

const signed = /token=[^"&]*/g;
const words = (element) => element.innerHTML.replace(signed, "");

// Whether the two say the same; relative times are kept true by the page itself and count as the same.
export function same(target, fresh) {
  const bare = (element) => {
    const copy = element.cloneNode(true);
    for (const time of copy.querySelectorAll("time")) time.textContent = time.title = "";
    return words(copy);
  };
  return bare(target) === bare(fresh);
}

export function swap(target, fresh) {
  const loaded = [...target.querySelectorAll("img[data-keep]")].filter((it) => it.complete && it.naturalWidth);
  const kept = new Map(loaded.map((it) => [it.dataset.keep, it]));
  for (const it of fresh.querySelectorAll("img[data-keep]")) {
    const old = kept.get(it.dataset.keep);
    if (old) it.replaceWith(old);
  }
  const open = [...target.querySelectorAll("details")].map((it) => it.open);
  target.replaceChildren(...fresh.childNodes);
  target.querySelectorAll("details").forEach((it, index) => (it.open = open[index] ?? it.open));
}

export function parsed(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content;
}
