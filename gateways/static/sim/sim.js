// The /sim/ page: which device shows on a narrow screen, the clocks, and keeping one's place while screens refresh.

const root = document.querySelector("[data-sim]");
const panes = [...root.querySelectorAll("[data-pane]")];
const tabs = [...root.querySelectorAll("[data-show]")];

function show(name) {
  for (const pane of panes) pane.classList.toggle("on", pane.dataset.pane === name);
  for (const tab of tabs) {
    const chosen = tab.dataset.show === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  }
  sessionStorage.setItem("sim-pane", name);
}

root.querySelector(".sim-tabs").addEventListener("click", (event) => {
  const tab = event.target.closest("[data-show]");
  if (tab) show(tab.dataset.show);
});
root.querySelector(".sim-tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = tabs[(tabs.findIndex((tab) => tab === document.activeElement) + step + tabs.length) % tabs.length];
  show(next.dataset.show);
  next.focus();
});
const remembered = sessionStorage.getItem("sim-pane");
show(tabs.some((tab) => tab.dataset.show === remembered) ? remembered : "staff");

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" });

function tick() {
  const now = clock.format(Date.now());
  for (const element of document.querySelectorAll("[data-now]")) element.textContent = now;
  for (const element of document.querySelectorAll("[data-virtual]")) {
    if (element.dataset.frozen) continue;
    element.textContent = clock.format(Date.now() + Number(element.dataset.virtual) * 1000);
  }
}
tick();
setInterval(tick, 5000);

// What is replaced by the same keeps its place; a chat that stood at its end stays at its end.
const places = new Map();
const LISTS = ".scroll[id], ul[id]";

function lists(element) {
  return element.matches(LISTS) ? [element] : element.querySelectorAll(LISTS);
}

function pageOf(element) {
  const screen = element.closest(".screen");
  return screen?.dataset.here ?? screen?.id;
}

function remember(element) {
  for (const list of lists(element)) {
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    places.set(list.id, { page: pageOf(list), top: list.scrollTop, atEnd });
  }
}

function restore(element) {
  for (const list of lists(element)) {
    const place = places.get(list.id);
    const same = place?.page === pageOf(list);
    if (list.hasAttribute("data-end") && (!same || place.atEnd)) list.scrollTop = list.scrollHeight;
    else if (same) list.scrollTop = place.top;
  }
}

document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (root.contains(event.detail.target)) remember(event.detail.target);
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  const element = event.detail.elt;
  if (!root.contains(element)) return;
  restore(element);
  tick();
});

// A cover that does not exist leaves the drawn one.
document.body.addEventListener("error", (event) => {
  if (event.target.matches?.("[data-cover]")) event.target.remove();
}, true);
