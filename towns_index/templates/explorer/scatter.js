// Two indicators against each other: a picture, how they go together, and the table behind it.

const PLOT = { width: 720, height: 520, left: 96, right: 20, top: 16, bottom: 56 };

function indicatorOptions() {
  const topics = [...new Set(DATA.indicators.map((indicator) => indicator.topic))];
  return topics.map((topic) => ({ group: topic, options: DATA.indicators.filter((one) => one.topic === topic).map((one) => [one.id, one.label]) }));
}

function makeScatter(view) {
  replace(view,
    el("div", { class: "controls" },
      select("scatter-x", "Across", indicatorOptions(), state.x, (x) => choose({ x })),
      select("scatter-y", "Upwards", indicatorOptions(), state.y, (y) => choose({ y })),
      colourChoice("scatter-colour")),
    el("div", { id: "scatter-legend" }),
    el("div", { id: "scatter-frame", class: "picture", onclick: pickPoint, onpointermove: pointPoint }),
    el("p", { id: "scatter-readout", class: "readout", "aria-hidden": "true" }, " "),
    el("p", { id: "scatter-words" }),
    pictureButtons(() => at("scatter-frame").firstElementChild, "open-towns-index-two-indicators"),
    el("div", { id: "scatter-data" }));
}

// Round numbers for an axis, some five of them.
function ticks(low, high) {
  const rough = (high - low) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-6; tick += step) found.push(Math.abs(tick) < step / 1e6 ? 0 : tick);
  return found;
}

function tickWords(tick) {
  return Number(tick.toPrecision(6)).toLocaleString("en-GB").replace("-", "−");
}

function ranks(numbers) {
  const order = numbers.map((number, place) => [number, place]).sort((one, other) => one[0] - other[0]);
  const rank = new Array(numbers.length);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end + 1 < order.length && order[end + 1][0] === order[start][0]) end += 1;
    for (let place = start; place <= end; place += 1) rank[order[place][1]] = (start + end) / 2;
    start = end + 1;
  }
  return rank;
}

function correlation(one, other) {
  const [a, b] = [mean(one), mean(other)];
  let [both, left, right] = [0, 0, 0];
  one.forEach((number, place) => {
    both += (number - a) * (other[place] - b);
    left += (number - a) ** 2;
    right += (other[place] - b) ** 2;
  });
  return left && right ? both / Math.sqrt(left * right) : null;
}

let points = []; // [town, x, y] of the picture

function drawScatter() {
  at("scatter-x").value = state.x;
  at("scatter-y").value = state.y;
  at("scatter-colour").value = state.colour;
  const [x, y] = [INDICATOR.get(state.x), INDICATOR.get(state.y)];
  const shown = new Set(chosen());
  const known = EVERY.filter((town) => value(x.id, town) !== null && value(y.id, town) !== null);
  const inside = known.filter((town) => shown.has(town));
  const scale = (indicator, from, to) => {
    const numbers = known.map((town) => value(indicator.id, town));
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    const spread = (high - low || 1) * 0.03;
    const place = (number) => from + ((number - low + spread) / (high - low + 2 * spread)) * (to - from);
    return { place, ticks: ticks(low, high) };
  };
  const across = scale(x, PLOT.left, PLOT.width - PLOT.right);
  const upwards = scale(y, PLOT.height - PLOT.bottom, PLOT.top);
  points = known.map((town) => [town, across.place(value(x.id, town)), upwards.place(value(y.id, town))]);
  const outside = points.filter(([town]) => !shown.has(town));
  const drawn = [...outside, ...points.filter(([town]) => shown.has(town))];
  const named = drawn.filter(([town]) => town === state.town || state.compare.includes(town));
  const words = scatterWords(x, y, inside);
  replace(at("scatter-frame"), svg("svg", { viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, role: "img", "aria-label": words },
    axes(across, upwards, x, y),
    svg("g", null, drawn.map(([town, left, top]) => point(town, left, top, shown.has(town)))),
    svg("g", null, named.map(([town, left, top]) => label(town, left, top)).flat())));
  replace(at("scatter-legend"), legend(inside));
  at("scatter-words").textContent = words;
  const note = [x, y].filter((one) => SHARED.has(one.level)).map((one) => `“${one.label}” is known for ${SHARED_WORDS[one.level]} areas only, and their towns share the value.`).join(" ");
  const sources = [...new Set([x, y])].map((one) => el("p", { class: "help" }, `${one.label}: ${one.source}${one.vintage ? `, ${one.vintage}` : ""}. Licence: ${one.licence}.`));
  replace(at("scatter-data"), note ? el("p", { class: "help" }, note) : null, sources,
    later(`Data behind this picture: ${plural(inside.length, "town")}`, () => table(words, ["Town", x.label, y.label], inside.map((town) => [TOWNS.name[town], said(value(x.id, town), x.unit), said(value(y.id, town), y.unit)]), { numeric: [1, 2], quiet: true })));
}

