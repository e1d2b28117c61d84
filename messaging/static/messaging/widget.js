// For the agency's website: <script src="https://SCRM/static/messaging/widget.js" data-label="在线咨询" defer></script>
// A button at the lower right that opens the chat in a window of its own; nothing of the page is read.
(() => {
  const script = document.currentScript;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = script.dataset.label || "在线咨询";
  Object.assign(button.style, { position: "fixed", right: "20px", bottom: "20px", zIndex: "2147483000", padding: "12px 18px",
    border: "0", borderRadius: "999px", background: "#0b6e5f", color: "#fff", font: "600 15px system-ui", cursor: "pointer" });
  button.addEventListener("click", () => window.open(new URL("/chat", script.src), "scrm-chat", "width=400,height=640"));
  document.body.append(button);
})();
