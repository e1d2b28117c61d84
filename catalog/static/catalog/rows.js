/* A list of rows that grows: the template's __prefix__ becomes the next number, the formset counts along. */
for (const section of document.querySelectorAll("[data-rows]")) {
  const button = section.querySelector("[data-add]");
  const list = section.querySelector("[data-list]");
  const total = section.querySelector(`[name="${section.dataset.rows}-TOTAL_FORMS"]`);
  const template = section.querySelector("template");
  button.hidden = false;
  button.addEventListener("click", () => {
    const row = template.content.firstElementChild.cloneNode(true);
    const number = total.value;
    for (const element of row.querySelectorAll("[name], [id], [for]")) {
      for (const attribute of ["name", "id", "for"]) {
        if (element.hasAttribute(attribute)) element.setAttribute(attribute, element.getAttribute(attribute).replace("__prefix__", number));
      }
    }
    list.append(row);
    total.value = Number(number) + 1;
    row.querySelector("input, select").focus();
  });
}
