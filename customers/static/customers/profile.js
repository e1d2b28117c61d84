/* Editing a fact where it stands: Escape gives up, as a cancel button does. */
document.addEventListener("keydown", (event) => {
  const open = event.target.closest?.(".fact.is-open")
  if (!open || event.key !== "Escape" || event.isComposing) return
  event.preventDefault()
  event.stopPropagation()
  open.querySelector("[data-cancel]")?.click()
}, true)
/* The field to write in has the focus, with what stood there chosen. */
document.body.addEventListener("htmx:afterSettle", () => {
  const field = document.querySelector(".fact.is-open [autofocus]")
  if (field && document.activeElement !== field) field.focus()
})
/* A step taken from the card of advice: the card says what comes next. */
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.target.closest?.("[data-advice]")) window.htmx.trigger(document.body, "advice-changed")
})
