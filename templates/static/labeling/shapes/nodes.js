// Elements in one line each.

export const element = (name, properties = {}) => Object.assign(document.createElement(name), properties);

export function svg(name, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// A button that its key presses while its question is the current one.
export function button(title, { key = "", sign = key, label = "", press }) {
  const made = element("button", { type: "button", className: "button button-secondary button-small" });
  made.append(title);
  if (label) made.ariaLabel = label;
  if (key) {
    if (sign) made.append(" ", element("kbd", { ariaHidden: "true", textContent: sign }));
    Object.assign(made.dataset, { answerKey: key, keyLabel: label || title });
    made.setAttribute("aria-keyshortcuts", key);
  }
  made.addEventListener("click", press);
  return made;
}
