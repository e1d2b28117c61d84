/* The frame's behaviour: theme, dialogs, menus, toasts with undo, htmx settings. No inline script, no eval. */
const root = document.documentElement
const cookie = (name, value) => (document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`)

/* Theme and density: applied at once, kept in a cookie that the server reads, so the next page does not flash. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-set-theme], [data-set-density]")
  if (!button) return
  event.preventDefault()
  const name = button.dataset.setTheme ? "theme" : "density"
  const value = button.dataset.setTheme || button.dataset.setDensity
  root.dataset[name] = value
  cookie(name, value)
  for (const other of document.querySelectorAll(`[data-set-${name}]`)) {
    other.setAttribute("aria-checked", String(other.getAttribute(`data-set-${name}`) === value))
  }
  document.dispatchEvent(new CustomEvent("scrm:theme"))
})

/* Dialogs: data-dialog="id" opens, data-close closes, a click on the backdrop closes; focus returns by itself. */
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]")
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog)
    if (dialog && !dialog.open) dialog.showModal()
    if (!opener.hasAttribute("hx-get")) event.preventDefault()
    return
  }
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close()
  else if (event.target instanceof HTMLDialogElement && event.target.open) {
    const box = event.target.getBoundingClientRect()
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom
    if (!inside && event.clientX + event.clientY > 0) event.target.close()
  }
})
/* Typed confirmation: the button wakes when the text matches. The server checks the same text again. */
document.addEventListener("input", (event) => {
  const wanted = event.target.dataset?.confirm
  if (wanted === undefined) return
  const button = event.target.form?.querySelector("[data-confirmed]")
  if (button) button.disabled = event.target.value.trim() !== wanted
})

/* Menus are <details class="menu">: one open at a time, Escape and a click outside close. */
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest(".panel .item")) menu.open = false
  }
})
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return
  const menu = document.querySelector("details.menu[open]")
  if (menu) {
    menu.open = false
    menu.querySelector("summary").focus()
  }
})
document.addEventListener("keydown", (event) => {
  const panel = event.target.closest?.("details.menu[open] > .panel")
  if (!panel || !["ArrowDown", "ArrowUp"].includes(event.key)) return
  const items = [...panel.querySelectorAll(".item")]
  const step = event.key === "ArrowDown" ? 1 : -1
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length]?.focus()
  event.preventDefault()
})

/* Toasts: scrm.toast({ text, level, undo, seconds }). `undo` is a URL that is POSTed; 8 s to think, longer while hovered. */
const region = () => document.getElementById("toasts")
function lift(host) {
  if (!host.showPopover) return
  if (host.matches(":popover-open")) host.hidePopover()
  if (host.childElementCount) host.showPopover()
}
function leave(toast) {
  toast.classList.add("leaving")
  setTimeout(() => {
    toast.remove()
    if (!region().childElementCount && region().matches?.(":popover-open")) region().hidePopover()
  }, 180)
}
function watch(toast, seconds) {
  let timer = setTimeout(leave, seconds * 1000, toast)
  for (const stop of ["pointerenter", "focusin"]) toast.addEventListener(stop, () => clearTimeout(timer))
  for (const go of ["pointerleave", "focusout"]) toast.addEventListener(go, () => (timer = setTimeout(leave, 4000, toast)))
  toast.querySelector(".close")?.addEventListener("click", () => leave(toast))
  toast.querySelector("[data-undo]")?.addEventListener("click", () => {
    window.htmx.ajax("POST", toast.querySelector("[data-undo]").dataset.undo, { swap: "none" }).then(() => {
      leave(toast)
      document.dispatchEvent(new CustomEvent("scrm:undone"))
      if (!document.querySelector("[data-undo-refresh]")) location.reload()
      else window.htmx.trigger("[data-undo-refresh]", "scrm:undone")
    })
  })
}
function toast({ text, level = "good", undo = "", seconds = 8 }) {
  const made = document.getElementById("toast-template").content.firstElementChild.cloneNode(true)
  made.classList.add(level)
  made.querySelector("[data-text]").textContent = text
  const button = made.querySelector("[data-undo]")
  if (undo) button.dataset.undo = undo
  else button.remove()
  region().append(made)
  lift(region())
  watch(made, level === "bad" ? Math.max(seconds, 12) : seconds)
}
window.scrm = window.scrm || {}
window.scrm.toast = toast
for (const entry of document.querySelectorAll("[data-flash]")) {
  toast({ text: entry.textContent.trim(), level: entry.dataset.level, undo: entry.dataset.undoUrl })
  entry.remove()
}

/* htmx: toasts and closing by response headers; polling rests while the tab is hidden; errors are said aloud. */
document.body.addEventListener("toasts", (event) => event.detail.value?.forEach?.(toast))
document.body.addEventListener("close-dialog", () => document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close()))
document.body.addEventListener("htmx:beforeRequest", (event) => {
  const polled = /(^|,)\s*every /.test(event.target.getAttribute?.("hx-trigger") || "")
  if (polled && document.hidden && !event.detail.requestConfig.triggeringEvent) event.preventDefault()
})
let running = 0
const count = (step) => () => {
  running = Math.max(0, running + step)
  root.classList.toggle("is-loading", running > 0)
}
document.body.addEventListener("htmx:beforeSend", count(1))
document.body.addEventListener("htmx:afterRequest", count(-1))
const words = document.body.dataset
document.body.addEventListener("htmx:sendError", () => toast({ text: words.offline, level: "bad" }))
document.body.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail
  if (xhr.status === 401) return location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`)
  const shown = xhr.getResponseHeader("X-Message")
  toast({ text: shown ? decodeURIComponent(shown) : words.failed, level: "bad" })
})
/* A field's complaint (422), or the two values of a conflict (409 with X-Conflict), is swapped like any answer. */
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail
  if (xhr.status === 422 || (xhr.status === 409 && xhr.getResponseHeader("X-Conflict"))) {
    event.detail.shouldSwap = true
    event.detail.isError = false
  }
})
document.body.addEventListener("htmx:afterSwap", (event) => {
  event.target.querySelector?.("[aria-invalid='true']")?.focus()
})

