/* The month of a supplier: mark a rectangle of units and days, then change it. Arrows move, Shift marks, Enter changes. */
const state = { anchor: null, focus: null, dragging: false };
const grid = () => document.querySelector(".stock-grid");
const cells = () => [...(grid()?.tBodies[0]?.rows ?? [])].map((row) => [...row.cells].slice(1));

function at(cell) {
  return { row: cell.parentElement.sectionRowIndex, column: cell.cellIndex - 1 };
}

function marked() {
  if (!state.anchor || !state.focus) return [];
  const [a, b] = [at(state.anchor), at(state.focus)];
  const rows = cells().slice(Math.min(a.row, b.row), Math.max(a.row, b.row) + 1);
  return rows.map((row) => row.slice(Math.min(a.column, b.column), Math.max(a.column, b.column) + 1));
}

function paint() {
  for (const cell of grid().querySelectorAll('[aria-selected="true"]')) cell.removeAttribute("aria-selected");
  const rows = marked();
  for (const row of rows) for (const cell of row) cell.setAttribute("aria-selected", "true");
  const note = document.getElementById("stock-marked");
  if (note) note.textContent = rows.length ? `${rows.length} × ${rows[0].length} ${note.dataset.one}` : "";
  aim(rows);
}

/* What the dialog asks the server for: the marked units, the first and the last day. */
function aim(rows) {
  const button = document.getElementById("stock-change");
  if (!button) return;
  const query = new URLSearchParams();
  for (const row of rows) query.append("sku", row[0].dataset.sku);
  if (rows.length) {
    query.set("first", rows[0][0].dataset.day);
    query.set("last", rows[0].at(-1).dataset.day);
  }
  button.setAttribute("hx-get", `${button.dataset.url}?${query}`);
  window.htmx?.process(button);
}

function go(cell, extend) {
  if (!cell) return;
  for (const other of grid().querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
  cell.tabIndex = 0;
  cell.focus();
  state.focus = cell;
  if (!extend || !state.anchor) state.anchor = cell;
  paint();
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -99], End: [0, 99] };

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.('.stock-grid [role="gridcell"]');
  if (!cell) return;
  if (event.key === "Enter") {
    event.preventDefault();
    document.getElementById("stock-change")?.click();
    return;
  }
  const step = STEPS[event.key];
  if (!step) return;
  event.preventDefault();
  const rows = cells();
  const { row, column } = at(cell);
  const next = rows[Math.max(0, Math.min(rows.length - 1, row + step[0]))];
  go(next[Math.max(0, Math.min(next.length - 1, column + step[1]))], event.shiftKey);
});

document.addEventListener("pointerdown", (event) => {
  const cell = event.target.closest?.('.stock-grid [role="gridcell"]');
  if (!cell || event.button) return;
  event.preventDefault();
  state.dragging = true;
  go(cell, event.shiftKey);
});
document.addEventListener("pointerover", (event) => {
  const cell = event.target.closest?.('.stock-grid [role="gridcell"]');
  if (cell && state.dragging) go(cell, true);
});
document.addEventListener("pointerup", () => { state.dragging = false; });
document.body.addEventListener("htmx:afterSwap", () => { if (grid() && !grid().contains(state.focus)) ready(); });

function ready() {
  state.anchor = state.focus = null;
  const first = grid()?.querySelector('[role="gridcell"]');
  if (first) first.tabIndex = 0;
}
ready();
