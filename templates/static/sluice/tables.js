// A table that fits its page lets its head stick to the window and is no stop for the Tab key;
// one that does not scrolls in an area of its own.

const fit = (entries) => {
  for (const { target } of entries) {
    target.classList.remove("fits");
    const fits = target.scrollWidth <= target.clientWidth + 1;
    target.classList.toggle("fits", fits);
    if (fits) target.removeAttribute("tabindex");
    else target.tabIndex = 0;
  }
};
const watcher = new ResizeObserver(fit);
document.querySelectorAll("[data-table]").forEach((area) => watcher.observe(area));
