/* The palette: `/` or Ctrl/⌘K. Pages, actions and records come from /palette as ready HTML; keys choose, Enter goes. */
const dialog = document.getElementById("palette")
const input = dialog?.querySelector("input")
const results = dialog?.querySelector(".results")
const RECENT = "scrm.recent"
let asked = 0
let controller = null

const options = () => [...results.querySelectorAll("[role=option]")]

function choose(index) {
  const all = options()
  all.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)))
  const chosen = all[index]
  if (chosen) {
    input.setAttribute("aria-activedescendant", chosen.id)
    chosen.scrollIntoView({ block: "nearest" })
  } else input.removeAttribute("aria-activedescendant")
}
const chosenIndex = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true")

async function ask() {
  const turn = ++asked
  controller?.abort()
  controller = new AbortController()
  const recent = JSON.parse(localStorage.getItem(RECENT) || "[]").slice(0, 5)
  const query = new URLSearchParams({ q: input.value.trim().slice(0, 80), recent: recent.join(",") })
  try {
    const answer = await fetch(`/palette?${query}`, { headers: { "HX-Request": "true" }, signal: controller.signal })
    if (turn !== asked || !answer.ok) return
    results.innerHTML = await answer.text()
    choose(0)
  } catch (error) {
    if (error.name !== "AbortError") results.textContent = document.body.dataset.offline
  }
}

function go(option, elsewhere) {
  if (!option) return
  const url = option.dataset.url
  const recent = JSON.parse(localStorage.getItem(RECENT) || "[]").filter((other) => other !== url)
  if (/^\/[a-z/-]*$/.test(url)) localStorage.setItem(RECENT, JSON.stringify([url, ...recent].slice(0, 5)))
  dialog.close()
  if (option.dataset.theme) document.querySelector(`[data-set-theme="${option.dataset.theme}"]`)?.click()
  else if (option.dataset.keys !== undefined) window.scrm.keys.sheet()
  else if (elsewhere) window.open(url, "_blank", "noopener")
  else location.assign(url)
}

function open() {
  if (dialog.open) return
  input.value = ""
  results.innerHTML = '<span class="skeleton w60"></span><span class="skeleton"></span><span class="skeleton w40"></span>'
  dialog.showModal()
  input.focus()
  ask()
}

if (dialog) {
  let timer = 0
  input.addEventListener("input", (event) => {
    if (event.isComposing) return
    clearTimeout(timer)
    timer = setTimeout(ask, 90)
  })
  input.addEventListener("compositionend", ask)
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return
    const all = options()
    const at = chosenIndex()
    if (event.key === "ArrowDown") choose((at + 1) % all.length)
    else if (event.key === "ArrowUp") choose((at - 1 + all.length) % all.length)
    else if (event.key === "Enter") go(all[at], event.ctrlKey || event.metaKey)
    else return
    event.preventDefault()
  })
  results.addEventListener("pointermove", (event) => {
    const option = event.target.closest("[role=option]")
    if (option) choose(options().indexOf(option))
  })
  results.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]")
    if (!option) return
    event.preventDefault()
    go(option, event.ctrlKey || event.metaKey)
  })
  for (const opener of document.querySelectorAll("[data-palette]")) {
    opener.addEventListener("click", (event) => {
      event.preventDefault()
      open()
    })
  }
  const words = document.body.dataset
  window.scrm.keys.add({ id: "search", combo: "/", scope: "global", label: words.keysSearch, run: open })
  window.scrm.keys.add({ id: "palette", combo: "mod+k", scope: "global", label: words.keysPalette, run: () => (dialog.open ? dialog.close() : open()) })
}
