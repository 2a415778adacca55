// The map and the cartogram: one mark a town, that can be clicked, or walked through with the arrow keys.

const HEADINGS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
let walked = null; // the town at which a reader walks with the arrow keys

function makeMap(view) {
  replace(view,
    el("div", { class: "controls" },
      select("picture", "Picture", [["cartogram", "Cartogram: one hexagon a town"], ["land", "Map"]], state.picture, (picture) => choose({ picture })),
      colourChoice("colour")),
    el("div", { id: "map-legend" }),
    el("div", { class: "beside" }, el("div", null, el("div", { id: "map-frame", class: "picture", role: "application", tabindex: "0", "aria-describedby": "map-help", onkeydown: walk, onclick: clicked, onpointermove: pointed }),
    el("p", { id: "readout", class: "readout", "aria-hidden": "true" }, " "),
    el("p", { id: "map-help", class: "help" }, "Click a town to open it. With the keyboard: arrow keys go from town to town, Enter opens the one you are at. The tab “Table” lists the same towns."),
    pictureButtons(() => at("map-frame").firstElementChild, "open-towns-index-map")), el("div", { id: "map-regions" })));
}

function drawMap() {
  const frame = at("map-frame");
  at("picture").value = state.picture;
  at("colour").value = state.colour;
  const shown = new Set(chosen());
  const places = PLACES[state.picture];
  const marks = EVERY.map((town) => mark(town, places[town], shown.has(town)));
  const numbered = state.picture === "cartogram" ? EVERY.filter((town) => shown.has(town)).map((town) => digit(town, places[town])) : [];
  const ground = state.picture === "land" ? svg("path", { class: "land", d: DATA.land, transform: `translate(${-WEST} ${HIGH}) scale(1 -1)` }) : null;
  replace(frame, svg("svg", { viewBox: `0 0 ${WIDE} ${pictureHeight()}`, role: "img", "aria-label": mapWords(shown) },
    ground, svg("g", null, marks), svg("g", { class: "digits" }, numbered), svg("g", { id: "rings" })));
  frame.setAttribute("aria-label", mapWords(shown));
  replace(at("map-legend"), legend(shown));
  replace(at("map-regions"), byRegion(shown));
  ring();
}

function pictureHeight() {
  return state.picture === "land" ? HIGH : PLACES_SIZE.height;
}

// The table behind the picture: how many towns of each region have each colour.
function byRegion(shown) {
  const items = legendItems();
  const rows = REGIONS.map((region) => [region, ...items.map(([name]) => [...shown].filter((town) => TOWNS.region[town] === region && shade(town) === name).length)]);
  const what = state.colour === "count" ? "number of characteristics" : CLUSTER.get(state.colour).name;
  return table(`Towns by region and ${what}`, ["Region", ...items.map(([, words]) => words)], rows.filter(([, ...counts]) => counts.some(Boolean)).map(([region, ...counts]) => [region, ...counts.map(String)]), { numeric: items.map((_, place) => place + 1) });
}

function mark(town, [x, y], shown) {
  const name = `place ${shade(town)}${shown ? "" : " out"}`;
  if (state.picture === "cartogram") return svg("polygon", { class: name, points: hexagon([x, y], PLACES_SIZE.hexagon), "data-town": town });
  const size = { "shade-0": 2.2, "shade-1": 3, "shade-2": 3.8, "shade-3": 4.6, "status-full": 4.6, "status-partial": 3.8 }[shade(town)] ?? 2.4;
  return svg("circle", { class: name, cx: x.toFixed(1), cy: y.toFixed(1), r: shown ? size : 1.6, "data-town": town });
}

// The number that the colour stands for, so that nobody needs the colour.
function digit(town, [x, y]) {
  const one = state.colour === "count" ? numberHeld(judged, town) : judged[state.colour].status[town] === "not_assessed" ? "?" : judged[state.colour].met[town];
  return svg("text", { class: `digit ${shade(town)}`, x: x.toFixed(1), y: (y + 2.8).toFixed(1) }, String(one));
}

function mapWords(shown) {
  const by = state.colour === "count" ? "number of characteristics" : `the characteristic ${CLUSTER.get(state.colour).name}`;
  const counts = legendItems().map(([name, words]) => `${words}: ${plural([...shown].filter((town) => shade(town) === name).length, "town")}`);
  return `${state.picture === "land" ? "Map" : "Cartogram"} of ${plural(shown.size, "town")} by ${by}. ${counts.join("; ")}.`;
}

// A ring round the town that is open, those compared, and the one at which a reader walks.
function ring() {
  const layer = at("rings");
  if (!layer) return;
  const around = (town, name) => {
    const [x, y] = PLACES[state.picture][town];
    return svg("circle", { class: `ring ${name}`, cx: x.toFixed(1), cy: y.toFixed(1), r: 10 });
  };
  replace(layer, state.compare.map((town) => around(town, "compared")), walked === null ? null : around(walked, "walked"), state.town === null ? null : around(state.town, "open"));
}

function townAt(event) {
  const text = event.target.dataset?.town;
  if (text !== undefined) return Number(text);
  // Near misses count: fingers are wide, dots are small.
  const picture = at("map-frame").firstElementChild.getBoundingClientRect();
  const high = pictureHeight();
  const scale = Math.min(picture.width / WIDE, picture.height / high);
  const x = (event.clientX - picture.left - (picture.width - WIDE * scale) / 2) / scale;
  const y = (event.clientY - picture.top - (picture.height - high * scale) / 2) / scale;
  const reach = 9;
  let best = null;
  let least = reach * reach;
  for (const town of EVERY) {
    const [left, top] = PLACES[state.picture][town];
    const far = (left - x) ** 2 + (top - y) ** 2;
    if (far < least) [best, least] = [town, far];
  }
  return best;
}

function pointed(event) {
  const town = townAt(event);
  at("readout").textContent = town === null ? " " : `${TOWNS.name[town]} (${TOWNS.region[town]}): ${shadeWords(town)}`;
}

function clicked(event) {
  const town = townAt(event);
  if (town !== null) openTown(town);
}

// The next town in a direction: near, and not far off the line.
function nextTown(from, [right, down], among) {
  const places = PLACES[state.picture];
  let best = from;
  let least = Infinity;
  for (const town of among) {
    const [x, y] = [places[town][0] - places[from][0], places[town][1] - places[from][1]];
    const along = x * right + y * down;
    if (along <= 0.5) continue;
    const cost = along + 2.5 * Math.abs(x * down + y * right);
    if (cost < least) [best, least] = [town, cost];
  }
  return best;
}

function walk(event) {
  if (event.key === "Enter" && walked !== null) return openTown(walked);
  if (!(event.key in HEADINGS)) return undefined;
  event.preventDefault();
  const among = chosen();
  if (!among.length) return say("No town fits the filters.");
  if (walked === null || !among.includes(walked)) walked = among.includes(state.town) ? state.town : among[0];
  else walked = nextTown(walked, HEADINGS[event.key], among);
  ring();
  const words = `${TOWNS.name[walked]}, ${TOWNS.region[walked]}: ${shadeWords(walked)}`;
  at("readout").textContent = words;
  return say(words);
}
