/* The task inbox by keyboard: J/K move, 1-4 finish with an outcome, E finishes as contacted, S puts off, C copies. */
const host = () => document.getElementById("tasks")
const cards = () => [...document.querySelectorAll("[data-task]")]
const active = () => document.querySelector("[data-task].is-active")
let place = 0

function activate(card, focus = true) {
  for (const other of cards()) other.classList.toggle("is-active", other === card)
  if (!card) return
  place = cards().indexOf(card)
  if (focus) {
    card.focus({ preventScroll: true })
    card.scrollIntoView({ block: "nearest" })
  }
}
function move(step) {
  const all = cards()
  const at = all.indexOf(active())
  activate(all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))])
}
const press = (number) => active()?.querySelector(`[data-outcome="${number}"]`)?.click()
function putOff() {
  const menu = active()?.querySelector(".snooze-menu")
  if (!menu) return
  menu.open = !menu.open
  if (menu.open) menu.querySelector(".item").focus()
}
async function copy(id) {
  const field = document.getElementById(id)
  if (!field) return
  await navigator.clipboard.writeText(field.value)
  window.scrm.toast({ text: document.body.dataset.copied, seconds: 3 })
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy-draft]")
  if (button) copy(button.dataset.copyDraft)
  const card = event.target.closest("[data-task]")
  if (card) activate(card, false)
})
/* After a task is gone the one that takes its place is active, so that the next key goes on. */
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "tasks" && !event.detail.elt?.querySelector?.("[data-task]")) return
  const all = cards()
  if (all.length) activate(all[Math.min(place, all.length - 1)])
})
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.matches?.("[data-reopen]") && event.detail.successful) window.htmx.trigger("#tasks", "scrm:undone")
})

const words = host().dataset
const here = () => cards().length > 0
const add = (id, combo, label, run) => window.scrm.keys.add({ id: `task-${id}`, combo, scope: "tasks", label, run, when: here })
add("next", "j", words.keyNext, () => move(1))
add("previous", "k", words.keyPrevious, () => move(-1))
add("done", "e", words.keyDone, () => press(1))
add("snooze", "s", words.keySnooze, putOff)
add("open", "enter", words.keyOpen, () => active() && location.assign(active().dataset.customer))
add("copy", "c", words.keyCopy, () => copy(active()?.querySelector("[data-copy-draft]")?.dataset.copyDraft))
for (const number of [1, 2, 3, 4]) add(`outcome-${number}`, String(number), `${words.keyOutcome} ${number}`, () => press(number))
if (here()) activate(cards()[0], false)
