// Elements made from plain data. Text is only ever set as text, so that no name can become markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, held] of Object.entries(attributes ?? {})) {
    if (held === null || held === undefined || held === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), held);
    else if (name === "value" && "value" in node) node.value = held;
    else node.setAttribute(name, held === true ? "" : held);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function el(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function svg(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function at(id) {
  return document.getElementById(id);
}

function replace(node, ...children) {
  node.replaceChildren(...children.flat().filter(Boolean));
}

function button(text, onclick, more = {}) {
  return el("button", { type: "button", onclick, ...more }, text);
}

// The button that opens a town, wherever its name stands.
function townButton(town) {
  return button(TOWNS.name[town], () => openTown(town), { class: "name" });
}

// A labelled list to choose from: options are [value, words] or {group, options}.
function select(id, label, options, held, onchange) {
  const option = ([key, words]) => el("option", { value: key, selected: key === held }, words);
  const inside = options.map((item) => (Array.isArray(item) ? option(item) : el("optgroup", { label: item.group }, item.options.map(option))));
  return el("p", { class: "field" }, el("label", { for: id }, label), el("select", { id, onchange: (event) => onchange(event.target.value) }, inside));
}

// A table in a box that scrolls by itself, also from the keyboard. Cells are texts, numbers or elements.
function table(caption, heads, rows, more = {}) {
  const id = `caption-${++table.made}`;
  const cell = (held, column) => {
    const numeric = more.numeric?.includes(column);
    if (column === 0) return el("th", { scope: "row" }, held);
    return el("td", { class: numeric ? "number" : null }, held);
  };
  const head = heads.map((words, column) => (words instanceof Element ? words : el("th", { scope: "col", class: more.numeric?.includes(column) ? "number" : null }, words)));
  return el("div", { class: "scroll", role: "region", tabindex: "0", "aria-labelledby": id },
    el("table", { class: more.class },
      el("caption", { id, class: more.quiet ? "unseen" : null }, caption),
      el("thead", null, el("tr", null, head)),
      el("tbody", null, rows.map((row) => el("tr", null, row.map(cell))))));
}
table.made = 0;

// Details whose content is made when it is first opened.
function later(summary, make, more = {}) {
  const box = el("details", more, el("summary", null, summary));
  box.addEventListener("toggle", () => {
    if (box.open && box.childElementCount === 1) box.append(...[make()].flat().filter(Boolean));
  });
  return box;
}

function say(text) {
  at("announce").textContent = text;
}
