/* The review queue by keyboard: J/K move, M joins, N keeps apart, Esc goes back to the list. */
const host = document.getElementById("reviews")
const links = () => [...document.querySelectorAll("[data-pair]")]
const current = () => links().findIndex((link) => link.getAttribute("aria-current") === "true")

function choose(link) {
  for (const other of links()) other.removeAttribute("aria-current")
  link.setAttribute("aria-current", "true")
  link.scrollIntoView({ block: "nearest" })
  history.replaceState(null, "", link.href)
}
function move(step) {
  const all = links()
  const next = all[Math.min(all.length - 1, Math.max(0, current() + step))]
  if (next && next.getAttribute("aria-current") !== "true") next.click()
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-pair]")
  if (link) choose(link)
})

if (host) {
  const words = host.dataset
  const add = (id, combo, label, run) => window.scrm.keys.add({ id: `review-${id}`, combo, scope: "reviews", label, run })
  add("next", "j", words.keyNext, () => move(1))
  add("previous", "k", words.keyPrevious, () => move(-1))
  add("merge", "m", words.keyMerge, () => document.querySelector("[data-merge]")?.click())
  add("apart", "n", words.keyApart, () => document.querySelector("[data-apart]")?.click())
  add("leave", "escape", words.keyLeave, () => location.assign(words.home))
}
