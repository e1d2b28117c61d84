/* Pickers of the condition builder: the summary follows the ticks, the list follows the search, open lists take new words.
   Everything else is the server's: it draws the lines and counts the people. */
const summary = (picker) => {
  const chosen = [...picker.querySelectorAll(":checked")].map((box) => box.closest("label").textContent.trim())
  picker.querySelector("[data-picked]").textContent = chosen.join(picker.dataset.glue) || picker.dataset.empty
}

const search = (picker, text) => {
  const wanted = text.trim().toLowerCase()
  let exact = false
  for (const label of picker.querySelectorAll(".picker-list label")) {
    const word = label.textContent.trim().toLowerCase()
    label.hidden = wanted !== "" && !word.includes(wanted)
    exact ||= word === wanted
  }
  for (const group of picker.querySelectorAll(".picker-group")) group.hidden = !group.querySelector("label:not([hidden])")
  const add = picker.querySelector("[data-add]")
  if (!add) return
  add.hidden = wanted === "" || exact
  add.querySelector("[data-new]").textContent = text.trim()
}

const take = (picker, add) => {
  const word = picker.querySelector("[data-new]").textContent
  if (!word || add.hidden) return
  const label = document.createElement("label")
  label.className = "check"
  const box = Object.assign(document.createElement("input"), { type: "checkbox", name: add.dataset.add, value: word, checked: true })
  const text = document.createElement("span")
  text.textContent = word
  label.append(box, text)
  picker.querySelector(".picker-list").prepend(label)
  const field = picker.querySelector("[data-search]")
  field.value = ""
  search(picker, "")
  box.dispatchEvent(new Event("change", { bubbles: true }))
}

document.addEventListener("change", (event) => {
  const picker = event.target.closest?.("[data-picker]")
  if (picker && event.target.type === "checkbox") summary(picker)
  else if (picker) event.stopPropagation() // the search box asks nothing
}, true)
document.addEventListener("input", (event) => {
  const picker = event.target.closest?.("[data-picker]")
  if (picker && event.target.matches("[data-search]")) search(picker, event.target.value)
  const filter = event.target.closest?.("[data-tree-filter]")
  if (filter) narrow(document.getElementById(filter.dataset.treeFilter), filter.value)
})
document.addEventListener("click", (event) => {
  const add = event.target.closest?.("[data-add]")
  if (add) take(add.closest("[data-picker]"), add)
})
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return
  if (event.target.matches?.("[data-search]")) {
    event.preventDefault()
    const add = event.target.closest("[data-picker]").querySelector("[data-add]")
    if (add) take(add.closest("[data-picker]"), add)
  } else if (event.target.matches?.(".ask input")) event.preventDefault() // Enter in a line is no wish to save
})
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.("[data-picker][open]")) event.target.querySelector("[data-search]")?.focus()
}, true)

/* The tree of tags: typing narrows it. */
const narrow = (tree, text) => {
  const wanted = text.trim().toLowerCase()
  for (const item of tree.querySelectorAll("[data-name]")) item.hidden = !item.dataset.name.toLowerCase().includes(wanted)
  for (const group of tree.querySelectorAll("[data-branch]")) group.hidden = !group.querySelector("[data-name]:not([hidden])") && wanted !== ""
}

const current = document.querySelector("#tag-tree [aria-current]")
if (current) { // the tree scrolls, never the page
  const tree = current.closest("#tag-tree")
  tree.scrollTop += current.getBoundingClientRect().top - tree.getBoundingClientRect().top - 120
}
