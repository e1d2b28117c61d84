// The itinerary editor: an island without a build. The server owns the truth; every edit is an operation with an inverse.
const root = document.getElementById("editor");
const words = JSON.parse(document.getElementById("words").textContent);
const base = `/itineraries/${root.dataset.no}`;
const canEdit = Boolean(root.dataset.canEdit);
const $ = (id) => document.getElementById(id);
const csrf = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_all, name) => values[name]);

let state = null; // what the server said last
let queue = []; // batches of operations not yet saved
let sending = false;
let undoStack = []; // batches of operations, from the log and from this page
let redoStack = [];
let picked = null; // {key, from: {day, at}}
let focusKey = null;
let cards = [];
let kind = "attraction";

// --- small tools ---------------------------------------------------------------------------------------------

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
const svg = (tag, props) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, value);
  return node;
};
const icon = (name) => {
  const sample = document.querySelector("svg use");
  const sprite = sample.getAttribute("href").split("#")[0];
  const holder = svg("svg", { class: "icon sm", "aria-hidden": "true" });
  holder.append(svg("use", { href: `${sprite}#${name}` }));
  return holder;
};
const time = (minutes) => `${String(Math.floor(minutes / 60) % 24).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
const minutesOf = (text) => { const [h, m] = text.split(":").map(Number); return h * 60 + m; };
const yuan = (text) => `¥${Number(text).toLocaleString("en-US", { maximumFractionDigits: 2 })}`;
const say = (text) => { $("say").textContent = text; };
const uuid = () => crypto.randomUUID ? crypto.randomUUID() : "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) => (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));
const find = (key) => {
  for (const [day, one] of state.document.days.entries()) {
    const at = one.blocks.findIndex((block) => block.key === key);
    if (at >= 0) return { day, at, block: one.blocks[at] };
  }
  return null;
};

// --- operations ----------------------------------------------------------------------------------------------

// The same operations as itinerary/edits.py, on our copy, so that the page answers at once.
function applyHere(op) {
  const days = state.document.days;
  if (op.do === "add") days[op.day - 1].blocks.splice(op.at, 0, { ...op.block });
  else if (op.do === "remove") { const f = find(op.key); days[f.day].blocks.splice(f.at, 1); }
  else if (op.do === "move") { const f = find(op.key); days[f.day].blocks.splice(f.at, 1); days[op.day - 1].blocks.splice(op.at, 0, f.block); }
  else if (op.do === "change") Object.assign(find(op.key).block, op.set);
  else if (op.do === "add_day") days.splice(op.at - 1, 0, { title: "", note: "", blocks: [], ...(op.day || {}) });
  else if (op.do === "remove_day") days.splice(op.day - 1, 1);
  else if (op.do === "move_day") days.splice(op.to - 1, 0, days.splice(op.day - 1, 1)[0]);
  else if (op.do === "change_day") Object.assign(days[op.day - 1], op.set);
  else if (op.do === "change_trip") Object.assign(state.document.trip, op.set);
}

function edit(ops, { undoing = "", via = "" } = {}) {
  if (!canEdit || !ops.length) return;
  ops.forEach(applyHere);
  queue.push({ ops, undoing, via: via || undoing });
  draw();
  send();
}

async function send() {
  if (sending || !queue.length) return;
  sending = true;
  $("saved").textContent = words.saving;
  const batch = queue[0];
  try {
    const answer = await fetch(`${base}/edits`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
      body: JSON.stringify({ revision: state.revision, operations: batch.ops, via: batch.via }),
    });
    const body = await answer.json().catch(() => ({}));
    queue.shift();
    if (answer.ok) {
      undoStack = body.stacks.undo;
      redoStack = body.stacks.redo;
      $("saved").textContent = body.merged ? words.merged : `${words.saved} · ${body.ms} ms`;
      if (!queue.length) take(body); else state.revision = body.revision;
    } else {
      const lost = [batch, ...queue].flatMap((one) => one.ops);
      queue = [];
      if (body.document) take(body); else await load();
      if (answer.status === 409 && body.code === "edited_meanwhile") merge(body.theirs, lost);
      else scrm.toast({ text: body.message || document.body.dataset.failed, level: "warn" });
    }
  } catch {
    $("saved").textContent = words.offline;
    setTimeout(() => { sending = false; send(); }, 3000);
    return;
  }
  sending = false;
  send();
}

// Two people changed the same thing: they see what the other did, and may put their own edit on top of it.
function merge(theirs, lost) {
  const dialog = $("merge-dialog");
  $("merge-theirs").replaceChildren(...theirs.map((one) => el("li", {}, `${one.who}：${one.what} ${one.name || find(one.key)?.block.name || ""}`)));
  $("merge-mine").replaceChildren(...lost.map((op) => el("li", {}, describe(op))));
  dialog.onclose = () => {
    if (dialog.returnValue !== "mine") return;
    const fitting = lost.filter((op) => (op.key ? find(op.key) : true));
    if (fitting.length) edit(fitting);
    if (fitting.length < lost.length) scrm.toast({ text: words.someGone, level: "info" });
  };
  dialog.returnValue = "";
  dialog.showModal();
}
const describe = (op) => `${words.operations[op.do]} ${op.block?.name || (op.key && find(op.key)?.block.name) || ""}`;

function step(from, undoing, done) {
  if (queue.length) return setTimeout(() => step(undoing === "undo" ? undoStack : redoStack, undoing, done), 120);
  const ops = from.pop();
  if (!ops) return scrm.toast({ text: words.nothingToUndo, level: "info" });
  edit(ops, { undoing });
  say(done);
}
const undo = () => step(undoStack, "undo", words.undone);
const redo = () => step(redoStack, "redo", words.redone);

// Blocks of a day follow each other: when one is placed, those after it that are not locked move behind it.
function retimed(dayIndex, blocks) {
  const ops = [];
  let free = 540;
  let before = null;
  const groups = new Set();
  const meals = ["lunch", "dinner"];
  for (const block of blocks) {
    if (block.is_optional || (block.alternative && groups.has(block.alternative))) continue;
    groups.add(block.alternative);
    const meal = block.kind === "meal" ? meals.shift() || "" : block.meal;
    if (["vehicle", "guide", "fee", "note"].includes(block.kind)) continue;
    const way = before ? state.legs[`${before.key}>${block.key}`]?.minutes ?? (state.places[before.key] && state.places[block.key] ? 15 : 0) : 0;
    let start = block.starts;
    if (!block.is_locked) {
      start = Math.max(before ? free + way : Math.min(block.starts, 600), 360);
      if (meal === "lunch") start = Math.max(start, 690);
      if (meal === "dinner") start = Math.max(start, 1050);
      if (block.kind === "hotel") start = Math.max(start, 1080);
      start = Math.ceil(start / 5) * 5;
    }
    const length = block.kind === "hotel" ? Math.max(1440 - start, 0) : block.ends - block.starts;
    const set = { starts: start, ends: start + length, meal };
    if (Object.entries(set).some(([name, value]) => (block[name] ?? "") !== value)) ops.push({ do: "change", key: block.key, set });
    free = start + length;
    before = block;
  }
  return ops;
}

function place(key, day, at) {
  const found = find(key);
  if (found.day === day && (found.at === at || found.at + 1 === at)) return;
  const target = found.day === day && at > found.at ? at - 1 : at;
  const blocks = state.document.days.map((one) => one.blocks.filter((block) => block.key !== key));
  blocks[day].splice(target, 0, found.block);
  const ops = [{ do: "move", key, day: day + 1, at: target }, ...retimed(day, blocks[day])];
  if (found.day !== day) ops.push(...retimed(found.day, blocks[found.day]));
  focusKey = key;
  edit(ops);
  say(fill(words.dropped, { name: found.block.name, day: day + 1, at: target + 1 }));
}

function addCard(card, day, at) {
  const length = { sight: Math.min(card.minutes || 120, 240), meal: 60, hotel: 240, transport: 120 }[card.kind] || 60;
  const isLunch = card.kind === "meal" && !state.document.days[day].blocks.some((block) => block.meal === "lunch");
  const block = { key: uuid(), kind: card.kind, name: card.name, resource: card.id, starts: 540, ends: 540 + length, meal: card.kind === "meal" ? (isLunch ? "lunch" : "dinner") : "" };
  const blocks = state.document.days[day].blocks.slice();
  blocks.splice(at, 0, block);
  const moves = retimed(day, blocks);
  const own = moves.find((op) => op.key === block.key);
  if (own) Object.assign(block, own.set);
  focusKey = block.key;
  edit([{ do: "add", day: day + 1, at, block }, ...moves.filter((op) => op.key !== block.key)]);
}

const currentDay = () => {
  const focused = document.activeElement?.closest?.(".day");
  return focused ? Number(focused.dataset.day) : 0;
};

// --- drawing -------------------------------------------------------------------------------------------------

function take(body) {
  state = body;
  if (body.stacks && !queue.length) { undoStack = body.stacks.undo; redoStack = body.stacks.redo; }
  draw();
}
async function load() { take(await (await fetch(`${base}/data.json`)).json()); }

function draw() {
  drawDays();
  drawPrice();
  drawIssues();
  drawMap();
  drawScenarios();
  drawLog();
  $("undo").disabled = !undoStack.length;
  $("redo").disabled = !redoStack.length;
}

// The days alone: all that changes while a block is carried about.
function drawDays() {
  const active = document.activeElement;
  const keep = focusKey || active?.closest?.(".brick")?.dataset.key;
  const issues = new Map();
  for (const issue of state.issues) if (issue.block) issues.set(issue.block, [...(issues.get(issue.block) || []), issue]);
  $("days").replaceChildren(...state.document.days.map((day, index) => drawDay(day, index, issues)), ...(canEdit ? [el("button", { class: "btn block", type: "button", onclick: () => edit([{ do: "add_day", at: state.document.days.length + 1 }]) }, icon("plus"), words.addDay)] : []));
  if (keep) document.querySelector(`.brick[data-key="${CSS.escape(keep)}"]`)?.focus({ preventScroll: !focusKey });
  focusKey = null;
}

function dateOf(index) {
  const day = new Date(`${state.document.trip.starts_on}T00:00:00`);
  day.setDate(day.getDate() + index);
  return new Intl.DateTimeFormat(document.documentElement.lang || "zh-CN", { month: "short", day: "numeric", weekday: "short" }).format(day);
}

function drawDay(day, index, issues) {
  const list = el("ol", { ondragover: (event) => over(event, list), ondragleave: () => list.classList.remove("over"), ondrop: (event) => drop(event, index, list) });
  day.blocks.forEach((block, at) => {
    const next = day.blocks.slice(at + 1).find((one) => state.legs[`${block.key}>${one.key}`]);
    list.append(drawBlock(block, index, at, issues.get(block.key) || []));
    const way = next && state.legs[`${block.key}>${next.key}`];
    if (way) list.append(el("li", { class: "leg" }, fill(way.mode === "walk" ? words.walk : words.drive, way)));
  });
  if (!day.blocks.length) list.append(el("li", { class: "hint" }, words.empty));
  const whole = state.issues.filter((issue) => issue.day === index + 1 && !issue.block);
  return el("section", { class: `day c${(index % 8) + 1}`, "data-day": index, "aria-label": fill(words.day, { n: index + 1 }) },
    el("header", {}, el("span", { class: "day-mark" }), el("h2", {}, fill(words.day, { n: index + 1 })), el("span", { class: "date" }, dateOf(index)),
      ...whole.map((issue) => el("span", { class: issue.severity === "error" ? "small text-bad" : "small text-warn" }, issue.text)),
      canEdit && index > 0 ? el("button", { class: "btn quiet icon-only small", type: "button", "aria-label": words.dayUp, title: words.dayUp, onclick: () => edit([{ do: "move_day", day: index + 1, to: index }]) }, icon("arrow-up")) : null,
      canEdit ? el("button", { class: "btn quiet icon-only small", type: "button", "aria-label": words.dayCopy, title: words.dayCopy, onclick: () => edit([{ do: "add_day", at: index + 2, day: { title: day.title, blocks: day.blocks.map((block) => ({ ...block, key: uuid(), is_locked: false })) } }]) }, icon("copy")) : null,
      canEdit ? el("button", { class: "btn quiet icon-only small", type: "button", "aria-label": words.dayAgain, title: words.dayAgain, onclick: () => ask("", index + 1) }, icon("sparkles")) : null,
      canEdit && state.document.days.length > 1 && !day.blocks.length ? el("button", { class: "btn quiet icon-only small", type: "button", "aria-label": words.removeDay, title: words.removeDay, onclick: () => edit([{ do: "remove_day", day: index + 1 }]) }, icon("trash-2")) : null),
    list);
}

function drawBlock(block, day, at, issues) {
  const worst = issues.some((issue) => issue.severity === "error") ? "bad" : issues.length ? "warn" : "";
  const missing = state.missing.includes(block.key);
  const item = el("li", {
    class: `brick ${worst} ${picked?.key === block.key ? "picked" : ""}`, tabindex: "0", draggable: canEdit ? "true" : false, "data-key": block.key, "data-at": at,
    "aria-roledescription": words.kinds[block.kind],
    ondragstart: (event) => { event.dataTransfer.setData("text/plain", `block:${block.key}`); event.dataTransfer.effectAllowed = "move"; },
    onkeydown: (event) => keys(event, block, day, at), ondblclick: () => openBlock(block),
    onmouseenter: () => light(block.key, true), onmouseleave: () => light(block.key, false),
  },
  el("span", { class: "time" }, ["vehicle", "guide", "fee", "note"].includes(block.kind) ? "" : `${time(block.starts)}–${block.kind === "hotel" ? "" : time(block.ends)}`),
  el("span", { class: "what" }, el("b", {}, block.name, block.is_locked ? " 🔒" : ""), el("small", {}, [words.kinds[block.kind], block.is_optional ? words.optional : "", alternativeOf(block), block.kind === "hotel" ? "" : state.hours[block.key] ?? "", block.note].filter(Boolean).join(" · ")), ...(state.why[block.key] ? [el("small", { class: "why" }, ` · ${state.why[block.key]}`)] : []), ...(missing ? [el("small", { class: "text-bad" }, ` · ${words.noPrice}`)] : []),
    ...issues.map((issue) => el("div", { class: "conflict" }, el("small", { class: issue.severity === "error" ? "text-bad" : "text-warn" }, issue.text), repairButton(issue)))),
  canEdit ? el("span", { class: "tools" },
    el("button", { class: "btn quiet icon-only small", type: "button", tabindex: "-1", "aria-label": `${block.is_locked ? words.unlock : words.lock}: ${block.name}`, onclick: () => edit([{ do: "change", key: block.key, set: { is_locked: !block.is_locked } }]) }, icon(block.is_locked ? "lock" : "lock-open")),
    el("button", { class: "btn quiet icon-only small", type: "button", tabindex: "-1", "aria-label": `${words.name}: ${block.name}`, onclick: () => openBlock(block) }, icon("pencil")),
    el("button", { class: "btn quiet icon-only small", type: "button", tabindex: "-1", "aria-label": `${words.remove}: ${block.name}`, onclick: () => removeBlock(block, day) }, icon("x"))) : null);
  return item;
}

// Blocks offered for choice share a group; the first of them is priced in.
function alternativeOf(block) {
  if (!block.alternative) return "";
  const group = state.document.days.flatMap((day) => day.blocks).filter((one) => one.alternative === block.alternative);
  return fill(words.choice, { n: String.fromCharCode(65 + group.findIndex((one) => one.key === block.key)), all: group.length });
}

function repairButton(issue) {
  if (!canEdit || !issue.day || !words.repairable.includes(issue.code)) return "";
  return el("button", { class: "btn small repair", type: "button", "data-code": issue.code, onclick: (event) => { event.stopPropagation(); repair(issue); } }, words.repair);
}

async function post(path, body) {
  const answer = await fetch(`${base}/${path}`, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() }, body: JSON.stringify(body) });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) scrm.toast({ text: told.message || document.body.dataset.failed, level: "warn" });
  return answer.ok ? told : null;
}

async function repair(issue) {
  const told = await post("repair", { code: issue.code, day: issue.day, block: issue.block || "" });
  if (!told) return;
  edit(told.operations);
  say(words.repaired);
}

// --- drafts to choose from -------------------------------------------------------------------------------------

async function ask(text, day) {
  const box = $("suggestion");
  box.replaceChildren(el("span", { class: "skeleton" }), el("span", { class: "skeleton w60" }));
  box.closest("details").open = true;
  const told = await post("suggest", { text, day });
  if (!told) return box.replaceChildren();
  const notes = [...told.core.map((one) => el("p", { class: "small text-warn" }, `${words.notMet}：${one}`)), ...told.relaxations.map((one) => el("p", { class: "small muted" }, one))];
  if (!told.lines.length) return box.replaceChildren(...notes, el("p", { class: "muted small" }, words.nothingBetter));
  const list = el("ul", { class: "suggested" }, ...told.lines.map((line, index) => el("li", { class: line.what }, el("label", {}, el("input", { type: "checkbox", checked: true, "data-line": index }), el("span", {}, el("b", {}, `${fill(words.day, { n: line.day })} · ${line.label} `), line.name, line.why ? el("small", {}, line.why) : "")))));
  const apply = el("button", { class: "btn primary small", type: "button", id: "apply-suggestion", onclick: () => {
    const chosen = [...list.querySelectorAll("input:checked")].map((one) => told.lines[one.dataset.line]);
    accept(chosen);
    box.replaceChildren(el("p", { class: "small muted" }, fill(words.accepted, { n: chosen.length, all: told.lines.length })));
  } }, words.accept);
  box.replaceChildren(...notes, list, el("div", { class: "row" }, apply, el("button", { class: "btn small", type: "button", onclick: () => box.replaceChildren() }, words.cancel)));
}

// Removals first, then times, then what is new at its place by the hour.
function accept(lines) {
  const order = { remove: 0, move: 1, add: 2 };
  const ops = lines.slice().sort((a, b) => order[a.what] - order[b.what]).flatMap((line) => line.operations).filter((op) => !op.key || find(op.key));
  const days = state.document.days.map((day) => day.blocks.map((block) => ({ key: block.key, starts: block.starts })));
  for (const op of ops) {
    const day = op.day ? days[op.day - 1] : days.find((one) => one.some((block) => block.key === op.key));
    if (op.do === "remove") day.splice(day.findIndex((block) => block.key === op.key), 1);
    if (op.do === "change" && "starts" in op.set) day.find((block) => block.key === op.key).starts = op.set.starts;
    if (op.do !== "add") continue;
    const at = day.findIndex((block) => block.starts > op.block.starts);
    op.at = at < 0 ? day.length : at;
    day.splice(op.at, 0, { key: op.block.key, starts: op.block.starts });
  }
  edit(ops, { via: "planner" });
  say(words.saved);
}

function drawLog() {
  const hour = new Intl.DateTimeFormat(document.documentElement.lang || "zh-CN", { hour: "2-digit", minute: "2-digit" });
  $("log").replaceChildren(...state.log.slice(0, 20).map((one) => el("li", {}, el("span", {}, `${one.who} ${one.what} ${one.name || find(one.key)?.block.name || ""}${one.via ? ` (${one.via})` : ""}`), el("time", { datetime: one.at }, hour.format(new Date(one.at))))));
}

function removeBlock(block, day) {
  const blocks = state.document.days[day].blocks;
  const at = blocks.findIndex((one) => one.key === block.key);
  focusKey = (blocks[at + 1] || blocks[at - 1])?.key || null;
  edit([{ do: "remove", key: block.key }]);
}

function drawPrice() {
  const rows = [];
  const sheet = state.sheet;
  if (state.refused) rows.push(el("p", { class: "text-warn" }, state.refused));
  if (state.total) {
    rows.push(el("div", { class: "sheet-total" }, el("span", {}, words.total), el("span", { class: "num", id: "total" }, yuan(state.total))));
    rows.push(el("table", { class: "sheet" }, el("tbody", {}, ...state.prices.map((one) => el("tr", {}, el("td", {}, `${one.label} × ${one.count}`), el("td", {}, yuan(one.price)))))));
  }
  if (sheet) {
    const table = el("tbody", {}, ...sheet.lines.map((line) => el("tr", {}, el("td", {}, line.label, " ", el("span", { class: "muted" }, `${line.formula}`)), el("td", {}, yuan(line.total)))),
      el("tr", { class: "sum" }, el("td", {}, words.cost), el("td", {}, yuan(sheet.cost))),
      ...sheet.steps.map((one) => el("tr", {}, el("td", {}, one.label), el("td", {}, yuan(one.amount)))),
      el("tr", {}, el("td", { class: "muted" }, words.rounding), el("td", {}, yuan(sheet.rounding))),
      el("tr", { class: "sum" }, el("td", {}, words.margin), el("td", {}, `${yuan(sheet.margin)} · ${sheet.margin_percent}%`)));
    rows.push(el("details", { open: drawPrice.open || false, ontoggle: (event) => { drawPrice.open = event.target.open; } }, el("summary", {}, `${words.cost} · ${words.margin} ${sheet.margin_percent}%`), el("table", { class: "sheet" }, table)));
  }
  $("price").replaceChildren(...rows);
}

function drawIssues() {
  $("issue-count").textContent = state.issues.length || "";
  if (!state.issues.length) return $("issues").replaceChildren(el("p", { class: "text-good" }, words.noIssues));
  $("issues").replaceChildren(el("ul", { class: "issue-list" }, ...state.issues.map((issue) => el("li", { class: issue.severity }, el("button", {
    type: "button", onclick: () => (document.querySelector(issue.block ? `.brick[data-key="${issue.block}"]` : `.day[data-day="${issue.day - 1}"] .brick`))?.focus(),
  }, `${issue.day ? `${fill(words.day, { n: issue.day })} · ` : ""}${issue.block ? `${find(issue.block)?.block.name || ""}：` : ""}${issue.text}`), repairButton(issue)))));
}

function drawMap() {
  const days = state.document.days.map((day) => day.blocks.filter((block) => state.places[block.key]).map((block) => ({ key: block.key, name: block.name, place: state.places[block.key] })));
  const all = days.flat();
  if (all.length < 2) return $("map").replaceChildren(el("p", { class: "muted small" }, words.noPlaces));
  const shrink = Math.cos((all.reduce((sum, one) => sum + one.place[0], 0) / all.length) * Math.PI / 180);
  const xs = all.map((one) => one.place[1] * shrink);
  const ys = all.map((one) => -one.place[0]);
  const [width, height, margin] = [300, 220, 16];
  const span = Math.max((Math.max(...xs) - Math.min(...xs)) / (width - 2 * margin), (Math.max(...ys) - Math.min(...ys)) / (height - 2 * margin), 1e-9);
  const x = (place) => (place[1] * shrink - Math.min(...xs)) / span + (width - (Math.max(...xs) - Math.min(...xs)) / span) / 2;
  const y = (place) => (-place[0] - Math.min(...ys)) / span + (height - (Math.max(...ys) - Math.min(...ys)) / span) / 2;
  const map = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "map-lines", role: "img", "aria-label": all.map((one) => one.name).join("、") });
  days.forEach((day, index) => {
    map.append(svg("polyline", { class: `c${(index % 8) + 1}`, points: day.map((one) => `${x(one.place)},${y(one.place)}`).join(" ") }));
    day.forEach((one) => {
      const dot = svg("circle", { class: `c${(index % 8) + 1}`, cx: x(one.place), cy: y(one.place), r: 6, "data-key": one.key });
      dot.append(svg("title", {}));
      dot.firstChild.textContent = one.name;
      dot.addEventListener("click", () => document.querySelector(`.brick[data-key="${one.key}"]`)?.focus());
      map.append(dot);
    });
  });
  $("map").replaceChildren(map);
}
const light = (key, on) => document.querySelector(`.map-lines circle[data-key="${key}"]`)?.classList.toggle("lit", on);

function drawScenarios() {
  const rows = state.scenarios.map((one) => el("tr", {}, el("td", {}, String(one.payers)), el("td", {}, one.adult ? yuan(one.adult) : "—")));
  $("scenarios").replaceChildren(el("table", { class: "sheet" }, el("thead", {}, el("tr", {}, el("th", {}, words.group), el("th", {}, `${words.adult}, ${words.perPerson}`))), el("tbody", {}, ...rows)));
}

// --- mouse ---------------------------------------------------------------------------------------------------

function over(event, list) {
  event.preventDefault();
  list.classList.add("over");
  list.querySelectorAll(".before").forEach((one) => one.classList.remove("before"));
  event.target.closest(".brick")?.classList.add("before");
}

function drop(event, day, list) {
  event.preventDefault();
  list.classList.remove("over");
  const target = event.target.closest(".brick");
  const at = target ? Number(target.dataset.at) : state.document.days[day].blocks.length;
  const [what, id] = event.dataTransfer.getData("text/plain").split(":");
  if (what === "block" && find(id)) place(id, day, at);
  if (what === "card") { const card = cards.find((one) => String(one.id) === id); if (card) addCard(card, day, at); }
}

// --- keyboard ------------------------------------------------------------------------------------------------

function keys(event, block, day, at) {
  if (event.target !== event.currentTarget) return;
  const { key } = event;
  const days = state.document.days;
  if (key === " " && canEdit) { event.preventDefault(); return picked ? dropPicked() : pick(block, day, at); }
  if (key === "Escape" && picked) { event.preventDefault(); const { from } = picked; picked = null; const op = { do: "move", key: block.key, day: from.day + 1, at: from.at }; applyHere(op); focusKey = block.key; return draw(); }
  if (["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].includes(key)) {
    event.preventDefault();
    if (picked) return carry(block, day, at, key);
    const all = [...document.querySelectorAll(".brick")];
    const here = all.indexOf(event.currentTarget);
    if (key === "ArrowUp") return all[here - 1]?.focus();
    if (key === "ArrowDown") return all[here + 1]?.focus();
    return document.querySelector(`.day[data-day="${day + (key === "ArrowRight" ? 1 : -1)}"] .brick`)?.focus();
  }
  if (!canEdit) return;
  if (key === "Delete" || key === "Backspace") { event.preventDefault(); removeBlock(block, day); }
  if (key === "Enter") { event.preventDefault(); openBlock(block); }
  if (key.toLowerCase() === "d" && !event.ctrlKey) { event.preventDefault(); const copy = { ...block, key: uuid() }; focusKey = copy.key; edit([{ do: "add", day: day + 1, at: at + 1, block: copy }]); }
  if (key === "[" && day > 0) { event.preventDefault(); place(block.key, day - 1, days[day - 1].blocks.length); }
  if (key === "]" && day < days.length - 1) { event.preventDefault(); place(block.key, day + 1, 0); }
}

function pick(block, day, at) { picked = { key: block.key, from: { day, at } }; focusKey = block.key; drawDays(); say(fill(words.picked, { name: block.name })); }
function carry(block, day, at, key) {
  const days = state.document.days;
  const target = { ArrowUp: [day, at - 1], ArrowDown: [day, at + 1], ArrowLeft: [day - 1, at], ArrowRight: [day + 1, at] }[key];
  if (target[0] < 0 || target[0] >= days.length) return;
  const room = days[target[0]].blocks.length - (target[0] === day ? 1 : 0);
  applyHere({ do: "move", key: block.key, day: target[0] + 1, at: Math.min(Math.max(target[1], 0), room) });
  focusKey = block.key;
  drawDays();
}
function dropPicked() {
  const { key, from } = picked;
  const now = find(key);
  picked = null;
  applyHere({ do: "move", key, day: from.day + 1, at: from.at });
  if (now.day === from.day && now.at === from.at) { focusKey = key; return draw(); }
  place(key, now.day, now.day === from.day && now.at > from.at ? now.at + 1 : now.at);
}

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.closest("input, textarea, dialog")) return;
  event.preventDefault();
  if (event.shiftKey) redo(); else undo();
});
$("undo").addEventListener("click", undo);
$("redo").addEventListener("click", redo);

// --- one block -----------------------------------------------------------------------------------------------

function field(name, label, value, props = {}) {
  const id = `f-${name}`;
  return el("div", { class: `field ${props.full ? "full" : ""}` }, el("label", { for: id }, label), el("input", { class: "input", id, name, value: value ?? "", ...props.input }));
}

function choiceField(block) {
  const day = state.document.days[find(block.key).day];
  const others = day.blocks.filter((one) => one.kind === block.kind && one.key !== block.key);
  const select = el("select", { class: "input", id: "f-choice", name: "choice" }, el("option", { value: "" }, words.noChoice), ...others.map((one) => el("option", { value: one.key, selected: Boolean(block.alternative) && one.alternative === block.alternative }, one.name)));
  const optional = el("select", { class: "input", id: "f-is_optional", name: "is_optional" }, el("option", { value: "" }, words.included), el("option", { value: "1", selected: block.is_optional }, words.optional));
  return el("div", { class: "full form two" }, el("div", { class: "field" }, el("label", { for: "f-choice" }, words.insteadOf), select), el("div", { class: "field" }, el("label", { for: "f-is_optional" }, words.inPrice), optional));
}

// The group of two blocks offered for choice: that of the other, or a new one for both.
function choiceOps(block, otherKey) {
  const other = otherKey ? find(otherKey).block : null;
  if (!other) return block.alternative ? [{ do: "change", key: block.key, set: { alternative: "" } }] : [];
  if (other.alternative && other.alternative === block.alternative) return [];
  const group = other.alternative || uuid().slice(0, 8);
  const ops = [{ do: "change", key: block.key, set: { alternative: group, starts: other.starts, ends: other.ends } }];
  return other.alternative ? ops : [{ do: "change", key: other.key, set: { alternative: group } }, ...ops];
}

function openBlock(block) {
  if (!canEdit) return;
  const dialog = $("block-dialog");
  $("block-title").textContent = block.name || words.name;
  const isNew = !find(block.key);
  const fields = [field("name", words.name, block.name, { full: true, input: { required: true, maxlength: 120 } })];
  if (block.kind !== "hotel" || isNew) fields.push(field("starts", words.begins, time(block.starts), { input: { type: "time", required: true } }), field("ends", words.ends, time(Math.min(block.ends, 1439)), { input: { type: "time", required: true } }));
  if ("price_amount" in block || isNew) fields.push(field("price_amount", words.amount, block.price_amount, { input: { inputmode: "decimal", pattern: "[0-9]{1,9}(\\.[0-9]{1,2})?" } }), field("price_reason", words.reason, block.price_reason, { input: { maxlength: 120 } }));
  if (!isNew) fields.push(choiceField(block));
  fields.push(field("note", words.note, block.note, { full: true, input: { maxlength: 300 } }), field("internal_note", words.internal, block.internal_note, { full: true, input: { maxlength: 300 } }));
  $("block-fields").replaceChildren(...fields);
  dialog.onclose = () => {
    if (dialog.returnValue !== "save") return;
    const given = Object.fromEntries(new FormData($("block-form")));
    const set = {};
    const choices = "choice" in given ? choiceOps(block, given.choice) : [];
    if ("is_optional" in given && Boolean(given.is_optional) !== Boolean(block.is_optional)) set.is_optional = Boolean(given.is_optional);
    delete given.choice;
    delete given.is_optional;
    for (const [name, raw] of Object.entries(given)) {
      const value = ["starts", "ends"].includes(name) ? minutesOf(raw) : name === "price_amount" ? raw || null : raw;
      if (value !== (block[name] ?? "") && !(value === null && block[name] == null)) set[name] = value;
    }
    if ("starts" in set && (set.ends ?? block.ends) < set.starts) set.ends = set.starts + (block.ends - block.starts);
    focusKey = block.key;
    if (isNew) edit([{ do: "add", day: openBlock.day + 1, at: state.document.days[openBlock.day].blocks.length, block: { ...block, ...set } }]);
    else if (Object.keys(set).length || choices.length) edit([...(Object.keys(set).length ? [{ do: "change", key: block.key, set }] : []), ...choices]);
  };
  dialog.returnValue = "";
  dialog.showModal();
}

// --- the drawer ----------------------------------------------------------------------------------------------

async function search() {
  const q = $("find").elements.q.value;
  const theme = $("theme").value;
  const priceTo = $("price-to").value;
  const asked = search.last = `${kind}|${q}|${theme}|${priceTo}`;
  const city = q ? "" : search.city || "";
  const answer = await fetch(`${base}/resources.json?${new URLSearchParams({ kind, q, city, theme, price_to: priceTo })}`);
  if (!answer.ok || search.last !== asked) return;
  cards = (await answer.json()).results;
  $("found").replaceChildren(...(cards.length ? cards.map(drawCard) : [el("p", { class: "muted small" }, words.nothingFound)]));
}

// Kilometres, straight, from the middle of the day that has the focus.
function distance(card) {
  const day = state.document.days[search.day ?? 0];
  const places = day ? day.blocks.map((block) => state.places[block.key]).filter(Boolean) : [];
  if (!card.place || !places.length) return "";
  const middle = [0, 1].map((at) => places.reduce((sum, place) => sum + place[at], 0) / places.length);
  const km = Math.hypot((card.place[0] - middle[0]) * 111.2, (card.place[1] - middle[1]) * 111.2 * Math.cos(middle[0] * Math.PI / 180));
  return `${km.toFixed(km < 10 ? 1 : 0)} km`;
}

function drawCard(card) {
  const more = [card.city, distance(card), card.rating ? `★ ${card.rating}` : "", card.unpriced ? words.noPrice : card.price !== null ? yuan(card.price) : ""].filter(Boolean).join(" · ");
  return el("li", { draggable: "true", title: card.supplier, ondragstart: (event) => event.dataTransfer.setData("text/plain", `card:${card.id}`) },
    el("span", { class: "name" }, card.name), el("span", { class: "more" }, more),
    el("button", { class: "btn quiet icon-only small", type: "button", "aria-label": `+ ${card.name}`, onclick: () => { const day = search.day ?? 0; addCard(card, Math.min(day, state.document.days.length - 1), state.document.days[day]?.blocks.length || 0); } }, icon("plus")));
}

if (canEdit) {
  let timer;
  $("find").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 180); });
  $("find").addEventListener("submit", (event) => { event.preventDefault(); search(); });
  $("kinds").addEventListener("click", (event) => {
    const button = event.target.closest("[data-kind]");
    if (!button) return;
    kind = button.dataset.kind;
    for (const one of $("kinds").children) one.setAttribute("aria-pressed", String(one === button));
    search();
  });
  $("days").addEventListener("focusin", () => { search.day = currentDay(); });
  $("theme").addEventListener("change", search);
  $("price-to").addEventListener("change", search);
  $("ask").addEventListener("submit", (event) => { event.preventDefault(); ask($("ask").elements.text.value, 0); });
  $("free").addEventListener("click", () => { openBlock.day = search.day ?? 0; openBlock({ key: uuid(), kind: "activity", name: "", starts: 840, ends: 900, note: "", internal_note: "", price_amount: null, price_reason: "" }); });
  scrm.keys.add({ id: "itinerary-find", combo: "n", scope: "page", label: document.querySelector("#find input").placeholder, run: () => $("find").elements.q.focus() });
}

await load();
if (canEdit) { search.city = state.document.trip.title.split(/[,，\d]/)[0].trim(); search(); }
