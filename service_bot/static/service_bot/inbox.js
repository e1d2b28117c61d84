// The desk: news by a stream (polling goes on without it), drafts and picks into the box, a sound for upset customers.
const desk = document.querySelector("[data-desk]");
const box = () => document.querySelector("#composer textarea");
const end = () => { const list = document.querySelector(".lines"); if (list) list.scrollTop = list.scrollHeight; };
const tell = (name) => document.body.dispatchEvent(new CustomEvent(name));

function put(text, canned) {
  const area = box();
  if (!area) return;
  area.value = text;
  const kept = area.form.elements.canned;
  if (kept) kept.value = canned || "";
  document.querySelector("#picks").replaceChildren();
  area.focus();
}

function beep() {
  try {
    const audio = new AudioContext(), tone = audio.createOscillator();
    tone.connect(audio.destination); tone.frequency.value = 660; tone.start(); tone.stop(audio.currentTime + 0.15);
  } catch { /* no sound before the first click: the red edge says it too */ }
}

document.addEventListener("click", (event) => {
  const draft = event.target.closest("[data-draft]");
  if (draft) put(draft.dataset.draft, draft.dataset.canned);
  if (event.target.closest("[data-sent]")) put("", "");
});

document.addEventListener("input", (event) => {
  if (event.target !== box()) return;
  const found = /^([/@])(\S*)$/.exec(event.target.value);
  const picks = document.querySelector("#picks");
  if (!found) { picks.replaceChildren(); return; }
  const url = `${event.target.form.dataset.picks}?mark=${encodeURIComponent(found[1])}&q=${encodeURIComponent(found[2])}`;
  window.htmx.ajax("GET", url, { target: "#picks", swap: "innerHTML" });
});

document.addEventListener("keydown", (event) => {
  const area = box();
  if (event.target === area) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); area.form.requestSubmit(); }
    const first = document.querySelector(".draft");
    if (event.key === "Tab" && !area.value && first) { event.preventDefault(); put(first.dataset.draft); }
    if (event.altKey && event.key.toLowerCase() === "p") { const note = area.form.elements.note; note.checked = !note.checked; }
    return;
  }
  if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const button = document.querySelector(`.talk-head [data-key="${CSS.escape(event.key)}"]`);
  if (button) { event.preventDefault(); button.click(); }
});

let mood = 0;
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "talk" && event.detail.elt?.id !== "talk") return;
  end();
  const talk = document.querySelector("#talk"), now = Number(talk?.dataset.mood || 0);
  if (now >= 2 && mood < 2) beep();
  mood = now;
});

if (desk) {
  mood = Number(document.querySelector("#talk")?.dataset.mood || 0);
  end();
  const source = new EventSource(desk.dataset.stream);
  source.addEventListener("changed", () => { tell("desk:changed"); tell("desk:inbound"); });
}
