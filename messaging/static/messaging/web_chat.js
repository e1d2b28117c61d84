// The window keeps to its end, empties the field once a message was taken, and gives each message a key of its own.
const end = () => { const main = document.querySelector("main"); main.scrollTop = main.scrollHeight; };
document.addEventListener("htmx:afterSwap", end);
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest("[data-say]");
  if (!form || !event.detail.successful) return;
  form.elements.text.value = "";
  form.elements.key.value = crypto.randomUUID().replaceAll("-", "");
});
end();
