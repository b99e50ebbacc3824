// Keeps relative times true while a page stays open, and says exact ones in the reader's own zone.

// The page's language, in the reader's own variety of it where the browser names one.
const page = document.documentElement.lang || "en";
const language = navigator.languages?.find((it) => it === page || it.startsWith(`${page}-`)) ?? page;
const relative = new Intl.RelativeTimeFormat(language, { numeric: "always" });
const exact = new Intl.DateTimeFormat(language, {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
});
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });
const MINUTE = 60, HOUR = 3600, DAY = 86400;

// The same borders as the server's words, so that nothing jumps.
function say(seconds) {
  const distance = Math.abs(seconds);
  const sign = seconds >= 0 ? -1 : 1;
  const count = (unit) => sign * Math.max(1, Math.round(distance / unit));
  if (distance < 45) return null; // the server's words hold
  if (distance < 59.5 * MINUTE) return relative.format(count(MINUTE), "minute");
  if (distance < 36 * HOUR) return relative.format(count(HOUR), "hour");
  return relative.format(count(DAY), "day");
}

function refresh(time) {
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  const local = exact.format(moment);
  if (time.dataset.when === "exact") {
    if (time.textContent !== local) time.textContent = local;
    return;
  }
  time.title = local;
  const seconds = (Date.now() - moment) / 1000;
  const words = Math.abs(seconds) > 30 * DAY ? day.format(moment) : say(seconds);
  if (words && time.textContent !== words) time.textContent = words;
}

const refreshAll = () => document.querySelectorAll("time[data-when]").forEach(refresh);
refreshAll();
setInterval(refreshAll, 30_000);
new MutationObserver((changes) => {
  for (const change of changes)
    for (const node of change.addedNodes)
      if (node.nodeType === Node.ELEMENT_NODE) {
        if (node.matches("time[data-when]")) refresh(node);
        node.querySelectorAll("time[data-when]").forEach(refresh);
      }
}).observe(document.body, { childList: true, subtree: true });
