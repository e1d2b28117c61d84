/* The tree of tags: a tag is dragged to its place, or moved with Alt and an arrow key. */
const tree = document.querySelector("#tag-tree[data-sortable]")
const csrf = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"]
let carried = null

const clear = () => {
  for (const mark of tree.querySelectorAll(".drop-before, .drop-end")) mark.classList.remove("drop-before", "drop-end")
}

const save = async (item) => {
  const body = new URLSearchParams({ group: item.closest("[data-group]").dataset.group, before: item.nextElementSibling?.dataset.tag ?? "0" })
  const url = tree.dataset.place.replace("/0/", `/${item.dataset.tag}/`)
  const headers = { "X-CSRFToken": csrf(), "HX-Request": "true" }
  const reply = await fetch(url, { method: "POST", headers, body }).catch(() => null)
  if (reply?.ok) return true
  const said = reply?.headers.get("X-Message")
  window.scrm.toast({ text: said ? decodeURIComponent(said) : tree.dataset.failed, level: "bad" })
  return false
}

/* Puts an item before another one (null: at the list's end) and says so to the server; taken back where it refuses. */
const place = async (item, list, before) => {
  const [home, next] = [item.parentElement, item.nextElementSibling]
  if (before === item || (list === home && before === next)) return
  list.querySelector(".none")?.remove()
  list.insertBefore(item, before)
  if (!(await save(item))) home.insertBefore(item, next)
}

const target = (event) => {
  const list = event.target.closest?.(".tree-group")?.querySelector("ul")
  if (!list) return null
  const over = event.target.closest("li[data-tag]")
  if (!over) return { list, before: list.querySelector("li[data-tag]") } // over the group's name: first
  const box = over.getBoundingClientRect()
  return { list, before: event.clientY < box.top + box.height / 2 ? over : over.nextElementSibling }
}

if (tree) {
  tree.addEventListener("dragstart", (event) => {
    carried = event.target.closest("li[data-tag]")
    if (!carried) return
    event.dataTransfer.effectAllowed = "move"
    event.dataTransfer.setData("text/plain", carried.dataset.name)
    carried.classList.add("carried")
  })
  tree.addEventListener("dragover", (event) => {
    const found = carried && target(event)
    if (!found) return
    event.preventDefault()
    clear()
    if (found.before) found.before.classList.add("drop-before")
    else found.list.classList.add("drop-end")
  })
  tree.addEventListener("drop", (event) => {
    const found = carried && target(event)
    if (!found) return
    event.preventDefault()
    place(carried, found.list, found.before)
  })
  tree.addEventListener("dragend", () => {
    carried?.classList.remove("carried")
    carried = null
    clear()
  })
  tree.addEventListener("keydown", (event) => {
    const item = event.target.closest?.("li[data-tag]")
    if (!item || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return
    event.preventDefault()
    const other = event.key === "ArrowUp" ? item.previousElementSibling : item.nextElementSibling
    if (!other) return
    place(item, item.parentElement, event.key === "ArrowUp" ? other : other.nextElementSibling)
    event.target.focus()
  })
}