/* A form with data-reset-after is empty again once it was taken. */
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.target.matches?.("form[data-reset-after]")) event.target.reset()
})

/* Revealed personal data hides itself again: data-hide-after="60" with a <template> of what stood there before. */
function conceal(shown) {
  if (!shown.isConnected) return
  const before = shown.querySelector("template").content.firstElementChild.cloneNode(true)
  shown.replaceWith(before)
  window.htmx.process(before)
}
function hideLater(shown) {
  let left = Number(shown.dataset.hideAfter)
  const clock = shown.querySelector("[data-hide-countdown]")
  const timer = setInterval(() => {
    left -= 1
    if (clock) clock.textContent = `${left}s`
    if (left > 0 && shown.isConnected) return
    clearInterval(timer)
    conceal(shown)
  }, 1000)
}
document.body.addEventListener("htmx:load", (event) => {
  const part = event.detail.elt
  const found = part.matches?.("[data-hide-after]") ? [part] : [...(part.querySelectorAll?.("[data-hide-after]") || [])]
  found.forEach(hideLater)
})
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-hide-now]")
  if (button) conceal(button.closest("[data-hide-after]"))
})

/* Copy: data-copy="text", or data-copy="#id" for an element's text. */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]")
  if (!button) return
  const source = button.dataset.copy
  await navigator.clipboard.writeText(source.startsWith("#") ? document.querySelector(source).innerText.trim() : source)
  toast({ text: words.copied, seconds: 3 })
})
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print()
})
/* Do not send a form on the Enter that ends an input method's composition. */
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.stopPropagation()
}, true)
/* Character and byte counters: <textarea data-count="n" data-unit="bytes" data-limit="4000">. */
const bytes = new TextEncoder()
function recount(input) {
  const out = document.getElementById(input.dataset.count)
  if (!out) return
  const size = input.dataset.unit === "bytes" ? bytes.encode(input.value).length : [...input.value].length
  out.textContent = `${size} / ${input.dataset.limit}`
  out.classList.toggle("over", size > Number(input.dataset.limit))
}
document.addEventListener("input", (event) => event.target.dataset?.count && recount(event.target))
document.querySelectorAll("[data-count]").forEach(recount)
/* Forms that answer to a change at once: <select data-autosubmit>. */
document.addEventListener("change", (event) => event.target.matches?.("[data-autosubmit]") && event.target.form.requestSubmit())
