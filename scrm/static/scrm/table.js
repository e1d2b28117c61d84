/* Keys and selection for every <table class="data" data-keys>: J/K move, Enter opens, X or a click selects, Space peeks. */
const rowsOf = (table) => [...table.querySelectorAll("tbody tr[data-row]")]
const current = () => document.querySelector("table[data-keys]")

function activate(row) {
  const table = row.closest("table")
  for (const other of rowsOf(table)) {
    other.classList.toggle("is-active", other === row)
    other.tabIndex = other === row ? 0 : -1
  }
  row.focus({ preventScroll: true })
  row.scrollIntoView({ block: "nearest" })
}
function move(step) {
  const rows = rowsOf(current())
  if (!rows.length) return
  const at = rows.findIndex((row) => row.classList.contains("is-active"))
  activate(rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step))])
}
const active = () => current()?.querySelector("tr.is-active")

function peek(row) {
  const url = row?.dataset.peek
  if (!url) return
  const dialog = document.getElementById("peek")
  window.htmx.ajax("GET", url, { target: "#peek-body", swap: "innerHTML" })
  if (!dialog.open) dialog.showModal()
}

function count(table) {
  const boxes = [...table.querySelectorAll("tbody [data-select]")]
  const chosen = boxes.filter((box) => box.checked)
  for (const box of boxes) box.closest("tr").classList.toggle("is-selected", box.checked)
  const all = table.querySelector("thead [data-select-all]")
  if (all) {
    all.checked = chosen.length > 0 && chosen.length === boxes.length
    all.indeterminate = chosen.length > 0 && chosen.length < boxes.length
  }
  const bar = document.querySelector(`[data-bulk="${table.id}"]`)
  if (bar) {
    bar.hidden = chosen.length === 0
    const out = bar.querySelector("[data-bulk-count]")
    if (out) out.textContent = String(chosen.length)
  }
}
document.addEventListener("change", (event) => {
  const table = event.target.closest?.("table.data")
  if (!table) return
  if (event.target.matches("[data-select-all]")) {
    for (const box of table.querySelectorAll("tbody [data-select]")) box.checked = event.target.checked
  }
  if (event.target.matches("[data-select], [data-select-all]")) count(table)
})
document.addEventListener("click", (event) => {
  const clear = event.target.closest("[data-bulk-clear]")
  if (clear) {
    const table = document.getElementById(clear.closest("[data-bulk]").dataset.bulk)
    for (const box of table.querySelectorAll("[data-select]")) box.checked = false
    count(table)
    return
  }
  const row = event.target.closest("table[data-keys] tr[data-row]")
  if (!row || event.target.closest("a, button, input, label, summary, select, [data-no-row]")) return
  if (row.dataset.peek) peek(row)
  else if (row.dataset.href) location.assign(row.dataset.href)
})
document.body.addEventListener("htmx:afterSettle", () => document.querySelectorAll("table.data[id]").forEach(count))

const here = () => Boolean(current())
const words = document.body.dataset
const add = (id, combo, label, run) => window.scrm.keys.add({ id, combo, scope: "list", label, run, when: here })
add("row-next", "j", words.keysNext, () => move(1))
add("row-previous", "k", words.keysPrevious, () => move(-1))
add("row-open", "enter", words.keysOpen, () => active()?.dataset.href && location.assign(active().dataset.href))
add("row-select", "x", words.keysSelect, () => {
  const box = active()?.querySelector("[data-select]")
  if (box) {
    box.checked = !box.checked
    count(current())
  }
})
add("row-peek", "space", words.keysPeek, () => peek(active()))
