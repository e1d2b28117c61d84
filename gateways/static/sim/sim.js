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

// A screen that is replaced by the same screen keeps its place; a chat that stood at its end stays at its end.
const places = new Map();

function remember(screen) {
  for (const area of screen.querySelectorAll(".scroll[id], ul[id]")) {
    const atEnd = area.scrollHeight - area.scrollTop - area.clientHeight < 40;
    places.set(area.id, { screen: screen.getAttribute("hx-get").split("v=")[0], top: area.scrollTop, atEnd });
  }
}

function restore(screen) {
  for (const area of screen.querySelectorAll(".scroll[id], ul[id]")) {
    const place = places.get(area.id);
    const same = place && place.screen === screen.getAttribute("hx-get").split("v=")[0];
    if (area.hasAttribute("data-end") && (!same || place.atEnd)) area.scrollTop = area.scrollHeight;
    else if (same) area.scrollTop = place.top;
  }
}

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const screen = event.detail.target;
  if (screen?.matches?.(".screen[hx-get]")) remember(screen);
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  const screen = event.detail.elt;
  if (screen?.matches?.(".screen[hx-get]")) {
    restore(screen);
    tick();
  }
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("[data-say], #newcomer");
  if (form && event.detail.successful && event.detail.requestConfig.verb === "post") form.reset();
});

// A cover that does not exist leaves the drawn one.
document.body.addEventListener("error", (event) => {
  if (event.target.matches?.("[data-cover]")) event.target.remove();
}, true);