function scatterWords(x, y, inside) {
  if (inside.length < 10) return `${plural(inside.length, "town")}: too few to say whether “${x.label}” and “${y.label}” go together.`;
  const numbers = [x, y].map((one) => ranks(inside.map((town) => value(one.id, town))));
  const together = correlation(...numbers);
  const size = Math.abs(together);
  const how = size < 0.2 ? "hardly go together" : `${size < 0.5 ? "go together weakly" : size < 0.75 ? "go together" : "go together closely"}${together > 0 ? "" : ", in opposite directions"}`;
  return `Across ${plural(inside.length, "town")}, “${x.label}” and “${y.label}” ${how} (rank correlation ${together.toFixed(2).replace("-", "−")}). No cause follows.`;
}

function axes(across, upwards, x, y) {
  const bottom = PLOT.height - PLOT.bottom;
  const unit = (one) => `${one.label}${one.unit && !one.label.endsWith(one.unit) ? ` (${one.unit})` : ""}`;
  return svg("g", { class: "axes" },
    across.ticks.map((tick) => [
      svg("line", { x1: across.place(tick), x2: across.place(tick), y1: PLOT.top, y2: bottom }),
      svg("text", { x: across.place(tick), y: bottom + 18, "text-anchor": "middle" }, tickWords(tick))]).flat(),
    upwards.ticks.map((tick) => [
      svg("line", { x1: PLOT.left, x2: PLOT.width - PLOT.right, y1: upwards.place(tick), y2: upwards.place(tick) }),
      svg("text", { x: PLOT.left - 8, y: upwards.place(tick) + 4, "text-anchor": "end" }, tickWords(tick))]).flat(),
    fitted(unit(x), { x: (PLOT.left + PLOT.width - PLOT.right) / 2, y: PLOT.height - 8 }, PLOT.width - PLOT.left),
    fitted(unit(y), { x: 0, y: 0, transform: `translate(14 ${(PLOT.top + bottom) / 2}) rotate(-90)` }, bottom - PLOT.top));
}

// The title of an axis, smaller where it is long, so that it never runs out of the picture.
function fitted(words, where, room) {
  const size = Math.max(8, Math.min(14, (room / words.length) * 1.9));
  return svg("text", { ...where, class: "title", "text-anchor": "middle", "font-size": size.toFixed(1) }, words);
}

function point(town, left, top, shown) {
  const name = `place ${shade(town)}${shown ? "" : " out"}`;
  const size = shown ? { "status-full": 4.5, "status-partial": 3.8, "shade-3": 4.5, "shade-2": 3.8 }[shade(town)] ?? 3.2 : 2;
  return svg("circle", { class: name, cx: left.toFixed(1), cy: top.toFixed(1), r: size });
}

function label(town, left, top) {
  const right = left < PLOT.width * 0.7;
  return [svg("circle", { class: `ring ${town === state.town ? "open" : "compared"}`, cx: left.toFixed(1), cy: top.toFixed(1), r: 8 }),
    svg("text", { class: "label", x: (left + (right ? 11 : -11)).toFixed(1), y: (top + 4).toFixed(1), "text-anchor": right ? "start" : "end" }, TOWNS.short[town])];
}

function nearestPoint(event) {
  const box = at("scatter-frame").firstElementChild.getBoundingClientRect();
  const [x, y] = [((event.clientX - box.left) / box.width) * PLOT.width, ((event.clientY - box.top) / box.height) * PLOT.height];
  let best = null;
  let least = 14 * 14;
  for (const [town, left, top] of points) {
    const far = (left - x) ** 2 + (top - y) ** 2;
    if (far < least) [best, least] = [town, far];
  }
  return best;
}

function pointPoint(event) {
  const town = nearestPoint(event);
  const show = (name) => said(value(name, town), INDICATOR.get(name).unit);
  at("scatter-readout").textContent = town === null ? " " : `${TOWNS.name[town]}: ${show(state.x)}, ${show(state.y)}`;
}

function pickPoint(event) {
  const town = nearestPoint(event);
  if (town !== null) openTown(town);
}
