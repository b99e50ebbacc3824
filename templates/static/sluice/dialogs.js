// Opens and closes native dialogs, menus and flashes; typed confirmations hold the button back until they match.
// Also the page's one voice for screen readers: the event sluice:say.

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opens);
    dialog?.dispatchEvent(new CustomEvent("sluice:opening", { bubbles: true }));
    if (dialog && !dialog.open) dialog.showModal();
    return;
  }
  if (event.target.closest("[data-closes]")) {
    event.target.closest("dialog, [popover]")?.close?.();
    return;
  }
  const flash = event.target.closest("[data-dismiss]")?.closest(".flash");
  if (flash) {
    flash.remove();
    document.getElementById("main")?.focus({ preventScroll: true });
    return;
  }
  // A press on the backdrop closes; browsers that know closedby have done it already.
  if (event.target.matches("dialog[closedby=any]") && event.target.open) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("focusout", (event) => {
  const menu = event.target.closest("details.menu[open]");
  if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
});

function holdBack(input) {
  const button = input.form?.querySelector("button[type=submit]");
  if (button) button.disabled = input.value.trim() !== input.dataset.typed;
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-typed]")) holdBack(event.target);
});
document.querySelectorAll("[data-typed]").forEach(holdBack);

document.addEventListener("sluice:say", (event) => {
  const live = document.getElementById("live");
  if (!live) return;
  live.textContent = "";
  // A change is read, the same words again are not: clear first, speak in the next frame.
  requestAnimationFrame(() => {
    live.textContent = event.detail;
  });
});
