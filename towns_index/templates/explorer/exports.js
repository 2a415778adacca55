// What a reader can take away: tables as CSV, pictures as SVG and PNG. All is made in the page; nothing is sent.

function csvCell(held) {
  const text = held === null || held === undefined ? "" : String(held);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv(heads, rows) {
  return [heads, ...rows].map((row) => `${row.map(csvCell).join(",")}\n`).join("");
}

// As the published table memberships.csv, to the byte where the rules are the published ones.
function membershipsCsv(results) {
  const rows = EVERY.flatMap((town) => CLUSTERS.map(({ cluster }) => {
    const one = results[cluster];
    return [TOWNS.code[town], cluster, one.met[town], one.assessed[town], one.status[town], one.could[town]];
  }));
  return csv(["town_code", "cluster", "criteria_met", "criteria_assessed", "status", "could_be"], rows);
}

function townsCsv(towns) {
  const heads = ["town_code", "town_name", "welsh_name", "region", "local_authority", "population_2019", "characteristics", ...CLUSTERS.map(({ cluster }) => `status_${cluster}`)];
  return csv(heads, towns.map((town) => [TOWNS.code[town], TOWNS.name[town], TOWNS.welsh[town], TOWNS.region[town], TOWNS.authority[town], TOWNS.residents[town],
    numberHeld(judged, town), ...CLUSTERS.map(({ cluster }) => judged[cluster].status[town])]));
}

function comparisonCsv(towns) {
  const statuses = CLUSTERS.map(({ cluster, name }) => [`status_${cluster}`, name, "", ...towns.map((town) => judged[cluster].status[town])]);
  const numbers = DATA.indicators.map((one) => [one.id, one.label, one.unit, ...towns.map((town) => value(one.id, town))]);
  return csv(["column", "label", "unit", ...towns.map((town) => TOWNS.code[town])], [["town_name", "Town", "", ...towns.map((town) => TOWNS.name[town])], ...statuses, ...numbers]);
}

function save(name, blob) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  say(`${name} is saved.`);
}

function saveText(name, text, type = "text/csv") {
  save(name, new Blob([text], { type: `${type};charset=utf-8` }));
}

const LOOKS = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-family", "font-weight", "opacity", "text-anchor", "paint-order"];

const FOOT = 26; // room below a picture for its source

// A picture that stands by itself: the colours that the style sheet gives are written into it, its legend and source below.
function standalone(picture) {
  const copy = picture.cloneNode(true);
  const [from, to] = [picture, copy].map((one) => one.querySelectorAll("*"));
  from.forEach((node, place) => {
    const style = getComputedStyle(node);
    for (const look of LOOKS) to[place].setAttribute(look, style.getPropertyValue(look));
    to[place].removeAttribute("class");
  });
  const { width, height } = picture.viewBox.baseVal;
  const foot = FOOT + Math.ceil(legendItems().length / 2) * 14;
  const ground = getComputedStyle(document.body);
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("viewBox", `0 -4 ${width} ${height + foot}`);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height + foot);
  copy.prepend(svg("title", null, picture.getAttribute("aria-label")), svg("rect", { x: 0, y: -4, width, height: height + foot, fill: ground.backgroundColor }));
  const words = { fill: ground.color, "font-family": "sans-serif" };
  legendItems().forEach(([name, meaning], item) => {
    const [x, y] = [10 + (item % 2) * (width / 2), height + 10 + Math.floor(item / 2) * 14];
    const look = getComputedStyle(document.querySelector(`.legend .${name}`));
    copy.append(svg("circle", { cx: x, cy: y, r: 4.5, fill: look.fill, stroke: look.stroke }), svg("text", { ...words, x: x + 9, y: y + 3.5, "font-size": 10 }, meaning));
  });
  copy.append(svg("text", { ...words, x: 4, y: height + foot - 10, "font-size": 8 },
    `Open Towns Index, edition 2020${rulesMoved() ? ", with moved rules" : ""}. Contains public sector information under the Open Government Licence v3.0. Contains OS data © Crown copyright.`));
  return new XMLSerializer().serializeToString(copy);
}

function savePng(name, picture) {
  const text = standalone(picture);
  const [width, height] = ["width", "height"].map((side) => Number(/^<svg[^>]*>/.exec(text)[0].match(new RegExp(` ${side}="([\\d.]+)"`))[1]));
  const image = new Image();
  image.onload = () => {
    const canvas = el("canvas", { width: 3 * width, height: 3 * height });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(name, blob), "image/png");
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
}

function pictureButtons(picture, name) {
  return el("p", { class: "buttons" },
    button("Download the picture (PNG)", () => savePng(`${name}.png`, picture())),
    button("Download the picture (SVG)", () => saveText(`${name}.svg`, standalone(picture()), "image/svg+xml")));
}
