// The condition builder: a tree of groups and questions, drawn from the schema, kept in one hidden field as JSON.
// Every change writes the field and fires `change`, so that htmx asks for the preview.

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

class Builder {
  constructor(root) {
    this.root = root;
    this.schema = read("builder-schema");
    this.words = root.dataset;
    this.field = document.getElementById(root.dataset.field);
    this.readonly = root.dataset.readonly === "true";
    this.fields = new Map(this.schema.fields.map((field) => [field.name, field]));
    this.tree = this.open(read("builder-tree"));
    this.draw(false);
  }

  // JSON -> {kind: "all"|"any", not, children} or {kind: "ask", not, name, args}
  open(node, negated = false) {
    const [key] = Object.keys(node);
    if (key === "not") return this.open(node.not, !negated);
    if (key === "all" || key === "any") return { kind: key, not: negated, children: node[key].map((child) => this.open(child)) };
    return { kind: "ask", not: negated, name: key, args: { ...node[key] } };
  }

  close(node) {
    const plain = node.kind === "ask" ? { [node.name]: node.args } : { [node.kind]: node.children.map((child) => this.close(child)) };
    return node.not ? { not: plain } : plain;
  }

  changed(redraw = true) {
    this.field.value = JSON.stringify(this.close(this.tree));
    if (redraw) this.draw(false);
    this.field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  draw() {
    this.field.value = JSON.stringify(this.close(this.tree));
    this.root.replaceChildren(this.group(this.tree, null));
  }

  group(node, parent) {
    const title = make("select", { class: "input small", disabled: this.readonly, "aria-label": this.words.match, onchange: (event) => {
      const value = event.target.value; node.not = value === "none"; node.kind = value === "all" ? "all" : "any"; this.changed(); } });
    const chosen = node.not ? "none" : node.kind;
    for (const kind of ["all", "any", "none"]) title.append(make("option", { value: kind, selected: kind === chosen }, this.words[kind]));
    const box = make("fieldset", { class: "builder-group" }, make("legend", { class: "row" }, title,
      parent && !this.readonly ? this.button("x", this.words.remove, () => { parent.children.splice(parent.children.indexOf(node), 1); this.changed(); }) : null));
    for (const child of node.children) box.append(child.kind === "ask" ? this.ask(child, node) : this.group(child, node));
    if (!node.children.length) box.append(make("p", { class: "muted small" }, this.words.empty));
    if (!this.readonly) box.append(make("div", { class: "row" }, this.adder(node),
      make("button", { type: "button", class: "btn small quiet", onclick: () => { node.children.push({ kind: "any", not: false, children: [] }); this.changed(); } }, this.words.group)));
    return box;
  }

  adder(node) {
    const select = make("select", { class: "input small", "aria-label": this.words.add, onchange: (event) => {
      const field = this.fields.get(event.target.value);
      node.children.push({ kind: "ask", not: false, name: field.name, args: this.start(field) }); this.changed(); } },
    make("option", { value: "" }, this.words.add));
    const groups = new Map();
    for (const field of this.schema.fields) {
      if (!groups.has(field.group)) { groups.set(field.group, make("optgroup", { label: field.group })); select.append(groups.get(field.group)); }
      groups.get(field.group).append(make("option", { value: field.name }, field.label));
    }
    return select;
  }

  start(field) {
    const args = {};
    for (const param of field.params) {
      if (param.default !== undefined) args[param.name] = param.default;
      else if (param.optional) continue;
      else if (param.kind === "pick" || param.kind === "name") args[param.name] = param.options?.[0]?.value ?? "";
      else if (param.kind === "picks") args[param.name] = param.options?.length ? [param.options[0].value] : [];
      else if (param.kind === "whole" || param.kind === "number") args[param.name] = Math.max(1, param.low ?? 1);
    }
    return args;
  }

  ask(node, parent) {
    const field = this.fields.get(node.name);
    const row = make("div", { class: "builder-row" },
      make("label", { class: "check small" }, make("input", { type: "checkbox", checked: node.not, disabled: this.readonly, onchange: (event) => { node.not = event.target.checked; this.changed(false); } }), this.words.not),
      make("span", { class: "strong" }, field ? field.label : node.name));
    for (const param of field ? field.params : []) row.append(this.param(node, param));
    if (!this.readonly) row.append(this.button("x", this.words.remove, () => { parent.children.splice(parent.children.indexOf(node), 1); this.changed(); }));
    return row;
  }

  param(node, param) {
    const set = (value) => { if (value === "" || value === null || (Array.isArray(value) && !value.length && param.optional)) delete node.args[param.name]; else node.args[param.name] = value; this.changed(false); };
    const value = node.args[param.name];
    const label = param.label ? make("span", { class: "small muted" }, param.label) : null;
    const off = this.readonly;
    let input;
    if (param.kind === "pick" || param.kind === "name") {
      input = this.options(param.options || [], value, param.optional && param.default === undefined, (chosen) => set(chosen), param.label || param.name);
    } else if (param.kind === "picks") input = this.picks(param.options || [], value || [], param.is_open, set, param.label || param.name);
    else if (param.kind === "filters") return this.filters(node, value || [], set);
    else input = make("input", { class: "input small number", type: "number", min: param.low, max: param.high, step: param.kind === "number" ? "0.01" : "1", value: value ?? "", disabled: off, "aria-label": param.label || param.name,
      oninput: (event) => set(event.target.value === "" ? "" : Number(event.target.value)) });
    return make("span", { class: "row tight" }, label, input, param.unit ? make("span", { class: "small muted" }, param.unit) : null);
  }

  options(options, value, blank, chose, label) {
    const select = make("select", { class: "input small", disabled: this.readonly, "aria-label": label, onchange: (event) => {
      const found = options.find((option) => String(option.value) === event.target.value); chose(found ? found.value : ""); } });
    if (blank) select.append(make("option", { value: "" }, "—"));
    for (const option of options) select.append(make("option", { value: option.value, selected: option.value === value }, option.label));
    return select;
  }

  picks(options, values, open, set, label) {
    if (!options.length) return make("input", { class: "input small", value: values.join(", "), disabled: this.readonly, "aria-label": label, placeholder: this.words.several,
      oninput: (event) => set(event.target.value.split(/[,，]/).map((part) => part.trim()).filter(Boolean)) });
    const chosen = new Set(values);
    const known = new Map(options.map((option) => [option.value, option.label]));
    const summary = make("summary", { class: "btn small" }, values.length ? values.map((value) => known.get(value) ?? value).join("、") : this.words.choose);
    const panel = make("div", { class: "panel start builder-picks" });
    for (const option of options) {
      panel.append(make("label", { class: "check" }, make("input", { type: "checkbox", checked: chosen.has(option.value), disabled: this.readonly, onchange: (event) => {
        if (event.target.checked) chosen.add(option.value); else chosen.delete(option.value);
        summary.textContent = [...chosen].map((value) => known.get(value) ?? value).join("、") || this.words.choose; set([...chosen]); } }), option.label));
    }
    return make("details", { class: "menu start", "aria-label": label }, summary, panel);
  }

  filters(node, list, set) {
    const box = make("span", { class: "row tight" });
    list.forEach((filter, index) => {
      const property = this.schema.properties.find((one) => one.name === filter.name);
      const replace = (next) => { list[index] = next; set([...list]); };
      box.append(make("span", { class: "small muted" }, this.words.where),
        this.options(this.schema.properties.map((one) => ({ value: one.name, label: one.label })), filter.name, false, (name) => { list[index] = this.filter(name); set([...list]); this.changed(); }, this.words.where),
        property?.is_number
          ? make("span", { class: "row tight" }, this.options(this.schema.operators, filter.op, false, (op) => replace({ ...filter, op }), this.words.where),
            make("input", { class: "input small number", type: "number", value: filter.value ?? 0, disabled: this.readonly, "aria-label": property.label, oninput: (event) => replace({ ...list[index], value: Number(event.target.value) }) }))
          : this.picks(property?.options || [], filter.in || [], true, (values) => { list[index] = { name: filter.name, in: values }; set([...list]); }, property?.label || filter.name));
      if (!this.readonly) box.append(this.button("x", this.words.remove, () => { list.splice(index, 1); set([...list]); this.changed(); }));
    });
    if (!this.readonly) box.append(make("button", { type: "button", class: "btn small quiet", onclick: () => { set([...list, this.filter(this.schema.properties[0].name)]); this.changed(); } }, `+ ${this.words.where}`));
    return box;
  }

  filter(name) {
    const property = this.schema.properties.find((one) => one.name === name);
    if (property.is_number) return { name, op: ">=", value: 0 };
    return { name, in: property.options.length ? [property.options[0].value] : [] };
  }

  button(_icon, label, click) {
    return make("button", { type: "button", class: "btn small quiet icon-only", "aria-label": label, title: label, onclick: click }, "×");
  }
}

const root = document.getElementById("builder");
if (root) new Builder(root);
