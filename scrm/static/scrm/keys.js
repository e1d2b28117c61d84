/* One registry of keyboard shortcuts: it drives the keys, the `?` sheet and the tests.
   scrm.keys.add({ id, combo, scope, label, run }): combo is "/", "?", "j", "mod+k" or a sequence "g c".
   Single letters never fire while someone types or an input method is composing (isComposing, keyCode 229). */
const registry = new Map()
let prefix = ""
let prefixTimer = 0

const typing = (target) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
  !/^(checkbox|radio|button|submit|range)$/.test(target.type || "")

const combo = (event) => {
  const name = event.key === " " ? "space" : event.key.length === 1 ? event.key.toLowerCase() : event.key.toLowerCase()
  const mod = event.metaKey || event.ctrlKey ? "mod+" : ""
  return mod + (event.altKey ? "alt+" : "") + name
}

const visible = (entry) => !entry.when || entry.when()

function find(pressed) {
  for (const entry of [...registry.values()].reverse()) if (entry.combo === pressed && visible(entry)) return entry
  return null
}

function handle(event) {
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return
  const pressed = combo(event)
  if (!pressed.includes("mod+") && typing(event.target)) return
  if (document.querySelector("dialog[open]") && !pressed.includes("mod+") && pressed !== "escape") return
  if (["enter", "space"].includes(pressed) && event.target.closest?.("a, button, summary, input, label")) return
  const entry = find(prefix ? `${prefix} ${pressed}` : pressed) || (prefix && find(pressed))
  prefix = ""
  clearTimeout(prefixTimer)
  if (entry) {
    event.preventDefault()
    entry.run(event)
  } else if ([...registry.values()].some((other) => other.combo.startsWith(`${pressed} `))) {
    prefix = pressed
    prefixTimer = setTimeout(() => (prefix = ""), 900)
  }
}

const mac = /Mac|iPhone|iPad/.test(navigator.platform)
const caps = { mod: mac ? "⌘" : "Ctrl", space: "Space", enter: "Enter", escape: "Esc", alt: mac ? "⌥" : "Alt" }
const keysOf = (text) => text.split(/[ +]/).map((key) => caps[key] || key.toUpperCase())

function sheet() {
  const dialog = document.getElementById("keys")
  const holder = dialog.querySelector("[data-keys]")
  holder.replaceChildren(
    ...[...registry.values()].filter((entry) => entry.label && visible(entry)).map((entry) => {
      const line = document.createElement("div")
      const label = document.createElement("span")
      label.textContent = entry.label
      const keys = document.createElement("span")
      keys.className = "combo"
      keys.append(...keysOf(entry.combo).map((text) => Object.assign(document.createElement("kbd"), { textContent: text })))
      line.append(label, keys)
      return line
    }),
  )
  dialog.showModal()
}

window.scrm = window.scrm || {}
window.scrm.keys = {
  add(entry) {
    registry.set(entry.id, entry)
  },
  remove(id) {
    registry.delete(id)
  },
  list: () => [...registry.values()].map(({ id, combo: keys, scope, label }) => ({ id, combo: keys, scope, label })),
  sheet,
}

document.addEventListener("keydown", handle)
const words = document.body.dataset
window.scrm.keys.add({ id: "help", combo: "?", scope: "global", label: words.keysHelp, run: sheet })
for (const link of document.querySelectorAll(".app > .nav a[data-go]")) {
  const path = link.getAttribute("href")
  window.scrm.keys.add({ id: `go-${link.dataset.go}`, combo: `g ${link.dataset.go}`, scope: "global", label: link.textContent.trim(), run: () => location.assign(path) })
}
