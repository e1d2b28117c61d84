/* One pair: A joins, R keeps apart, N goes on. */
const press = (id) => document.getElementById(id)?.click();
const here = () => document.querySelector(".decide") !== null;

for (const [combo, id] of [["a", "pair-same"], ["r", "pair-different"], ["n", "pair-next"]]) {
  const element = document.getElementById(id);
  if (!element) continue;
  const label = element.firstChild?.nextSibling?.textContent?.trim() || element.textContent.trim();
  window.scrm.keys.add({ id: `pair-${combo}`, combo, scope: "page", label, run: () => press(id), when: () => combo === "n" || here() });
}
