// The flow editor: an island without a build. The flow is one JSON document; every edit makes the next one, so undo is exact.
// The server judges: after each save it says what is wrong, and at which step.
const root = document.getElementById("flow-editor");
const page = JSON.parse(document.getElementById("flow-page").textContent);
const { options } = page;
const words = options.words;
const csrf = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
const $ = (id) => document.getElementById(id);

let flow = page.flow;
let name = page.name;
let revision = page.revision;
let complaints = page.complaints;
let says = page.says;
let chosen = "trigger";
let past = [];
let future = [];
let timer = null;
let busy = false;
let dirty = false;

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key === "class") node.className = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
function icon(key) {
  const sprite = document.querySelector("svg.icon use").getAttribute("href").split("#")[0];
  const holder = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  holder.setAttribute("class", "icon sm");
  holder.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${key}`);
  holder.append(use);
  return holder;
}
const copy = (value) => JSON.parse(JSON.stringify(value));
const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_all, key) => values[key]);
const bytes = (text) => new TextEncoder().encode(text).length;
const tell = (text) => { $("flow-say").textContent = text; };

// --- the document ----------------------------------------------------------------------------------------------

const rowsOf = (step) => {
  if (step.do === "ab") return (step.branches || []).map((branch, at) => [`${"ABCDEFGH"[at]} · ${branch.weight || 0}%`, branch.steps ||= []]);
  if (step.do === "if") return [[words.yes, step.yes ||= []], [words.no, step.no ||= []]];
  if (step.do === "wait" && step.mode === "fact") return [[words.happened, step.yes ||= []], [words.timeout, step.no ||= []]];
  return [];
};
function* everything(rows = flow.steps ||= []) {
  for (const [at, step] of rows.entries()) {
    yield { step, rows, at };
    for (const [, inner] of rowsOf(step)) yield* everything(inner);
  }
}
const find = (id) => { for (const place of everything()) if (place.step.id === id) return place; return null; };
const order = () => ["trigger", "settings", ...[...everything()].map(({ step }) => step.id)];
function freshId() {
  const used = new Set([...everything()].map(({ step }) => step.id));
  let number = used.size + 1;
  while (used.has(`s${number}`)) number += 1;
  return `s${number}`;
}
function freshStep(kind) {
  const step = { id: freshId(), do: kind };
  for (const one of options.kinds[kind].settings) if (one.default !== null && !one.modes.length) step[one.name] = one.default;
  if (kind === "wait") Object.assign(step, { mode: "for", days: 1 });
  if (kind === "ab") step.branches = [{ name: "A", weight: 50, steps: [] }, { name: "B", weight: 50, steps: [] }];
  if (kind === "message") Object.assign(step, { text: "", channels: ["wecom", "inbox"] });
  return step;
}

function change(edit, keep = chosen) {
  if (!page.canEdit) return;
  past.push(copy(flow));
  if (past.length > 200) past.shift();
  future = [];
  edit();
  chosen = find(keep) || keep === "trigger" || keep === "settings" ? keep : "trigger";
  touched();
  draw();
}
// Typing: one step back for a whole run of letters in one field.
let typing = "";
function type(field, edit) {
  if (!page.canEdit) return;
  if (typing !== field) { past.push(copy(flow)); future = []; typing = field; }
  edit();
  touched();
}
function step(back) {
  const [from, to] = back ? [past, future] : [future, past];
  if (!from.length || !page.canEdit) return;
  to.push(copy(flow));
  flow = from.pop();
  typing = "";
  if (chosen !== "trigger" && chosen !== "settings" && !find(chosen)) chosen = "trigger";
  touched();
  draw();
  tell(words.undone);
}
const insertAfter = (kind) => {
  const made = freshStep(kind);
  change(() => {
    const place = find(chosen);
    if (place) place.rows.splice(place.at + 1, 0, made);
    else (flow.steps ||= []).unshift(made);
  }, made.id);
  focusChosen();
};
const removeStep = (id) => {
  const list = order();
  const before = list[Math.max(list.indexOf(id) - 1, 0)];
  change(() => { const place = find(id); place.rows.splice(place.at, 1); }, before);
  tell(words.removed);
  focusChosen();
};
const moveStep = (id, by) => {
  const place = find(id);
  if (!place || place.at + by < 0 || place.at + by >= place.rows.length) return;
  change(() => { const [one] = place.rows.splice(place.at, 1); place.rows.splice(place.at + by, 0, one); }, id);
  tell(words.moved);
  focusChosen();
};
const copyStep = (id) => {
  const place = find(id);
  const made = copy(place.step);
  const used = new Set([...everything()].map((one) => one.step.id));
  let number = used.size + 1;
  const rename = (one) => {
    while (used.has(`s${number}`)) number += 1;
    one.id = `s${number}`;
    used.add(one.id);
    for (const [, rows] of rowsOf(one)) rows.forEach(rename);
  };
  rename(made);
  change(() => { place.rows.splice(place.at + 1, 0, made); }, made.id);
};

// --- saving and judging ----------------------------------------------------------------------------------------

function touched() {
  dirty = true;
  $("flow-state").textContent = words.unsaved;
  clearTimeout(timer);
  timer = setTimeout(save, 700);
}
async function post(url, body) {
  return fetch(url, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() }, body: JSON.stringify(body) });
}
async function save() {
  if (busy) { timer = setTimeout(save, 300); return; }
  busy = true;
  dirty = false;
  $("flow-state").textContent = words.saving;
  try {
    const reply = await post(root.dataset.save, { flow, name, revision });
    if (!reply.ok) {
      const clash = reply.status === 409;
      $("flow-state").textContent = clash ? words.elsewhere : words.unsaved;
      if (clash) scrm.toast({ text: words.elsewhere, level: "bad" });
      return;
    }
    const found = await reply.json();
    revision = found.revision;
    complaints = found.complaints;
    says = found.says;
    $("flow-state").textContent = dirty ? words.unsaved : words.saved;
    drawFaults();
    count();
  } finally {
    busy = false;
  }
}
async function count() {
  const place = $("flow-count");
  if (complaints.length) { place.textContent = "—"; return; }
  const reply = await post(root.dataset.count, { flow });
  if (!reply.ok) return;
  const found = await reply.json();
  if (found.number === null) place.textContent = found.kind ? words.slow : "—";
  else place.textContent = fill(words[found.kind], { n: found.number.toLocaleString() });
}

// --- drawing: the column of steps --------------------------------------------------------------------------------

const label = (pairs, value) => (pairs.find(([key]) => String(key) === String(value)) || [null, value])[1];
function summary(one, spec) {
  const parts = [];
  for (const setting of spec.settings) {
    const value = one[setting.name];
    if (setting.modes.length && !setting.modes.includes(String(one[setting.switch]))) continue;
    if (value === undefined || value === "" || value === 0 || value === null || setting.name === "mode" || setting.name === "channels") continue;
    if (setting.name === "text") continue;
    if (setting.kind === "choice") parts.push(label(setting.choices, value));
    else if (setting.name === "product") parts.push(value === "trigger" ? words.trigger_product : label(options.products, value));
    else if (setting.name === "segment") parts.push(label(options.segments, value));
    else if (setting.kind === "ids") parts.push(value.map((id) => label(options.tags, id)).join("、"));
    else if (setting.name === "weekdays") parts.push(value.map((day) => options.weekdays[day]).join("、"));
    else if (setting.name === "title") parts.unshift(value);
    else if (["days", "hours", "minutes", "months", "views", "quiet_minutes", "offset"].includes(setting.name)) parts.push(`${value} ${setting.label}`);
    else if (setting.name === "at" || setting.name === "on" || setting.name === "to") parts.push(value);
  }
  return parts.join(" · ");
}
function card(id, kind, spec, text, extra = "") {
  const wrong = complaints.filter((one) => one.place === id || (id === "settings" && ["entry", "reentry", "exits", "goal", "holdout"].includes(one.place)));
  return el("button", {
    type: "button", class: `flow-card${wrong.length ? " wrong" : ""}`, "data-id": id, "aria-current": chosen === id ? "true" : null,
    onclick: () => { typing = ""; chosen = id; draw(); },
  },
  el("span", { class: "flow-icon" }, icon(spec.icon)),
  el("span", { class: "flow-text" }, el("b", {}, spec.label), extra ? el("span", { class: "flow-extra" }, extra) : null, el("span", { class: "muted small" }, text)),
  wrong.length ? el("span", { class: "flow-bad" }, icon("triangle-alert"), String(wrong.length)) : null);
}
function drawRows(rows, prefix) {
  const list = el("ol", { class: "flow-rows" });
  rows.forEach((one, at) => {
    const spec = options.kinds[one.do] || { icon: "circle-help", label: one.do, settings: [] };
    const number = `${prefix}${at + 1}`;
    const text = one.do === "if" ? says[one.id] || "" : summary(one, spec);
    const item = el("li", {}, card(one.id, one.do, { ...spec, label: `${number}  ${spec.label}` }, text, one.text ? one.text.slice(0, 60) : ""));
    const branches = rowsOf(one);
    if (branches.length) {
      item.append(el("div", { class: "flow-branches" }, ...branches.map(([title, inner], place) =>
        el("section", { class: "flow-branch" }, el("header", {}, title),
          inner.length ? drawRows(inner, `${number}.${place + 1}.`) : el("p", { class: "muted small" }, words.empty),
          page.canEdit ? adder((kind) => { const made = freshStep(kind); change(() => inner.push(made), made.id); }) : null))));
    }
    list.append(item);
  });
  return list;
}
function adder(run) {
  return el("details", { class: "menu start flow-add" }, el("summary", { class: "btn small" }, icon("plus"), words.add),
    el("div", { class: "panel" }, ...Object.entries(options.kinds).map(([kind, spec]) =>
      el("button", { type: "button", class: "item", onclick: (event) => { event.target.closest("details").open = false; run(kind); } }, icon(spec.icon), spec.label))));
}
function draw() {
  const column = $("flow-column");
  const trigger = options.triggers[flow.trigger?.kind] || { icon: "circle-help", label: words.choose, settings: [] };
  column.replaceChildren(
    card("trigger", "trigger", { icon: trigger.icon, label: `${words.trigger} · ${trigger.label}` }, summary(flow.trigger || {}, trigger)),
    card("settings", "settings", { icon: "sliders-horizontal", label: words.settings }, rulesLine()),
    drawRows(flow.steps ||= [], ""),
    page.canEdit ? adder((kind) => { const made = freshStep(kind); change(() => flow.steps.push(made), made.id); }) : el("span"),
    el("p", { class: "flow-end muted small" }, icon("flag"), words.end),
  );
  $("flow-undo").disabled = !past.length;
  $("flow-redo").disabled = !future.length;
  drawForm();
  drawFaults();
}
const rulesLine = () => [
  says.entry || words.everybody, words[flow.reentry?.rule || "never"], flow.goal?.fact ? `${words.goal}: ${label(options.facts, flow.goal.fact)}` : "",
  flow.holdout ? `${words.holdout} ${flow.holdout}` : "",
].filter(Boolean).join(" · ");
function drawFaults() {
  const list = $("flow-faults");
  list.replaceChildren(...complaints.map((one) => {
    const id = ["entry", "reentry", "exits", "goal", "holdout"].includes(one.place) ? "settings" : one.place;
    const spec = find(id) ? options.kinds[find(id).step.do] : null;
    const where = spec ? spec.label : words[id] || id;
    return el("li", {}, el("button", { type: "button", class: "link-like", onclick: () => { chosen = id; draw(); focusField(one.field); } }, `${where}: ${one.text}`));
  }));
  $("flow-verdict").textContent = complaints.length ? fill(words.faults, { n: complaints.length }) : words.ready;
  $("flow-verdict").className = complaints.length ? "chip bad" : "chip good";
  for (const node of document.querySelectorAll("[data-field]")) {
    const wrong = complaints.find((one) => one.place === node.dataset.place && one.field === node.dataset.field);
    const hint = node.querySelector(".complaint");
    hint.textContent = wrong ? wrong.text : "";
    node.classList.toggle("wrong", Boolean(wrong));
  }
  for (const node of document.querySelectorAll(".flow-card")) {
    const id = node.dataset.id;
    node.classList.toggle("wrong", complaints.some((one) => one.place === id));
  }
  const publish = $("flow-publish");
  if (publish) publish.disabled = complaints.length > 0;
}

// --- drawing: the form of what is chosen -------------------------------------------------------------------------

const focusField = (field) => document.querySelector(`[data-field="${field}"] input, [data-field="${field}"] textarea, [data-field="${field}"] select`)?.focus();
const focusChosen = () => document.querySelector(`.flow-card[data-id="${chosen}"]`)?.focus();
let fieldNumber = 0;
function field(place, key, title, control) {
  fieldNumber += 1;
  const id = `flow-f${fieldNumber}`;
  const target = control.matches?.("input,select,textarea") ? control : control.querySelector?.("input,select,textarea");
  if (target && !target.id) target.id = id;
  if (target && !page.canEdit) target.disabled = true;
  return el("div", { class: "field", "data-field": key, "data-place": place }, el("label", { for: target?.id || id }, title), control, el("p", { class: "complaint text-bad small" }));
}
const select = (pairs, value, run, first) => {
  const box = el("select", { class: "input", onchange: (event) => run(event.target.value) });
  if (first) box.append(el("option", { value: "" }, first));
  for (const [key, text] of pairs) box.append(el("option", { value: key, selected: String(key) === String(value) }, text));
  return box;
};
function control(place, one, setting) {
  const value = one[setting.name];
  const set = (next) => change(() => { one[setting.name] = next; });
  const write = (next) => type(`${place}.${setting.name}`, () => { one[setting.name] = next; });
  const own = { product: options.products, segment: options.segments, channel: options.channels, template: options.coupons, tag: options.tags }[setting.name];
  if (setting.name === "product") {
    const pairs = page.flow.trigger && place !== "trigger" ? [["trigger", words.trigger_product], ...own] : own;
    return select(pairs, value || "", set, words.none_product);
  }
  if (own) return select(own, value || 0, (next) => set(Number(next)), words.choose);
  if (setting.name === "to") return select([...everything()].filter((other) => other.step.id !== place).map(({ step: other }) => [other.id, `${other.id} · ${options.kinds[other.do]?.label || other.do} ${(other.title || other.text || "").slice(0, 20)}`]), value, set, words.choose);
  if (setting.name === "weekday") return select(options.weekdays.map((text, at) => [at, text]), value ?? 0, (next) => set(Number(next)));
  if (setting.kind === "choice") return select(setting.choices, value ?? setting.default, set, setting.default === null ? words.choose : null);
  if (setting.kind === "time") return el("input", { class: "input", type: "time", value: value || setting.default, onchange: (event) => set(event.target.value) });
  if (setting.kind === "date") return el("input", { class: "input", type: "date", value: value || "", onchange: (event) => set(event.target.value) });
  if (setting.kind === "int") return el("input", { class: "input", type: "number", min: setting.low, max: setting.high, value: value ?? setting.default ?? 0, oninput: (event) => write(event.target.value === "" ? 0 : Math.trunc(Number(event.target.value))) });
  if (setting.kind === "ids") return many(options.tags, value || [], set);
  if (setting.kind === "picks") return many(options.weekdays.map((text, at) => [at, text]), value || [], set);
  if (setting.kind === "names") return many(setting.choices, value || [], set);
  if (setting.high > 100) return text(value || "", setting, write);
  return el("input", { class: "input", maxlength: setting.high, value: value || "", oninput: (event) => write(event.target.value) });
}
function many(pairs, values, set) {
  const picked = new Set(values.map(String));
  const box = el("div", { class: "flow-many" });
  for (const [key, title] of pairs) {
    const tick = el("input", { type: "checkbox", checked: picked.has(String(key)), onchange: (event) => {
      const next = event.target.checked ? [...values, key] : values.filter((other) => String(other) !== String(key));
      set(next);
    } });
    box.append(el("label", { class: "check" }, tick, el("span", {}, title)));
  }
  return box;
}
function text(value, setting, write) {
  const counter = el("span", { class: "counter small muted" }, `${bytes(value)} / 4000 ${words.bytes}`);
  const area = el("textarea", { class: "input", rows: 6, maxlength: setting.high, oninput: (event) => {
    write(event.target.value);
    counter.textContent = `${bytes(event.target.value)} / 4000 ${words.bytes}`;
  } });
  area.value = value;
  const insert = (key) => {
    const put = `{{${key}|${key === "name" ? words.fallback : "…"}}}`;
    area.setRangeText(put, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input"));
    area.focus();
  };
  return el("div", { class: "stack tight" }, area, el("div", { class: "spread" },
    el("div", { class: "row" }, ...options.variables.map(([key, title]) => el("button", { type: "button", class: "btn small quiet", disabled: !page.canEdit, onclick: () => insert(key) }, title))), counter));
}
function formOf(place, one, spec) {
  return spec.settings.filter((setting) => !setting.modes.length || setting.modes.includes(String(one[setting.switch] ?? "")))
    .map((setting) => field(place, setting.name, setting.label, control(place, one, setting)));
}
function conditionField(place, key, title, value, sentence, set) {
  return el("div", { class: "field", "data-field": key, "data-place": place }, el("span", { class: "label" }, title),
    el("p", { class: "flow-sentence" }, sentence || (value ? "…" : words.everybody)),
    el("div", { class: "row" },
      el("button", { type: "button", class: "btn small", disabled: !page.canEdit, onclick: () => editCondition(value, set) }, icon("square-pen"), words.edit),
      value && place !== "step" ? el("button", { type: "button", class: "btn small quiet", disabled: !page.canEdit, onclick: () => set(null, "") }, words.clear) : null),
    el("p", { class: "complaint text-bad small" }));
}
function drawForm() {
  const form = $("flow-form");
  fieldNumber = 0;
  if (chosen === "trigger") form.replaceChildren(...triggerForm());
  else if (chosen === "settings") form.replaceChildren(...settingsForm());
  else form.replaceChildren(...stepForm(find(chosen)));
}
function triggerForm() {
  const trigger = flow.trigger ||= { kind: "fact" };
  const kinds = Object.entries(options.triggers).map(([key, spec]) => [key, spec.label]);
  const pick = select(kinds, trigger.kind, (kind) => change(() => {
    flow.trigger = { kind };
    for (const one of options.triggers[kind].settings) if (one.default !== null) flow.trigger[one.name] = one.default;
  }));
  const spec = options.triggers[trigger.kind] || { settings: [] };
  return [el("h2", {}, words.trigger), field("trigger", "kind", words.choose, pick), ...formOf("trigger", trigger, spec)];
}
function settingsForm() {
  flow.reentry ||= { rule: "never" };
  flow.goal ||= {};
  flow.exits ||= [];
  const rules = ["never", "after", "always"].map((key) => [key, words[key]]);
  const parts = [
    el("h2", {}, words.settings),
    conditionField("entry", "when", words.entry, flow.entry, says.entry, (next, sentence) => change(() => { flow.entry = next; says.entry = sentence; })),
    field("reentry", "rule", words.reentry, select(rules, flow.reentry.rule, (rule) => change(() => { flow.reentry = rule === "after" ? { rule, days: 30 } : { rule }; }))),
  ];
  if (flow.reentry.rule === "after") parts.push(field("reentry", "days", words.days, el("input", { class: "input", type: "number", min: 1, max: 730, value: flow.reentry.days, oninput: (event) => type("reentry", () => { flow.reentry.days = Number(event.target.value); }) })));
  parts.push(field("goal", "fact", words.goal, select(options.facts, flow.goal.fact, (fact) => change(() => { flow.goal = fact ? { fact, days: flow.goal.days || 14 } : {}; }), words.none)));
  if (flow.goal.fact) parts.push(field("goal", "days", words.within, el("input", { class: "input", type: "number", min: 1, max: 365, value: flow.goal.days, oninput: (event) => type("goal", () => { flow.goal.days = Number(event.target.value); }) })));
  parts.push(field("holdout", "percent", words.holdout, el("input", { class: "input", type: "number", min: 0, max: 50, value: flow.holdout || 0, oninput: (event) => type("holdout", () => { flow.holdout = Number(event.target.value); }) })));
  const exits = el("div", { class: "stack tight" });
  flow.exits.forEach((one, at) => exits.append(el("div", { class: "spread" },
    el("span", {}, one.fact ? label(options.facts, one.fact) : says[`exit${at}`] || words.condition),
    el("button", { type: "button", class: "btn small quiet icon-only", "aria-label": words.remove, disabled: !page.canEdit, onclick: () => change(() => flow.exits.splice(at, 1)) }, icon("x")))));
  exits.append(select(options.facts, "", (fact) => fact && change(() => flow.exits.push({ fact })), words.addExit),
    el("button", { type: "button", class: "btn small", disabled: !page.canEdit, onclick: () => editCondition(null, (next, sentence) => change(() => { says[`exit${flow.exits.length}`] = sentence; flow.exits.push({ when: next }); })) }, icon("plus"), words.addExitWhen));
  parts.push(field("exits", "fact", words.exits, exits));
  return parts;
}
function stepForm(place) {
  if (!place) return [];
  const one = place.step;
  const spec = options.kinds[one.do] || { label: one.do, icon: "circle-help", settings: [] };
  const buttons = el("div", { class: "btn-group" },
    ...[["arrow-up", words.up, () => moveStep(one.id, -1)], ["arrow-down", words.down, () => moveStep(one.id, 1)], ["copy", words.copy, () => copyStep(one.id)], ["trash-2", words.remove, () => removeStep(one.id)]]
      .map(([key, title, run]) => el("button", { type: "button", class: "btn small icon-only", title, "aria-label": title, disabled: !page.canEdit, onclick: run }, icon(key))));
  const parts = [el("div", { class: "spread" }, el("h2", {}, spec.label), buttons), ...formOf(one.id, one, spec)];
  if (one.do === "if") parts.push(conditionField(one.id, "when", words.condition, one.when, says[one.id], (next, sentence) => change(() => { one.when = next; says[one.id] = sentence; })));
  if (one.do === "ab") parts.push(field(one.id, "branches", words.share, shares(one)));
  return parts;
}
function shares(one) {
  const box = el("div", { class: "stack tight" });
  one.branches.forEach((branch, at) => box.append(el("div", { class: "row" }, el("b", {}, "ABCD"[at]),
    el("input", { class: "input grow", maxlength: 20, value: branch.name || "", "aria-label": words.variant, oninput: (event) => type(`${one.id}.n${at}`, () => { branch.name = event.target.value; }) }),
    el("input", { class: "input short", type: "number", min: 0, max: 100, value: branch.weight, "aria-label": words.share, oninput: (event) => type(`${one.id}.w${at}`, () => { branch.weight = Number(event.target.value); }) }),
    one.branches.length > 2 ? el("button", { type: "button", class: "btn small quiet icon-only", "aria-label": words.remove, onclick: () => change(() => one.branches.splice(at, 1)) }, icon("x")) : null)));
  if (one.branches.length < 4) box.append(el("button", { type: "button", class: "btn small", onclick: () => change(() => one.branches.push({ name: "", weight: 0, steps: [] })) }, icon("plus"), words.addVariant));
  return box;
}

// --- conditions: the builder of segments in a dialog ---------------------------------------------------------------

let takeCondition = null;
async function editCondition(value, set) {
  takeCondition = set;
  const body = new FormData();
  if (value) body.set("condition", JSON.stringify(value));
  const reply = await fetch(root.dataset.condition, { method: "POST", headers: { "X-CSRFToken": csrf() }, body });
  const place = $("condition-form");
  place.innerHTML = await reply.text();
  htmx.process(place);
  $("condition-dialog").showModal();
}
$("condition-take").addEventListener("click", async () => {
  const reply = await fetch(root.dataset.take, { method: "POST", headers: { "X-CSRFToken": csrf() }, body: new FormData($("condition-form")) });
  if (!reply.ok) {
    $("condition-form").innerHTML = await reply.text();
    htmx.process($("condition-form"));
    return;
  }
  const found = await reply.json();
  $("condition-dialog").close();
  takeCondition(found.condition, found.says);
});

// --- keys --------------------------------------------------------------------------------------------------------

$("flow-column").addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229 || !event.target.matches(".flow-card")) return;
  const list = order();
  const go = (by) => { chosen = list[Math.min(Math.max(list.indexOf(chosen) + by, 0), list.length - 1)]; draw(); focusChosen(); };
  chosen = event.target.dataset.id;
  const keys = {
    ArrowDown: () => (event.altKey ? moveStep(chosen, 1) : go(1)), ArrowUp: () => (event.altKey ? moveStep(chosen, -1) : go(-1)),
    Delete: () => find(chosen) && page.canEdit && removeStep(chosen), Enter: () => { draw(); $("flow-form").querySelector("input,select,textarea")?.focus(); },
  };
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const key = event.key.toLowerCase();
  const inText = event.target.matches?.("textarea, input:not([type=number])") && typing === "";
  if (inText || $("condition-dialog").open) return;
  if (key === "z") { event.preventDefault(); step(!event.shiftKey); }
  if (key === "y") { event.preventDefault(); step(false); }
});
$("flow-undo").addEventListener("click", () => step(true));
$("flow-redo").addEventListener("click", () => step(false));
$("flow-name").addEventListener("input", (event) => { name = event.target.value; if (name.trim()) touched(); });
document.querySelector("#flow-form").addEventListener("focusout", () => { typing = ""; });
window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
draw();
count();
