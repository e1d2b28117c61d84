/* The campaign editor: steps, live mirror on the phone, templates, product search. Without script every step is shown. */
const form = document.getElementById("campaign-form")
const steps = [...form.querySelectorAll("[data-step]")]
const last = steps.length
let step = 1

function firstWrong() {
  const wrong = form.querySelector("[aria-invalid='true'], .error")
  return wrong ? Number(wrong.closest("[data-step]")?.dataset.step || 1) : 1
}
function show(number, focus = true) {
  step = Math.min(last, Math.max(1, number))
  for (const section of steps) section.hidden = Number(section.dataset.step) !== step
  for (const mark of form.querySelectorAll("[data-step-mark]")) {
    const at = Number(mark.dataset.stepMark)
    mark.classList.toggle("done", at < step)
    if (at === step) mark.setAttribute("aria-current", "step")
    else mark.removeAttribute("aria-current")
  }
  form.querySelector("[data-back]").hidden = step === 1
  form.querySelector("[data-next]").hidden = step === last
  form.querySelector("[data-finish]").hidden = step !== last
  reveal()
  if (focus) {
    form.querySelector(`[data-step="${step}"] h2`).scrollIntoView({ block: "nearest" })
    history.replaceState(null, "", `#step-${step}`)
  }
}
/* A step is left only when its own fields are filled; going back is always possible. */
function complete() {
  const fields = form.querySelectorAll(`[data-step="${step}"] :is(input, textarea, select)`)
  return [...fields].every((field) => field.reportValidity())
}
form.addEventListener("click", (event) => {
  const go = event.target.closest("[data-go]")
  if (go && (Number(go.dataset.go) < step || complete())) show(Number(go.dataset.go))
  else if (event.target.closest("[data-next]") && complete()) show(step + 1)
  else if (event.target.closest("[data-back]")) show(step - 1)
})
form.addEventListener("submit", (event) => {
  for (const section of steps) section.hidden = false
  const wrong = [...form.elements].find((field) => field.willValidate && !field.validity.valid)
  if (!wrong) return
  event.preventDefault()
  show(Number(wrong.closest("[data-step]")?.dataset.step || 1))
  wrong.reportValidity()
})

/* What is typed appears on the phone. */
function mirror(input) {
  const shown = document.getElementById(input.dataset.mirror)
  const text = input.value.trim()
  shown.textContent = text || shown.dataset.empty
  shown.classList.toggle("is-empty", !text)
}
function cover(input) {
  const image = document.getElementById("card-image")
  image.src = input.dataset.cover
  image.hidden = false
}
for (const input of form.querySelectorAll("[data-mirror]")) {
  input.addEventListener("input", () => mirror(input))
  mirror(input)
}
const chosen = form.querySelector("input[name='product']:checked")
if (chosen) cover(chosen)
/* What is chosen stands in sight within its list. */
function reveal() {
  for (const input of form.querySelectorAll(".segment-choices input:checked, .product-choices input:checked")) {
    const list = input.closest(".choices, .product-choices")
    list.scrollTop = Math.max(0, input.closest("label").offsetTop - list.offsetTop - 60)
  }
}
form.addEventListener("change", (event) => {
  if (event.target.name === "product") cover(event.target)
})
form.addEventListener("input", (event) => {
  const output = document.getElementById(event.target.dataset?.output)
  if (output) output.textContent = event.target.value
})

/* Templates fill what is there; a name already given stays. */
form.addEventListener("click", (event) => {
  const starter = event.target.closest("[data-starter]")
  if (!starter) return
  const set = (id, value) => {
    const field = document.getElementById(id)
    field.value = value
    field.dispatchEvent(new Event("input", { bubbles: true }))
  }
  set("id_text", starter.dataset.text)
  set("id_card_title", starter.dataset.title)
  if (!document.getElementById("id_name").value) set("id_name", starter.dataset.name)
})
/* Product search, on the page. */
for (const box of form.querySelectorAll("[data-filter]")) {
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean)
    for (const option of document.querySelectorAll(`${box.dataset.filter} [data-words]`)) {
      option.hidden = !words.every((word) => option.dataset.words.toLowerCase().includes(word))
    }
  })
}
show(form.querySelector(".form-errors") ? firstWrong() : Number(location.hash.match(/^#step-(\d)$/)?.[1] || 1), false)
